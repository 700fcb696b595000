"""How good issued forecasts turned out, by lead time."""

import numpy as np
import pandas as pd

from ml_app_wind_draft.models.forecast import scores
from ml_app_wind_draft.models.forecast.units import LEVELS, QUANTILES

FIGURES = ("rows", "mae", "pinball", "crps", "interval_coverage")


def scores_by_lead(forecasts: pd.DataFrame, capacity: float) -> pd.DataFrame:
    """Index: lead in s, from issue to the interval's end. Columns: `FIGURES`.

    `forecasts` as `DataManager.forecasts` gives them; those whose outcome is not known are left
    out. All but `rows` are in % of `capacity` (kW); the interval is that of q10 to q90.
    """
    known = forecasts[forecasts["measured"].notna()]
    lead = known["start"] + known["resolution"] - known["issued_at"]
    rows = {}
    for each in np.sort(lead.unique()):
        own = known[lead == each]
        quantiles = 100 * own[list(QUANTILES)].to_numpy(np.float64) / capacity
        measured = 100 * own["measured"].to_numpy(np.float64) / capacity
        low, high = quantiles[:, QUANTILES.index("q10")], quantiles[:, QUANTILES.index("q90")]
        rows[int(each)] = (
            len(own),
            float(np.abs(scores.median(quantiles, LEVELS) - measured).mean()),
            float(scores.pinball(quantiles, measured, LEVELS).mean()),
            float(scores.crps(quantiles, measured, LEVELS).mean()),
            100 * float(((measured >= low) & (measured <= high)).mean()),
        )
    return pd.DataFrame.from_dict(rows, orient="index", columns=list(FIGURES))
