"""The stack on a swarm of one node: all get healthy; what never gets healthy is taken back.

Some kernels (of small virtual machines) lack IPVS, on which published ports and the services'
virtual addresses rest. The stack is therefore deployed without ports and with plain DNS names, and
a service of the test's own asks the page from inside.
"""

import json
import os
import secrets
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from ml_app_wind_draft.core.config import PROJECT_ROOT
from ml_app_wind_draft.services.roster import SERVICE_NAMES

pytestmark = [pytest.mark.docker, pytest.mark.timeout(900)]
BUILT = "ml-app-wind-draft:local"
LASTING = [name for name in SERVICE_NAMES if name != "app-ml-train"]
PATIENCE = 240.0
# The page hangs and never answers, the stream ends at once, the others are as they were.
BROKEN_WIND = """#!/bin/sh
case $1 in ui) exec sleep infinity ;; stream) exit 1 ;; esac
exec python -m ml_app_wind_draft "$@"
"""
ASK = """
import socket, time, urllib.request
while True:
    try:
        address = f"http://{socket.gethostbyname('app-ui')}:8050/health"
        print(urllib.request.urlopen(address, timeout=5).status, flush=True)
    except OSError as error:
        print(error, flush=True)
    time.sleep(1)
"""
ASK_MLFLOW = """
import http.client
mlflow = http.client.HTTPConnection("mlflow", 5001)
mlflow.request("GET", "/api/2.0/mlflow/experiments/search?max_results=1")
print(mlflow.getresponse().status)
"""
COUNT = """
from ml_app_wind_draft.core.config import load_settings
from ml_app_wind_draft.storage.data_manager import DataManager
print(DataManager(load_settings().database_url).counters()["predictions"])
"""


def docker(*arguments: str | Path, **more) -> str:
    done = subprocess.run(
        ["docker", *arguments], capture_output=True, text=True, check=False, timeout=300, **more
    )
    assert done.returncode == 0, done.stderr or done.stdout
    return done.stdout.strip()


def wait_for(what: str, reached) -> None:
    give_up_at = time.monotonic() + PATIENCE
    while not reached():
        assert time.monotonic() < give_up_at, what
        time.sleep(1)


class Stack:
    """The stack file under a name of its own, with locally tagged images."""

    def __init__(self, folder: Path) -> None:
        self.name = f"wind-test-{secrets.token_hex(3)}"
        self.repository = f"{self.name}/ml-app-wind-draft"
        self._folder = folder
        self._file = folder / "stack.yml"

    def make_images(self) -> None:
        docker("tag", BUILT, f"{self.repository}:1")
        (self._folder / "wind").write_text(BROKEN_WIND)
        recipe = f"FROM {BUILT}\nCOPY --chmod=755 wind /app/.venv/bin/wind\n"
        (self._folder / "Dockerfile").write_text(recipe)
        docker("build", "--quiet", "--tag", f"{self.repository}:2", self._folder)

    def deploy(self, tag: str) -> None:
        stack = yaml.safe_load((PROJECT_ROOT / "deploy/swarm/stack.yml").read_text())
        for service in stack["services"].values():
            service.pop("ports", None)
            if "mode" not in service["deploy"]:
                service["deploy"]["endpoint_mode"] = "dnsrr"
        stack["services"]["asker"] = {
            "image": f"{self.repository}:1",
            "command": ["python", "-c", ASK.replace("$", "$$")],
            "networks": ["ml-app-network"],
        }
        self._file.write_text(yaml.safe_dump(stack))
        logins = yaml.safe_load((PROJECT_ROOT / "deploy/swarm/logins.yml").read_text())
        for name in logins["secrets"]:  # the swarm's own in earnest, from a file here
            (self._folder / name).write_text(f"{name} of a test\n")
            logins["secrets"][name] = {"file": str(self._folder / name)}
        (self._folder / "logins.yml").write_text(yaml.safe_dump(logins))
        environment = {
            "DOCKERHUB_USERNAME": self.name,
            "IMAGE_TAG": tag,
            "SWARM_NODE": docker("node", "inspect", "self", "-f", "{{.Description.Hostname}}"),
            "MLFLOW_UI_URI": "http://localhost:5001",
            "KEDRO_VIZ_URI": "http://localhost:4141",
        }
        docker(
            *("stack", "deploy", "--detach=true", "--resolve-image", "never"),
            *("-c", self._file, "-c", self._folder / "logins.yml", self.name),
            env=os.environ | environment,
        )

    def containers(self, service: str) -> list[dict]:
        """Those that run now, as the engine describes them."""
        label = f"label=com.docker.swarm.service.name={self.name}_{service}"
        ids = docker("ps", "--quiet", "--filter", label).split()
        return json.loads(docker("inspect", *ids)) if ids else []

    def is_healthy(self, service: str) -> bool:
        states = [each["State"]["Health"]["Status"] for each in self.containers(service)]
        return states == ["healthy"]

    def images(self, service: str) -> list[str]:
        return [each["Config"]["Image"] for each in self.containers(service)]

    def update_state(self, service: str) -> str:
        said = docker("service", "inspect", f"{self.name}_{service}", "-f", "{{json .}}")
        return json.loads(said).get("UpdateStatus", {}).get("State", "")

    def is_trained(self) -> bool:
        """Whether the job has made a first champion, or has ended well."""
        listed = ("service", "ls", "--filter", f"name={self.name}_app-ml-train")
        ended = "(1/1 completed)" in docker(*listed, "--format", "{{.Replicas}}")
        return ended or self.is_healthy("app-ml-train")

    def says(self, service: str, program: str) -> str:
        """What a Python program prints in a service's container."""
        (container,) = self.containers(service)
        return docker("exec", container["Id"], "python", "-c", program)

    def predictions(self) -> int:
        return int(self.says("app-ml-inference", COUNT))

    def answers(self) -> list[str]:
        """What the page said to the asker, oldest first."""
        return docker("service", "logs", "--raw", f"{self.name}_asker").splitlines()

    def remove(self) -> None:
        docker("stack", "rm", self.name)
        mine = ("--filter", f"label=com.docker.stack.namespace={self.name}")
        wait_for("the stack is gone", lambda: not docker("ps", "--all", "--quiet", *mine))
        wait_for("its network is gone", lambda: not docker("network", "ls", "--quiet", *mine))
        if volumes := docker("volume", "ls", "--quiet", *mine).split():
            docker("volume", "rm", *volumes)
        docker("image", "rm", *(f"{self.repository}:{tag}" for tag in "12"))


