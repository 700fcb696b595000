"""Reading and writing `raw_data` with its history and its flagged values."""

from collections.abc import Sequence
from itertools import repeat

import numpy as np
from sqlalchemy.engine import Connection

from ml_app_wind_draft.core.rows import Revisions, RowChanges, StoredRows
from ml_app_wind_draft.core.signals import SIGNAL_INDEX, SIGNAL_NAMES, SIGNALS, Flag
from ml_app_wind_draft.storage import bulk, counters, days
from ml_app_wind_draft.storage.statements import execute_many, fetch

SIGNAL_LIST = ", ".join(SIGNAL_NAMES)
RAW_COLUMNS = ("turbine_id", "timestamp", "revision", "ingested_at", *SIGNAL_NAMES, "flags")
RAW_LIST = ", ".join(RAW_COLUMNS)
BITS = np.left_shift(1, np.arange(len(SIGNALS), dtype=np.int64))

SELECT_BETWEEN = f"""
SELECT timestamp, revision, flags, {SIGNAL_LIST} FROM raw_data
WHERE turbine_id = ? AND timestamp BETWEEN ? AND ? ORDER BY timestamp
"""
SELECT_FLAGGED = """
SELECT timestamp, revision, signal, reason, value FROM flagged_values
WHERE turbine_id = ? AND timestamp BETWEEN ? AND ?
"""
TO_HISTORY = f"""
INSERT INTO raw_data_history ({RAW_LIST})
SELECT {RAW_LIST} FROM raw_data WHERE turbine_id = ? AND timestamp = ?
"""
UPDATE = f"""
UPDATE raw_data SET revision = ?, ingested_at = ?, {", ".join(f"{s} = ?" for s in SIGNAL_NAMES)},
flags = ? WHERE turbine_id = ? AND timestamp = ?
"""
REFLAG = f"""
UPDATE raw_data SET {", ".join(f"{s} = ?" for s in SIGNAL_NAMES)}, flags = ?
WHERE turbine_id = ? AND timestamp = ?
"""
SELECT_FLAGS = """
SELECT timestamp, signal, reason FROM flagged_values
WHERE turbine_id = ? AND timestamp = ? AND revision = ? AND text IS NULL
"""
SELECT_FINGERPRINT = """
SELECT count(*), min(timestamp), max(timestamp), sum(revision), sum(ingested_at), sum(flags)
FROM raw_data WHERE turbine_id = ? AND timestamp < ?
"""
UNFLAG = """
DELETE FROM flagged_values WHERE turbine_id = ? AND timestamp = ? AND revision = ? AND text IS NULL
"""


def stored_between(
    connection: Connection, turbine_id: str, spans: Sequence[tuple[int, int]]
) -> StoredRows:
    """The turbine's rows in these spans (both ends included, disjoint, by time), as they came."""
    rows: list = []
    flagged: list = []
    for start, end in spans:
        found = fetch(connection, SELECT_BETWEEN, (turbine_id, start, end))
        rows += found
        if any(row[2] for row in found):
            flagged += fetch(connection, SELECT_FLAGGED, (turbine_id, start, end))
    if not rows:
        nothing = np.empty(0, dtype=np.int64)
        values = np.empty((0, len(SIGNALS)))
        return StoredRows(nothing, nothing, values, values.astype(np.uint8))
    table = np.array(rows, dtype=np.float64)
    timestamp, revision = table[:, 0].astype(np.int64), table[:, 1].astype(np.int64)
    values = table[:, 3:]
    reasons = np.zeros(values.shape, dtype=np.uint8)
    index = {
        key: i for i, key in enumerate(zip(timestamp.tolist(), revision.tolist(), strict=True))
    }
    for when, which, name, reason, value in flagged:
        row = index.get((when, which))  # a superseded revision's flags are history
        if row is not None:
            values[row, SIGNAL_INDEX[name]] = np.nan if value is None else value
            reasons[row, SIGNAL_INDEX[name]] = Flag[reason.upper()]
    return StoredRows(timestamp, revision, values, reasons)


def fingerprint(connection: Connection, until: int, turbine_ids: Sequence[str]) -> str:
    """What every write to these turbines' rows before `until` changes."""
    return "; ".join(
        f"{turbine_id} {' '.join(str(int(each or 0)) for each in row)}"
        for turbine_id in turbine_ids
        for row in fetch(connection, SELECT_FINGERPRINT, (turbine_id, until))
    )


