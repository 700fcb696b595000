"""Issues forecasts beside the inference loop, so that no row waits for one."""

import logging
import threading
import time
from typing import Self

from ml_app_wind_draft.core import clock
from ml_app_wind_draft.core.config import Settings
from ml_app_wind_draft.core.errors import (
    ModelError,
    NoChampionError,
    RegistryUnavailableError,
    StorageBusyError,
    StorageFullError,
    WindError,
)
from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.ingestion.site_weather import foreseen_weather, replayed_weather
from ml_app_wind_draft.models.forecast.farm import MEMORY
from ml_app_wind_draft.models.forecast.series import HOUR, NO_WEATHER, Weather
from ml_app_wind_draft.models.forecast.units import farm_name
from ml_app_wind_draft.pipelines.forecast.nodes import issue, read_until, what_came
from ml_app_wind_draft.registry.forecasters import ForecasterRegistry, LoadedForecaster
from ml_app_wind_draft.storage.data_manager import DataManager

log = logging.getLogger(__name__)

# A live row comes minutes after its interval ends. So long after the hour nobody waits for it.
PATIENCE = 600
DAY = 86_400
PAUSE = 15.0  # s until the next look for a first forecaster, and after an error
LONGEST_END = 10.0


class ForecastWatch:
    """Forecasts of the newest whole hour of event time, once each, by the forecaster in force.

    `nothing_waits()` lets a thread of its own look whether a forecast is due: rows are scored
    first. Hours that event time leapt over get none: what is issued late was not known then.
    `trouble` says what keeps forecasts from being issued, "" if nothing or no forecaster does.
    """

    def __init__(self, settings: Settings, manager: DataManager, site: Site) -> None:
        self._manager = manager
        self._site = site
        self._registry = ForecasterRegistry(settings)
        self._loaded: LoadedForecaster | None = None
        self._replayed: Weather | None = None
        self._issued_at: int | None = None
        self._not_before = 0.0
        self._wanted = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="forecast-watch", daemon=True)
        self.trouble = ""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping = True
        self._wanted.set()
        self._thread.join(LONGEST_END)
        self._registry.close()

    def nothing_waits(self) -> None:
        """All rows are scored: a good moment for a forecast."""
        self._wanted.set()

    def turn(self) -> bool:
        """Issue the forecast that is due; true where there was one. Errors are said, not raised."""
        if time.monotonic() < self._not_before:
            return False
        try:
            issued = self._issue()
        except (NoChampionError, RegistryUnavailableError):  # the watch of the champion says it
            self._pause("")
        except (StorageBusyError, StorageFullError) as error:
            log.warning("no forecast: %s", error)
        except WindError as error:
            self._complain(str(error))
        except Exception as error:
            log.exception("a forecast met an error that it does not know")
            self._complain(str(error) or type(error).__name__)
        else:
            return issued
        return False

    def _run(self) -> None:
        while True:
            self._wanted.wait()
            self._wanted.clear()
            if self._stopping:
                return
            self.turn()

    def _issue(self) -> bool:
        due_at = self._due_at()
        if due_at is None:
            return False
        loaded = self._forecaster()
        recent = read_until(self._manager, self._site, due_at)
        found = issue(recent, loaded, self._weather(loaded, due_at), self._site)
        self._manager.save_forecasts(found)
        self._manager.fill_forecasts(what_came(recent, self._site, self._since(due_at)))
        if found.empty:
            self._complain(f"No turbine has power in the days before {clock.say(due_at)}.")
        else:
            self.trouble = ""
        self._issued_at = due_at
        return not found.empty

    def _since(self, due_at: int) -> int | None:
        """What came from here on is written; once a day all, as rows come late or are corrected."""
        last = self._issued_at
        return last if last is not None and last // DAY == due_at // DAY else None

    def _due_at(self) -> int | None:
        """The whole hour to forecast from, `None` where that is done or its last rows may come."""
        now = clock.now(self._manager.replayed_until(self._site.name))
        hour = now // HOUR * HOUR
        if self._issued_at is None:
            self._issued_at = self._manager.newest_forecast(farm_name(self._site), HOUR)
        if self._issued_at is not None and hour <= self._issued_at:
            return None
        newest = self._manager.newest_rows()
        known_until = min(newest.get(each, 0) + self._site.step for each in self._site.turbine_ids)
        return hour if known_until >= hour or now >= hour + PATIENCE else None

    def _forecaster(self) -> LoadedForecaster:
        """The one in force; where its files are damaged, the one before."""
        try:
            loaded = self._registry.load_champion(self._loaded, lean=True)
        except ModelError as error:
            if self._loaded is None:
                raise
            log.warning("%s Forecasting with version %d.", error, self._loaded.version.version)
            return self._loaded
        if loaded is not self._loaded:
            log.info(
                "Forecasting with version %d, weather: %s.",
                loaded.version.version,
                loaded.farm.weather,
            )
            self._loaded = loaded
        return loaded

    def _weather(self, loaded: LoadedForecaster, issued_at: int) -> Weather | None:
        if loaded.farm.weather == NO_WEATHER:
            return None
        if self._site.replay is None:
            return foreseen_weather(self._manager, self._site, issued_at - MEMORY, issued_at)
        if self._replayed is None:
            self._replayed = replayed_weather(self._site)
        return self._replayed

    def _complain(self, trouble: str) -> None:
        said = f"No forecast: {trouble}"
        if said != self.trouble:
            log.warning("%s", said)
        self._pause(said)

    def _pause(self, trouble: str) -> None:
        self.trouble = trouble
        self._not_before = time.monotonic() + PAUSE
