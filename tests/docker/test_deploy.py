"""Deployment by digest on the real engine: a good image stays, a broken one is taken back."""

import json
import os
import secrets
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ml_app_wind_draft.core.config import PROJECT_ROOT
from tests.docker.registry import registry
from tests.postgresql import free_port

pytestmark = [pytest.mark.docker, pytest.mark.timeout(900)]
COMPOSE_FILE = PROJECT_ROOT / "docker-compose.yml"
BUILT = "ml-app-wind-draft:local"
# The dashboard of the broken image ends at once; everything else is as it was.
BROKEN = r"""FROM ml-app-wind-draft:local
USER root
RUN mv /app/.venv/bin/wind /app/.venv/bin/whole-wind \
    && printf '#!/bin/sh\n[ "$1" = ui ] && exit 1\nexec whole-wind "$@"\n' >/app/.venv/bin/wind \
    && chmod 755 /app/.venv/bin/wind
USER 10001:10001
"""


def docker(*arguments: str | Path, **more) -> str:
    done = subprocess.run(
        ["docker", *arguments], capture_output=True, text=True, check=False, timeout=300, **more
    )
    assert done.returncode == 0, done.stderr or done.stdout
    return done.stdout.strip()


def publish(image: str, repository: str, tag: str) -> str:
    """Push; gives what is deployed: the tag with its digest."""
    docker("tag", image, f"{repository}:{tag}")
    docker("push", "--quiet", f"{repository}:{tag}")
    digests = json.loads(
        docker("image", "inspect", f"{repository}:{tag}", "-f", "{{json .RepoDigests}}")
    )
    (digest,) = [each.partition("@")[2] for each in digests if each.startswith(f"{repository}@")]
    return f"{tag}@{digest}"


@dataclass
class Server:
    folder: Path
    good: str
    broken: str
    repository: str

    def deploy(self, tag: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [PROJECT_ROOT / "deploy/remote/deploy.sh", tag, PROJECT_ROOT],
            cwd=self.folder,
            env=os.environ | {"WAIT": "120", "SETTLE": "5"} | more,
            capture_output=True,
            text=True,
            check=False,
        )

    def running(self) -> dict[str, tuple[str, str]]:
        """Image and health of each service that runs."""
        listed = docker("compose", "ps", "--format", "json", cwd=self.folder).splitlines()
        services = [json.loads(line) for line in listed]
        return {each["Service"]: (each["Image"], each["Health"]) for each in services}

    def in_service(self) -> str:
        lines = (self.folder / ".env").read_text().splitlines()
        return next(line for line in lines if line.startswith("IMAGE_TAG=")).partition("=")[2]


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[Server]:
    name = f"wind-test-{secrets.token_hex(3)}"
    folder = tmp_path_factory.mktemp("server")
    with registry(tmp_path_factory.mktemp("registry")) as host:
        repository = f"{host}/{name}/ml-app-wind-draft"
        docker("build", "--quiet", "--tag", f"{name}:broken", "-", input=BROKEN)
        good = publish(BUILT, repository, "good")
        broken = publish(f"{name}:broken", repository, "broken")
        mlflow_port, viz_port = free_port(), free_port()
        lines = [
            f"COMPOSE_PROJECT_NAME={name}",
            f"DOCKERHUB_USERNAME={host}/{name}",
            f"MLFLOW_PORT={mlflow_port}",
            f"UI_PORT={free_port()}",
            f"VIZ_PORT={viz_port}",
            f"MLFLOW_UI_URI=http://localhost:{mlflow_port}",
            f"KEDRO_VIZ_URI=http://localhost:{viz_port}",
        ]
        (folder / ".env").write_text("\n".join(lines) + "\n")
        yield Server(folder, good, broken, repository)
        docker("compose", "--project-directory", folder, "--file", COMPOSE_FILE, "down")
        for tag in (good, broken):
            docker("image", "rm", f"{repository}:{tag.partition('@')[0]}")
        docker("image", "rm", f"{name}:broken")


def test_a_first_deployment_runs_the_very_digest(server: Server):
    done = server.deploy(server.good)

    assert done.returncode == 0, done.stderr
    assert server.in_service() == server.good
    running = server.running()
    assert {"mlflow", "app-ml-inference", "app-stream-data", "app-ui", "kedro-viz"} <= set(running)
    assert set(running.values()) == {(f"{server.repository}:{server.good}", "healthy")}


def test_a_broken_version_is_taken_back_and_a_backup_is_there(server: Server):
    done = server.deploy(server.broken)

    assert done.returncode == 1, done.stderr
    assert "the former version is in service again" in done.stderr
    assert server.in_service() == server.good
    assert set(server.running().values()) == {(f"{server.repository}:{server.good}", "healthy")}
    assert len(list((server.folder / "data/backups").glob("before-*.tar.gz"))) == 1
