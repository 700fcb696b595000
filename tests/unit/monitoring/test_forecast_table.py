"""Issued forecasts as lines of a table."""

import numpy as np
import pandas as pd

from ml_app_wind_draft.models.forecast.units import LEVELS, QUANTILES
from ml_app_wind_draft.monitoring.forecast_table import HEAD, table_lines

HOUR = 3600
ISSUED = 1_421_280_000  # 2015-01-15 00:00 UTC


def test_each_line_says_issue_and_valid_time_in_utc_lead_unit_and_quantiles_in_kw():
    fan = pd.DataFrame(np.tile(1000 * LEVELS, (2, 1)), columns=list(QUANTILES))
    known = {"unit": "farm:here", "resolution": HOUR, "issued_at": ISSUED, "model_version": 3}
    hours = fan.assign(start=ISSUED + HOUR * np.arange(2), weather="none", **known)
    head, first, second = table_lines(hours)
    assert head == list(HEAD)
    assert head[4:6] == ["q05 [kW]", "q10 [kW]"]
    assert head.count("q50 [kW]") == 1
    assert first[:4] == ["farm:here", "2015-01-15T00:00Z", "2015-01-15T00:00Z", 1.0]
    assert second[:4] == ["farm:here", "2015-01-15T00:00Z", "2015-01-15T01:00Z", 2.0]
    assert first[4:-2] == [50.0 * each for each in range(1, 20)]
    assert first[-2:] == ["none", 3]
