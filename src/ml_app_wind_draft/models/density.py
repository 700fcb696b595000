"""Air density from temperature and pressure, or the standard atmosphere where they are missing.

Method: IEC 61400-12-1 (dry air, perfect gas) and the ISO 2533 standard atmosphere.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.models.turbines import per_turbine

REFERENCE_DENSITY = 1.225  # kg/m³, to which IEC 61400-12-1 normalises wind speed
GAS_CONSTANT = 287.05  # J/(kg K), dry air
_SEA_LEVEL_PRESSURE = 101_325.0  # Pa
_SEA_LEVEL_TEMPERATURE = 288.15  # K
_LAPSE_RATE = 0.0065  # K/m
_PRESSURE_EXPONENT = 5.25588
_KELVIN = 273.15
_PASCAL_PER_HPA = 100.0


def standard_temperature(height: NDArray[np.float64]) -> NDArray[np.float64]:
    """Temperature of the standard atmosphere (K) at `height` (m above sea level)."""
    return _SEA_LEVEL_TEMPERATURE - _LAPSE_RATE * height


def standard_pressure(height: NDArray[np.float64]) -> NDArray[np.float64]:
    """Pressure of the standard atmosphere (Pa) at `height` (m above sea level)."""
    relative = standard_temperature(height) / _SEA_LEVEL_TEMPERATURE
    return _SEA_LEVEL_PRESSURE * relative**_PRESSURE_EXPONENT


def air_density(rows: pd.DataFrame, site: Site) -> NDArray[np.float64]:
    """Density at hub height (kg/m³), float64 [n], never missing.

    Uses `ambient_temperature` (°C) and `air_pressure` (hPa) of `rows`; what is missing is taken
    from the standard atmosphere at the turbine's elevation + hub height.
    """
    height = per_turbine(rows["turbine_id"], site, lambda each: each.elevation + each.hub_height)
    temperature = rows["ambient_temperature"].to_numpy(np.float64) + _KELVIN
    pressure = rows["air_pressure"].to_numpy(np.float64) * _PASCAL_PER_HPA
    temperature = np.where(np.isnan(temperature), standard_temperature(height), temperature)
    pressure = np.where(np.isnan(pressure), standard_pressure(height), pressure)
    return pressure / (GAS_CONSTANT * temperature)


def normalised_wind_speed(
    wind_speed: NDArray[np.float64], density: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Wind speed at the reference density that carries the same power, v (rho / 1.225)^(1/3), m/s.

    For pitch-regulated turbines (IEC 61400-12-1).
    """
    return wind_speed * np.cbrt(density / REFERENCE_DENSITY)
