"""The roll-back without an engine: a stand-in for `docker` plays it and notes its calls."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from ml_app_wind_draft.core.config import PROJECT_ROOT

SCRIPTS = PROJECT_ROOT / "deploy/remote"

# By its tag: broken-* never becomes healthy, falling-* falls ill later, gone-* cannot be pulled.
DOCKER = r"""#!/bin/sh
in_service=$(sed -n 's/^IMAGE_TAG=//p' .env)
echo "$in_service: $*" >>"$CALLS"
case "$*" in
*" pull --quiet") case $IMAGE_TAG in gone-*) exit 1 ;; esac ;;
"compose ps --all --quiet") [ -z "$FRESH" ] && echo 0123456789ab ;;
"compose run "*) [ -z "$DISK_FULL" ] ;;
"compose up "*) case $in_service in broken-*) exit 1 ;; esac ;;
"compose ps --all --format"*)
  echo "app-ml-train exited  0"
  case $in_service in
  falling-*) echo "app-ui restarting  1" ;;
  *) echo "app-ui running healthy 0" ;;
  esac ;;
esac
"""
SSH = r"""#!/bin/sh
# what sshd does: the last argument is a line for the user's shell, in the user's home
for line; do :; done
cd "$HOME" && exec sh -c "$line"
"""


def digest(name: str) -> str:
    return f"{name}@sha256:{'0123456789abcdef' * 4}"


def write_delivery(folder: Path, text: str) -> None:
    (folder / "docker/caddy").mkdir(parents=True)
    (folder / "docker-compose.yml").write_text(text)
    (folder / "docker/caddy/Caddyfile").write_text(text)


@dataclass
class Server:
    folder: Path
    environment: dict[str, str]

    def deploy(self, tag: str, **more: str) -> subprocess.CompletedProcess[str]:
        return self.run(SCRIPTS / "deploy.sh", tag, "next", **more)

    def run(self, *command: str | Path, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment | more,
            capture_output=True,
            text=True,
            check=False,
        )

    @property
    def env_file(self) -> str:
        return (self.folder / ".env").read_text()

    @property
    def delivery(self) -> set[str]:
        files = (self.folder / "docker-compose.yml", self.folder / "docker/caddy/Caddyfile")
        return {file.read_text() for file in files}

    @property
    def calls(self) -> list[str]:
        return Path(self.environment["CALLS"]).read_text().splitlines()


@pytest.fixture
def server(tmp_path: Path) -> Server:
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, text in {"docker": DOCKER, "ssh": SSH}.items():
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    folder = tmp_path / "a farm's server"
    folder.mkdir()
    (folder / ".env").write_text(f"DOCKERHUB_USERNAME=somebody\nIMAGE_TAG={digest('old')}\n")
    (folder / ".env").chmod(0o600)
    write_delivery(folder, "former")
    write_delivery(folder / "next", "next")
    environment = {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "CALLS": str(tmp_path / "calls"),
        "SETTLE": "0",
    }
    return Server(folder, environment)


def test_a_healthy_version_stays_with_its_files(server: Server):
    done = server.deploy(digest("new"))

    assert done.returncode == 0, done.stderr
    assert server.env_file == f"DOCKERHUB_USERNAME=somebody\nIMAGE_TAG={digest('new')}\n"
    assert server.delivery == {"next"}
    assert (server.folder / ".env").stat().st_mode & 0o777 == 0o600


def test_the_former_version_makes_a_backup_before_anything_changes(server: Server):
    server.deploy(digest("new"))

    backup = next(i for i, call in enumerate(server.calls) if "wind data backup" in call)
    start = next(i for i, call in enumerate(server.calls) if " up " in call)
    assert backup < start
    assert server.calls[backup].startswith(digest("old"))


@pytest.mark.parametrize("name", ["broken-at-start", "falling-ill-later"])
def test_a_version_that_is_not_healthy_is_taken_back_by_itself(server: Server, name: str):
    done = server.deploy(digest(name))

    assert done.returncode == 1
    assert f"the former version is in service again: {digest('old')}" in done.stderr
    assert server.env_file.endswith(f"IMAGE_TAG={digest('old')}\n")
    assert server.delivery == {"former"}
    assert any(call.startswith(f"{digest('old')}: compose up") for call in server.calls)


def test_an_image_that_cannot_be_pulled_changes_nothing(server: Server):
    done = server.deploy(digest("gone-away"))

    assert done.returncode == 1
    assert "nothing was changed" in done.stderr
    assert server.env_file.endswith(f"IMAGE_TAG={digest('old')}\n")


def test_a_backup_that_fails_changes_nothing(server: Server):
    done = server.deploy(digest("new"), DISK_FULL="1")

    assert done.returncode == 1
    assert server.env_file.endswith(f"IMAGE_TAG={digest('old')}\n")
    assert server.delivery == {"former"}
    assert not any(" up " in call for call in server.calls)


def test_a_person_is_called_when_the_former_version_is_not_healthy_either(server: Server):
    (server.folder / ".env").write_text(f"IMAGE_TAG={digest('broken-before')}\n")

    assert server.deploy(digest("broken-now")).returncode == 2


def test_a_first_version_that_fails_has_nothing_to_go_back_to(server: Server):
    done = server.deploy(digest("broken-first"), FRESH="1")

    assert done.returncode == 2
    assert "no former version" in done.stderr


@pytest.mark.parametrize("tag", ["", "latest", "latest@sha256:12", "-x@sha256:" + "0" * 64, "a b"])
def test_only_a_whole_digest_is_deployed(server: Server, tag: str):
    done = server.deploy(tag)

    assert done.returncode == 1
    assert "usage" in done.stderr
    assert not Path(server.environment["CALLS"]).exists()


def test_two_deployments_do_not_run_at_once(server: Server):
    (server.folder / ".deploy").mkdir()
    with subprocess.Popen(
        ["flock", server.folder / ".deploy/lock", "cat"], stdin=subprocess.PIPE, text=True
    ) as holder:
        while (
            subprocess.run(
                ["flock", "-n", server.folder / ".deploy/lock", "true"], check=False
            ).returncode
            == 0
        ):
            pass
        done = server.deploy(digest("new"))
        assert holder.stdin is not None
        holder.stdin.close()

    assert done.returncode == 1
    assert "another deployment" in done.stderr


def test_ssh_brings_the_files_and_the_exit_code_back(server: Server, tmp_path: Path):
    project = tmp_path / "checkout"
    shutil.copytree(SCRIPTS, project / "deploy/remote")
    write_delivery(project, "from the checkout")

    def over_ssh(tag: str) -> subprocess.CompletedProcess[str]:
        script = project / "deploy/remote/over-ssh.sh"
        return server.run(script, "me@server", server.folder.name, tag, SSH_OPTIONS="-o A=b")

    assert over_ssh(digest("new")).returncode == 0
    assert server.delivery == {"from the checkout"}
    assert server.env_file.endswith(f"IMAGE_TAG={digest('new')}\n")
    assert over_ssh(digest("broken-one")).returncode == 1
    assert server.env_file.endswith(f"IMAGE_TAG={digest('new')}\n")
