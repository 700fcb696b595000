import numpy as np
import pandas as pd
import pytest

from ml_app_wind_draft.models.normal_operation import is_normal


@pytest.mark.parametrize(
    ("power", "wind_speed", "pitch_angle", "normal"),
    [
        (800.0, 8.0, 0.0, True),
        (-5.0, 3.0, 45.0, True),  # calm
        (0.0, 4.6, 0.0, False),  # wind, and no power
        (1000.0, 12.0, 6.0, False),  # derated
        (1950.0, 14.0, 12.0, True),  # pitched because rated power is reached
        (100.0, 4.9, 6.0, True),
        (np.nan, 8.0, 0.0, False),
        (800.0, np.nan, 0.0, False),
        (800.0, 8.0, np.nan, True),
        (0.0, 8.0, np.nan, False),
    ],
)
def test_the_filter_knows(site, power, wind_speed, pitch_angle, normal):
    rows = pd.DataFrame(
        {
            "turbine_id": ["R80711"],
            "power": [power],
            "wind_speed": [wind_speed],
            "pitch_angle": [pitch_angle],
        }
    )
    assert is_normal(rows, site).tolist() == [normal]
