"""A year of unscored rows: read, features, predict, band, outcomes, work struck off."""

import sqlite3
import time
from pathlib import Path
from statistics import median

import pandas as pd

from benchmarks import champion, farm
from benchmarks.results import Result, at_least
from ml_app_wind_draft.core.signals import SIGNAL_NAMES
from ml_app_wind_draft.ingestion.intake import ingest_frame
from ml_app_wind_draft.services.infer import Inference

RUNS = 5


def run() -> list[Result]:
    """`backfill_rows_s`, against a driver-level read, a bare predict and a driver-level write."""
    site = farm.site()
    rows = farm.history(site)
    features = champion.features_of(rows, site)
    watch = champion.fixed(training_end=0)
    rates, floors = [], []
    for _ in range(RUNS):
        with farm.fresh_database(site) as (manager, path):
            ingest_frame(manager, site, rows, source="bench")
            floors.append(_floor(path, features))
            inference = Inference(manager, site, watch)
            began = time.perf_counter()
            done = 0
            while (tick := inference.tick()).done:
                done += tick.done
            rates.append(done / (time.perf_counter() - began))
            assert done == len(rows)
    return [at_least("backfill_rows_s", rates, "rows/s", 60_000, median(floors), share=1 / 3)]


def _floor(path: Path, features: pd.DataFrame) -> float:
    """Rows/s without work table, features, band, checks or counters."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA synchronous = full")
    names = ", ".join(("turbine_id", "timestamp", "revision", *SIGNAL_NAMES, "flags"))
    connection.execute(
        "CREATE TABLE bare (turbine_id, timestamp, revision, model_version, issued_at, status,"
        " reason, p50, p10, p90, state, in_sample, backfilled,"
        " PRIMARY KEY (turbine_id, timestamp, revision, model_version)) WITHOUT ROWID"
    )
    began = time.perf_counter()
    read = connection.execute(f"SELECT {names} FROM raw_data").fetchall()
    expected = champion.bundle().model.predict(features).tolist()
    connection.executemany(
        "INSERT INTO bare VALUES (?, ?, ?, 1, 0, 'predicted', NULL, ?, ?, ?, 'normal', 0, 0)",
        [(row[0], row[1], row[2], p, p, p) for row, p in zip(read, expected, strict=True)],
    )
    connection.commit()
    rate = len(features) / (time.perf_counter() - began)
    connection.execute("DROP TABLE bare")
    connection.close()
    return rate
