"""Issued forecasts as a table for others: times in UTC, units in the head."""

from collections.abc import Iterator

import pandas as pd

from ml_app_wind_draft.core.clock import stamp
from ml_app_wind_draft.models.forecast.series import HOUR
from ml_app_wind_draft.models.forecast.units import QUANTILES

HEAD = (
    "unit",
    "issue_time (UTC)",
    "valid_time (UTC, start of interval)",
    "lead [h]",
    *(f"{name} [kW]" for name in QUANTILES),
    "weather",
    "model_version",
)


def table_lines(forecasts: pd.DataFrame) -> Iterator[list[str | int | float]]:
    """`HEAD`, then one line a forecast; `forecasts` as `DataManager.forecasts` gives them.

    The lead is that of the docs: from issue to the interval's end. Quantiles are in kW.
    """
    yield list(HEAD)
    for row in forecasts.to_dict("records"):
        issued_at, start = int(row["issued_at"]), int(row["start"])
        yield [
            str(row["unit"]),
            stamp(issued_at),
            stamp(start),
            (start + int(row["resolution"]) - issued_at) / HOUR,
            *(round(float(row[name]), 3) for name in QUANTILES),
            str(row["weather"]),
            int(row["model_version"]),
        ]
