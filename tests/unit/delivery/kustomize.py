"""What a cluster would be handed: the overlays as kustomize renders them."""

import functools
import os
import re
import shutil
import subprocess
from typing import Any

import pytest
import yaml

from ml_app_wind_draft.core.config import PROJECT_ROOT

OVERLAYS = ("sqlite", "postgres")
SERVED = {"Deployment", "StatefulSet"}
WORKLOADS = SERVED | {"Job"}
Manifest = dict[str, Any]


def program() -> list[str]:
    """`kustomize build`, or `kubectl kustomize`, which has it built in."""
    for name, verb in (("kustomize", "build"), ("kubectl", "kustomize")):
        if found := shutil.which(name):
            return [found, verb]
    if os.environ.get("CI"):
        pytest.fail("neither kustomize nor kubectl is installed")
    pytest.skip("neither kustomize nor kubectl is installed")


def version() -> tuple[int, ...]:
    """Of kustomize itself."""
    command, _ = program()
    said = subprocess.run(
        [command, "version", *(["--client"] if command.endswith("kubectl") else [])],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    lines = [line for line in said.splitlines() if "kubectl" not in command or "Kustomize" in line]
    found = re.search(r"(\d+)\.(\d+)\.(\d+)", lines[0])
    return tuple(int(part) for part in found.groups()) if found else ()


@functools.cache
def _rendered(overlay: str) -> str:
    folder = PROJECT_ROOT / "deploy/kubernetes/overlays" / overlay
    return subprocess.run([*program(), folder], capture_output=True, text=True, check=True).stdout


def render(overlay: str) -> list[Manifest]:
    """The objects of an overlay."""
    return list(yaml.safe_load_all(_rendered(overlay)))


def workloads(objects: list[Manifest]) -> dict[str, Manifest]:
    """What runs pods, by name."""
    return {each["metadata"]["name"]: each for each in objects if each["kind"] in WORKLOADS}


def pod(workload: Manifest) -> Manifest:
    """The specification of its pods."""
    return workload["spec"]["template"]["spec"]


def container(workload: Manifest) -> Manifest:
    """Its only container."""
    (only,) = pod(workload)["containers"]
    return only


def named(objects: list[Manifest], kind: str) -> dict[str, Manifest]:
    """The objects of a kind, by name."""
    return {each["metadata"]["name"]: each for each in objects if each["kind"] == kind}
