import numpy as np
import pandas as pd
import pytest

from ml_app_wind_draft.core.errors import TrainingError
from ml_app_wind_draft.models.power_curve import WIND, fit_power_curve

STEP = 600
ROWS_IN_3_H = 18


def features(wind, turbine_id="A"):
    return pd.DataFrame({"turbine_id": turbine_id, "wind_speed": wind, WIND: wind})


def fitted(wind, fraction):
    wind = np.asarray(wind, float)
    return fit_power_curve(features(wind), np.asarray(fraction, float), STEP)


def test_a_bin_stands_for_the_mean_wind_and_mean_power_of_its_rows():
    wind = np.repeat([4.9, 5.1], ROWS_IN_3_H)
    curve = fitted(wind, np.repeat([0.1, 0.3], ROWS_IN_3_H)).curves["A"]
    assert curve.wind_speed[-1] == pytest.approx(5.0)
    assert curve.fraction[-1] == pytest.approx(0.2)
    assert curve.count[-1] == 2 * ROWS_IN_3_H


def test_a_bin_with_less_than_3_hours_is_interpolated_and_marked():
    wind = np.concatenate(
        [np.full(ROWS_IN_3_H, 5.0), np.full(ROWS_IN_3_H - 1, 5.5), np.full(ROWS_IN_3_H, 6.0)]
    )
    fraction = np.where(wind == 5.5, 0.99, (wind - 4) / 10)
    model = fitted(wind, fraction)
    assert model.curves["A"].interpolated[10:].tolist() == [False, True, False]
    assert model.predict(features([5.5]))[0] == pytest.approx(0.15)


def test_between_bins_power_is_interpolated_and_beyond_them_constant():
    wind = np.repeat([5.0, 6.0], ROWS_IN_3_H)
    model = fitted(wind, np.repeat([0.2, 0.4], ROWS_IN_3_H))
    expected = model.predict(features([5.25, 5.5, 30.0, 0.0]))
    assert expected == pytest.approx([0.25, 0.3, 0.4, 0.2])


def test_each_turbine_has_its_own_curve_and_an_unknown_one_the_pooled():
    wind = np.full(2 * ROWS_IN_3_H, 8.0)
    table = features(wind)
    table["turbine_id"] = ["A"] * ROWS_IN_3_H + ["B"] * ROWS_IN_3_H
    model = fit_power_curve(table, np.repeat([0.2, 0.6], ROWS_IN_3_H), STEP)
    asked = features([8.0, 8.0, 8.0])
    asked["turbine_id"] = ["B", "A", "C"]
    assert model.predict(asked) == pytest.approx([0.6, 0.2, 0.4])


def test_a_turbine_without_a_complete_bin_shares_the_pooled_curve():
    table = features(np.full(ROWS_IN_3_H + 3, 8.0))
    table["turbine_id"] = ["A"] * ROWS_IN_3_H + ["B"] * 3
    model = fit_power_curve(table, np.full(len(table), 0.5), STEP)
    assert model.curves["B"] == model.pooled


def test_without_a_complete_bin_there_is_no_curve():
    with pytest.raises(TrainingError, match="3 h"):
        fitted(np.full(ROWS_IN_3_H - 1, 8.0), np.full(ROWS_IN_3_H - 1, 0.5))


def test_a_longer_step_needs_fewer_rows():
    fit_power_curve(features(np.full(3, 8.0)), np.full(3, 0.5), 3600)
