"""Forecasts as the inference service issues them, made of what came, with errors that grow."""

import numpy as np
import pandas as pd

from ml_app_wind_draft.models.forecast.units import LEVELS, QUANTILES, capacities, farm_name
from tests.e2e.farm import Farm

HOUR = 3600


def issue(farm: Farm, at: int, weather: str = "perfect") -> None:
    """The hourly forecasts of the farm and each turbine for the 48 hours from `at` (s) on."""
    start = at + HOUR * np.arange(48)
    tables = []
    for unit, capacity in capacities(farm.site).items():
        middle = capacity * (0.3 + 0.15 * np.sin(np.arange(48) / 6))
        spread = capacity * 0.3 * (1 - np.exp(-(np.arange(48) + 1) / 10))
        fan = middle[:, None] + spread[:, None] * (2 * LEVELS - 1)
        fan = np.clip(fan, 0, capacity)
        tables.append(
            pd.DataFrame(fan, columns=list(QUANTILES)).assign(
                unit=unit,
                resolution=HOUR,
                issued_at=at,
                start=start,
                model_version=3,
                weather=weather,
            )
        )
    farm.manager.save_forecasts(pd.concat(tables))


def came(farm: Farm, starts: list[int], power: float) -> None:
    """What the farm made in these hours, kW, beside the forecasts of them."""
    rows = {
        "unit": farm_name(farm.site),
        "resolution": HOUR,
        "start": starts,
        "power": power,
    }
    farm.manager.fill_forecasts(pd.DataFrame(rows))
