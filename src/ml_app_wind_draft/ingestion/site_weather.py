"""The weather that a site's forecasts are made with."""

from typing import Any

import numpy as np
import pandas as pd
from pyarrow.parquet import ParquetFile

from ml_app_wind_draft.core.clock import FOR_EVER
from ml_app_wind_draft.core.config import PROJECT_ROOT
from ml_app_wind_draft.core.errors import SiteError
from ml_app_wind_draft.core.site import Site, load_site
from ml_app_wind_draft.ingestion.weather import OpenMeteo
from ml_app_wind_draft.models.forecast.series import (
    FORECAST,
    HOUR,
    NO_WEATHER,
    PERFECT,
    Weather,
    perfect_weather,
    weather_runs,
)
from ml_app_wind_draft.storage.data_manager import DataManager
from ml_app_wind_draft.storage.datasets import LoadOnlyDataset

TIME = "datetime"
LEAST_DAYS = 60


class SiteWeatherDataset(LoadOnlyDataset[Weather | None]):
    """See `site_weather`."""

    def load(self) -> Weather | None:
        """The weather, or `None` where forecasts do without."""
        site = load_site(self._settings.site, self._settings)
        with DataManager(self._settings.database_url) as manager:
            manager.init_raw_db_table()
            return site_weather(manager, site)

    def _describe(self) -> dict[str, Any]:
        return {"site": self._settings.site}


def site_weather(manager: DataManager, site: Site) -> Weather | None:
    """Reanalysis beside a replay (a perfect forecast), or the forecasts kept for a live site.

    `None` where there is neither, or forecasts of less than 60 days: too few to learn from.
    """
    if site.replay is not None:
        return replayed_weather(site)
    if not _are_enough(manager, site):
        return None
    return _of_runs(manager.weather_runs(site.name, OpenMeteo.name, 0, FOR_EVER))


def kind_of_weather(manager: DataManager, site: Site) -> str:
    """What kind `site_weather` is, without reading it: none, forecast or perfect."""
    if site.replay is not None:
        return PERFECT if site.replay.weather else NO_WEATHER
    return FORECAST if _are_enough(manager, site) else NO_WEATHER


def _are_enough(manager: DataManager, site: Site) -> bool:
    span = manager.weather_span(site.name, OpenMeteo.name)
    return span is not None and span[1] - span[0] >= LEAST_DAYS * 24 * HOUR


def replayed_weather(site: Site) -> Weather | None:
    """The reanalysis beside a replay, `None` where there is none."""
    name = site.replay.weather if site.replay is not None else ""
    return _reanalysis(name) if name else None


def foreseen_weather(manager: DataManager, site: Site, start: int, end: int) -> Weather | None:
    """The forecasts kept for a live site with start <= issue time <= end, `None` without any."""
    runs = manager.weather_runs(site.name, OpenMeteo.name, start, end + 1)
    return None if runs.empty else _of_runs(runs)


def _of_runs(runs: pd.DataFrame) -> Weather:
    issued = runs["issued_at"].to_numpy(np.int64)
    names = tuple(name for name in runs if name not in ("issued_at", "valid_at"))
    values = runs[list(names)].to_numpy(np.float64)
    return weather_runs(names, issued, runs["valid_at"].to_numpy(np.int64), values, HOUR)


def _reanalysis(name: str) -> Weather:
    path = PROJECT_ROOT / name
    try:
        # one thread: pandas' own way costs the service that forecasts 13 MB more
        table = ParquetFile(path).read(use_threads=False).to_pandas()
        instant = pd.to_datetime(table.pop(TIME), utc=True).dt.as_unit("s").astype("int64")
    except (OSError, ValueError, KeyError) as error:
        message = f"The weather {path} cannot be read: {error!r}."
        remedy = f"It is a Parquet file with {TIME!r} (UTC) and columns of numbers."
        raise SiteError(message, remedy=remedy) from error
    values = table.select_dtypes("number")
    return perfect_weather(
        tuple(values.columns), instant.to_numpy(), values.to_numpy(np.float64), HOUR
    )
