"""Power curve and wind rose."""

import numpy as np
import pandas as pd
import pytest

from ml_app_wind_draft.core.states import NORMAL, NOT_NORMAL
from ml_app_wind_draft.dashboard.curve_and_rose import MOST_POINTS, power_curve, up_to, wind_rose

COLD = 15.0  # °C
HOUR = 3600


def rows(winds: list[float], **changes) -> pd.DataFrame:
    wind = np.array(winds)
    return pd.DataFrame(
        {
            "timestamp": np.arange(len(wind)) * 600,
            "power": 100 * wind,
            "wind_speed": wind,
            "wind_direction": 0.0,
            "nacelle_direction": 90.0,
            "ambient_temperature": COLD,
            "air_pressure": 1013.25,
            "expected_power": 100 * wind + 10,
            "state": NORMAL,
            **changes,
        }
    )


def test_at_the_reference_density_bins_are_the_means_of_their_rows(site):
    curve = power_curve(rows([7.9] * 9 + [8.1] * 9 + [10.0]), "R80711", site, points=False)
    assert curve["factor"] == pytest.approx(1, abs=1e-3)
    whole, thin = curve["bins"]
    assert whole == [pytest.approx(8, abs=0.02), 800, 1]
    assert thin[2] == 0
    assert curve["model"] == [[pytest.approx(8, abs=0.02), 810]]
    assert "points" not in curve


def test_thin_air_moves_the_curve_to_lower_wind(site):
    curve = power_curve(rows([8.0] * 20, air_pressure=900.0), "R80711", site, points=False)
    assert curve["factor"] == pytest.approx((900 / 1013.25) ** (1 / 3), abs=2e-3)


def test_rows_held_back_are_points_but_in_no_bin(site):
    curve = power_curve(rows([8.0] * 20, state=NOT_NORMAL), "R80711", site, points=True)
    assert curve["bins"] == []
    assert len(curve["points"]) == 20


def test_points_are_some_of_many_rows_and_all_of_few(site):
    many = power_curve(rows([8.0] * 10_000), "R80711", site, points=True)["points"]
    assert MOST_POINTS / 2 < len(many) <= MOST_POINTS


def test_a_rose_adds_up_and_knows_where_north_is():
    rose = wind_rose(rows([3.0, 6.0, 9.0, 13.0], wind_direction=[355.0, 5.0, 90.0, 180.0]))
    share = np.array(rose["share"])
    assert share.sum() == pytest.approx(100)
    assert share[0].tolist() == [25, 25, 0, 0]
    assert share[4].tolist() == [0, 0, 25, 0]
    assert share[8].tolist() == [0, 0, 0, 25]
    assert (rose["from"], rose["rows"]) == ("wind", 4)


def test_without_a_wind_vane_the_nacelle_says_where_the_wind_is():
    rose = wind_rose(rows([6.0] * 4, wind_direction=np.nan))
    assert rose["from"] == "nacelle"
    assert rose["share"][4][1] == 100


def test_without_rows_there_is_nothing_to_see(site):
    empty = rows([])
    assert wind_rose(empty)["rows"] == 0
    assert power_curve(empty, "R80711", site, points=True)["bins"] == []


def test_what_is_said_of_the_view_changes_by_the_hour():
    frame = rows([8.0] * 20)
    assert up_to(frame, 0, 3 * HOUR + 599, 600)["timestamp"].max() == 3 * HOUR - 600
    assert up_to(frame, 1200, 3 * HOUR, 600)["timestamp"].min() == HOUR
