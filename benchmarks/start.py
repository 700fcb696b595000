"""From `make up` in empty folders to the first prediction in the database."""

import os
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from benchmarks import champion
from benchmarks.results import Result, at_most
from ml_app_wind_draft.core.config import PROJECT_ROOT, load_settings
from ml_app_wind_draft.core.errors import StorageError
from ml_app_wind_draft.storage.data_manager import DataManager
from tests.postgresql import free_port

RUNS = 3
LONGEST = 180


def run() -> list[Result]:
    """`first_prediction_s`, against MLflow alone until it answers."""
    firsts, floors = [], []
    for _ in range(RUNS):
        with tempfile.TemporaryDirectory(prefix="wind-bench-") as folder:
            firsts.append(_first_prediction(Path(folder)))
        with tempfile.TemporaryDirectory(prefix="wind-bench-") as folder:
            began = time.perf_counter()
            with champion.mlflow_server(champion.environment_in(Path(folder))):
                floors.append(time.perf_counter() - began)
    return [at_most("first_prediction_s", firsts, "s", 30, sorted(floors)[RUNS // 2])]


def _first_prediction(folder: Path) -> float:
    environment = champion.environment_in(folder)
    environment |= {"UI_PORT": str(free_port()), "VIZ_PORT": str(free_port())}
    began = time.perf_counter()
    app = subprocess.Popen(
        ["make", "--no-print-directory", "up"],
        cwd=PROJECT_ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        while not _predictions(environment):
            assert time.perf_counter() - began < LONGEST, "no prediction came"
            assert app.poll() is None, "make up ended"
            time.sleep(0.1)
        return time.perf_counter() - began
    finally:
        os.killpg(app.pid, signal.SIGTERM)
        app.wait(30)


def _predictions(environment: dict[str, str]) -> int:
    settings = load_settings(environment)
    if settings.sqlite_path is None or not settings.sqlite_path.exists():
        return 0
    manager = DataManager(settings.database_url)
    try:
        return manager.counters().get("predictions", 0)
    except StorageError:  # the tables are not there yet
        return 0
    finally:
        manager.close()
