"""The seven issues of the lesson's troubleshooting: none of them is left to the reader."""

import http.client
import json
import os
import secrets
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ml_app_wind_draft import __version__
from ml_app_wind_draft.core.config import PROJECT_ROOT
from tests.postgresql import free_port

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]
IMAGE = "ml-app-wind-draft:local"
COMPOSE_FILES = ("docker-compose.yml", "docker-compose.local.yml")
LESSONS_ENV = {
    "DOCKERHUB_USERNAME": "your-dockerhub-username",
    "MLFLOW_UI_URI": "http://your-server-ip:5001",
    "KEDRO_VIZ_URI": "http://your-server-ip:4141",
}
INFER_UNTIL_THE_TABLE_IS_THERE = """
wind infer &
for second in $(seq 60); do
  sleep 1
  python -c "import sqlite3
sqlite3.connect('/app/data/sqlite/app.db').execute('SELECT count(*) FROM predictions')" && exit
done
exit 1
"""


def docker(*arguments: str | Path, **more) -> str:
    done = subprocess.run(
        ["docker", *arguments], capture_output=True, text=True, check=False, timeout=120, **more
    )
    assert done.returncode == 0, done.stderr or done.stdout
    return done.stdout.strip()


def configuration(file: str, **environment: str) -> dict[str, dict]:
    """The services as Compose understands them."""
    read = docker(
        *("compose", "--file", PROJECT_ROOT / file, "config", "--format", "json"),
        env={"PATH": os.environ["PATH"], "HOME": os.environ["HOME"]} | environment,
    )
    return json.loads(read)["services"]


@pytest.fixture(scope="module")
def mlflow() -> Iterator[int]:
    """MLflow in a container, for a reader at your-server-ip; gives its port on this machine."""
    name, port = f"wind-test-{secrets.token_hex(3)}", free_port()
    docker(
        *("run", "--detach", "--rm", "--init", "--name", name),
        *("--publish", f"127.0.0.1:{port}:5001"),
        *("--env", "MLFLOW_TRACKING_URI=http://mlflow:5001"),
        *("--env", f"MLFLOW_UI_URI={LESSONS_ENV['MLFLOW_UI_URI']}"),
        *(IMAGE, "wind", "mlflow"),
    )
    give_up_at = time.monotonic() + 180
    while True:
        try:
            if status(port, "localhost:5001") == http.client.OK:
                break
        except (OSError, http.client.HTTPException):
            assert time.monotonic() < give_up_at, docker("logs", name)
        time.sleep(1)
    yield port
    docker("stop", name)


def status(port: int, host: str) -> int:
    """What MLflow's interface answers to a client that calls it `host`."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(
            "GET", "/api/2.0/mlflow/experiments/search?max_results=1", headers={"Host": host}
        )
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.parametrize(
    "host", ["mlflow:5001", "localhost:5001", "127.0.0.1:5001", "your-server-ip:5001"]
)
def test_issue_1_mlflow_answers_by_each_name_it_is_called(mlflow: int, host: str):
    assert status(mlflow, host) == http.client.OK


def test_issue_1_mlflow_refuses_a_foreign_name(mlflow: int):
    assert status(mlflow, "evil.example:5001") == http.client.FORBIDDEN


@pytest.mark.parametrize("file", COMPOSE_FILES)
def test_issue_2_each_port_is_changed_by_a_variable_and_open_to_this_machine_only(file: str):
    ports = {"MLFLOW_PORT": "15001", "UI_PORT": "18050", "VIZ_PORT": "14141"}
    services = configuration(file, **LESSONS_ENV, **ports)

    published = {
        name: (port["host_ip"], port["published"], port["target"])
        for name, service in services.items()
        for port in service.get("ports", [])
    }
    assert published == {
        "mlflow": ("127.0.0.1", "15001", 5001),
        "app-ui": ("127.0.0.1", "18050", 8050),
        "kedro-viz": ("127.0.0.1", "14141", 4141),
    }


def test_issue_2_one_variable_opens_the_ports():
    everywhere = "0.0.0.0"  # noqa: S104 - nothing is bound here
    services = configuration("docker-compose.yml", **LESSONS_ENV, BIND_ADDRESS=everywhere)

    assert services["app-ui"]["ports"][0]["host_ip"] == everywhere


def test_issue_3_inference_alone_makes_its_table_in_an_empty_database():
    docker("run", "--rm", IMAGE, "sh", "-c", INFER_UNTIL_THE_TABLE_IS_THERE)


@pytest.mark.parametrize("file", COMPOSE_FILES)
def test_issue_4_each_service_finds_mlflow_by_its_name_on_the_one_network(file: str):
    services = configuration(file, **LESSONS_ENV)
    services.pop("init")  # it prepares folders and has no network at all

    for service in services.values():
        assert service["environment"]["MLFLOW_TRACKING_URI"] == "http://mlflow:5001"
        assert list(service["networks"]) == ["ml-app-network"]


@pytest.mark.parametrize("owner", [0, 1000, 4242])
def test_issue_5_the_app_and_the_host_owner_both_write_to_the_folders(tmp_path: Path, owner: int):
    compose = (
        *("compose", "--project-name", f"wind-test-{secrets.token_hex(3)}"),
        *("--project-directory", tmp_path),
        *("--file", PROJECT_ROOT / "docker-compose.local.yml"),
    )
    for name in ("data", "conf", "mlflow"):
        (tmp_path / name).mkdir(mode=0o700)
        os.chown(tmp_path / name, owner, owner)
    os.chown(tmp_path, owner, owner)

    def run_as(user: int, script: str) -> None:
        docker(
            *("run", "--rm", "--user", str(user), "--network", "none"),
            *("--volume", f"{tmp_path}/data:/app/data", IMAGE, "sh", "-ec", script),
        )

    try:
        docker(*compose, "run", "--rm", "-T", "init")
        run_as(10001, "mkdir /app/data/sqlite; echo written >/app/data/sqlite/app.db")
        run_as(owner, "echo more >>/app/data/sqlite/app.db; rm -r /app/data/sqlite")
    finally:
        docker(*compose, "down")


def test_issue_6_the_package_is_there_with_its_version_and_from_any_folder():
    script = "import ml_app_wind_draft; print(ml_app_wind_draft.__version__)"

    said = docker("run", "--rm", "--workdir", "/usr", IMAGE, "python", "-c", script)
    assert said == __version__
    installed = "from importlib.metadata import version; print(version('ml-app-wind-draft'))"
    assert docker("run", "--rm", IMAGE, "python", "-c", installed) == __version__


@pytest.mark.parametrize(
    "kedro",
    [("kedro",), ("uv", "run", "kedro"), ("python", "-m", "kedro"), ("/app/.venv/bin/kedro",)],
)
def test_issue_7_kedro_runs_however_it_is_called(kedro: tuple[str, ...]):
    said = docker("run", "--rm", IMAGE, *kedro, "registry", "list")

    assert {"training", "inference"} <= set(said.replace("-", " ").split())
