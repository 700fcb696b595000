import numpy as np
import pandas as pd
import pytest

from ml_app_wind_draft.models.logistic import five_parameter_logistic, logistic_curve
from ml_app_wind_draft.models.persistence import persistence
from ml_app_wind_draft.models.power_curve import WIND


def test_persistence_is_the_same_turbines_power_one_step_before_by_time():
    rows = pd.DataFrame(
        {
            "turbine_id": ["A", "B", "A", "A"],
            "timestamp": [1200, 600, 600, 2400],
            "power": [3.0, 9.0, 1.0, 5.0],
        }
    )
    np.testing.assert_array_equal(persistence(rows, 600), [1.0, np.nan, np.nan, np.nan])


def test_the_logistic_curve_finds_a_logistic_turbine():
    wind = np.linspace(0, 20, 800)
    fraction = five_parameter_logistic(wind, 0.0, 1.0, 9.0, 9.0, 0.8)
    table = pd.DataFrame({"turbine_id": "A", WIND: wind})
    asked = pd.DataFrame({"turbine_id": ["A", "A", "B"], WIND: [5.0, 10.0, 10.0]})
    found = logistic_curve(table, fraction, asked)
    assert found[:2] == pytest.approx(
        five_parameter_logistic(asked[WIND].to_numpy()[:2], 0.0, 1.0, 9.0, 9.0, 0.8), abs=0.005
    )
    assert np.isnan(found[2])
