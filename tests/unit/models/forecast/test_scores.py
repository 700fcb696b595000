import numpy as np
import pytest

from ml_app_wind_draft.models.forecast import scores

LEVELS = np.array([0.1, 0.5, 0.9])


def test_pinball_by_hand():
    loss = scores.pinball(np.array([[0.0, 1.0, 2.0]]), np.array([1.5]), LEVELS)
    assert loss == pytest.approx([(0.1 * 1.5 + 0.5 * 0.5 + 0.1 * 0.5) / 3])


def test_crps_of_a_point_forecast_is_its_absolute_error():
    levels = np.arange(1, 100) / 100
    assert scores.crps(np.full((1, 99), 2.0), np.array([5.0]), levels) == pytest.approx([3.0])


def test_crps_of_the_standard_normal_at_its_middle():
    levels = np.arange(1, 1000) / 1000
    sample = np.quantile(np.random.default_rng(0).normal(size=400_000), levels)
    assert scores.crps(sample[None], np.zeros(1), levels)[0] == pytest.approx(0.2337, abs=0.003)


def test_both_ends_count_as_inside():
    quantiles = np.array([[0.0, 1.0, 2.0]] * 4)
    shares = scores.coverage(quantiles, np.array([0.0, 2.0, 2.1, -0.1]), LEVELS)
    assert shares == {0.8: 0.5}


def test_ninety_nine_levels_have_forty_nine_central_intervals():
    found = scores.central_intervals(np.arange(1, 100) / 100)
    assert len(found) == 49
    assert found[0] == (0.98, 0, 98)


def test_the_median_lies_between_the_nearest_levels():
    assert scores.median(np.array([[1.0, 3.0]]), np.array([0.4, 0.6])) == pytest.approx([2.0])
    assert scores.median(np.array([[1.0, 2.0, 3.0]]), LEVELS) == pytest.approx([2.0])
