import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_app_wind_draft.models import metrics

EXPECTED = np.array([10.0, 20.0, 30.0])
MEASURED = np.array([12.0, 20.0, 26.0])
RATED = np.array([100.0, 100.0, 200.0])


def test_errors_are_expected_minus_measured():
    assert metrics.mae(EXPECTED, MEASURED) == pytest.approx(2)
    assert metrics.rmse(EXPECTED, MEASURED) == pytest.approx(np.sqrt(20 / 3))
    assert metrics.bias(EXPECTED, MEASURED) == pytest.approx(2 / 3)


def test_normalised_errors_are_divided_by_each_rows_rated_power():
    assert metrics.nmae(EXPECTED, MEASURED, RATED) == pytest.approx((0.02 + 0 + 0.02) / 3)
    assert metrics.nrmse(EXPECTED, MEASURED, RATED) == pytest.approx(np.sqrt(0.0008 / 3))


def test_pinball_loss_weighs_the_two_sides():
    low = metrics.pinball_loss(np.array([10.0]), np.array([20.0]), 0.1)
    high = metrics.pinball_loss(np.array([20.0]), np.array([10.0]), 0.1)
    assert (low, high) == pytest.approx((1.0, 9.0))


def test_both_ends_of_the_band_are_inside():
    low, high = np.zeros(4), np.ones(4)
    measured = np.array([0.0, 1.0, -0.01, 1.01])
    assert metrics.interval_coverage(low, high, measured) == 0.5


def test_skill_is_what_the_reference_leaves():
    assert metrics.skill(25, 100) == 0.75
    assert np.isnan(metrics.skill(25, 0))


def test_scores_leave_out_rows_without_prediction_or_measurement():
    predictions = pd.DataFrame(
        {
            "expected_power": [10.0, np.nan, 30.0],
            "expected_power_p10": [5.0, np.nan, 25.0],
            "expected_power_p90": [15.0, np.nan, 35.0],
        }
    )
    result = metrics.scores(predictions, np.array([12.0, 20.0, np.nan]), RATED)
    assert result["mae"] == 2
    assert result["interval_coverage"] == 1
    assert result["interval_width"] == 10
    assert metrics.scores(predictions[1:2], MEASURED[1:2], RATED[1:2]) == {}


def days_of_errors(gain_by_day, rows=144):
    timestamp = np.arange(len(gain_by_day) * rows, dtype=np.int64) * 600
    return np.repeat(10.0 + np.asarray(gain_by_day), rows), timestamp


def test_a_steady_gain_is_beyond_noise():
    error, timestamp = days_of_errors([-1.0, -1.2, -0.8, -1.1] * 10)
    difference = metrics.paired_difference(error, np.full(len(error), 10.0), timestamp)
    assert difference.days == 40
    assert difference.mean == pytest.approx(-1.025)
    assert difference.relative == pytest.approx(-0.1025)
    assert difference.high < 0


def test_one_good_day_among_many_poor_ones_is_noise_however_many_rows_it_has():
    error, timestamp = days_of_errors([-9.0] + [0.1] * 30)
    difference = metrics.paired_difference(error, np.full(len(error), 10.0), timestamp)
    assert difference.mean < 0 < difference.high


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(-5, 5), min_size=1, max_size=20))
def test_the_interval_holds_the_mean_and_turns_round_with_the_models(gains):
    error, timestamp = days_of_errors(gains, rows=3)
    reference = np.full(len(error), 10.0)
    one = metrics.paired_difference(error, reference, timestamp)
    other = metrics.paired_difference(reference, error, timestamp)
    assert one.low - 1e-9 <= one.mean <= one.high + 1e-9
    assert one.mean == pytest.approx(-other.mean)
    assert one.low == pytest.approx(-other.high)
