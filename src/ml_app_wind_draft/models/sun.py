"""Where the sun stands: with the hour and the season in one, it says how stable the air is."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.models.turbines import per_turbine

_DAY = 86_400.0
_YEAR = 365.2425  # days
_TILT = np.deg2rad(23.44)
_EQUINOX = 79.3  # days after New Year 1970 on which the sun crosses the equator northwards


def sine_of_elevation(rows: pd.DataFrame, site: Site, step: int) -> NDArray[np.float64]:
    """Sine of the sun's elevation amid each interval, float64 [n]; NaN without a position.

    Declination as a sine of the day of the year, no equation of time: good to about 1.5 deg.
    """
    latitude = np.deg2rad(per_turbine(rows["turbine_id"], site, lambda each: _known(each.latitude)))
    longitude = per_turbine(rows["turbine_id"], site, lambda each: _known(each.longitude))
    days = (rows["timestamp"].to_numpy(np.int64) + step / 2) / _DAY
    declination = np.arcsin(np.sin(_TILT) * np.sin(2 * np.pi * (days - _EQUINOX) / _YEAR))
    hour_angle = 2 * np.pi * (days % 1 - 0.5 + longitude / 360)
    return np.sin(latitude) * np.sin(declination) + np.cos(latitude) * np.cos(declination) * np.cos(
        hour_angle
    )


def _known(degrees: float | None) -> float:
    return np.nan if degrees is None else degrees
