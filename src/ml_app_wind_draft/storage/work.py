"""Rows that wait for their outcome, and the outcomes themselves."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy.engine import Connection

from ml_app_wind_draft.storage import alarms, bulk, counters, sums
from ml_app_wind_draft.storage.frames import OUTCOME_COLUMNS, plain, to_frame
from ml_app_wind_draft.storage.raw_rows import RAW_COLUMNS
from ml_app_wind_draft.storage.statements import execute, execute_many, fetch

STORED_COLUMNS = (*OUTCOME_COLUMNS, "backfilled")
RAW_OF_WORK = ", ".join(f"r.{column}" for column in RAW_COLUMNS)
OPEN_WORK = f"""
SELECT {RAW_OF_WORK} FROM (SELECT * FROM to_score ORDER BY timestamp LIMIT ?) w
JOIN raw_data r ON r.turbine_id = w.turbine_id AND r.timestamp = w.timestamp
    AND r.revision = w.revision
"""
OPEN_SUPERSEDED = OPEN_WORK.replace("raw_data r", "raw_data_history r")
KEY = ("timestamp", "turbine_id", "revision")
KEYS_BETWEEN = (
    "SELECT timestamp, turbine_id, revision FROM to_score WHERE timestamp BETWEEN ? AND ?"
)
DONE_BETWEEN = "DELETE FROM to_score WHERE timestamp BETWEEN ? AND ?"
DONE = "DELETE FROM to_score WHERE timestamp = ? AND turbine_id = ? AND revision = ?"
KEYS_UP_TO = "SELECT turbine_id, timestamp FROM to_score WHERE timestamp <= ?"
DROP = "DELETE FROM to_score WHERE timestamp <= ?"


def open_work(connection: Connection, limit: int) -> pd.DataFrame:
    """The oldest waiting row revisions with their own values, by turbine and time."""
    rows = fetch(connection, OPEN_WORK, (limit,))
    if len(rows) < limit:  # what is superseded lies in the history
        rows += fetch(connection, OPEN_SUPERSEDED, (limit,))
    frame = to_frame(RAW_COLUMNS, rows)
    order = np.lexsort((frame["revision"], frame["timestamp"], frame["turbine_id"].to_numpy(str)))
    return frame.iloc[order].reset_index(drop=True)


def save_outcomes(
    connection: Connection, outcomes: pd.DataFrame, issued_at: int, *, backfill: bool
) -> int:
    """Store outcomes and strike their rows off the work; see `DataManager.save_outcomes`."""
    outcomes = (_not_waiting if backfill else _strike_off)(connection, outcomes)
    if outcomes.empty:
        return 0
    complete = outcomes.assign(issued_at=issued_at, backfilled=int(backfill))
    complete["in_sample"] = complete["in_sample"].astype(int)
    before = _count(connection, outcomes) if backfill else 0
    rows = list(zip(*(plain(complete[name]) for name in STORED_COLUMNS), strict=True))
    bulk.insert(connection, "predictions", STORED_COLUMNS, rows, ignore_known=True)
    for turbine_id, stamps in _stamps_by_turbine(outcomes):
        sums.sum_up(connection, turbine_id, stamps)
        alarms.mark(connection, turbine_id, stamps)
    if backfill:
        new = _count(connection, outcomes) - before
        counters.add(connection, {"backfilled": new})
        return new
    predicted = int((outcomes["status"] == "predicted").sum())
    counters.add(
        connection,
        {
            "waiting": -len(rows),
            "predictions": predicted,
            "no_input": len(rows) - predicted,
        },
    )
    return len(rows)


def drop_up_to(connection: Connection, training_end: int) -> int:
    """Strike off rows that the champion was trained on; gives how many."""
    keys = fetch(connection, KEYS_UP_TO, (training_end,))
    if not keys:
        return 0
    execute(connection, DROP, (training_end,))
    counters.add(connection, {"waiting": -len(keys), "trained_on": len(keys)})
    for turbine_id, stamps in _stamps_by_turbine(to_frame(("turbine_id", "timestamp"), keys)):
        sums.sum_up(connection, turbine_id, stamps)
    return len(keys)


def _stamps_by_turbine(rows: pd.DataFrame) -> Iterator[tuple[str, NDArray[np.int64]]]:
    codes, names = pd.factorize(rows["turbine_id"])
    stamps = rows["timestamp"].to_numpy(np.int64)
    for code, name in enumerate(names):
        yield str(name), stamps[codes == code]


def _not_waiting(connection: Connection, outcomes: pd.DataFrame) -> pd.DataFrame:
    """Leave out rows that wait for the champion: theirs is the one outcome of a revision."""
    if outcomes.empty:
        return outcomes
    span = (int(outcomes["timestamp"].min()), int(outcomes["timestamp"].max()))
    waiting = set(fetch(connection, KEYS_BETWEEN, span))
    keys = zip(*(plain(outcomes[name]) for name in KEY), strict=True)
    return outcomes[[key not in waiting for key in keys]] if waiting else outcomes


def _strike_off(connection: Connection, outcomes: pd.DataFrame) -> pd.DataFrame:
    """Take the rows off the work; gives those that no other scorer was quicker with."""
    if outcomes.empty:
        return outcomes
    alone = connection.dialect.name == "sqlite"  # one writer: nothing new can come in between
    lock = "" if alone else " FOR UPDATE"
    span = (int(outcomes["timestamp"].min()), int(outcomes["timestamp"].max()))
    waiting = set(fetch(connection, KEYS_BETWEEN + lock, span))
    keys = list(zip(*(plain(outcomes[name]) for name in KEY), strict=True))
    if alone and waiting == set(keys):
        execute(connection, DONE_BETWEEN, span)
        return outcomes
    is_open = [key in waiting for key in keys]
    execute_many(connection, DONE, [key for key in keys if key in waiting])
    return outcomes[is_open]


def _count(connection: Connection, outcomes: pd.DataFrame) -> int:
    statement = """
        SELECT count(*) FROM predictions WHERE turbine_id = ? AND model_version = ?
        AND timestamp BETWEEN ? AND ?"""
    total = 0
    for turbine_id, group in outcomes.groupby("turbine_id"):
        version = group["model_version"].iloc[0]
        span = (int(group["timestamp"].min()), int(group["timestamp"].max()))
        total += fetch(connection, statement, (turbine_id, int(version), *span))[0][0]
    return total
