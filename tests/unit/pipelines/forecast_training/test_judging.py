"""When new forecasters take over: made-up forecasts of 20 days, two units."""

import numpy as np
import pytest

from ml_app_wind_draft.core.errors import ConfigurationError
from ml_app_wind_draft.models.forecast.series import HOUR
from ml_app_wind_draft.models.forecast.units import LEVELS
from ml_app_wind_draft.pipelines.forecast_training.judging import judge
from ml_app_wind_draft.pipelines.forecast_training.parameters import Judging, read_parameters
from ml_app_wind_draft.pipelines.forecast_training.trial import Forecasts, Trial

LEADS = (HOUR, 6 * HOUR, 24 * HOUR)
ISSUE = HOUR * np.arange(480)
SPREAD = 10 * np.array([-1.64, -1.28, -1.04, -0.84, -0.67, -0.52, -0.39, -0.25, -0.13])
BAND = np.concatenate([SPREAD, [0.0], -SPREAD[::-1]])  # of a normal distribution


def a_trial(
    width: float = 1.0, *, wide_at: tuple[str, float] = ("", 1.0), hours: int = 480
) -> Trial:
    """Forecasts whose band is `width` times the right one, or another for one unit."""
    random = np.random.default_rng(1)
    found = {}
    for unit in ("A", "farm"):
        center = random.uniform(30, 70, (len(ISSUE), len(LEADS)))
        measured = center + random.normal(0, 10, center.shape)
        own = wide_at[1] if unit == wide_at[0] else width
        quantiles = center[:, :, None] + own * BAND
        found[unit, HOUR] = Forecasts(LEADS, quantiles[:hours], measured[:hours])
    return Trial(ISSUE[:hours], found)


def test_the_levels_are_those_of_the_band():
    assert len(BAND) == len(LEVELS)


def test_who_is_no_worse_takes_over():
    verdict = judge(a_trial(), a_trial(1.2), 3, Judging())
    assert verdict.promote
    assert verdict.against == 3
    assert "No worse" in verdict.why


def test_who_is_worse_does_not():
    verdict = judge(a_trial(2.0), a_trial(), 3, Judging())
    assert not verdict.promote
    assert "may be better by more than 2%" in verdict.why


def test_too_few_hours_prove_nothing():
    verdict = judge(a_trial(hours=100), a_trial(hours=100), 3, Judging())
    assert not verdict.promote
    assert "only 100 hours" in verdict.why


def test_no_unit_pays_for_the_rest():
    own, reference = a_trial(1.0, wide_at=("A", 2.0)), a_trial(3.0, wide_at=("A", 1.0))
    verdict = judge(own, reference, 3, Judging())
    assert not verdict.promote
    assert "worse for A" in verdict.why


def test_a_band_that_holds_too_little_is_refused_unless_the_champions_holds_less():
    limits = Judging(margin=0.9, part_margin=0.9)
    verdict = judge(a_trial(0.5), a_trial(), 3, limits)
    assert not verdict.promote
    assert "P10-P90 holds" in verdict.why
    assert judge(a_trial(0.5), a_trial(0.4), 3, limits).promote


def test_outcomes_that_never_came_are_left_out():
    own = a_trial()
    for each in own.forecasts.values():
        each.measured[:300] = np.nan
    verdict = judge(own, own, 3, Judging(least_hours=200))
    assert "only 180 hours" in verdict.why


def test_a_unit_that_was_out_most_of_the_time_does_not_hold_up_the_rest():
    own, reference = a_trial(), a_trial(1.2)
    for each in (own, reference):
        each.forecasts["A", HOUR].measured[:400] = np.nan
    verdict = judge(own, reference, 3, Judging())
    assert verdict.promote
    assert "480 hours" in verdict.why


def test_a_misspelt_key_is_named():
    with pytest.raises(ConfigurationError, match=r"forecast\.jugding"):
        read_parameters({"jugding": {}})
