import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ml_app_wind_draft.core.errors import TrainingError
from ml_app_wind_draft.models.calibration import CALM, HIGHEST, LOWEST, WEEK, Band, fit_band


def rows_of(count, turbine_id="A", wind=8.0, weeks=1):
    """Rows spread over `weeks`, in order."""
    return pd.DataFrame(
        {
            "turbine_id": pd.Series(turbine_id, index=range(count), dtype="str"),
            "timestamp": np.arange(count) * weeks * WEEK // max(count, 1),
            "wind_speed": wind,
        }
    )


def test_four_of_five_fresh_rows_lie_inside():
    random = np.random.default_rng(1)
    fraction = random.uniform(0, 1, 40_000)
    noise = random.standard_t(3, 40_000) * 0.01 * (1 + 5 * fraction)
    half = 20_000
    rows = rows_of(half, wind=14.0, weeks=8)
    band = fit_band(fraction[:half], noise[:half], rows, ["A"])
    _, low, high = band.around(fraction[half:], rows)
    measured = fraction[half:] + noise[half:]
    inside = (measured >= low) & (measured <= high)
    assert inside.mean() == pytest.approx(0.8, abs=0.02)
    for side in (fraction[half:] < 0.3, fraction[half:] > 0.7):
        assert inside[side].mean() == pytest.approx(0.8, abs=0.03)


def test_in_a_calm_the_wind_tells_the_band():
    """Below cut-in nothing scatters, at cut-in much does, and the prediction is the same."""
    random = np.random.default_rng(2)
    wind = np.repeat([1.0, 3.0], 2000)
    residual = random.normal(0, np.where(wind > 2, 0.02, 0.0002))
    predicted = np.full(len(wind), CALM / 10)
    band = fit_band(predicted, residual, rows_of(len(wind), wind=wind), ["A"])
    _, low, high = band.around(predicted[:2], rows_of(2, wind=np.array([1.0, 3.0])))
    assert high[0] - low[0] < 0.001
    assert high[1] - low[1] > 0.04


def test_near_rated_power_the_wind_tells_the_band():
    random = np.random.default_rng(3)
    wind = np.repeat([12.5, 15.5], 2000)
    residual = random.normal(0, np.where(wind < 14, 0.03, 0.003))
    predicted = np.full(len(wind), 0.97)
    band = fit_band(predicted, residual, rows_of(len(wind), wind=wind), ["A"])
    _, low, high = band.around(predicted[:2], rows_of(2, wind=np.array([12.5, 15.5])))
    assert high[0] - low[0] > 5 * (high[1] - low[1])


def test_weeks_that_err_each_in_its_own_way_get_a_wider_band():
    """A band of eight weeks has to hold the ninth, which lies elsewhere again."""
    random = np.random.default_rng(4)
    weeks, each = 60, 400
    bias = np.repeat(random.normal(0, 0.1, weeks), each)
    residual = bias + random.normal(0, 0.01, weeks * each)
    rows = rows_of(weeks * each, weeks=weeks)
    week = np.arange(weeks * each) // each
    held = []
    for first in range(0, weeks - 9, 3):
        past, ahead = (week >= first) & (week < first + 8), week == first + 8
        fraction = np.full(past.sum(), 0.45)
        band = fit_band(fraction, residual[past], rows[past], ["A"])
        _, low, high = band.around(np.full(ahead.sum(), 0.45), rows[ahead])
        held.append(((0.45 + residual[ahead] >= low) & (0.45 + residual[ahead] <= high)).mean())
    past = residual[week < 8]
    plain = np.quantile(past, [0.1, 0.9])
    band = fit_band(np.full(len(past), 0.45), past, rows[week < 8], ["A"])
    _, low, high = band.around(np.array([0.45]), rows[:1])
    assert high[0] - low[0] > plain[1] - plain[0]
    assert np.mean(held) > 0.75


def test_a_turbine_gets_its_own_band_from_500_rows_in_a_cell():
    fraction = np.full(1400, 0.5)
    residual = np.concatenate([np.tile([-0.1, 0.1], 350), np.tile([-0.01, 0.01], 350)])
    rows = rows_of(1400, ["A"] * 700 + ["B"] * 700)
    band = fit_band(fraction, residual, rows, ["A", "B"])
    _, low, high = band.around(np.array([0.5, 0.5]), rows_of(2, ["A", "B"]))
    assert (high - low) == pytest.approx([0.2, 0.02])


def test_a_turbine_with_fewer_rows_and_an_unknown_one_get_the_pooled_band():
    rows = rows_of(1100, ["A"] * 700 + ["B"] * 400)
    residual = np.concatenate([np.tile([-0.1, 0.1], 350), np.tile([-0.01, 0.01], 200)])
    band = fit_band(np.full(1100, 0.5), residual, rows, ["A", "B"])
    _, low, high = band.around(np.array([0.5, 0.5]), rows_of(2, ["B", "new"]))
    assert low[0] == low[1]
    assert high[0] == high[1] == pytest.approx(0.6)


def test_rows_without_a_prediction_do_not_count():
    fraction = np.array([np.nan, 0.5, 0.5])
    band = fit_band(fraction, np.array([9.0, -0.1, 0.1]), rows_of(3), ["A"])
    assert band.around(np.array([0.5]), rows_of(1))[2] == pytest.approx(0.6)


def test_without_residuals_there_is_no_band():
    with pytest.raises(TrainingError, match="residuals"):
        fit_band(np.array([np.nan]), np.array([0.0]), rows_of(1), ["A"])


def test_json_keeps_the_band():
    random = np.random.default_rng(2)
    rows = rows_of(9000, wind=random.uniform(0, 20, 9000))
    band = fit_band(random.uniform(0, 1, 9000), random.normal(0, 0.1, 9000), rows, ["A"])
    kept = Band.from_json(band.as_json())
    asked = random.uniform(-0.5, 1.5, 100)
    both = (each.around(asked, rows[:100]) for each in (band, kept))
    for one, other in zip(*both, strict=True):
        assert (one == other).all()


def test_a_band_from_before_cells_went_by_wind_is_read_as_it_was_meant():
    content = {"edges": [0.5], "turbines": ["A"], "low": [[-0.1, -0.2]] * 2, "high": [[0, 0.3]] * 2}
    band = Band.from_json(content)
    expected, low, high = band.around(np.array([0.01, 0.95]), rows_of(2, wind=14.0))
    assert (expected - low) == pytest.approx([0.03, 0.2])
    assert (high - expected) == pytest.approx([0.0, 0.1])


@settings(max_examples=50, deadline=None)
@given(
    asked=hnp.arrays(float, st.integers(1, 30), elements=st.floats(-1e6, 1e6) | st.just(np.nan)),
    residual=hnp.arrays(float, st.integers(1, 50), elements=st.floats(-2, 2)),
    wind=st.floats(0, 40),
)
def test_the_band_is_clipped_and_holds_the_prediction(asked, residual, wind):
    fraction = np.linspace(0, 1, len(residual))
    band = fit_band(fraction, residual, rows_of(len(residual), wind=wind, weeks=3), ["A"])
    expected, low, high = band.around(asked, rows_of(len(asked), wind=wind))
    known = np.isfinite(asked)
    assert np.isnan(low[~known]).all()
    assert (low[known] >= LOWEST).all()
    assert (high[known] <= HIGHEST).all()
    assert (low[known] <= expected[known]).all()
    assert (expected[known] <= high[known]).all()
