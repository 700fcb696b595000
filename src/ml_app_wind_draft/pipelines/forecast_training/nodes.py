"""The nodes of `forecast_training`; all are pure."""

import logging
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ml_app_wind_draft.core.errors import TrainingError
from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.models.forecast.farm import (
    FarmForecaster,
    fit_farm,
    resolutions,
    unit_histories,
)
from ml_app_wind_draft.models.forecast.model import Boosting, Options
from ml_app_wind_draft.models.forecast.series import History, Weather

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TrainedForecaster:
    """What a training of forecasters ends in; metrics in % of rated power."""

    farm: FarmForecaster
    metrics: dict[str, float]


def split_units(history: pd.DataFrame, site: Site) -> dict[str, History]:
    """The site's turbines and the farm, each with its measurements."""
    if history.empty:
        message = "There are no rows to learn forecasts from."
        raise TrainingError(message, remedy="`wind data import` or `wind stream` brings them.")
    start = int(history["timestamp"].min())
    end = int(history["timestamp"].max()) + site.step
    return unit_histories(history, site, start, end)


def fit_forecasters(
    histories: dict[str, History], weather: Weather | None, site: Site, parameters: dict[str, Any]
) -> FarmForecaster:
    """Every unit at every resolution."""
    options = Options(
        weather_model=Boosting(**parameters["weather_model"]),
        direct_model=Boosting(**parameters["direct_model"]),
        threads=parameters["threads"],
        seed=parameters["seed"],
    )
    farm = fit_farm(histories, weather, resolutions(site), options=options)
    log.info("fitted %d forecasters, weather: %s", len(farm.forecasters), farm.weather)
    return farm


def measure(farm: FarmForecaster) -> TrainedForecaster:
    """With the mean absolute error on held-out days by unit, resolution and lead."""
    metrics = {}
    for (unit, resolution), own in farm.forecasters.items():
        for lead, samples in own.distribution.samples.items():
            name = f"mae_{unit.replace(':', '_')}_{resolution // 60}min_{lead // 60:04d}min_ahead"
            metrics[name] = 100 * float(np.abs(samples.error).mean())
    return TrainedForecaster(farm, metrics)
