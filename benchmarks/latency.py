"""From a new row in `raw_data` to its prediction, inference polling as fast as it may."""

import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks import champion, farm
from benchmarks.results import Result, at_most
from ml_app_wind_draft.ingestion.intake import ingest_frame
from ml_app_wind_draft.storage.data_manager import DataManager

STEPS = 200
FASTEST_POLL = 0.05


def run() -> list[Result]:
    """`latency_p95_ms`; beside it the time that one bare look into the database takes."""
    site = farm.site()
    rows = farm.recorded(site)
    start = farm.replay_start(site)
    new = rows[(rows["timestamp"] >= start) & (rows["timestamp"] < start + STEPS * site.step)]
    times, looks = [], []
    random = np.random.default_rng(1)
    with (
        tempfile.TemporaryDirectory(prefix="wind-bench-") as folder,
        champion.inference_service(Path(folder), FASTEST_POLL) as (manager, site, _),
    ):
        for when, step in new.groupby("timestamp"):
            time.sleep(random.uniform(0, 2 * FASTEST_POLL))
            ingest_frame(manager, site, step, source="bench")
            began = time.perf_counter()
            looks.append(_wait_for(manager, int(when), len(step)))
            times.append(1000 * (time.perf_counter() - began))
    p95 = [float(np.quantile(part, 0.95)) for part in np.array_split(times, 4)]
    return [at_most("latency_p95_ms", p95, "ms", 500, float(np.median(looks)))]


def _wait_for(manager: DataManager, when: int, rows: int) -> float:
    while True:
        began = time.perf_counter()
        found = len(manager.predictions_range(when, when + 1))
        look = 1000 * (time.perf_counter() - began)
        if found == rows:
            return look
        time.sleep(0.002)
