"""How good issued forecasts turned out, by lead time, beside what costs nothing: persistence.

Persistence carries the last hour's power known at the issue time forward to every lead.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ml_app_wind_draft.models.forecast import scores
from ml_app_wind_draft.models.forecast.series import HOUR
from ml_app_wind_draft.models.forecast.units import LEVELS, QUANTILES

FIGURES = (
    "rows",
    "mae",
    "persistence_mae",
    "skill",
    "pinball",
    "crps",
    "interval_coverage",
)
OLDEST = 24 * HOUR  # power of longer ago is not what was last known


def power_of_hours(hours: pd.DataFrame, turbine_ids: Sequence[str], step: int) -> pd.Series:
    """Mean power (kW) of one turbine, or of several together, by the start of the hour (s).

    `hours` as `DataManager.hourly_power` gives them; `step`: the site's interval, s. An hour counts
    where all of its rows, of all turbines, have power, as for what came of a forecast.
    """
    whole = hours[(hours["measured"] == HOUR // step) & hours["turbine_id"].isin(turbine_ids)]
    by_hour = (whole["power_sum"] / whole["measured"]).groupby(whole["start"])
    return by_hour.sum()[by_hour.count() == len(turbine_ids)]


def last_known(power: pd.Series, issued_at: NDArray[np.int64]) -> NDArray[np.float64]:
    """Of each issue time (s) the power (kW) of the newest hour in `power` that had ended.

    NaN where that began more than `OLDEST` ago.
    """
    starts = power.index.to_numpy(np.int64)
    place = np.searchsorted(starts + HOUR, issued_at, side="right") - 1
    found = np.full(len(issued_at), np.nan)
    there = place >= 0
    there[there] = issued_at[there] - starts[place[there]] <= OLDEST
    found[there] = power.to_numpy(np.float64)[place[there]]
    return found


def scores_by_lead(forecasts: pd.DataFrame, capacity: float, power: pd.Series) -> pd.DataFrame:
    """Index: lead in s, from issue to the interval's end. Columns: `FIGURES`.

    `forecasts` as `DataManager.forecasts` gives them, `power` as `power_of_hours`. Forecast and
    persistence are scored on the same rows: those whose outcome and whose last known power are
    there. `skill` is by how many % the median's MAE is smaller than that of persistence; `rows` are
    counted, all else is in % of `capacity` (kW); the interval is that of q10 to q90.
    """
    issued_at = forecasts["issued_at"].to_numpy(np.int64)
    scored = forecasts.assign(persistence=last_known(power, issued_at))
    scored = scored[scored[["measured", "persistence"]].notna().all(axis=1)]
    lead = scored["start"] + scored["resolution"] - scored["issued_at"]
    rows = {int(each): _figures(scored[lead == each], capacity) for each in np.sort(lead.unique())}
    return pd.DataFrame.from_dict(rows, orient="index", columns=list(FIGURES))


def _figures(own: pd.DataFrame, capacity: float) -> tuple[float, ...]:
    quantiles = 100 * own[list(QUANTILES)].to_numpy(np.float64) / capacity
    measured, persistence = (
        100 * own[name].to_numpy(np.float64) / capacity for name in ("measured", "persistence")
    )
    low, high = quantiles[:, QUANTILES.index("q10")], quantiles[:, QUANTILES.index("q90")]
    mae = float(np.abs(scores.median(quantiles, LEVELS) - measured).mean())
    reference = float(np.abs(persistence - measured).mean())
    return (
        len(own),
        mae,
        reference,
        100 * (1 - mae / reference) if reference > 0 else np.nan,
        float(scores.pinball(quantiles, measured, LEVELS).mean()),
        float(scores.crps(quantiles, measured, LEVELS).mean()),
        100 * float(((measured >= low) & (measured <= high)).mean()),
    )
