"""Levels that follow what came."""

import numpy as np
import pytest

from ml_app_wind_draft.models.forecast.rolling import STEP, followed

LEVELS = np.array([0.1, 0.5, 0.9])
EVENLY = np.tile(LEVELS, (1000, 1))  # the quantiles of what is spread evenly over 0 to 1
CAME = (np.arange(1000) + 0.5) / 1000


def test_levels_that_were_met_stay():
    assert followed(LEVELS, LEVELS, EVENLY, CAME) == pytest.approx(LEVELS)


def test_scatter_that_is_wider_than_was_thought_opens_the_band():
    asked = followed(LEVELS, LEVELS, EVENLY, 0.5 + 2 * (CAME - 0.5))
    assert asked == pytest.approx(LEVELS + STEP * np.array([-0.2, 0, 0.2]))


def test_what_lies_above_opens_the_band_and_leaves_the_median():
    asked = followed(LEVELS, LEVELS, EVENLY, CAME + 0.2)
    assert asked == pytest.approx(LEVELS + STEP * np.array([-0.05, 0, 0.05]))


def test_a_level_without_an_opposite_follows_alone():
    levels = np.array([0.5, 0.9])
    asked = followed(levels, levels, EVENLY[:, 1:], CAME + 0.2)
    assert asked == pytest.approx(levels + STEP * np.array([0, 0.2]))


def test_what_equals_a_quantile_counts_half():
    asked = followed(LEVELS, LEVELS, np.full((10, 3), 0.3), np.full(10, 0.3))
    assert asked == pytest.approx(LEVELS + STEP * np.array([-0.4, 0, 0.4]))


def test_what_did_not_come_counts_for_nothing():
    nothing = np.full(1000, np.nan)
    assert followed(LEVELS, LEVELS, EVENLY, nothing) is LEVELS
    half = np.where(np.arange(1000) % 2, CAME + 0.2, np.nan)
    moved = followed(LEVELS, LEVELS, EVENLY, half) - LEVELS
    assert moved == pytest.approx(STEP / 2 * np.array([-0.05, 0, 0.05]), abs=1e-3)


def test_levels_stay_in_order_and_within_what_errors_can_say():
    asked = LEVELS
    for _ in range(500):
        asked = followed(asked, LEVELS, np.zeros((10, 3)), 1.0 - 2 * (np.arange(10) % 2))
    assert (np.diff(asked) >= 0).all()
    assert asked.max() <= 0.995
