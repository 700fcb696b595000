"""Rows one at a time, each through the contract into a transaction of its own."""

import time

import numpy as np
import pandas as pd

from benchmarks import farm
from benchmarks.results import Result, at_least
from ml_app_wind_draft.core.rows import TurbineRows
from ml_app_wind_draft.core.signals import SIGNAL_NAMES, SIGNALS
from ml_app_wind_draft.ingestion.intake import ingest, ingest_frame

RUNS = 5
ROWS = 2000


def run() -> list[Result]:
    """`ingest_single_rows_s`, against one bare SQLite `INSERT` and commit a row."""
    site = farm.site()
    turbine_id = site.turbine_ids[0]
    rows = farm.recorded(site)
    start = farm.replay_start(site)
    new = rows[(rows["timestamp"] >= start) & (rows["turbine_id"] == turbine_id)][:ROWS]
    singles = _one_by_one(turbine_id, new)
    checked, bare = [], []
    for _ in range(RUNS):
        with farm.fresh_database(site) as (manager, _):
            ingest_frame(manager, site, rows[rows["timestamp"] < start], source="bench")
            began = time.perf_counter()
            for each in singles:
                ingest(manager, site, [each], source="bench")
            checked.append(ROWS / (time.perf_counter() - began))
        bare.append(_bare_insert(new))
    floor = sorted(bare)[RUNS // 2]
    return [at_least("ingest_single_rows_s", checked, "rows/s", 1500, floor, share=1 / 4)]


def _one_by_one(turbine_id: str, rows: pd.DataFrame) -> list[TurbineRows]:
    timestamp = rows["timestamp"].to_numpy()
    values = np.full((len(rows), len(SIGNALS)), np.nan)
    for index, name in enumerate(SIGNAL_NAMES):
        if name in rows:
            values[:, index] = rows[name]
    return [
        TurbineRows(turbine_id, timestamp[i : i + 1], values[i : i + 1]) for i in range(len(rows))
    ]


def _bare_insert(rows: pd.DataFrame) -> float:
    columns = ["turbine_id", "timestamp", *(name for name in SIGNAL_NAMES if name in rows)]
    values = list(zip(*(rows[name].tolist() for name in columns), strict=True))
    statement = f"INSERT INTO raw VALUES ({', '.join('?' * len(columns))})"
    with farm.bare_table(columns) as connection:
        began = time.perf_counter()
        for row in values:
            connection.execute(statement, row)
        return len(rows) / (time.perf_counter() - began)
