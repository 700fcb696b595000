"""The farm's own band."""

import numpy as np
import pandas as pd
import pytest

from ml_app_wind_draft.monitoring.farm_band import DAY, Scale, sampled_every, scale_of, scaled

HOUR = 3600
TURBINES = 4
HALF_WIDTH = 128.16  # kW, holds 8 of 10 of a normal error with 100 kW
DAYS = 60


def sums(errors: np.ndarray) -> pd.DataFrame:
    """A farm of four that expects 1,000 kW each, with these errors in sum."""
    expected = np.full(len(errors), 1000.0 * TURBINES)
    return pd.DataFrame(
        {
            "timestamp": np.arange(len(errors)) * HOUR,
            "power": expected + errors,
            "expected_power": expected,
            "expected_power_p10": expected - TURBINES * HALF_WIDTH,
            "expected_power_p90": expected + TURBINES * HALF_WIDTH,
            "rated": 2050.0 * TURBINES,
        }
    )


def errors(correlation: float, hours: int = DAYS * 24, seed: int = 1) -> np.ndarray:
    random = np.random.default_rng(seed)
    own, shared = random.normal(0, 100, (hours, TURBINES)), random.normal(0, 100, (hours, 1))
    each = np.sqrt(1 - correlation) * own + np.sqrt(correlation) * shared
    return each.sum(axis=1)


@pytest.mark.parametrize("correlation", [0.0, 0.5, 1.0])
def test_the_band_holds_eight_of_ten_however_the_errors_hang_together(correlation):
    scale = scale_of(sums(errors(correlation)))
    band = scaled(sums(errors(correlation, hours=5000, seed=2)), scale)
    inside = band["power"].between(band["expected_power_p10"], band["expected_power_p90"])
    assert inside.mean() == pytest.approx(0.8, abs=0.04)


def test_independent_errors_halve_the_band_of_four_turbines():
    scale = scale_of(sums(errors(0.0)))
    assert scale.below == pytest.approx(0.5, abs=0.06)
    assert scale.above == pytest.approx(0.5, abs=0.06)


def test_a_drift_widens_the_side_that_it_is_on():
    scale = scale_of(sums(errors(0.0) - 300))
    assert scale.below > 1
    assert scale.above < 0.3


def test_before_a_fortnight_nothing_is_known():
    assert scale_of(sums(errors(0.0, hours=13 * 24))) == Scale(1.0, 1.0)
    assert scale_of(sums(errors(0.0, hours=14 * 24))) != Scale(1.0, 1.0)
    assert scale_of(sums(errors(0.0)).iloc[:0]) == Scale()


def test_rows_without_an_expectation_say_nothing_and_stay_without_a_band():
    rows = sums(errors(0.0))
    holed = rows.assign(expected_power=rows["expected_power"].where(rows.index % 2 == 0))
    assert scale_of(holed) == scale_of(holed.dropna())
    band = scaled(holed, Scale(0.5, 0.5))
    assert band["expected_power_p10"].isna().sum() == len(rows) // 2


def test_no_band_leaves_what_turbines_can_do():
    rows = sums(errors(0.0))
    high = rows.assign(expected_power=8600.0, expected_power_p90=8610.0, expected_power_p10=-500.0)
    band = scaled(high, Scale(2.0, 2.0))
    assert (band["expected_power_p90"] == 1.05 * 2050 * TURBINES).all()
    assert (band["expected_power_p10"] == -0.02 * 2050 * TURBINES).all()


def test_large_farms_are_sampled_more_thinly_but_at_every_hour_of_the_day():
    assert sampled_every(4) == HOUR
    for turbines in (20, 50, 100):
        every = sampled_every(turbines)
        hours = {start % DAY for start in range(0, 60 * DAY, every)}
        assert len(hours) == 24
    assert sampled_every(20) < sampled_every(100)
