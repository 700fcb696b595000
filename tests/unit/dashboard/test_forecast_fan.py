"""The newest forecast for the browser, in words, and how past ones turned out."""

import numpy as np
import pandas as pd
import pytest

from ml_app_wind_draft.dashboard import forecast_fan
from ml_app_wind_draft.dashboard.forecast_fan import HOUR, LINES, NOTHING, Forecast
from ml_app_wind_draft.dashboard.words import UTC_ZONE, Zone
from ml_app_wind_draft.models.forecast.units import LEVELS, QUANTILES

ISSUED = 1_421_280_000  # 2015-01-15 00:00 UTC
UNIT = "R80711"


def hours(issued_at: int = ISSUED, measured: float = np.nan) -> pd.DataFrame:
    fan = pd.DataFrame(np.tile(1000 * LEVELS, (48, 1)), columns=list(QUANTILES))
    start = issued_at + HOUR * np.arange(48)
    known = {"unit": UNIT, "issued_at": issued_at, "resolution": HOUR, "measured": measured}
    return fan.assign(start=start, **known)


@pytest.fixture
def forecast() -> Forecast:
    return Forecast(ISSUED, 3, "perfect", hours())


def test_the_fan_is_whole_kilowatts_hour_by_hour(forecast):
    fan = forecast_fan.fan(forecast, ISSUED + 600)
    assert fan is not None
    assert (fan["start"], fan["step"]) == (ISSUED, HOUR)
    assert [fan[line][0] for line in LINES] == [50, 250, 500, 750, 950]
    assert all(len(fan[line]) == 48 for line in LINES)


def test_a_forecast_of_more_than_two_hours_ago_is_not_drawn(forecast):
    assert forecast_fan.fan(forecast, ISSUED + 2 * HOUR) is not None
    assert forecast_fan.fan(forecast, ISSUED + 2 * HOUR + 600) is None
    said = forecast_fan.note(forecast, ISSUED + 3 * HOUR, UTC_ZONE)
    assert said == "The newest forecast, issued 15 Jan, 00:00 UTC, is too old to be shown."


@pytest.mark.parametrize(
    ("weather", "said"),
    [
        ("none", "from history alone"),
        ("forecast", "with weather forecasts"),
        ("perfect", "with a perfect weather forecast (reanalysis)"),
    ],
)
def test_the_note_says_by_which_model_and_weather(weather, said):
    forecast = Forecast(ISSUED, 3, weather, hours())
    note = forecast_fan.note(forecast, ISSUED, UTC_ZONE)
    assert note == f"Forecast v3, issued 15 Jan, 00:00 UTC, {said}"


def test_the_note_is_in_the_readers_zone(forecast):
    note = forecast_fan.note(forecast, ISSUED, Zone("site", "Europe/Paris"))
    assert "issued 15 Jan, 01:00" in note


def test_without_a_forecast_the_note_says_how_to_get_one():
    assert "wind train" in forecast_fan.note(None, ISSUED, UTC_ZONE)
    assert forecast_fan.fan(None, ISSUED) is None


def test_the_forecast_that_is_shown_can_be_had_as_a_file(forecast):
    shown = forecast_fan.part(forecast, ISSUED, UTC_ZONE)["props"]["forecast-csv"]
    assert shown["href"] == "/export/forecast.csv?unit=R80711&issued=2015-01-15T00:00Z"
    assert "hidden" not in shown["className"]
    old = forecast_fan.part(forecast, ISSUED + 3 * HOUR, UTC_ZONE)["props"]
    none = forecast_fan.part(None, ISSUED, UTC_ZONE)["props"]
    for props in (old, none, NOTHING["props"]):
        assert "hidden" in props["forecast-csv"]["className"]


def test_past_forecasts_are_scored_in_percent_of_rated_beside_persistence(site):
    rated = site.turbines[UNIT].rated_power
    past = hours(measured=500.0 + 0.1 * rated).iloc[[0, 5]]
    known = pd.Series({ISSUED - HOUR: 500.0 + 0.35 * rated})
    props = forecast_fan.scores_table(past, known, UNIT, site)
    rows = props["forecast-scores-rows"]["children"]
    said = [[cell["props"]["children"] for cell in row["props"]["children"]] for row in rows]
    assert [row[0] for row in said] == ["1 h", "6 h"]
    assert said[0][1:5] == ["1", "10.0", "25.0", "+60"]
    assert said[0][6] == "100"


def test_without_outcomes_the_table_says_so(site):
    known = pd.Series({ISSUED - HOUR: 500.0})
    props = forecast_fan.scores_table(hours(), known, UNIT, site)
    assert props["forecast-scores-rows"]["children"] == []
    assert "outcome" in str(props["forecast-scores-empty"])
