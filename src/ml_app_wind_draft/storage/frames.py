"""Rows of the database as DataFrames: texts as objects, instants int64, values float64."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy.engine import Connection

from ml_app_wind_draft.core.signals import SIGNAL_NAMES
from ml_app_wind_draft.storage.raw_rows import RAW_COLUMNS
from ml_app_wind_draft.storage.statements import fetch

OUTCOME_COLUMNS = (
    "turbine_id",
    "timestamp",
    "revision",
    "model_version",
    "issued_at",
    "status",
    "reason",
    "expected_power",
    "expected_power_p10",
    "expected_power_p90",
    "state",
    "in_sample",
)
VALUES = {
    *SIGNAL_NAMES,
    "expected_power",
    "expected_power_p10",
    "expected_power_p90",
    "to_time",
    "end",
    "peak",
    "energy_below_expectation",
    "power_sum",
    "compared_power_sum",
    "expected_sum",
    "abs_error_sum",
    "shadow_power",
    "shadow_p10",
    "shadow_p90",
    "abs_error",
    "champion_abs_error",
}
TEXTS = {"turbine_id", "status", "reason", "state", "model_name", "by", "why", "rule"}


def select(
    connection: Connection,
    columns: Sequence[str],
    statement: str,
    parameters: Sequence[object] = (),
) -> pd.DataFrame:
    """Run `statement`, whose rows hold `columns` in this order, and give them their types."""
    return to_frame(columns, fetch(connection, statement, parameters))


def to_frame(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> pd.DataFrame:
    """A DataFrame of driver rows with each column's type."""
    table = np.empty((len(rows), len(columns)), dtype=object)
    if rows:
        table[:] = rows
    return pd.DataFrame({name: _typed(name, table[:, i]) for i, name in enumerate(columns)})


def plain(column: pd.Series) -> list:
    """Python values for the driver, with `None` where a value is missing."""
    return column.to_numpy(dtype=object, na_value=None).tolist()


def raw_range(
    connection: Connection,
    start: int,
    end: int,
    turbine_ids: Sequence[str],
    columns: Sequence[str] = RAW_COLUMNS,
    every: int = 1,
) -> pd.DataFrame:
    """`raw_data` with start <= timestamp < end, by turbine and time."""
    return _range(connection, "raw_data", columns, (start, end, every), turbine_ids)


def predictions_range(
    connection: Connection,
    start: int,
    end: int,
    turbine_ids: Sequence[str],
    columns: Sequence[str] = OUTCOME_COLUMNS,
    every: int = 1,
    *,
    in_sample: bool,
) -> pd.DataFrame:
    """`predictions_current` with start <= timestamp < end, by turbine and time."""
    only = "" if in_sample else "AND in_sample = 0"
    span = (start, end, every)
    return _range(connection, "predictions_current", columns, span, turbine_ids, only)


def raw_last(
    connection: Connection,
    count: int,
    turbine_ids: Sequence[str],
    columns: Sequence[str] = RAW_COLUMNS,
) -> pd.DataFrame:
    """The newest `count` rows of each turbine, by turbine and time."""
    return _last(connection, "raw_data", columns, count, turbine_ids)


def predictions_last(
    connection: Connection, count: int, turbine_ids: Sequence[str]
) -> pd.DataFrame:
    """The newest `count` outcomes of each turbine, by turbine and time, without in-sample ones."""
    only = "AND in_sample = 0"
    return _last(connection, "predictions_current", OUTCOME_COLUMNS, count, turbine_ids, only)


def _range(
    connection: Connection,
    table: str,
    columns: Sequence[str],
    span: tuple[int, int, int],
    turbine_ids: Sequence[str],
    condition: str = "",
) -> pd.DataFrame:
    names = ", ".join(columns)
    start, end, every = span
    parameters: tuple[int, ...] = (start, end)
    if every > 1:
        condition, parameters = f"AND timestamp % ? = 0 {condition}", (start, end, every)
    statement = f"""
        SELECT {names} FROM {table} WHERE turbine_id = ? AND timestamp >= ? AND timestamp < ?
        {condition} ORDER BY timestamp"""
    rows = [
        row for each in turbine_ids for row in fetch(connection, statement, (each, *parameters))
    ]
    return to_frame(columns, rows)


def _last(
    connection: Connection,
    table: str,
    columns: Sequence[str],
    count: int,
    turbine_ids: Sequence[str],
    condition: str = "",
) -> pd.DataFrame:
    names = ", ".join(columns)
    statement = f"""
        SELECT {names} FROM {table} WHERE turbine_id = ? {condition}
        ORDER BY timestamp DESC LIMIT ?"""
    newest_first = (fetch(connection, statement, (each, count)) for each in turbine_ids)
    return to_frame(columns, [row for rows in newest_first for row in reversed(rows)])


def _typed(name: str, values: NDArray[np.object_]) -> NDArray:
    if name in TEXTS:
        return values
    if name in VALUES:
        return values.astype(np.float64)
    return values.astype(bool if name == "in_sample" else np.int64)
