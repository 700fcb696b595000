"""The whole house as the README starts it, and every command that the README shows."""

import os
import re
import shlex
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from ml_app_wind_draft.core.config import PROJECT_ROOT, load_settings
from ml_app_wind_draft.services.roster import SERVICE_NAMES
from tests.conftest import free_port
from tests.integration.services.house import WIND, House, fetch, until

README = (PROJECT_ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = [
    command
    for block in re.findall(r"```console\n(.*?)```", README, re.DOTALL)
    for command in block.splitlines()
]
BACKUP = "backups/today.tar.gz"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Started by the README's first command, on free ports and in empty folders."""
    folder = tmp_path_factory.mktemp("house")
    settings = load_settings(
        {
            "DATA_DIR": str(folder / "data"),
            "MLFLOW_DIR": str(folder / "mlflow"),
            "MLFLOW_PORT": str(free_port()),
            "UI_PORT": str(free_port()),
            "VIZ_PORT": str(free_port()),
        }
    )
    running = House(shlex.split(COMMANDS[0]), settings)
    yield running
    running.end()


def predictions(house: House) -> int:
    path = house.settings.sqlite_path
    if path is None or not path.exists():
        return 0
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as database:
        try:
            return database.execute("SELECT count(*) FROM predictions").fetchone()[0]
        except sqlite3.OperationalError:  # no tables yet
            return 0


def test_the_first_screen_has_the_picture_and_two_commands() -> None:
    screen = README.split("\n## ")[0]
    assert COMMANDS[0] == "make up"
    assert len(re.findall(r"```console\n(.*?)```", screen, re.DOTALL)[0].splitlines()) == 2
    (picture,) = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", screen)
    assert (PROJECT_ROOT / picture).exists()


def test_links_inside_the_project_lead_somewhere() -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", README):
        assert (PROJECT_ROOT / target).exists(), target


def test_the_three_addresses_are_printed_when_each_answers(house: House) -> None:
    ports = house.settings
    experiments = "/api/2.0/mlflow/experiments/search?max_results=1"
    for title, port, page, proof in (
        ("MLflow", ports.mlflow_port, experiments, "experiment_id"),
        ("dashboard", ports.ui_port, "/", "<html"),
        ("Kedro Viz", ports.viz_port, "/api/main", "training"),
    ):
        house.wait_for_line(rf"{title} answers at http://localhost:{port} ")
        assert proof in fetch(f"http://localhost:{port}{page}")


def test_predictions_flow_without_another_word(house: House) -> None:
    until(lambda: predictions(house) > 0, 150, "a first prediction", house.lines)


def test_status_knows_every_service(house: House) -> None:
    house.wait_for_line("Kedro Viz answers")
    until(lambda: predictions(house) > 0, 150, "a first prediction", house.lines)
    said = house.run(WIND, "status")
    assert said.returncode == 0, said.stderr
    for name in SERVICE_NAMES:
        assert re.search(rf"{name} +(up|done)", said.stdout), said.stdout


@pytest.mark.parametrize("command", COMMANDS[1:])
def test_every_command_of_the_readme_works_as_written(
    house: House, command: str, request: pytest.FixtureRequest
) -> None:
    until(lambda: predictions(house) > 0, 150, "a first prediction", house.lines)
    if BACKUP in command:
        command = command.replace(BACKUP, str(house.settings.data_dir.parent / "today.tar.gz"))
    outcome = house.run(*shlex.split(command))
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert "Traceback" not in outcome.stderr
    assert outcome.stdout or outcome.stderr


def test_a_killed_dashboard_comes_back(house: House) -> None:
    found = house.wait_for_line(r"starting app-ui \(process (\d+)\)")
    house.wait_for_line("dashboard answers")
    os.kill(int(found[1]), signal.SIGKILL)
    house.wait_for_line("dashboard answers", times=2)


def test_sigterm_to_make_leaves_nothing_behind(house: House) -> None:
    house.process.send_signal(signal.SIGTERM)
    house.process.wait(timeout=15)
    house.wait_until_nothing_is_left(seconds=5)
