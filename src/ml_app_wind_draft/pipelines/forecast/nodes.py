"""The nodes of `forecast`. `read_recent` alone touches the database; the others are pure."""

import logging
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ml_app_wind_draft.core import clock
from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.models.forecast.farm import (
    MEMORY,
    capacities,
    resolutions,
    unit_histories,
)
from ml_app_wind_draft.models.forecast.series import HOUR, History, Weather
from ml_app_wind_draft.registry.forecasters import LoadedForecaster
from ml_app_wind_draft.storage.data_manager import DataManager

log = logging.getLogger(__name__)

LATEST = 48 * HOUR  # what comes later than this is not written beside its forecasts any more


@dataclass(frozen=True, slots=True)
class Recent:
    """What is known at `issued_at`, the last whole hour of event time."""

    histories: dict[str, History]
    issued_at: int


def read_recent(manager: DataManager, site: Site) -> Recent:
    """The rows of the last days before the last whole hour that has begun."""
    manager.init_predictions_db_table()
    issued_at = clock.now(manager.replayed_until(site.name)) // HOUR * HOUR
    start = issued_at - MEMORY
    rows = manager.raw_range(start, issued_at, site.turbine_ids)
    return Recent(unit_histories(rows, site, start, issued_at), issued_at)


def issue(
    recent: Recent, loaded: LoadedForecaster, weather: Weather | None, site: Site
) -> pd.DataFrame:
    """Forecasts of every unit at every resolution, as `DataManager.save_forecasts` takes them."""
    found = loaded.farm.issue(recent.histories, weather, capacities(site), recent.issued_at)
    if found.empty:
        log.warning("No power in the days before %s: no forecast.", clock.say(recent.issued_at))
    return found.assign(model_version=loaded.version, weather=loaded.farm.weather)


def what_came(recent: Recent, site: Site) -> pd.DataFrame:
    """Measured power (kW) of the last intervals: `unit`, `resolution`, `start`, `power`."""
    capacity = capacities(site)
    parts = []
    for resolution in resolutions(site):
        start = np.arange(recent.issued_at - LATEST, recent.issued_at, resolution)
        for unit, history in recent.histories.items():
            power = capacity[unit] * history.mean_power(start, resolution)
            known = np.isfinite(power)
            own = {"unit": unit, "resolution": resolution}
            parts.append(pd.DataFrame({**own, "start": start[known], "power": power[known]}))
    return pd.concat(parts, ignore_index=True)
