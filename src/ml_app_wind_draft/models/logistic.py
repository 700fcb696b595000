"""A logistic power curve per turbine, a baseline for orientation."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import curve_fit

from ml_app_wind_draft.models.power_curve import WIND
from ml_app_wind_draft.models.turbines import codes_in

_ROWS_TO_FIT = 5000
_START = (0.0, 1.0, 8.0, 8.0, 1.0)
_LOWEST = (-0.1, 0.5, 2.0, 1.0, 0.05)
_HIGHEST = (0.1, 1.3, 25.0, 40.0, 20.0)


def five_parameter_logistic(
    wind_speed: NDArray[np.float64],
    low: float,
    high: float,
    middle: float,
    slope: float,
    skew: float,
) -> NDArray[np.float64]:
    """Low + (high - low) / (1 + (middle / v)^slope)^skew."""
    wind_speed = np.maximum(wind_speed, 0.01)
    with np.errstate(over="ignore"):
        return low + (high - low) / (1 + (middle / wind_speed) ** slope) ** skew


def logistic_curve(
    fitting: pd.DataFrame, fraction: NDArray[np.float64], features: pd.DataFrame
) -> NDArray[np.float64]:
    """A logistic power curve per turbine, in fractions of rated for the rows of `features`.

    Fitted on the rows of `fitting`, whose measured `fraction` of rated is given. NaN for turbines
    that `fitting` does not have.
    """
    names = sorted(set(fitting["turbine_id"]))
    fitted_on, asked = (
        codes_in(fitting["turbine_id"], names),
        codes_in(features["turbine_id"], names),
    )
    wind = fitting[WIND].to_numpy(np.float64)
    asked_wind = features[WIND].to_numpy(np.float64)
    result = np.full(len(features), np.nan)
    for code in range(len(names)):
        own = np.flatnonzero(fitted_on == code)
        own = own[:: max(1, len(own) // _ROWS_TO_FIT)]
        best, _ = curve_fit(
            five_parameter_logistic, wind[own], fraction[own], _START, bounds=(_LOWEST, _HIGHEST)
        )
        result[asked == code] = five_parameter_logistic(asked_wind[asked == code], *best)
    return result
