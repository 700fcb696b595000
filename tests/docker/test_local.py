"""docker-compose.local.yml on a real engine: from a clone to six services that heal."""

import http.client
import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.docker.installation import (
    LASTING,
    Installation,
    clone,
    folder_of,
    give_to,
    train_quickly,
    wait_for,
)

pytestmark = [pytest.mark.docker, pytest.mark.timeout(600)]
CHROMIUM = "/usr/bin/chromium"
SEARCH = "/api/2.0/mlflow/experiments/search?max_results=1"
PORTS = {"mlflow": "5001/tcp", "app-ui": "8050/tcp", "kedro-viz": "4141/tcp"}
STOP_WITHIN = 3.0
SOMEBODY = 4242
MARK = "# changed while it was watched\n"


@pytest.fixture(scope="module")
def farm() -> Iterator[Installation]:
    """All services, started from somebody's clone; what a test stops it starts again."""
    with folder_of(SOMEBODY) as folder:
        clone(folder)
        train_quickly(folder)
        give_to(SOMEBODY, folder)
        farm = Installation(folder)
        farm.environ["IMAGE_TAG"] = farm.name
        try:
            farm.sh("docker compose -f docker-compose.local.yml up --build -d --wait")
            farm.environ["COMPOSE_FILE"] = "docker-compose.local.yml"
            yield farm
        finally:
            farm.environ["COMPOSE_FILE"] = "docker-compose.local.yml"
            farm.remove()
            farm.sh(f"docker image rm ml-app-wind-draft:{farm.name}")


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser.new_page()
        browser.close()


def test_all_are_healthy_and_only_the_preparation_is_over(farm: Installation):
    assert farm.health() == {
        **dict.fromkeys([*LASTING, "app-ml-train"], "healthy"),
        "init": "",
    }
    assert "healthy" in farm.sh("docker compose -f docker-compose.local.yml ps")


def test_a_second_start_is_as_good_as_the_first(farm: Installation):
    """Training finds nothing to do, and stays until that was seen."""
    wait_for("training ends", lambda: farm.ps()["app-ml-train"]["State"] == "exited", 120)
    farm.sh("docker compose -f docker-compose.local.yml up --build -d --wait")
    wait_for("it ends again", lambda: farm.ps()["app-ml-train"]["State"] == "exited")

    assert farm.ps()["app-ml-train"]["ExitCode"] == 0
    started = farm.inspect("app-ml-train")["State"]
    assert "Nothing to train" in farm.sh("docker compose logs app-ml-train --tail 1")
    assert seconds_between(started["StartedAt"], started["FinishedAt"]) <= 15


def test_new_predictions_appear(farm: Installation):
    farm.wait_for_outcomes(more=4)


def test_the_three_addresses_open_in_a_browser(farm: Installation, page: Page):
    page.goto(f"http://localhost:{farm.ports['UI']}")
    expect(page.get_by_text("La Haute Borne").first).to_be_visible(timeout=20_000)
    page.goto(f"http://127.0.0.1:{farm.ports['MLFLOW']}/#/models/wind_power_predictor")
    expect(page.get_by_text("champion").first).to_be_visible(timeout=30_000)
    page.goto(f"http://localhost:{farm.ports['VIZ']}")
    expect(page.locator(".pipeline-node").first).to_be_visible(timeout=30_000)


@pytest.mark.parametrize(("port", "path"), [("MLFLOW", SEARCH), ("UI", "/health")])
def test_foreign_names_and_foreign_pages_are_refused(farm: Installation, port: str, path: str):
    own = f"localhost:{farm.ports[port]}"
    assert answer(farm.ports[port], path, Host=own) == 200
    assert answer(farm.ports[port], path, Host="evil.example") in {400, 403}
    assert answer(farm.ports[port], path, Host=f"evil.example:{farm.ports[port]}") in {400, 403}


def test_pages_of_other_origins_may_ask_neither_mlflow_nor_the_dashboard(farm: Installation):
    for port, path, method in (
        ("MLFLOW", "/api/2.0/mlflow/experiments/create", "POST"),
        ("UI", "/_dash-update-component", "POST"),
    ):
        headers = {"Host": f"localhost:{farm.ports[port]}", "Origin": "http://evil.example"}
        assert answer(farm.ports[port], path, method, **headers) in {400, 403}


@pytest.mark.parametrize("service", [*LASTING, "app-ml-train"])
def test_each_container_is_closed_and_bounded(farm: Installation, service: str):
    found = farm.inspect(service)
    host = found["HostConfig"]
    assert found["Config"]["User"] == "10001:10001"
    assert host["ReadonlyRootfs"]
    assert host["Init"]
    assert not host["Privileged"]
    assert host["CapDrop"] == ["ALL"]
    assert not host["CapAdd"]
    assert host["SecurityOpt"] == ["no-new-privileges:true"]
    assert 0 < host["Memory"] <= 2 << 30
    assert 0 < host["NanoCpus"] <= 2e9
    assert 0 < host["PidsLimit"] <= 256
    assert host["LogConfig"]["Config"] == {"max-size": "10m", "max-file": "3"}
    published = {port: at for port, at in host["PortBindings"].items() if at}
    assert list(published) == ([PORTS[service]] if service in PORTS else [])
    assert all(each["HostIp"] == "127.0.0.1" for at in published.values() for each in at)


