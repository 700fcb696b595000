import numpy as np
import pytest

from ml_app_wind_draft.models.forecast.series import (
    HOUR,
    History,
    perfect_weather,
    weather_runs,
    window_mean,
)


def test_a_window_below_the_share_of_known_values_has_no_mean():
    values = np.array([1.0, np.nan, 3.0, 5.0])
    stops = np.array([2, 4, 0])
    assert window_mean(values, stops, 2, 1.0) == pytest.approx([np.nan, 4.0, np.nan], nan_ok=True)
    assert window_mean(values, stops, 2, 0.5) == pytest.approx([1.0, 4.0, np.nan], nan_ok=True)


def test_mean_power_needs_every_step_of_the_interval():
    history = History(0, 600, np.array([1, 1, 1, 1, 1, 1, 0.5, np.nan, 0.5, 0.5, 0.5, 0.5]))
    means = history.mean_power(np.array([0, HOUR, -HOUR]), HOUR)
    assert means == pytest.approx([1.0, np.nan, np.nan], nan_ok=True)


def test_what_was_known_ends_with_the_last_whole_step():
    history = History(0, 600, np.arange(5.0), {"wind": np.arange(5.0)})
    known = history.until(1300)
    assert known.power.tolist() == [0, 1]
    assert known.measured["wind"].tolist() == [0, 1]


def test_perfect_weather_is_interpolated_and_missing_beyond_its_ends():
    weather = perfect_weather(
        ("speed",), np.array([0, 2 * HOUR]), np.array([[4.0], [8.0]]), 2 * HOUR
    )
    found = weather.at(np.zeros(3, int), np.array([HOUR, 2 * HOUR, 3 * HOUR]))[:, 0]
    assert found == pytest.approx([6.0, 8.0, np.nan], nan_ok=True)
    assert weather.is_perfect


def test_of_the_forecast_runs_only_those_that_were_out_are_read():
    issued = np.array([0, 0, 0, HOUR, HOUR])
    valid = np.array([0, 1, 2, 1, 2]) * HOUR
    weather = weather_runs(("speed",), issued, valid, np.array([[1.0], [2], [3], [20], [30]]), HOUR)
    asked = 2 * HOUR
    before, after = weather.at(np.array([HOUR - 1, HOUR]), np.array([asked, asked]))[:, 0]
    assert (before, after) == (3.0, 30.0)
    # for an instant that has passed: the run that was out before it, not one that came later
    assert weather.at(np.array([5 * HOUR]), np.array([0]))[0, 0] == 1.0
    assert np.isnan(weather.at(np.array([-1]), np.array([0]))[0, 0])
