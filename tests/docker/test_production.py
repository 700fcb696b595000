"""docker-compose.yml on a real engine: the lesson's commands and workflows, as they are typed.

The image comes from a registry on this machine, in the place of Docker Hub. The folder is a clone
with the lesson's three lines in .env; one more file in it makes training short.
"""

import json
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from ml_app_wind_draft.core.config import PROJECT_ROOT
from tests.docker.conftest import BUILT
from tests.docker.installation import LASTING, Installation, clone, train_quickly, wait_for
from tests.docker.registry import registry

pytestmark = [pytest.mark.docker, pytest.mark.timeout(600)]
THREE_LINES = ("DOCKERHUB_USERNAME", "MLFLOW_UI_URI", "KEDRO_VIZ_URI")
DASHBOARD_IS_UP = "The dashboard is at"


def docker(*words: str | Path) -> str:
    done = subprocess.run(["docker", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[Installation]:
    """A server's folder, and the image in the registry alone; nothing runs yet."""
    folder = tmp_path_factory.mktemp("server")
    clone(folder)
    train_quickly(folder)
    server = Installation(folder)
    server.environ["PATH"] = f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin"
    with registry(tmp_path_factory.mktemp("registry")) as host:
        (folder / ".env").write_text(
            f"DOCKERHUB_USERNAME={host}/{server.name}\n"
            f"MLFLOW_UI_URI=http://localhost:{server.ports['MLFLOW']}\n"
            f"KEDRO_VIZ_URI=http://localhost:{server.ports['VIZ']}\n"
        )
        image = f"{host}/{server.name}/ml-app-wind-draft:latest"
        docker("tag", BUILT, image)
        docker("push", "--quiet", image)
        docker("image", "rm", image)
        try:
            yield server
        finally:
            server.remove()
            docker("image", "rm", image)


def running(server: Installation) -> set[str]:
    return {name for name, each in server.ps().items() if each["State"] == "running"}


def read(server: Installation, service: str, path: str) -> bytes:
    address = f"http://localhost:{server.ports[service]}{path}"
    with urllib.request.urlopen(address, timeout=10) as answer:
        return answer.read()


@pytest.mark.parametrize("missing", THREE_LINES)
def test_each_variable_that_is_missing_is_said_in_one_line(tmp_path: Path, missing: str):
    shutil.copy(PROJECT_ROOT / "docker-compose.yml", tmp_path)
    given = {name: "http://localhost" for name in THREE_LINES if name != missing}
    said = Installation(tmp_path, **given).sh("docker compose up -d", fails=True)
    assert len(said.splitlines()) == 1
    assert f"Set {missing} in .env" in said


def test_workflow_1_one_service_after_the_other(server: Installation):
    server.sh("docker compose pull")
    server.sh("docker-compose up -d mlflow")
    assert running(server) == {"mlflow"}
    assert "is champion" in server.sh("docker-compose up app-ml-train")
    assert server.ps()["app-ml-train"]["ExitCode"] == 0
    server.sh("docker-compose up -d app-ml-inference")
    server.sh("docker-compose up -d app-stream-data")
    server.attended("docker-compose up app-ui", lambda: server.all_well("app-ui"))
    server.sh("docker compose up -d mlflow app-ui")
    server.wait_for_outcomes(more=4)
    server.sh("docker compose down")
    assert not server.ps()


def test_two_services_come_alone(server: Installation):
    server.sh("docker compose up -d mlflow app-ui")
    assert running(server) == {"mlflow", "app-ui"}
    server.sh("docker compose down")


def test_workflow_2_pipelines_on_the_host_and_back(server: Installation):
    """The host works on the same folders, and leaves its models to MLflow in its container."""
    server.sh("docker-compose up -d mlflow kedro-viz")
    assert running(server) == {"mlflow", "kedro-viz"}
    wait_for("both are well", lambda: server.all_well("mlflow", "kedro-viz"))
    before = artifacts(server)
    server.sh("kedro run --pipeline training")
    assert artifacts(server) > before
    server.sh("kedro run --pipeline inference")
    assert json.loads(read(server, "VIZ", "/api/main"))["nodes"]
    assert b"MLflow" in read(server, "MLFLOW", "/")

    server.sh("docker compose up -d --wait")
    server.wait_for_outcomes(more=4)
    server.sh("docker compose exec -T app-ml-inference wind check")


def artifacts(server: Installation) -> set[Path]:
    """What lies in MLflow's folder, whoever sent it there."""
    found = server.folder.glob("mlflow/mlartifacts/**/*")
    return {path.relative_to(server.folder) for path in found if path.is_file()}


def test_workflow_3_all_at_once(server: Installation):
    server.sh("docker-compose up -d")
    wait_for("all are well", server.all_well, 120)
    for command in ("docker-compose ps", "docker-compose ps -a"):
        assert "healthy" in server.sh(command)
    assert DASHBOARD_IS_UP in server.sh("docker-compose logs app-ui")
    assert "mlflow" in server.sh("docker-compose logs")
    for command in ("docker-compose logs -f", "docker-compose logs -f app-ui"):
        assert DASHBOARD_IS_UP in server.attended(command, until=DASHBOARD_IS_UP)


def test_commands_in_a_container_that_runs(server: Installation):
    assert "Python 3.12" in server.sh("docker-compose exec app-ui python --version")
    assert "champion" in server.sh("docker-compose exec app-ui wind status")


def test_stopped_and_restarted_it_goes_on(server: Installation):
    server.sh("docker-compose restart app-ui")
    wait_for("it is well again", lambda: server.all_well("app-ui"))
    server.sh("docker-compose stop")
    assert not running(server)
    server.attended("docker-compose up", lambda: server.all_well("mlflow", "app-ui"), patience=120)
    server.sh("docker compose up -d --wait")
    assert server.all_well()
    server.wait_for_outcomes(more=4)


def test_what_is_removed_is_made_again(server: Installation):
    """A container that runs, and one that does not."""
    assert server.name in server.sh("docker ps")
    server.sh(f"docker rm -f {server.inspect('app-ui')['Id']}")
    server.sh("docker compose stop kedro-viz")
    server.sh(f"docker rm {server.inspect('kedro-viz')['Id']}")
    assert not {"app-ui", "kedro-viz"} & set(server.ps())
    server.sh("docker compose up -d")
    wait_for("both are well", lambda: server.all_well("app-ui", "kedro-viz"), 120)


def test_cleaning_up_docker_leaves_the_folders(server: Installation):
    """`docker system prune` and `docker volume prune`, but of this installation alone."""
    image = server.inspect("app-ui")["Config"]["Image"]
    server.sh("docker-compose stop")
    mine = f"--force --filter label=com.docker.compose.project={server.name}"
    for what in ("container", "network", "volume"):
        server.sh(f"docker {what} prune {mine}")
    server.sh(f"docker rmi {image}")
    assert server.name not in server.sh("docker ps -a")
    assert server.name not in server.sh("docker images")
    assert (server.folder / "data/sqlite/app.db").exists()
    server.sh("docker compose up -d --wait")


def test_what_was_done_in_containers_is_there_after_they_are_gone(server: Installation):
    before = server.outcomes()
    server.sh("docker-compose down")
    server.sh("docker-compose down -v")
    assert not server.ps()
    assert artifacts(server)
    server.sh("docker compose up -d --wait")
    assert {name: server.health()[name] for name in LASTING} == dict.fromkeys(LASTING, "healthy")
    assert server.outcomes() >= before
