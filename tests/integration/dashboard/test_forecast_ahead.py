"""The newest forecast as the pages of farm and turbines read it, on both databases."""

import numpy as np
import pandas as pd
import pytest

from ml_app_wind_draft.dashboard.forecast_fan import DAY, HOUR, NOTHING, ahead
from ml_app_wind_draft.dashboard.models_watch import ModelsWatch
from ml_app_wind_draft.dashboard.reader import Reader
from ml_app_wind_draft.dashboard.words import UTC_ZONE
from ml_app_wind_draft.storage.tables import FORECAST_QUANTILES
from tests.integration.dashboard.test_reader import NoRegistry

ISSUED = 1_421_280_000  # 2015-01-15 00:00 UTC
UNIT = "R80711"


@pytest.fixture
def reader(site, manager) -> Reader:
    start = ISSUED + HOUR * np.arange(48)
    known = {"unit": UNIT, "resolution": HOUR, "issued_at": ISSUED, "start": start}
    more = {"model_version": 3, "weather": "none", **dict.fromkeys(FORECAST_QUANTILES, 500.0)}
    manager.save_forecasts(pd.DataFrame({**known, **more}))
    return Reader(site, manager, ModelsWatch(NoRegistry, seconds=60))


def test_a_view_of_days_shows_the_newest_forecast(reader):
    found = ahead(reader, UNIT, ISSUED + 600, 7 * DAY, UTC_ZONE)
    assert found["fan"]["fan"]["start"] == ISSUED
    assert found["fan"]["fan"]["q50"] == [500] * 48
    assert "Forecast v3" in found["props"]["forecast-note"]["children"]


def test_a_view_of_months_shows_none(reader):
    assert ahead(reader, UNIT, ISSUED + 600, 90 * DAY, UTC_ZONE) == NOTHING


def test_a_unit_without_a_forecast_is_told_how_to_get_one(reader):
    found = ahead(reader, "R80721", ISSUED + 600, 7 * DAY, UTC_ZONE)
    assert found["fan"]["fan"] is None
    assert "wind train" in found["props"]["forecast-note"]["children"]
