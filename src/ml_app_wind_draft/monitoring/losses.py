"""Energy below expectation: sums by hour or day into kWh, performance and monthly losses."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

SUMMED = ["rows", "compared", "compared_power_sum", "expected_sum", "abs_error_sum"]


def performance(sums: pd.DataFrame, step: int) -> pd.DataFrame:
    """Each turbine's performance in each bucket of `DataManager.hourly` or `daily`.

    Columns: `turbine_id`, `start` (s UTC), `power` and `expected_power` (mean of compared rows,
    kW), `performance` (power / expected: 1 is as expected), `mae` (kW), `energy_below_expectation`
    (kWh), `compared` (rows). States are added up - choose before where only one should count - and
    what cannot be said is NaN. `step`: the site's interval, s.
    """
    added = sums.groupby(["turbine_id", "start"], as_index=False)[SUMMED].sum()
    count = added["compared"].to_numpy(np.float64)
    power = added["compared_power_sum"].to_numpy(np.float64)
    expected = added["expected_sum"].to_numpy(np.float64)
    return added[["turbine_id", "start"]].assign(
        power=_over(power, count),
        expected_power=_over(expected, count),
        performance=_over(power, expected),
        mae=_over(added["abs_error_sum"].to_numpy(np.float64), count),
        energy_below_expectation=(expected - power) * step / 3600,
        compared=added["compared"],
    )


def monthly(daily: pd.DataFrame, step: int) -> pd.DataFrame:
    """Energy by turbine, UTC month and inferred state, of rows that have a prediction.

    Columns: `turbine_id`, `month` (its first instant, s UTC), `state`, `rows` (compared),
    `energy`, `expected_energy`, `energy_below_expectation` (MWh; negative: more than expected) and
    `share_of_expected`, the latter over what the turbine was expected to make in the month in all
    states, so that shares of states add up. `daily`: as from `DataManager.daily`; `step`: s.
    """
    months = daily["start"].to_numpy(np.int64).astype("datetime64[s]").astype("datetime64[M]")
    named = daily.assign(month=months.astype("datetime64[s]").astype(np.int64))
    keys = ["turbine_id", "month", "state"]
    added = named[named["compared"] > 0].groupby(keys, as_index=False)[SUMMED].sum()
    mwh = step / 3600 / 1000
    energy = added["compared_power_sum"].to_numpy(np.float64) * mwh
    expected = added["expected_sum"].to_numpy(np.float64) * mwh
    of_month = added.groupby(["turbine_id", "month"])["expected_sum"].transform("sum")
    return added[keys].assign(
        rows=added["compared"],
        energy=energy,
        expected_energy=expected,
        energy_below_expectation=expected - energy,
        share_of_expected=_over(expected - energy, of_month.to_numpy(np.float64) * mwh),
    )


def _over(above: NDArray[np.float64], below: NDArray[np.float64]) -> NDArray[np.float64]:
    """Their ratio, NaN where there is nothing to divide by."""
    return np.divide(above, below, out=np.full(len(above), np.nan), where=below > 0)
