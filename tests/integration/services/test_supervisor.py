"""The supervisor with some real services: what it refuses, restarts and leaves behind."""

import os
import signal
import socket
from collections.abc import Callable

import psutil
import pytest

from tests.integration.services.house import House, fetch

Start = Callable[..., House]


def pid_of(house: House, service: str, *, start: int = 1) -> int:
    found = house.wait_for_line(rf"starting {service} \(process (\d+)\)", times=start)
    return int(found[1])


def test_a_taken_port_stops_the_start_before_anything_runs(house_of: Start, settings) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", settings.ui_port))
        other.listen()
        house = house_of()
        assert house.process.wait(timeout=60) == 1
    (said,) = house.said("Error")
    assert str(settings.ui_port) in said.string
    assert house.said(f"UI_PORT={settings.ui_port + 1}")
    assert not house.said("starting")
    assert not settings.data_dir.exists()


def test_only_the_services_named_are_started(house_of: Start) -> None:
    house = house_of("app-stream-data")
    house.wait_for_line("first stretch .* loaded")
    assert len(house.said(r"wind +info +starting ")) == 1


def test_every_line_has_the_one_format(house_of: Start) -> None:
    house = house_of("app-stream-data")
    house.wait_for_line("first stretch .* loaded")
    house.end()
    assert len(house.said(r"^\d\d:\d\d:\d\d [a-z-]+ +(info|warning|error) +\S")) == len(house.lines)


def test_a_service_that_dies_is_started_again_and_goes_on(house_of: Start) -> None:
    house = house_of("app-stream-data")
    house.wait_for_line("first stretch .* loaded")
    os.kill(pid_of(house, "app-stream-data"), signal.SIGKILL)
    house.wait_for_line(r"app-stream-data ended \(killed by SIGKILL\), starting it again in 1 s")
    house.wait_for_line("replay goes on from")
    assert house.end() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_everything_and_is_no_failure(house_of: Start, number) -> None:
    house = house_of("mlflow", "app-stream-data")
    house.wait_for_line("history loaded")
    house.process.send_signal(number)
    assert house.process.wait(timeout=10) == 0
    house.wait_until_nothing_is_left(seconds=1)
    assert house.said("wind +info +stopped")


def test_mlflow_that_dies_leaves_no_worker_on_its_port(house_of: Start, settings) -> None:
    house = house_of("mlflow")
    house.wait_for_line("MLflow answers")
    watcher = psutil.Process(pid_of(house, "mlflow"))
    orphans = watcher.children(recursive=True)
    assert orphans
    watcher.kill()
    pid_of(house, "mlflow", start=2)
    assert not any(orphan.is_running() for orphan in orphans)
    house.wait_for_line("MLflow answers", times=2)
    fetch(
        f"http://127.0.0.1:{settings.mlflow_port}/api/2.0/mlflow/experiments/search?max_results=1"
    )


def test_kill_9_of_the_supervisor_leaves_no_process_behind(house_of: Start) -> None:
    house = house_of("mlflow", "app-stream-data")
    house.wait_for_line("MLflow answers")
    house.process.kill()
    house.process.wait()
    house.wait_until_nothing_is_left()
