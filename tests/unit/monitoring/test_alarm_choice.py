"""Settings of the alarm rules, weighed by what they say and what they find."""

import numpy as np
import pandas as pd
import pytest

from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.monitoring.alarm_choice import Choice, quickest, weigh

DAY, STEP = 86_400, 600
START = 1_420_070_400
DAYS = 90
SHORT, LONG = Choice(24, 0.0), Choice(120, 0.0)


@pytest.fixture(scope="module")
def rows(site: Site) -> pd.DataFrame:
    """Turbines that make by turns 7 % more and less than expected, each for a day and a half."""
    stamps = START + STEP * np.arange(DAYS * 144)
    swing = np.where(stamps // (DAY * 3 // 2) % 2 == 0, 1.07, 0.93)
    one = pd.DataFrame(
        {
            "timestamp": stamps,
            "wind_speed": 8.0,
            "power": 800.0 * swing,
            "pitch_angle": 0.0,
            "ambient_temperature": 10.0,
            "expected_power": 800.0,
        }
    )
    return pd.concat([one.assign(turbine_id=name) for name in site.turbine_ids], ignore_index=True)


@pytest.fixture(scope="module")
def weighed(rows: pd.DataFrame, site: Site) -> pd.DataFrame:
    return weigh(rows, site, [SHORT, LONG])


def test_a_long_window_is_silent_where_a_short_one_cries_wolf(weighed: pd.DataFrame):
    short, long = weighed.to_dict("records")
    assert short["under_performance"] > 50
    assert long["under_performance"] == 0


def test_a_long_window_finds_a_lasting_loss_and_takes_longer(weighed: pd.DataFrame):
    short, long = weighed.to_dict("records")
    assert long["found_10%"] == 1.0
    assert long["hours_10%"] > 40
    assert short["hours_10%"] < long["hours_10%"]


def test_the_advice_is_quiet_enough_and_finds_the_most(weighed: pd.DataFrame):
    assert quickest(weighed, 2.0) == LONG
    assert quickest(weighed, 1000.0) in {SHORT, LONG}
    assert quickest(weighed.assign(under_performance=9.0), 2.0) is None


def test_a_silent_calm_raises_nothing(rows: pd.DataFrame, site: Site):
    calm = rows.assign(power=rows["power"] / 20, expected_power=rows["expected_power"] / 20)
    loud, silent = weigh(calm, site, [SHORT, Choice(24, 0.1)]).to_dict("records")
    assert loud["under_performance"] > 50
    assert silent["under_performance"] == 0


def test_the_advice_is_a_line_for_the_site_file(site: Site):
    assert LONG.as_yaml() == "alarms: {window_hours: 120, least_expected: 0}"
    assert LONG.on(site).alarms.window_hours == 120
    assert LONG.on(site).alarms.under_performance == site.alarms.under_performance
