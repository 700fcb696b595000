"""Compose, Swarm and Kubernetes deliver the same six services."""

import json
import re
from dataclasses import dataclass
from typing import Any

import pytest
import yaml

from ml_app_wind_draft.core.config import PROJECT_ROOT, SECRETS
from ml_app_wind_draft.services.roster import SERVICES
from tests.unit.delivery import kustomize
from tests.unit.delivery.kustomize import container, named, pod, workloads

VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])((?:[^${}]|\$\{[^{}]*\})*))?\}")
GIVEN = {
    "DOCKERHUB_USERNAME": "dockerhub-username",
    "IMAGE_TAG": "0.1.0",
    "MLFLOW_UI_URI": "http://localhost:5001",
    "KEDRO_VIZ_URI": "http://localhost:4141",
    "SWARM_NODE": "node",
}
# Only `docker compose up --wait` needs a training that stays until its health was seen.
OF_COMPOSE_ALONE = {"AWAIT_HEALTH_CHECK", "PUBLISHED_ADDRESS"}
UNITS = {"K": 2**10, "M": 2**20, "G": 2**30}
SCRATCH = "/tmp"  # noqa: S108 - a container's own
DELIVERIES = ("compose", "swarm", *kustomize.OVERLAYS)


@dataclass(frozen=True)
class Delivered:
    """One service, whatever delivers it."""

    image: str
    command: list[str]
    ports: list[int]
    environment: dict[str, str]
    health: list[str]
    cpus: float
    memory: int
    stop_grace: str
    scratch: int
    read_only: bool
    dropped: list[str]


def services_of(path: str) -> dict[str, Any]:
    """The services of a Compose or stack file, with the variables of GIVEN put in."""
    said = yaml.safe_load((PROJECT_ROOT / path).read_text())["services"]
    return json.loads(with_variables(json.dumps(said)))


def with_variables(text: str) -> str:

    def value(match: re.Match[str]) -> str:
        name, sign, default = match.groups()
        assert name in GIVEN or sign == "-", f"{name} is required"
        return GIVEN.get(name) or with_variables(default)

    return VARIABLE.sub(value, text)


def as_bytes(said: str) -> int:
    """A size in Docker's or Kubernetes' way."""
    unit = said.rstrip("i")[-1].upper()
    return int(said.rstrip("iKMGkmg")) * UNITS[unit] if unit in UNITS else int(said)


def as_processors(said: str) -> float:
    return int(said[:-1]) / 1000 if said.endswith("m") else float(said)


def published(said: str) -> int:
    """The port inside, which must be the one outside."""
    outside, inside = said.split(":")[-2:]
    assert outside == inside
    return int(inside)


def scratch_of(service: dict[str, Any]) -> int:
    """Bytes of /tmp: Compose has `tmpfs`, which a stack does not know."""
    if "tmpfs" in service:
        (options,) = service["tmpfs"]
        where, size, _ = re.split(r":size=|,", options)
    else:
        (tmp,) = [each for each in service["volumes"] if each["type"] == "tmpfs"]
        where, size = tmp["target"], str(tmp["tmpfs"]["size"])
    assert where == SCRATCH
    return as_bytes(size)


def from_docker(path: str) -> dict[str, Delivered]:
    services = services_of(path)
    return {service.name: _from_docker(services[service.name]) for service in SERVICES}


def _from_docker(service: dict[str, Any]) -> Delivered:
    limits = service["deploy"]["resources"]["limits"]
    assert service["healthcheck"]["test"][0] == "CMD"
    return Delivered(
        image=service["image"],
        command=service["command"],
        ports=[published(each) for each in service.get("ports", [])],
        environment=without(service["environment"], OF_COMPOSE_ALONE),
        health=service["healthcheck"]["test"][1:],
        cpus=as_processors(limits["cpus"]),
        memory=as_bytes(limits["memory"]),
        stop_grace=service["stop_grace_period"],
        scratch=scratch_of(service),
        read_only=service["read_only"],
        dropped=service["cap_drop"],
    )


def from_kubernetes(overlay: str) -> dict[str, Delivered]:
    objects = kustomize.render(overlay)
    return {
        service.name: _from_kubernetes(workloads(objects)[service.name], objects)
        for service in SERVICES
    }


def _from_kubernetes(workload: dict[str, Any], objects: list[dict[str, Any]]) -> Delivered:
    spec, only = pod(workload), container(workload)
    (source,) = only["envFrom"]
    environment = named(objects, "ConfigMap")[source["configMapRef"]["name"]]["data"]
    limits = only["resources"]["limits"]
    (tmp,) = [each["emptyDir"] for each in spec["volumes"] if each["name"] == "tmp"]
    return Delivered(
        image=only["image"],
        command=only["command"],
        ports=[each["containerPort"] for each in only.get("ports", [])],
        environment=environment,
        health=only["readinessProbe"]["exec"]["command"],
        cpus=as_processors(limits["cpu"]),
        memory=as_bytes(limits["memory"]),
        stop_grace=f"{spec['terminationGracePeriodSeconds']}s",
        scratch=as_bytes(tmp["sizeLimit"]),
        read_only=only["securityContext"]["readOnlyRootFilesystem"],
        dropped=only["securityContext"]["capabilities"]["drop"],
    )


