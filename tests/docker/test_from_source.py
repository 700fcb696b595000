"""docker-compose.local.yml as the lesson types it: built, attended, some services or all."""

from collections.abc import Iterator

import pytest

from tests.docker.installation import Installation, clone, train_quickly, wait_for

pytestmark = [pytest.mark.docker, pytest.mark.timeout(600)]
LOCAL = "docker-compose.local.yml"


@pytest.fixture(scope="module")
def desk(tmp_path_factory) -> Iterator[Installation]:
    """A clone in which nothing runs yet."""
    folder = tmp_path_factory.mktemp("desk")
    clone(folder)
    train_quickly(folder)
    desk = Installation(folder)
    # The shorter commands below, and what looks at the containers, mean this file too.
    desk.environ["COMPOSE_FILE"] = LOCAL
    try:
        yield desk
    finally:
        desk.remove()


def ended(desk: Installation) -> set[str]:
    """Services that are there and no longer run, but for the preparation of folders."""
    return {name for name, each in desk.ps().items() if each["State"] == "exited"} - {"init"}


def test_mlflow_alone(desk: Installation):
    command = "docker compose -f docker-compose.local.yml up mlflow"
    desk.attended(command, lambda: desk.all_well("mlflow"))
    assert ended(desk) == {"mlflow"}


def test_mlflow_and_the_dashboard(desk: Installation):
    command = "docker compose -f docker-compose.local.yml up mlflow app-ui"
    printed = desk.attended(command, lambda: desk.all_well("mlflow", "app-ui"))
    assert "The dashboard is at" in printed
    assert ended(desk) == {"mlflow", "app-ui"}


@pytest.mark.parametrize(
    "command",
    [
        "docker compose -f docker-compose.local.yml up",
        "docker compose -f docker-compose.local.yml up --build",
    ],
)
def test_all_services_attended(desk: Installation, command: str):
    printed = desk.attended(command, desk.all_well, patience=180)
    assert "The dashboard is at" in printed
    assert {"mlflow", "app-ui", "app-stream-data"} <= ended(desk)


def test_all_services_in_the_background_and_then_attended(desk: Installation):
    desk.sh("docker-compose build")
    desk.sh("docker compose -f docker-compose.local.yml up --build -d")
    wait_for("all are well", desk.all_well, 180)
    desk.sh("docker compose stop app-ui")
    desk.attended("docker-compose up --build", desk.all_well)
    assert "mlflow" in ended(desk)
    desk.attended("docker-compose up --build app-ui", lambda: desk.all_well("app-ui"))
    assert "app-ui" in ended(desk)
    desk.sh("docker compose -f docker-compose.local.yml down")
    assert not desk.ps()
