"""One turn of the inference loop for four new rows, with a year of history in the database."""

import sqlite3
import time
from pathlib import Path

import pandas as pd

from benchmarks import champion, farm
from benchmarks.results import Result, at_most
from ml_app_wind_draft.ingestion.intake import ingest_frame
from ml_app_wind_draft.pipelines.feature_eng.nodes import build_features
from ml_app_wind_draft.services.infer import Inference

TICKS = 300
WARM_UP = 20


def run() -> list[Result]:
    """`tick_p50_ms`, against a bare predict of four rows and a bare insert of their outcomes."""
    site = farm.site()
    rows = farm.recorded(site)
    start = farm.replay_start(site)
    new = rows[(rows["timestamp"] >= start) & (rows["timestamp"] < start + (TICKS + WARM_UP) * 600)]
    watch = champion.fixed(training_end=start - site.step)
    with farm.fresh_database(site) as (manager, path):
        ingest_frame(manager, site, rows[rows["timestamp"] < start], source="bench")
        manager.drop_work_up_to(start - site.step)
        inference = Inference(manager, site, watch)
        times = []
        for _, step in new.groupby("timestamp"):
            ingest_frame(manager, site, step, source="bench")
            began = time.perf_counter()
            tick = inference.tick()
            times.append(1000 * (time.perf_counter() - began))
            assert tick.done == len(step), "a tick scores the new rows and no others"
        floor = _floor(manager.raw_last(1), path)
    return [at_most("tick_p50_ms", times[WARM_UP:], "ms", 60, floor)]


def _floor(rows: pd.DataFrame, path: Path) -> float:
    features = build_features(rows, farm.site())
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA synchronous = full")
    connection.execute("CREATE TABLE bare (turbine, timestamp, p50, p10, p90)")
    times = []
    for _ in range(TICKS):
        began = time.perf_counter()
        expected = champion.bundle().model.predict(features).tolist()
        outcomes = zip(
            rows["turbine_id"],
            rows["timestamp"].tolist(),
            expected,
            expected,
            expected,
            strict=True,
        )
        connection.executemany("INSERT INTO bare VALUES (?, ?, ?, ?, ?)", outcomes)
        connection.commit()
        times.append(1000 * (time.perf_counter() - began))
    connection.close()
    return sorted(times)[TICKS // 2]
