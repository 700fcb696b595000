import numpy as np
import pandas as pd

from ml_app_wind_draft.monitoring.residuals import with_errors

STEP = 600


def frame(power: list[float], timestamps: list[int] | None = None) -> pd.DataFrame:
    stamps = timestamps or [STEP * each for each in range(len(power))]
    return pd.DataFrame({"timestamp": stamps, "power": power, "expected_power": 100.0})


def test_the_error_is_measured_less_expected():
    assert with_errors(frame([80.0, 130.0]), STEP)["error"].tolist() == [-20.0, 30.0]


def test_the_mean_needs_half_of_six_hours():
    mean = with_errors(frame([110.0] * 20), STEP)["error_mean"]
    assert mean.isna().tolist() == [True] * 17 + [False] * 3
    assert mean.iloc[-1] == 10.0


def test_the_mean_is_over_time_and_not_over_rows():
    old = [STEP * each for each in range(36)]
    new = [100 * STEP + STEP * each for each in range(18)]
    mean = with_errors(frame([200.0] * 36 + [110.0] * 18, old + new), STEP)["error_mean"]
    assert mean.iloc[-1] == 10.0


def test_where_the_error_is_missing_so_is_the_mean():
    mean = with_errors(frame([110.0] * 30 + [np.nan]), STEP)["error_mean"]
    assert np.isnan(mean.iloc[-1])
