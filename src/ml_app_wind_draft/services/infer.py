"""Inference: gives every waiting row its outcome, and scores stretches of the past on request."""

import logging
import time
from itertools import pairwise

from rich.console import Console
from rich.progress import Progress

from ml_app_wind_draft.core.clock import say
from ml_app_wind_draft.core.config import Settings
from ml_app_wind_draft.core.errors import ConfigurationError
from ml_app_wind_draft.core.site import Site, load_site
from ml_app_wind_draft.pipelines.feature_eng.nodes import history_seconds
from ml_app_wind_draft.pipelines.inference.nodes import Batch, score
from ml_app_wind_draft.pipelines.inference.work import SensorDays, read_work
from ml_app_wind_draft.registry.client import ModelRegistry
from ml_app_wind_draft.registry.records import LoadedModel
from ml_app_wind_draft.services.alarm_watch import AlarmWatch
from ml_app_wind_draft.services.champion_watch import NO_CHAMPION, Champions, ChampionWatch
from ml_app_wind_draft.services.forecast_watch import ForecastWatch
from ml_app_wind_draft.services.loop import Tick, run_loop
from ml_app_wind_draft.services.shadow import Shadowing
from ml_app_wind_draft.services.shadow_watch import ShadowWatch
from ml_app_wind_draft.storage.data_manager import MODEL_NAME, ChampionChange, DataManager

log = logging.getLogger(__name__)

SERVICE = "app-ml-inference"
BATCH_ROWS = 20_000
DAY = 86_400
WITHOUT_CHAMPION = 0.5  # seconds until the next look
# A promotion moves the alias first and writes the history right after; only a change that nobody
# has written down by then was made in MLflow itself.
GRACE = 5.0


class Inference:
    """One turn of the loop: read what waits, score it, store the outcomes, judge the alarms.

    `forecasts` hears when nothing is left to do.
    """

    def __init__(
        self,
        manager: DataManager,
        site: Site,
        watch: Champions,
        forecasts: ForecastWatch | None = None,
        shadow: Shadowing | None = None,
    ) -> None:
        self._manager = manager
        self._site = site
        self._watch = watch
        self._forecasts = forecasts
        self._shadow = shadow
        self._alarms = AlarmWatch(manager, site)
        self._sensors = SensorDays(manager, site)
        self._recorded: int | None = None
        self._seen: tuple[int, float] | None = None

    def tick(self) -> Tick:
        """Score up to `BATCH_ROWS` rows with the champion in force; alarms once none is left."""
        champion = self._watch.current
        if champion is None:
            trouble = self._watch.trouble or NO_CHAMPION
            return Tick(message=trouble, status="waiting", pause=WITHOUT_CHAMPION)
        if self._watch.confirmed:
            self._write_down(champion)
        end = champion.version.training_end
        rows = read_work(self._manager, self._site, end, BATCH_ROWS, self._sensors)
        if rows.empty:
            return self._ended(champion)
        batch = Batch.of(rows, self._site)
        outcomes = score(batch, champion, self._site)
        saved = self._manager.save_outcomes(outcomes)
        if self._shadow is not None:
            self._shadow.follow(batch, champion)
        if len(outcomes) == BATCH_ROWS:
            return Tick(done=saved, more=True, message=self._message(champion))
        return self._ended(champion, saved)

    def _ended(self, champion: LoadedModel, saved: int = 0) -> Tick:
        """What comes once no row waits."""
        more = self._alarms.turn()
        if self._forecasts and not more:
            self._forecasts.nothing_waits()
        return Tick(done=saved, more=more, message=self._message(champion))

    def _message(self, champion: LoadedModel) -> str:
        said = f"Scoring with version {champion.version.version} ({champion.version.kind})."
        forecasts = self._forecasts.trouble if self._forecasts else ""
        shadow = self._shadow.said if self._shadow else ""
        return " ".join(filter(None, (self._watch.trouble or said, forecasts, shadow)))

    def _write_down(self, champion: LoadedModel) -> None:
        """Record a change of champion that was made in MLflow's own page."""
        version = champion.version
        if version.version == self._recorded:
            return
        now = time.monotonic()
        if self._seen is None or self._seen[0] != version.version:
            self._seen = (version.version, now)
        if now - self._seen[1] < GRACE:
            return
        why = "The alias was moved in MLflow."
        change = ChampionChange(MODEL_NAME, version.version, "mlflow", why, version.training_end)
        if self._manager.record_champion(change):
            log.info("%s Champion is version %d.", why, version.version)
        self._recorded = version.version


def run(settings: Settings, *, poll: float = 5.0) -> None:
    """Score what arrives until SIGTERM or SIGINT; `poll`: seconds between two looks."""
    site = load_site(settings.site, settings)
    with DataManager(settings.database_url) as manager:
        manager.init_predictions_db_table()
        with (
            ChampionWatch(settings) as watch,
            ForecastWatch(settings, manager, site) as forecasts,
            ShadowWatch(settings) as shadows,
        ):
            shadow = Shadowing(manager, site, shadows)
            inference = Inference(manager, site, watch, forecasts, shadow)
            run_loop(SERVICE, manager, inference.tick, interval=poll)


def backfill(settings: Settings, start: int, end: int, model_version: int | None = None) -> int:
    """Score the rows with start <= timestamp < end (s UTC), with the champion or another version.

    Rows up to the end of the model's training data are marked `in_sample`. Outcomes that are there
    stay, and what waits for the loop goes on waiting. Returns how many outcomes are new.
    Raises `ConfigurationError` for an empty span and `RegistryError` where there is no such model.
    """
    if start >= end:
        message = f"From {say(start)} to {say(end)} there is no time."
        raise ConfigurationError(message, remedy="--from must lie before --to.")
    site = load_site(settings.site, settings)
    with ModelRegistry(settings) as registry:
        model = registry.load(model_version) if model_version else registry.load_champion()
    with DataManager(settings.database_url) as manager:
        manager.init_predictions_db_table()
        new = _backfill(manager, site, model, range(start, end))
    log.info("%d new outcomes of version %d.", new, model.version.version)
    return new


def _backfill(manager: DataManager, site: Site, model: LoadedModel, span: range) -> int:
    days = max(1, BATCH_ROWS * site.step // (len(site.turbines) * DAY))
    newest = max(manager.newest_rows().values(), default=span.start)
    last = min(span.stop, newest + 1)
    sensors = SensorDays(manager, site)
    begins = [span.start, *range((span.start // DAY + days) * DAY, last, days * DAY)]
    new = 0
    with Progress(console=Console(stderr=True)) as progress:
        for begin, stop in progress.track([*pairwise([*begins, last])], description="scoring"):
            rows = manager.raw_range(begin - history_seconds(site), stop, site.turbine_ids)
            if begin % DAY == 0 and stop % DAY == 0:
                sensors.learn(rows, begin, stop)
            rows = sensors.of(rows).assign(waiting=rows["timestamp"] >= begin)
            if rows["waiting"].any():
                outcomes = score(Batch.of(rows, site), model, site)
                new += manager.save_outcomes(outcomes, backfill=True)
    return new
