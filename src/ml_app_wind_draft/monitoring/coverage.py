"""Data coverage: the share of the intervals in a span of time that have a row with power."""

import numpy as np
import pandas as pd

DAY = 86_400


def coverage(sums: pd.DataFrame, start: int, end: int, step: int) -> pd.Series:
    """By turbine, 0 to 1. `sums`: `DataManager.hourly` or `daily` of [start, end), s; `step`: s.

    The edges must lie on whole hours (or days).
    """
    expected = max(1, (end - start) // step)
    measured = sums.groupby("turbine_id", sort=False)["measured"].sum()
    return (measured / expected).rename("coverage")


def daily_coverage(daily: pd.DataFrame, step: int) -> pd.DataFrame:
    """`turbine_id`, `start` (s), `coverage` (0 to 1) of each day with rows, by turbine and time."""
    measured = daily.groupby(["turbine_id", "start"], as_index=False)["measured"].sum()
    share = measured["measured"].to_numpy(np.float64) / max(1, DAY // step)
    return measured[["turbine_id", "start"]].assign(coverage=share)