def test_the_root_is_read_only_and_owned_by_root(farm: Installation):
    farm.sh("docker compose exec -T app-ui touch /app/src/x", fails=True)
    assert farm.sh("docker compose exec -T app-ui find /app/src /app/.venv -user 10001") == ""


def test_commands_inside_a_container_are_those_of_the_project(farm: Installation):
    assert "3.12" in farm.sh("docker compose exec app-ui python --version")
    assert "champion" in farm.sh("docker compose exec app-ui wind status")
    assert "training" in farm.sh("docker compose exec -T app-ui uv run kedro registry list")
    farm.sh("docker compose exec -T app-ui uv add six", fails=True)


def test_the_journal_is_the_quick_one_on_a_disk_of_this_machine(farm: Installation):
    assert farm.journal_mode() == "wal"


def test_the_owner_of_the_clone_can_change_and_delete_what_the_app_made(farm: Installation):
    made = [path for name in ("data", "mlflow") for path in (farm.folder / name).rglob("*")]
    assert {path.stat().st_uid for path in made} >= {10001}
    farm.as_somebody(
        SOMEBODY,
        "ls -R data mlflow; echo 1 >>data/sqlite/x; test -w data/sqlite/app.db; rm data/sqlite/x",
    )


@pytest.mark.parametrize("service", LASTING)
def test_a_killed_service_comes_back(farm: Installation, service: str):
    before = farm.inspect(service)
    os.kill(before["State"]["Pid"], signal.SIGKILL)
    wait_for(
        f"{service} is started again",
        lambda: farm.inspect(service)["RestartCount"] > before["RestartCount"],
    )
    wait_for(f"{service} is well again", lambda: farm.all_well(service))


def test_after_that_no_row_is_without_prediction_or_predicted_twice(farm: Installation):
    farm.wait_for_outcomes(more=4)
    check(farm)


def test_a_restart_under_load_loses_nothing(farm: Installation):
    before = farm.outcomes()
    for service in ("app-stream-data", "app-ml-inference", "mlflow", "app-ui"):
        farm.sh(f"docker compose restart {service}")
    farm.sh("docker compose restart app-ui")
    wait_for("all are well again", farm.all_well, 90)
    farm.wait_for_outcomes(more=4)
    assert farm.outcomes() > before
    check(farm)


def test_each_stops_by_itself_within_seconds(farm: Installation):
    for service in LASTING:
        began = time.monotonic()
        farm.sh(f"docker stop {farm.inspect(service)['Id']}")
        taken = time.monotonic() - began
        assert farm.inspect(service)["State"]["ExitCode"] in {0, 143}, service
        assert taken <= STOP_WITHIN, f"{service} took {taken:.1f} s"
    farm.sh("docker compose up -d --wait")


def test_down_loses_nothing(farm: Installation):
    before, champion = farm.outcomes(), champion_of(farm)
    began = time.monotonic()
    farm.sh("docker compose down -v")
    taken = time.monotonic() - began
    assert (farm.folder / "data/sqlite/app.db").exists()
    farm.sh("docker compose up -d --wait")
    assert farm.outcomes() >= before
    assert champion_of(farm) == champion
    assert taken <= 8


def test_a_changed_source_reaches_all_containers_by_itself(farm: Installation):
    """The services run `src` as it is in the image, so the image is built anew, once."""
    source = "src/ml_app_wind_draft/services/viz.py"

    def changed(service: str) -> bool:
        """Not while its container is being replaced, either."""
        return farm.succeeds(
            f"docker compose exec -T {service} grep -q '{MARK.strip()}' /app/{source}"
        )

    with farm.watching() as said:
        wait_for("it watches", lambda: "Watch enabled" in said(), 120)
        with (farm.folder / source).open("a") as file:
            file.write(MARK)
        wait_for("it builds", lambda: "successfully built" in said())
        wait_for(
            "all are well with it",
            lambda: farm.all_well() and all(changed(service) for service in LASTING),
            120,
        )
    farm.wait_for_outcomes()


def check(farm: Installation) -> None:
    farm.sh("docker compose exec -T app-ml-inference wind check")


def champion_of(farm: Installation) -> str:
    path = "/api/2.0/mlflow/registered-models/alias?name=wind_power_predictor&alias=champion"
    with closing(http.client.HTTPConnection("127.0.0.1", farm.ports["MLFLOW"])) as connection:
        connection.request("GET", path)
        return json.load(connection.getresponse())["model_version"]["run_id"]


def answer(port: int, path: str, method: str = "GET", **headers: str) -> int:
    """The status of a request with these headers."""
    body = "{}" if method == "POST" else None
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        connection.request(method, path, body, {"Content-Type": "application/json"} | headers)
        with connection.getresponse() as said:
            return said.status


def seconds_between(start: str, end: str) -> float:
    first, last = (datetime.fromisoformat(each[:26].rstrip("Z")) for each in (start, end))
    return (last - first).total_seconds()
