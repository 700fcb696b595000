"""The six containers on a real engine: how long they take, what they use, how large they are.

Beside each figure stands what the public example of this app takes, measured on such a machine; it
has no health checks and loses its registry at `down`.
"""

import http.client
import json
import re
import socket
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from benchmarks.results import Result, at_most
from ml_app_wind_draft.services.roster import SERVICES
from tests.docker.installation import Installation, clone, wait_for

RUNS = 3
REBUILDS = 3
QUIET, WATCHED = 30, 60
IMAGE = "ml-app-wind-draft:local"
UP = "docker compose -f docker-compose.local.yml up -d"
MEBIBYTES = {"KiB": 1 / 1024, "MiB": 1, "GiB": 1024}


# What the public example takes.
PUBLIC = {
    "up_s": 69.6,
    "down_s": 44.1,
    "memory_mib": 1572.0,
    "idle_core_pct": 2.0,
    "image_gb": 2.16,
    "build_s": 81.5,
    "rebuild_s": 30.0,
}


def run() -> list[Result]:
    """Every figure of the containers."""
    with tempfile.TemporaryDirectory(prefix="wind-bench-") as folder:
        built = _image(Path(folder))
    ups, downs = [], []
    for left in reversed(range(RUNS)):
        with tempfile.TemporaryDirectory(prefix="wind-bench-") as folder:
            clone(Path(folder))
            farm = Installation(Path(folder), COMPOSE_FILE="docker-compose.local.yml")
            del farm.environ["STREAM_INTERVAL"]
            try:
                ups.append(_seconds(lambda farm=farm: _start(farm)))
                used = _use(farm) if not left else []
                downs.append(_down(farm))
            finally:
                farm.remove()
    return [
        at_most("delivery_up_s", ups, "s", 45, PUBLIC["up_s"]),
        at_most("delivery_down_s", downs, "s", 8, PUBLIC["down_s"]),
        *used,
        *built,
    ]


def _image(folder: Path) -> list[Result]:
    clone(folder)
    command = ["docker", "build", "--quiet", "--tag", IMAGE, folder]
    whole = _seconds(lambda: _run(*command, "--no-cache"))
    rebuilds = []
    for i in range(REBUILDS):
        with (folder / "src/ml_app_wind_draft/services/infer.py").open("a") as source:
            source.write(f"# {i}\n")
        rebuilds.append(_seconds(lambda: _run(*command)))
    size = int(_run("docker", "image", "inspect", "-f", "{{.Size}}", IMAGE)) / 1e9
    return [
        at_most("image_gb", [size], "GB", 1.42, PUBLIC["image_gb"]),
        at_most("image_build_s", [whole], "s", 75, PUBLIC["build_s"]),
        at_most("image_rebuild_s", rebuilds, "s", 10, PUBLIC["rebuild_s"]),
    ]


def _start(farm: Installation) -> None:
    """From empty folders to six healthy services and a first prediction."""
    farm.sh(UP)
    mine = f"label=com.docker.compose.project={farm.name}"
    healthy = ("docker", "ps", "--quiet", "--filter", mine, "--filter", "health=healthy")
    wait_for("all healthy", lambda: len(_run(*healthy).split()) == len(SERVICES), 180)
    wait_for("a first prediction", lambda: _predictions(farm) > 0, 60)


def _use(farm: Installation) -> list[Result]:
    """Memory once training is over; then the processor, without the stream."""
    wait_for("training ends", lambda: farm.ps()["app-ml-train"]["State"] == "exited", 600)
    time.sleep(QUIET)
    held = {}
    for line in farm.sh("docker stats --no-stream --format '{{.Name}} {{.MemUsage}}'").splitlines():
        if match := re.match(rf"{farm.name}-(.+)-1 ([\d.]+)(\w+)", line):
            held[match[1]] = float(match[2]) * MEBIBYTES[match[3]]
    for name, mebibytes in sorted(held.items(), key=lambda each: -each[1]):
        print(f"  {name:<20} {mebibytes:7.1f} MiB")
    farm.sh("docker compose stop app-stream-data")
    time.sleep(QUIET)
    shares = _shares(farm)
    for name, share in sorted(shares.items(), key=lambda each: -each[1]):
        print(f"  {name:<20} {share:7.2f} % of one core")
    return [
        at_most("delivery_memory_mib", [sum(held.values())], "MiB", 1280, PUBLIC["memory_mib"]),
        at_most("delivery_idle_core_pct", [sum(shares.values())], "%", 4, PUBLIC["idle_core_pct"]),
    ]


def _shares(farm: Installation) -> dict[str, float]:
    """Percent of one core that each container uses over a minute, its health checks included."""
    ids = {name: each["ID"] for name, each in farm.ps().items() if each["State"] == "running"}
    before, began = {name: _nanoseconds(each) for name, each in ids.items()}, time.monotonic()
    time.sleep(WATCHED)
    after, took = {name: _nanoseconds(each) for name, each in ids.items()}, time.monotonic() - began
    return {name: (after[name] - before[name]) / took / 1e7 for name in ids}


def _nanoseconds(container: str) -> int:
    """Processor time so far, from the engine itself: `docker stats` shows shares alone."""
    host = _run("docker", "context", "inspect", "-f", "{{.Endpoints.docker.Host}}")
    connection = http.client.HTTPConnection("localhost")
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(host.removeprefix("unix://"))
    with closing(connection):
        connection.request("GET", f"/containers/{container}/stats?stream=false&one-shot=true")
        answer = json.load(connection.getresponse())
    return answer["cpu_stats"]["cpu_usage"]["total_usage"]


def _down(farm: Installation) -> float:
    """Seconds of `down`; what was there is there again after the next `up`."""
    before = _predictions(farm)
    taken = _seconds(lambda: farm.sh("docker compose down"))
    farm.sh(f"{UP} --wait mlflow app-ui")
    versions = farm.sh("docker compose exec -T app-ui wind models")
    assert "champion" in versions
    assert _predictions(farm) >= before
    return taken


def _predictions(farm: Installation) -> int:
    path = farm.folder / "data/sqlite/app.db"
    if not path.exists():
        return 0
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as database:
        try:
            return database.execute("SELECT count(*) FROM predictions").fetchone()[0]
        except sqlite3.OperationalError:  # the tables are not there yet
            return 0


def _run(*words: str | Path) -> str:
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()


def _seconds(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began
