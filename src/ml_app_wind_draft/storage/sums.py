"""Sums by hour and day, so that a page over a year does not read every row of it.

Hours are always summed up again from their rows, never added to: a late, corrected or newly flagged
row cannot make them drift. A row is *compared* when it has power, wind speed and a prediction that
is not in-sample, of its newest revision.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy.engine import Connection

from ml_app_wind_draft.storage import frames
from ml_app_wind_draft.storage.statements import execute, fetch

HOUR, DAY = 3600, 86_400
MOST_SPANS = 64
SUM_COLUMNS = (
    "turbine_id",
    "start",
    "state",
    "rows",
    "measured",
    "power_sum",
    "compared",
    "compared_power_sum",
    "expected_sum",
    "abs_error_sum",
)
NAMES = ", ".join(f'"{name}"' for name in SUM_COLUMNS)
ADDED = ", ".join(f'sum("{name}") AS "{name}"' for name in SUM_COLUMNS[3:])
# the outcome of a row's newest revision, as `predictions_current` chooses it
OUTCOME_OF_ROW = """
p.turbine_id = r.turbine_id AND p.timestamp = r.timestamp AND p.revision = r.revision
AND p.in_sample = 0 AND NOT EXISTS (SELECT 1 FROM predictions better
    WHERE better.turbine_id = p.turbine_id AND better.timestamp = p.timestamp
    AND better.revision = p.revision
    AND (-better.backfilled, better.model_version) > (-p.backfilled, p.model_version))
"""
COMPARED = "r.power IS NOT NULL AND r.wind_speed IS NOT NULL AND p.expected_power IS NOT NULL"
HOURS_OF_ROWS = f"""
SELECT r.turbine_id AS turbine_id, r.timestamp / {HOUR} * {HOUR} AS start,
    coalesce(p.state, '') AS state, count(*) AS "rows", count(r.power) AS measured,
    coalesce(sum(r.power), 0) AS power_sum,
    count(*) FILTER (WHERE {COMPARED}) AS compared,
    coalesce(sum(r.power) FILTER (WHERE {COMPARED}), 0) AS compared_power_sum,
    coalesce(sum(p.expected_power) FILTER (WHERE {COMPARED}), 0) AS expected_sum,
    coalesce(sum(abs(p.expected_power - r.power)) FILTER (WHERE {COMPARED}), 0) AS abs_error_sum
FROM raw_data r LEFT JOIN predictions p ON {OUTCOME_OF_ROW}
"""
BETWEEN = "turbine_id = ? AND start >= ? AND start < ?"
FORGET_HOURS = f"DELETE FROM hourly WHERE {BETWEEN}"
SUM_HOURS = f"""INSERT INTO hourly ({NAMES}) {HOURS_OF_ROWS}
WHERE r.turbine_id = ? AND r.timestamp >= ? AND r.timestamp < ? GROUP BY 1, 2, 3"""
FORGET_DAYS = f"DELETE FROM daily WHERE {BETWEEN}"
SUM_DAYS = f"""INSERT INTO daily ({NAMES})
SELECT turbine_id, start / {DAY} * {DAY}, state, {ADDED} FROM hourly WHERE {BETWEEN}
GROUP BY 1, 2, 3"""


def sum_up(connection: Connection, turbine_id: str, timestamps: NDArray[np.int64]) -> None:
    """Sum up again the hours and days that hold these rows of the turbine."""
    for size, forget, add in ((HOUR, FORGET_HOURS, SUM_HOURS), (DAY, FORGET_DAYS, SUM_DAYS)):
        for span in spans_of(timestamps, size):
            execute(connection, forget, (turbine_id, *span))
            execute(connection, add, (turbine_id, *span))


def spans_of(timestamps: NDArray[np.int64], size: int) -> list[tuple[int, int]]:
    """Spans [start, end) that cover the buckets of `size` seconds with a timestamp in them.

    Neighbouring buckets share a span; beyond `MOST_SPANS` the narrowest gaps are covered along.
    """
    if not len(timestamps):
        return []
    starts = np.unique(timestamps // size) * size
    gaps = np.diff(starts)
    widest = np.argsort(gaps, kind="stable")[::-1][: MOST_SPANS - 1]
    cuts = np.sort(widest[gaps[widest] > size]) + 1
    return [(int(part[0]), int(part[-1]) + size) for part in np.split(starts, cuts)]


def read(
    connection: Connection, table: str, start: int, end: int, turbine_ids: Sequence[str]
) -> pd.DataFrame:
    """`hourly` or `daily` with start <= start < end, by turbine, time and state."""
    statement = f'SELECT {NAMES} FROM "{table}" WHERE {BETWEEN} ORDER BY start, state'
    return _each(connection, SUM_COLUMNS, statement, turbine_ids, (start, end))


def worst_hours(
    connection: Connection,
    span: tuple[int, int],
    count: int,
    turbine_ids: Sequence[str],
    state: str | None,
) -> pd.DataFrame:
    """The `count` hours with the most expected power that was not made; see `DataManager`."""
    columns = tuple(name for name in SUM_COLUMNS if name != "state")
    only, more = ("", ()) if state is None else ("AND state = ?", (state,))
    statement = f"""
        SELECT turbine_id, start, {ADDED} FROM hourly WHERE {BETWEEN} {only}
        GROUP BY turbine_id, start HAVING sum(compared) > 0
        ORDER BY sum(expected_sum - compared_power_sum) DESC, start LIMIT ?"""
    frame = _each(connection, columns, statement, turbine_ids, (*span, *more, count))
    below = frame["expected_sum"] - frame["compared_power_sum"]
    order = np.lexsort((frame["turbine_id"].to_numpy(str), frame["start"], -below))
    return frame.iloc[order[:count]].reset_index(drop=True)


def _each(
    connection: Connection,
    columns: Sequence[str],
    statement: str,
    turbine_ids: Iterable[str],
    parameters: tuple,
) -> pd.DataFrame:
    rows = [
        row
        for turbine_id in turbine_ids
        for row in fetch(connection, statement, (turbine_id, *parameters))
    ]
    return frames.to_frame(columns, rows)