@pytest.fixture(scope="module")
def swarm() -> Iterator[None]:
    """A swarm; one that is there already is used and left as it is."""
    if docker("info", "--format", "{{.Swarm.LocalNodeState}}") != "inactive":
        yield
        return
    bridge = ("network", "ls", "--quiet", "--filter", "name=docker_gwbridge")
    had_bridge = docker(*bridge)
    docker("swarm", "init", "--advertise-addr", "127.0.0.1")
    yield
    docker("swarm", "leave", "--force")
    if not had_bridge and docker(*bridge):
        docker("network", "rm", "docker_gwbridge")


@pytest.fixture(scope="module")
def stack(swarm, tmp_path_factory) -> Iterator[Stack]:
    stack = Stack(tmp_path_factory.mktemp("stack"))
    stack.make_images()
    stack.deploy("1")
    yield stack
    stack.remove()


def test_all_services_get_healthy_and_predictions_appear(stack):
    for service in LASTING:
        wait_for(f"{service} is healthy", lambda name=service: stack.is_healthy(name))
    wait_for("predictions", lambda: stack.predictions() > 0)
    before = stack.predictions()
    wait_for("more predictions", lambda: stack.predictions() > before)
    wait_for("training has a champion", stack.is_trained)


def test_each_container_is_as_closed_as_under_compose(stack):
    for service in LASTING:
        (container,) = stack.containers(service)
        host = container["HostConfig"]
        assert container["Config"]["User"] == "10001:10001"
        assert (host["ReadonlyRootfs"], host["CapDrop"], host["Init"]) == (True, ["ALL"], True)
        assert min(host["Memory"], host["NanoCpus"], host["PidsLimit"]) > 0


def test_mlflow_refuses_those_without_a_password(stack):
    assert stack.says("app-ui", ASK_MLFLOW) == "401"


def test_a_broken_image_is_rolled_back_while_the_page_answers(stack):
    wait_for("the page answers", lambda: stack.answers()[-1:] == ["200"])
    asked = len(stack.answers())
    stack.deploy("2")
    for service in ("app-stream-data", "app-ui"):
        wait_for(
            f"{service} is rolled back",
            lambda name=service: stack.update_state(name) == "rollback_completed",
        )
        wait_for(f"{service} is healthy", lambda name=service: stack.is_healthy(name))
        assert stack.images(service) == [f"{stack.repository}:1"]
    assert set(stack.answers()[asked:]) == {"200"}
    for service in ("mlflow", "app-ml-inference", "kedro-viz"):
        wait_for(
            f"{service} is updated", lambda name=service: stack.update_state(name) == "completed"
        )
        wait_for(f"{service} is healthy", lambda name=service: stack.is_healthy(name))
        assert stack.images(service) == [f"{stack.repository}:2"]
    before = stack.predictions()
    wait_for("predictions go on", lambda: stack.predictions() > before)
