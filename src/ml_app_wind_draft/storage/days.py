"""Sums by day of what came in, kept in the transactions they count.

The data quality page reads these and no big table, so that it costs the same at any size.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy.engine import Connection

from ml_app_wind_draft.storage.statements import execute_many, fetch

DAY = 86_400
UNDATED = -1  # the day of rows whose time stamp cannot be read
FLAGGED_COLUMNS = ("turbine_id", "day", "signal", "reason", "rows")
REJECTED_COLUMNS = ("turbine_id", "day", "reason", "rows")
RAW_COLUMNS = ("turbine_id", "day", "accepted", "updated")

ADD_RAW = """
INSERT INTO raw_days (turbine_id, day, accepted, updated) VALUES (?, ?, ?, ?)
ON CONFLICT (turbine_id, day) DO UPDATE SET
    accepted = raw_days.accepted + excluded.accepted, updated = raw_days.updated + excluded.updated
"""
ADD_FLAGGED = """
INSERT INTO flagged_days (turbine_id, day, signal, reason, "rows") VALUES (?, ?, ?, ?, ?)
ON CONFLICT (turbine_id, day, signal, reason) DO UPDATE SET
    "rows" = flagged_days."rows" + excluded."rows"
"""
ADD_REJECTED = """
INSERT INTO rejected_days (site, day, turbine_id, reason, "rows") VALUES (?, ?, ?, ?, ?)
ON CONFLICT (site, day, turbine_id, reason) DO UPDATE SET
    "rows" = rejected_days."rows" + excluded."rows"
"""


def day_of(timestamp: int) -> int:
    """The start of the day (UTC) that an instant (s) lies in."""
    return timestamp // DAY * DAY


def add_raw(
    connection: Connection,
    turbine_id: str,
    accepted: NDArray[np.int64],
    updated: NDArray[np.int64],
) -> None:
    """Count new rows and corrections of one turbine, by their timestamps."""
    if len(accepted) + len(updated) == 1:  # a live feed's one row
        day = day_of(int((accepted if len(accepted) else updated)[0]))
        execute_many(connection, ADD_RAW, [(turbine_id, day, len(accepted), len(updated))])
        return
    new, corrected = _by_day(accepted), _by_day(updated)
    amounts = [
        (turbine_id, day, new.get(day, 0), corrected.get(day, 0))
        for day in sorted({*new, *corrected})
    ]
    execute_many(connection, ADD_RAW, amounts)


def add_flagged(
    connection: Connection, turbine_id: str, flagged: Iterable[tuple[int, str, str]], sign: int = 1
) -> None:
    """Count flagged values: (timestamp, signal, reason) of one turbine; `sign` -1 takes back."""
    amounts = Counter((day_of(when), signal, reason) for when, signal, reason in flagged)
    rows = [(turbine_id, *key, sign * count) for key, count in sorted(amounts.items())]
    execute_many(connection, ADD_FLAGGED, rows)


def add_rejected(
    connection: Connection, site: str, rejected: Iterable[tuple[int | None, str | None, str]]
) -> None:
    """Count rows set aside: (timestamp, turbine_id, reason), `None` where unreadable."""
    amounts = Counter(
        (UNDATED if when is None else day_of(when), turbine_id or "", reason)
        for when, turbine_id, reason in rejected
    )
    rows = [(site, *key, count) for key, count in sorted(amounts.items())]
    execute_many(connection, ADD_REJECTED, rows)


def raw_days(
    connection: Connection, start: int, end: int, turbine_ids: Sequence[str]
) -> pd.DataFrame:
    """Rows and corrections of each turbine and day with start <= day < end."""
    statement = """
        SELECT turbine_id, day, accepted, updated FROM raw_days
        WHERE turbine_id = ? AND day >= ? AND day < ? ORDER BY day"""
    return _each(connection, RAW_COLUMNS, statement, [(each, start, end) for each in turbine_ids])


def flagged_days(
    connection: Connection, start: int, end: int, turbine_ids: Sequence[str]
) -> pd.DataFrame:
    """Flagged values of each turbine, day, signal and reason with start <= day < end."""
    statement = """
        SELECT turbine_id, day, signal, reason, "rows" FROM flagged_days
        WHERE turbine_id = ? AND day >= ? AND day < ? AND "rows" > 0 ORDER BY day"""
    keys = [(each, start, end) for each in turbine_ids]
    return _each(connection, FLAGGED_COLUMNS, statement, keys)


def rejected_days(connection: Connection, site: str, start: int, end: int) -> pd.DataFrame:
    """Rows set aside with start <= day < end, and those without a readable time (day -1)."""
    statement = """
        SELECT turbine_id, day, reason, "rows" FROM rejected_days
        WHERE site = ? AND day >= ? AND day < ? ORDER BY day"""
    spans = [(site, UNDATED, UNDATED + 1), (site, start, end)]
    return _each(connection, REJECTED_COLUMNS, statement, spans)


def stamps(connection: Connection, turbine_id: str, start: int, end: int) -> NDArray[np.int64]:
    """The timestamps of a turbine's rows with start <= timestamp < end, oldest first."""
    statement = """
        SELECT timestamp FROM raw_data
        WHERE turbine_id = ? AND timestamp >= ? AND timestamp < ? ORDER BY timestamp"""
    rows = fetch(connection, statement, (turbine_id, start, end))
    return np.fromiter((row[0] for row in rows), dtype=np.int64, count=len(rows))


def flagged_values(
    connection: Connection, turbine_id: str, signal: str, reason: str, start: int, end: int
) -> list[tuple[int, float | None, str | None]]:
    """(timestamp, value, text) of a turbine's flagged values, oldest first."""
    statement = """
        SELECT timestamp, value, text FROM flagged_values
        WHERE turbine_id = ? AND timestamp >= ? AND timestamp < ? AND signal = ? AND reason = ?
        ORDER BY timestamp"""
    return fetch(connection, statement, (turbine_id, start, end, signal, reason))


def _by_day(timestamps: NDArray[np.int64]) -> dict[int, int]:
    days, counts = np.unique(timestamps // DAY * DAY, return_counts=True)
    return dict(zip(days.tolist(), counts.tolist(), strict=True))


def _each(
    connection: Connection, columns: Sequence[str], statement: str, parameters: Sequence[tuple]
) -> pd.DataFrame:
    rows = [row for each in parameters for row in fetch(connection, statement, each)]
    frame = pd.DataFrame(rows, columns=list(columns))
    counts = [name for name in columns if name not in {"turbine_id", "signal", "reason"}]
    return frame.astype(dict.fromkeys(counts, "int64"))
