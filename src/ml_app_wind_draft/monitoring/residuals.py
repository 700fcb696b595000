"""Residuals: how far measured power lies from expected power, row by row and as a rolling mean."""

import numpy as np
import pandas as pd

ROLLING_SECONDS = 6 * 3600
ROLLING_NEEDS = 0.5


def with_errors(rows: pd.DataFrame, step: int) -> pd.DataFrame:
    """`rows` with `error` = power - expected_power and `error_mean`, its mean over 6 h, kW.

    `rows`: one turbine's, by `timestamp` (s). The mean is by time, not by row, needs half of the
    rows that 6 h hold, and is missing where the error itself is.
    """
    error = rows["power"] - rows["expected_power"]
    by_time = error.set_axis(pd.to_datetime(rows["timestamp"], unit="s"))
    needed = max(1, round(ROLLING_NEEDS * ROLLING_SECONDS / step))
    mean = by_time.rolling(f"{ROLLING_SECONDS}s", min_periods=needed).mean().to_numpy()
    return rows.assign(error=error, error_mean=np.where(error.notna(), mean, np.nan))
