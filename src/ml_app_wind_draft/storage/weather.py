"""Weather forecasts by issue time, as they came.

So any past hour can be judged by what was foreseen for it.
"""

import numpy as np
import pandas as pd
from sqlalchemy.engine import Connection

from ml_app_wind_draft.core.weather import WeatherRun
from ml_app_wind_draft.storage.bulk import insert
from ml_app_wind_draft.storage.statements import fetch

TABLE = "weather_forecasts"
COLUMNS = ("site", "source", "issued_at", "valid_at", "variable", "value")


def save(connection: Connection, site: str, run: WeatherRun) -> None:
    """Store a run; one that is there stays as it is."""
    rows = [
        (site, run.source, run.issued_at, int(valid), name, float(run.values[row, column]))
        for row, valid in enumerate(run.valid)
        for column, name in enumerate(run.variables)
        if np.isfinite(run.values[row, column])
    ]
    insert(connection, TABLE, COLUMNS, rows, ignore_known=True)


def issue_span(connection: Connection, site: str, source: str) -> tuple[int, int] | None:
    """When the oldest and the newest stored run were issued, `None` where there is none."""
    own = "FROM weather_forecasts WHERE site = ? AND source = ?"
    # asked one by one, each is the end of an index
    statement = f"SELECT (SELECT min(issued_at) {own}), (SELECT max(issued_at) {own})"
    oldest, newest = fetch(connection, statement, (site, source, site, source))[0]
    return None if oldest is None else (oldest, newest)


def runs(connection: Connection, site: str, source: str, start: int, end: int) -> pd.DataFrame:
    """Runs with start <= issued_at < end: `issued_at`, `valid_at`, one column a variable."""
    statement = """
        SELECT issued_at, valid_at, variable, value FROM weather_forecasts
        WHERE site = ? AND source = ? AND issued_at >= ? AND issued_at < ?
        ORDER BY issued_at, valid_at, variable"""
    keys = ["issued_at", "valid_at"]
    rows = fetch(connection, statement, (site, source, start, end))
    long = pd.DataFrame(rows, columns=[*keys, "variable", "value"])
    if long.empty:
        return pd.DataFrame({key: pd.Series(dtype="int64") for key in keys})
    wide = long.set_index([*keys, "variable"])["value"].unstack("variable")  # noqa: PD010 - keys are unique
    wide.columns.name = None
    return wide.astype(float).reset_index()