def write(connection: Connection, changes: RowChanges, ingested_at: int) -> None:
    """Store one turbine's changes: rows, history, flagged values, work and counters."""
    _insert_accepted(connection, changes.turbine_id, changes.accepted, ingested_at)
    _apply_updates(connection, changes.turbine_id, changes.updated, ingested_at)
    _apply_reflagged(connection, changes.turbine_id, changes.reflagged)
    new, corrected = len(changes.accepted), len(changes.updated)
    if new or corrected:
        counters.add(
            connection,
            {"raw_rows": new, "revisions": new + corrected, "waiting": new + corrected},
        )
        days.add_raw(
            connection, changes.turbine_id, changes.accepted.timestamp, changes.updated.timestamp
        )


def _insert_accepted(
    connection: Connection, turbine_id: str, rows: Revisions, ingested_at: int
) -> None:
    if not len(rows):
        return
    values, flags = _as_stored(connection, rows)
    timestamps = rows.timestamp.tolist()
    columns = zip(
        repeat(turbine_id), timestamps, repeat(1), repeat(ingested_at), *values, flags, strict=False
    )
    bulk.insert(connection, "raw_data", RAW_COLUMNS, list(columns))
    _remember_flagged(connection, turbine_id, rows)
    _queue(connection, turbine_id, rows)


def _apply_updates(
    connection: Connection, turbine_id: str, rows: Revisions, ingested_at: int
) -> None:
    if not len(rows):
        return
    values, flags = _as_stored(connection, rows)
    timestamps, revisions = rows.timestamp.tolist(), rows.revision.tolist()
    execute_many(connection, TO_HISTORY, list(zip(repeat(turbine_id), timestamps, strict=False)))
    updates = zip(
        revisions,
        repeat(ingested_at),
        *values,
        flags,
        repeat(turbine_id),
        timestamps,
        strict=False,
    )
    execute_many(connection, UPDATE, list(updates))
    _remember_flagged(connection, turbine_id, rows)
    _queue(connection, turbine_id, rows)


def _apply_reflagged(connection: Connection, turbine_id: str, rows: Revisions) -> None:
    if not len(rows):
        return
    values, flags = _as_stored(connection, rows)
    timestamps, revisions = rows.timestamp.tolist(), rows.revision.tolist()
    updates = zip(*values, flags, repeat(turbine_id), timestamps, strict=False)
    execute_many(connection, REFLAG, list(updates))
    keys = list(zip(repeat(turbine_id), timestamps, revisions, strict=False))
    taken_back = [flag for key in keys for flag in fetch(connection, SELECT_FLAGS, key)]
    days.add_flagged(connection, turbine_id, taken_back, sign=-1)
    execute_many(connection, UNFLAG, keys)
    _remember_flagged(connection, turbine_id, rows, known_text=True)


def _as_stored(connection: Connection, rows: Revisions) -> tuple[list[list], list[int]]:
    """Columns with flagged values set to missing, and the bit mask that says which."""
    marked = rows.reasons != 0
    values = np.where(marked, np.nan, rows.values)
    if connection.dialect.name != "sqlite":  # SQLite's driver stores NaN as NULL by itself
        missing = np.isnan(values)
        values = values.astype(object)
        values[missing] = None
    return values.T.tolist(), (marked @ BITS).tolist()


def _remember_flagged(
    connection: Connection, turbine_id: str, rows: Revisions, *, known_text: bool = False
) -> None:
    marked = np.argwhere(rows.reasons)
    if not len(marked):
        return
    remembered = []
    for row, column in marked.tolist():
        flag = Flag(rows.reasons[row, column])
        if known_text and flag is Flag.NOT_A_NUMBER:
            continue
        value = float(rows.values[row, column])
        remembered.append(
            (
                turbine_id,
                int(rows.timestamp[row]),
                int(rows.revision[row]),
                SIGNAL_NAMES[column],
                flag.name.lower(),
                None if np.isnan(value) else value,
                rows.unreadable.get((row, column)),
            )
        )
    columns = ("turbine_id", "timestamp", "revision", "signal", "reason", "value", "text")
    bulk.insert(connection, "flagged_values", columns, remembered)
    days.add_flagged(connection, turbine_id, [(row[1], row[3], row[4]) for row in remembered])


def _queue(connection: Connection, turbine_id: str, rows: Revisions) -> None:
    work = zip(rows.timestamp.tolist(), repeat(turbine_id), rows.revision.tolist(), strict=False)
    bulk.insert(connection, "to_score", ("timestamp", "turbine_id", "revision"), list(work))