def without(environment: dict[str, str], names: set[str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name not in names}


def delivered(by: str) -> dict[str, Delivered]:
    if by == "compose":
        return from_docker("docker-compose.yml")
    return from_docker("deploy/swarm/stack.yml") if by == "swarm" else from_kubernetes(by)


def test_the_two_compose_files_differ_in_four_things_only():
    """Where the image comes from, which variables are required, when to restart, what to watch."""
    local, production = (
        yaml.safe_load((PROJECT_ROOT / name).read_text())
        for name in ("docker-compose.local.yml", "docker-compose.yml")
    )
    assert list(local["services"].pop("sources")["develop"]) == ["watch"]
    for file in (local, production):
        for anchors in [key for key in file if key.startswith("x-")]:
            del file[anchors]  # YAML has merged them into the services
        for service in file["services"].values():
            for key in ("build", "pull_policy", "restart"):
                service.pop(key, None)
            if "ml-app-wind-draft:" in service["image"]:
                del service["image"]
            for variable in ("MLFLOW_UI_URI", "KEDRO_VIZ_URI"):
                service.get("environment", {}).pop(variable, None)
    assert local == production


@pytest.mark.parametrize(
    ("file", "required"),
    [
        ("docker-compose.yml", {*GIVEN} - {"IMAGE_TAG", "SWARM_NODE"}),
        ("docker-compose.local.yml", {}),
    ],
)
def test_production_requires_three_variables_and_a_desk_none(file, required):
    text = (PROJECT_ROOT / file).read_text()
    assert set(re.findall(r"\$\{(\w+):\?", text)) == set(required)


@pytest.mark.parametrize("by", DELIVERIES[1:])
@pytest.mark.parametrize("service", [service.name for service in SERVICES])
def test_each_service_is_delivered_alike(by, service):
    assert delivered(by)[service] == delivered("compose")[service]


@pytest.mark.parametrize("by", DELIVERIES)
def test_what_is_delivered_is_what_runs_on_a_desk(by):
    ports = {"mlflow": [5001], "app-ui": [8050], "kedro-viz": [4141]}
    for service in SERVICES:
        here = delivered(by)[service.name]
        assert here.image == "dockerhub-username/ml-app-wind-draft:0.1.0"
        assert here.command[:2] == ["wind", service.command]
        assert here.ports == ports.get(service.name, [])
        assert here.health[-2:] == ["ml_app_wind_draft.health", service.name]


def test_no_message_of_the_stack_holds_what_docker_takes_for_a_default():
    text = (PROJECT_ROOT / "deploy/swarm/stack.yml").read_text()
    for line in text.splitlines():
        if not line.lstrip().startswith("#"):
            assert not re.search(r"\$\{\w+:\?[^}]*-", line), line


def test_processes_are_limited_alike_where_that_can_be_said():
    def limits(path):
        return {
            each.name: services_of(path)[each.name]["deploy"]["resources"]["limits"]["pids"]
            for each in SERVICES
        }

    assert limits("deploy/swarm/stack.yml") == limits("docker-compose.yml")


def test_postgresql_is_the_same_in_a_cluster():
    compose = services_of("docker-compose.yml")["postgres"]
    workload = workloads(kustomize.render("postgres"))["postgres"]
    only = container(workload)
    limits = compose["deploy"]["resources"]["limits"]
    assert only["image"] == compose["image"]
    assert {each["name"]: each["value"] for each in only["env"]} == compose["environment"]
    assert only["readinessProbe"]["exec"]["command"] == compose["healthcheck"]["test"][1:]
    assert as_processors(only["resources"]["limits"]["cpu"]) == as_processors(limits["cpus"])
    assert as_bytes(only["resources"]["limits"]["memory"]) == as_bytes(limits["memory"])


def test_the_swarms_secrets_are_those_that_the_app_looks_for():
    logins = yaml.safe_load((PROJECT_ROOT / "deploy/swarm/logins.yml").read_text())
    asking = {name: service["secrets"] for name, service in logins["services"].items()}
    assert set(logins["secrets"]) == {each for names in asking.values() for each in names}
    assert set(logins["secrets"]) == {each for each in SECRETS if not each.endswith(("url", "uri"))}
    assert set(asking) <= {service.name for service in SERVICES}
