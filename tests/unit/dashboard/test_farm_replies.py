"""The farm page in words."""

import numpy as np
import pandas as pd

from ml_app_wind_draft.dashboard.farm_replies import losses_table, watch_props, worst_table
from ml_app_wind_draft.dashboard.reading_farm import On, Watch, stretch
from ml_app_wind_draft.dashboard.words import UTC_ZONE
from ml_app_wind_draft.monitoring.alarms import MODEL_DOUBT, UNDER_PERFORMANCE
from tests.unit.dashboard.said import lines

JANUARY = 1_420_070_400
HOUR = 3600


def watched(site, below: float, on: dict[str, On] | None = None) -> dict[str, Watch]:
    watch = Watch({UNDER_PERFORMANCE: below, MODEL_DOUBT: 0.02}, on or {})
    return dict.fromkeys(site.turbine_ids, watch)


def test_a_tile_says_its_error_and_its_limit(site):
    props = watch_props(watched(site, 0.025), site, UTC_ZONE)
    assert props["tile-0-watch"]["children"] == "24 h: 2.5 % below \N{MIDDLE DOT} limit 5 %"
    assert props["tile-0-meter"] == {"style": {"width": "25%"}, "className": ""}
    assert "tile-0-state" not in props
    assert props["tile-0-alarm"] == {"children": "", "className": "tile-alarm hidden"}


def test_an_alarm_says_since_when_and_what_it_cost(site):
    on = {UNDER_PERFORMANCE: On(JANUARY, 2365.4), MODEL_DOUBT: On(JANUARY + HOUR, -3.0)}
    props = watch_props(watched(site, 0.08, on), site, UTC_ZONE)
    said = "since 1 Jan, 00:00 UTC \N{MIDDLE DOT} 2,365 kWh below"
    assert props["tile-1-alarm"] == {"children": said, "className": "tile-alarm"}
    assert props["tile-1-meter"] == {"style": {"width": "80%"}, "className": "over"}
    assert props["tile-1-state"]["children"] == "Low output"
    assert props["tile-1-state"]["className"] == "pill alarm"


def test_too_few_rows_are_said_and_not_shown_as_zero(site):
    props = watch_props(watched(site, float("nan")), site, UTC_ZONE)
    assert "too few normal rows" in props["tile-2-watch"]["children"]
    assert props["tile-2-meter"]["style"] == {"width": "0%"}


def test_cells_are_percents_calm_or_nothing():
    cells = pd.DataFrame(
        {
            "turbine_id": ["a", "a", "b"],
            "start": [0, 2 * HOUR, HOUR],
            "performance": [0.954, np.nan, 5.0],
            "is_calm": [False, False, True],
        }
    )
    assert stretch(["a", "b"], cells, 0, HOUR) == {
        "t": [0, HOUR, 2 * HOUR],
        "a": [95, None, None],
        "b": [None, -1, None],
    }
    assert stretch(["a"], cells.iloc[:0], 0, HOUR) == {"t": [], "a": []}


def test_only_hours_that_lost_something_are_bad(site):
    worst = pd.DataFrame(
        {
            "turbine_id": ["R80711", "R80721"],
            "start": [JANUARY, JANUARY + HOUR],
            "compared_power_sum": [600.0, 900.0],
            "expected_sum": [1200.0, 600.0],
        }
    )
    rows = lines(worst_table(worst, site, UTC_ZONE), "worst")
    assert rows == [["R80711", "1 Jan, 00:00 UTC", "100", "50"]]


def test_months_are_split_by_state_and_newest_first(site):
    monthly = pd.DataFrame(
        {
            "turbine_id": "R80711",
            "month": [JANUARY, JANUARY, JANUARY + 31 * 86_400],
            "state": ["normal_operation", "not_normal_operation", "normal_operation"],
            "expected_energy": [80.0, 20.0, 50.0],
            "energy_below_expectation": [2.0, 3.0, -1.0],
        }
    )
    february, _, farm, january = lines(losses_table(monthly, site), "losses")
    assert february[0] == "Feb 2015"
    assert (farm[1], january[1]) == ("Farm", "R80711")
    assert farm[2:] == january[2:]
    assert january[2:4] == ["5.0", "5.0"]
    assert january[5:] == ["100.0", "2.0", "3.0", "\N{EN DASH}"]
