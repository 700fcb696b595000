"""What the inference service holds in memory, before and after ten thousand ticks."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from benchmarks import champion, farm
from benchmarks.results import Result, at_most
from ml_app_wind_draft.ingestion.intake import ingest_frame
from ml_app_wind_draft.storage.data_manager import DataManager

TICKS = 10_000
MEGABYTE = 1_000_000
LIBRARIES = "import numpy, pandas, catboost, sqlalchemy, requests, pydantic; input()"


def run() -> list[Result]:
    """`inference_rss_mb`, against a process that has only imported the same libraries."""
    site = farm.site()
    rows = farm.recorded(site)
    start = farm.replay_start(site)
    new = rows[(rows["timestamp"] >= start) & (rows["timestamp"] < start + TICKS * site.step)]
    held = []
    with (
        tempfile.TemporaryDirectory(prefix="wind-bench-") as folder,
        champion.inference_service(Path(folder), 0.001) as (manager, site, process),
    ):
        for tick, (_, step) in enumerate(new.groupby("timestamp")):
            ingest_frame(manager, site, step, source="bench")
            _wait_until_scored(manager)
            if tick % 1000 == 999:
                held.append(process.memory_info().rss / MEGABYTE)
    print(f"  after 1,000 ticks {held[0]:.0f} MB, after {TICKS:,} {held[-1]:.0f} MB")
    return [at_most("inference_rss_mb", held, "MB", 300, _bare_libraries())]


def _wait_until_scored(manager: DataManager) -> None:
    while manager.counters()["waiting"]:
        time.sleep(0.001)


def _bare_libraries() -> float:
    child = subprocess.Popen([sys.executable, "-c", LIBRARIES], stdin=subprocess.PIPE)
    time.sleep(8)
    rss = psutil.Process(child.pid).memory_info().rss / MEGABYTE
    child.communicate(b"\n")
    return rss
