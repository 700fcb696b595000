"""Forecasts by issue time: kept as they were issued, and beside them what came."""

from collections.abc import Sequence

import pandas as pd
from sqlalchemy.engine import Connection

from ml_app_wind_draft.storage.bulk import insert
from ml_app_wind_draft.storage.statements import execute_many, fetch, value
from ml_app_wind_draft.storage.tables import FORECAST_QUANTILES

KEYS = ("unit", "resolution", "issued_at", "start")
COLUMNS = (*KEYS, "model_version", "weather", *FORECAST_QUANTILES)
READ = (*COLUMNS, "measured")
CAME = ("unit", "resolution", "start", "power")
HOUR = 3600
LONGEST = (6 * HOUR, 48 * HOUR)  # how far ahead an interval below an hour is forecast, and others
POWER = ("turbine_id", "start", "measured", "power_sum")
HOURLY_POWER = f"""
SELECT turbine_id, timestamp / {HOUR} * {HOUR} AS start, count(power), sum(power) FROM raw_data
WHERE turbine_id = ? AND timestamp >= ? AND timestamp < ? GROUP BY 1, 2 ORDER BY 2"""
FILL = """
UPDATE forecasts SET measured = ?
WHERE unit = ? AND resolution = ? AND issued_at >= ? AND issued_at <= ? AND start = ?"""


def save(connection: Connection, forecasts: pd.DataFrame) -> int:
    """Store forecasts; one that is there stays as it is. Gives how many came in."""
    rows = list(forecasts[list(COLUMNS)].astype(object).itertuples(index=False, name=None))
    insert(connection, "forecasts", COLUMNS, rows, ignore_known=True)
    return len(rows)


def newest_issue(connection: Connection, unit: str, resolution: int) -> int | None:
    """When the newest forecast of a unit was issued, `None` without any."""
    statement = "SELECT max(issued_at) FROM forecasts WHERE unit = ? AND resolution = ?"
    found = value(connection, statement, (unit, resolution))
    return None if found is None else int(str(found))


def read(
    connection: Connection,
    unit: str,
    resolution: int,
    start: int,
    end: int,
    leads: Sequence[int] = (),
) -> pd.DataFrame:
    """Forecasts with start <= issued_at < end, by issue time and interval; all `leads` without."""
    names = ", ".join(READ)
    ahead = f"AND start + resolution - issued_at IN ({', '.join('?' * len(leads))})"
    statement = f"""
        SELECT {names} FROM forecasts
        WHERE unit = ? AND resolution = ? AND issued_at >= ? AND issued_at < ?
        {ahead if leads else ""} ORDER BY issued_at, start"""
    rows = fetch(connection, statement, (unit, resolution, start, end, *leads))
    numbers = dict.fromkeys((*FORECAST_QUANTILES, "measured"), "float64")
    return pd.DataFrame(rows, columns=list(READ)).astype(numbers)


def fill(connection: Connection, came: pd.DataFrame) -> None:
    """Write what came beside the forecasts of it; columns as `CAME`, kW."""
    rows = [
        (power, unit, resolution, start - LONGEST[resolution >= HOUR], start, start)
        for unit, resolution, start, power in came[list(CAME)]
        .astype(object)
        .itertuples(index=False, name=None)
    ]
    if rows:
        execute_many(connection, FILL, rows)


def hourly_power(
    connection: Connection, start: int, end: int, turbine_ids: Sequence[str]
) -> pd.DataFrame:
    """Columns `POWER`: rows with power and their sum (kW) in each hour of [start, end)."""
    rows = [
        row
        for turbine_id in turbine_ids
        for row in fetch(connection, HOURLY_POWER, (turbine_id, start, end))
    ]
    return pd.DataFrame(rows, columns=list(POWER)).astype({"power_sum": "float64"})
