"""The nodes of `forecast`. `read_recent` alone touches the database; the others are pure."""

import logging
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ml_app_wind_draft.core import clock
from ml_app_wind_draft.core.errors import ModelError
from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.models.forecast.farm import (
    MEASURED,
    MEMORY,
    resolutions,
    unit_histories,
)
from ml_app_wind_draft.models.forecast.series import HOUR, NO_WEATHER, History, Weather
from ml_app_wind_draft.models.forecast.units import capacities
from ml_app_wind_draft.registry.forecasters import LoadedForecaster
from ml_app_wind_draft.storage.data_manager import DataManager

log = logging.getLogger(__name__)

LATEST = MEMORY  # what comes later than this is not written beside its forecasts any more


@dataclass(frozen=True, slots=True)
class Recent:
    """What is known at `issued_at`, the last whole hour of event time."""

    histories: dict[str, History]
    issued_at: int


def read_recent(manager: DataManager, site: Site) -> Recent:
    """The rows of the last days before the last whole hour that has begun."""
    manager.init_predictions_db_table()
    return read_until(manager, site, clock.now(manager.replayed_until(site.name)) // HOUR * HOUR)


def read_until(manager: DataManager, site: Site, issued_at: int) -> Recent:
    """The rows of the last days before `issued_at`, as many as a forecast looks at."""
    start = issued_at - MEMORY
    columns = ("turbine_id", "timestamp", "power", *MEASURED)
    rows = manager.raw_range(start, issued_at, site.turbine_ids, columns=columns)
    return Recent(unit_histories(rows, site, start, issued_at), issued_at)


def issue(
    recent: Recent, loaded: LoadedForecaster, weather: Weather | None, site: Site
) -> pd.DataFrame:
    """Forecasts of every unit at every resolution, as `DataManager.save_forecasts` takes them.

    Raises `ModelError` where the forecaster was trained with weather, and there is none.
    """
    if weather is None and loaded.farm.weather != NO_WEATHER:
        version = loaded.version.version
        message = f"Forecaster {version} needs weather, and none is kept for {site.title}."
        raise ModelError(message, remedy="`wind weather` fetches it; cron runs that hourly.")
    found = loaded.farm.issue(recent.histories, weather, capacities(site), recent.issued_at)
    if found.empty:
        log.warning("No power in the days before %s: no forecast.", clock.say(recent.issued_at))
    return found.assign(model_version=loaded.version.version, weather=loaded.farm.weather)


def what_came(recent: Recent, site: Site, since: int | None = None) -> pd.DataFrame:
    """Measured power (kW) of the last intervals: `unit`, `resolution`, `start`, `power`.

    Those that start at `since` (s UTC) or later; at most, and without it, of the days read.
    """
    begin = recent.issued_at - LATEST if since is None else max(since, recent.issued_at - LATEST)
    capacity = capacities(site)
    parts = []
    for resolution in resolutions(site):
        start = np.arange(begin, recent.issued_at, resolution)
        for unit, history in recent.histories.items():
            power = capacity[unit] * history.mean_power(start, resolution)
            known = np.isfinite(power)
            own = {"unit": unit, "resolution": resolution}
            parts.append(pd.DataFrame({**own, "start": start[known], "power": power[known]}))
    return pd.concat(parts, ignore_index=True)
