"""What is in the image, how much of it, and that the lesson's command for Kedro Viz works in it."""

import json
import re
import secrets
import shlex
import subprocess
import sys
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from ml_app_wind_draft.core.config import PROJECT_ROOT
from tests.docker.installation import clone, wait_for
from tests.postgresql import free_port

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]


def size(image: str, *budget: str) -> subprocess.CompletedProcess[str]:
    """The report of docker/size.py."""
    script = PROJECT_ROOT / "docker/size.py"
    return subprocess.run(
        [sys.executable, script, image, *budget], capture_output=True, text=True, check=False
    )


def test_it_keeps_within_its_budget_and_says_what_is_large(image: str):
    done = size(image)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = re.findall(r"([\d.,]+) MB  (.+)", done.stdout)
    *parts, whole = [float(size.replace(",", "")) for size, _ in lines]
    assert sum(parts) == pytest.approx(whole, abs=2)
    assert "catboost" in {name for _, name in lines}


def test_beyond_the_budget_it_says_so_and_fails(image: str):
    done = size(image, "1000000000")
    assert done.returncode == 1
    assert "beyond its budget" in done.stderr


def test_a_changed_line_of_source_fetches_nothing(tmp_path: Path):
    """The layers that fetch are taken from the cache; what follows is installed offline."""
    clone(tmp_path)
    with (tmp_path / "src/ml_app_wind_draft/__main__.py").open("a") as source:
        source.write(f"# {secrets.token_hex(8)}\n")
    done = subprocess.run(
        ["docker", "build", "--progress", "plain", "--target", "project", tmp_path],
        capture_output=True,
        text=True,
        check=True,
    )
    fetching = re.findall(
        r"^(#\d+) \[dependencies .* RUN .*(?:pip install|uv sync)", done.stderr, re.MULTILINE
    )
    cached = re.findall(r"^(#\d+) CACHED", done.stderr, re.MULTILINE)
    assert len(set(fetching)) == 2
    assert set(fetching) <= set(cached)
    assert re.search(r"\[project .* RUN .* uv sync .*--offline", done.stderr)


def test_kedro_viz_is_started_as_the_lesson_types_it(image: str):
    """The Compose files serve a picture drawn beforehand, and so do not need it."""
    command = "uv run kedro viz --host 0.0.0.0 --port 4141"
    name, port = f"wind-test-{secrets.token_hex(3)}", free_port()

    def nodes() -> list[dict]:
        try:
            with urlopen(f"http://127.0.0.1:{port}/api/main", timeout=10) as answer:
                return json.load(answer)["nodes"]
        except (URLError, ConnectionError):
            return []

    run = f"docker run --detach --rm --init --name {name} --publish 127.0.0.1:{port}:4141 {image}"
    subprocess.run(shlex.split(f"{run} {command}"), check=True, stdout=subprocess.DEVNULL)
    try:
        wait_for("the graph", lambda: bool(nodes()), 120)
    finally:
        subprocess.run(["docker", "stop", name], check=True, stdout=subprocess.DEVNULL)
