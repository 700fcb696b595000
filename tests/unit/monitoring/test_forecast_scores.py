import numpy as np
import pandas as pd
import pytest

from ml_app_wind_draft.models.forecast.units import LEVELS, QUANTILES
from ml_app_wind_draft.monitoring.forecast_scores import scores_by_lead

HOUR = 3600


def issued(start: int, measured: float) -> dict[str, float]:
    """Quantiles that are 1,000 kW times their level, issued at 0."""
    known = {"resolution": HOUR, "issued_at": 0, "start": start, "measured": measured}
    return {**known, **dict(zip(QUANTILES, 1000 * LEVELS, strict=True))}


def test_errors_are_of_the_median_in_percent_of_capacity_by_lead():
    rows = pd.DataFrame(
        [issued(0, 600.0), issued(0, 400.0), issued(5 * HOUR, 950.0), issued(HOUR, np.nan)]
    )
    found = scores_by_lead(rows, 2000.0)
    assert found.index.tolist() == [HOUR, 6 * HOUR]
    assert found["rows"].tolist() == [2, 1]
    assert found["mae"].tolist() == pytest.approx([5.0, 22.5])
    assert found["interval_coverage"].tolist() == [100.0, 0.0]
    short = 47.5 - 50 * LEVELS
    loss = np.maximum(LEVELS * short, (LEVELS - 1) * short).mean()
    assert found["pinball"][6 * HOUR] == pytest.approx(loss)


def test_without_outcomes_there_is_nothing_to_score():
    assert scores_by_lead(pd.DataFrame([issued(0, np.nan)]), 2000.0).empty
