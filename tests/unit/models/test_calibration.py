import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ml_app_wind_draft.core.errors import TrainingError
from ml_app_wind_draft.models.calibration import HIGHEST, LOWEST, Band, fit_band


def ids(count, name="A"):
    return pd.Series([name] * count, dtype="str")


def test_four_of_five_fresh_rows_lie_inside():
    random = np.random.default_rng(1)
    fraction = random.uniform(0, 1, 40_000)
    noise = random.standard_t(3, 40_000) * 0.01 * (1 + 5 * fraction)
    half = 20_000
    band = fit_band(fraction[:half], noise[:half], ids(half), ["A"])
    _, low, high = band.around(fraction[half:], ids(half))
    measured = fraction[half:] + noise[half:]
    inside = (measured >= low) & (measured <= high)
    assert inside.mean() == pytest.approx(0.8, abs=0.02)
    for side in (fraction[half:] < 0.3, fraction[half:] > 0.7):
        assert inside[side].mean() == pytest.approx(0.8, abs=0.03)


def test_a_turbine_gets_its_own_band_from_500_rows_in_a_bin():
    fraction = np.full(1400, 0.5)
    residual = np.concatenate([np.tile([-0.1, 0.1], 350), np.tile([-0.01, 0.01], 350)])
    turbine_id = pd.Series(["A"] * 700 + ["B"] * 700, dtype="str")
    band = fit_band(fraction, residual, turbine_id, ["A", "B"])
    _, low, high = band.around(np.array([0.5, 0.5]), pd.Series(["A", "B"]))
    assert (high - low) == pytest.approx([0.2, 0.02])


def test_a_turbine_with_fewer_rows_and_an_unknown_one_get_the_pooled_band():
    turbine_id = pd.Series(["A"] * 700 + ["B"] * 400, dtype="str")
    residual = np.concatenate([np.tile([-0.1, 0.1], 350), np.tile([-0.01, 0.01], 200)])
    band = fit_band(np.full(1100, 0.5), residual, turbine_id, ["A", "B"])
    _, low, high = band.around(np.array([0.5, 0.5]), pd.Series(["B", "new"]))
    assert low[0] == low[1]
    assert high[0] == high[1] == pytest.approx(0.6)


def test_rows_without_a_prediction_do_not_count():
    fraction = np.array([np.nan, 0.5, 0.5])
    band = fit_band(fraction, np.array([9.0, -0.1, 0.1]), ids(3), ["A"])
    assert band.around(np.array([0.5]), ids(1))[2] == pytest.approx(0.6)


def test_without_residuals_there_is_no_band():
    with pytest.raises(TrainingError, match="residuals"):
        fit_band(np.array([np.nan]), np.array([0.0]), ids(1), ["A"])


def test_json_keeps_the_band():
    random = np.random.default_rng(2)
    band = fit_band(random.uniform(0, 1, 9000), random.normal(0, 0.1, 9000), ids(9000), ["A"])
    kept = Band.from_json(band.as_json())
    asked = random.uniform(-0.5, 1.5, 100)
    for one, other in zip(band.around(asked, ids(100)), kept.around(asked, ids(100)), strict=True):
        assert (one == other).all()


@settings(max_examples=50, deadline=None)
@given(
    asked=hnp.arrays(float, st.integers(1, 30), elements=st.floats(-1e6, 1e6) | st.just(np.nan)),
    residual=hnp.arrays(float, st.integers(1, 50), elements=st.floats(-2, 2)),
)
def test_the_band_is_clipped_and_holds_the_prediction(asked, residual):
    fraction = np.linspace(0, 1, len(residual))
    band = fit_band(fraction, residual, ids(len(residual)), ["A"])
    expected, low, high = band.around(asked, ids(len(asked)))
    known = np.isfinite(asked)
    assert np.isnan(low[~known]).all()
    assert (low[known] >= LOWEST).all()
    assert (high[known] <= HIGHEST).all()
    assert (low[known] <= expected[known]).all()
    assert (expected[known] <= high[known]).all()
