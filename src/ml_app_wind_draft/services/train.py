"""Training: within seconds a first champion, then a challenger that has to earn its place.

At last the forecasters, which have to earn theirs, too.

No signal handler is installed here: Python runs one only after CatBoost's fit has returned, and
what a killed training leaves behind - the study's file, the outbox - is taken up by the next.
"""

import logging
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd

from ml_app_wind_draft import health
from ml_app_wind_draft.core import clock
from ml_app_wind_draft.core.config import Settings
from ml_app_wind_draft.core.errors import RegistryUnavailableError, StorageBusyError, WindError
from ml_app_wind_draft.core.site import Site, load_site
from ml_app_wind_draft.ingestion.datasets import start_of_month, training_end
from ml_app_wind_draft.ingestion.history import load_history
from ml_app_wind_draft.pipelines.training.digests import configuration_digest, data_digest
from ml_app_wind_draft.pipelines.training.nodes import first_champion
from ml_app_wind_draft.pipelines.training.parameters import TrainingParameters
from ml_app_wind_draft.pipelines.training.parameters import read_parameters as checked
from ml_app_wind_draft.registry.client import ModelRegistry
from ml_app_wind_draft.registry.records import ModelVersion
from ml_app_wind_draft.services.digest_memory import DigestMemory
from ml_app_wind_draft.services.heartbeat import Heartbeat
from ml_app_wind_draft.services.kedro_project import read_parameters, run_pipeline
from ml_app_wind_draft.services.one_at_a_time import one_at_a_time
from ml_app_wind_draft.services.train_forecaster import ForecasterTraining
from ml_app_wind_draft.storage.data_manager import DataManager

log = logging.getLogger(__name__)

SERVICE = "app-ml-train"
WATCHING_SERVICE = "app-ml-retrain"
NICENESS = 10
LONGEST_WAIT = 180.0
PAUSE = 0.5
UNTIL_HEALTH_IS_READ = 4.0  # Compose looks every half second, and only once all else is started
WATCH_EVERY = 10.0
OF_THE_SAME = "is of the same data and configuration"
Answer = TypeVar("Answer")


def run(settings: Settings, *, watch: bool = False) -> int:
    """Train once, and with `watch` again whenever a month of event time is complete.

    Returns the exit code: 0, or 1 with the reason in the last log line and in the heartbeat.
    """
    with (
        DataManager(settings.database_url) as manager,
        Heartbeat(WATCHING_SERVICE if watch else SERVICE, manager) as heartbeat,
    ):
        training = Training(settings, manager, heartbeat, stays=watch)
        code = training.attempt()
        while watch:
            training.wait_for_a_month()
            code = training.attempt()
        if code == 0:
            stay_until_health_is_seen()
    return code


def stay_until_health_is_seen() -> None:
    """Wait for the health check to have seen the champion, where somebody starts by it.

    `docker compose up --wait` takes a container that has ended before its health was seen for a
    failed one. `AWAIT_HEALTH_CHECK` says for how many seconds at most; without it nobody waits.
    """
    patience = float(os.environ.get("AWAIT_HEALTH_CHECK") or 0)
    seen = Path(health.heartbeat_folder()) / health.SEEN
    give_up_at = time.monotonic() + patience
    while time.monotonic() < give_up_at:
        if seen.exists() and time.time() - seen.stat().st_ctime > UNTIL_HEALTH_IS_READ:
            return
        time.sleep(PAUSE)


class Training:
    """One run: history, first champion, challenger, forecasters."""

    def __init__(
        self,
        settings: Settings,
        manager: DataManager,
        heartbeat: Heartbeat,
        *,
        stays: bool = False,
    ) -> None:
        self._stays = stays
        self._settings = settings
        self._manager = manager
        self._heartbeat = heartbeat
        self._registry = ModelRegistry(settings, manager)
        self._digests = DigestMemory(settings.data_dir / "models" / "data_digest.json")
        self._month = 0

    def attempt(self) -> int:
        """All steps; a failure is said, not raised. Returns the exit code.

        A second process waits for the first, and then finds that there is nothing left to train.
        """
        try:
            with one_at_a_time(self._settings.data_dir / "training.lock", self._say_waiting):
                said = self._train()
        except WindError as error:
            return self._failed(error)
        except Exception as error:
            log.exception("training met an error that it does not know")
            return self._failed(error)
        log.info("%s", said)
        self._heartbeat.say("idle" if self._stays else "done", said)
        return 0

    def _say_waiting(self) -> None:
        self._heartbeat.say("waiting", "another training is at work")

    def wait_for_a_month(self) -> None:
        """Return when event time is in a later month than at the last training."""
        while True:
            time.sleep(WATCH_EVERY)
            try:
                if self._current_month() > self._month:
                    return
            except StorageBusyError as error:
                log.warning("%s", error)

    def _train(self) -> str:
        self._patiently(self._manager.init_raw_db_table)
        self._heartbeat.say("working", "reading the history")
        site = load_site(self._settings.site, self._settings)
        parameters = read_parameters(self._settings)["training"]
        forecasters = ForecasterTraining(self._settings, self._manager, site)
        self._month = self._current_month()
        self._patiently(lambda: load_history(self._manager, site))
        end = training_end(self._manager, site)
        fingerprint = self._manager.fingerprint(end, site.turbine_ids)
        digest = self._digests.recall(fingerprint)
        if digest is None or not self._has_champion():
            history = self._manager.raw_range(0, end, site.turbine_ids)
            self._first_champion(history, site, parameters)
            digest = data_digest(history)
            self._digests.remember(
                fingerprint, self._manager.fingerprint(end, site.turbine_ids), digest
            )
            del history
        said = self._second_step(digest, site, parameters)
        if not forecasters.is_wanted:
            return said
        return f"{said} {self._third_step(forecasters, digest)}"

    def _second_step(self, digest: str, site: Site, parameters: dict[str, Any]) -> str:
        known = self._same_training(digest, site, parameters)
        if known is not None:
            return f"Nothing to train: version {known.version} {OF_THE_SAME}."
        self._heartbeat.say("working", "training the challenger")
        self._challenger()
        champion = self._registry.champion()
        said = f"Trained. Champion is version {champion.version}." if champion else "Trained."
        return said + self._said_of_shadow(checked(parameters))

    def _said_of_shadow(self, parameters: TrainingParameters) -> str:
        """Who is in shadow, and what comes next, where challengers go there first."""
        if not parameters.promotion.shadow_first or (shadow := self._registry.shadow()) is None:
            return ""
        return (
            f" Version {shadow.version} is in shadow: `wind models judge --promote` decides, once "
            f"it has scored {parameters.shadow.least_days} days."
        )

    def _third_step(self, forecasters: ForecasterTraining, digest: str) -> str:
        self._patiently(forecasters.flush)
        known = self._patiently(lambda: forecasters.same(digest))
        if known is not None:
            return f"Forecasters: nothing to train, version {known.version} {OF_THE_SAME}."
        self._heartbeat.say("working", "training the forecasters")
        self._step_back()
        forecasters.run()
        self._patiently(forecasters.flush)
        champion = self._patiently(forecasters.champion)
        return f"Forecasters: champion is version {champion.version}." if champion else ""

    def _has_champion(self) -> bool:
        return not self._registry.waiting() and self._patiently(self._registry.champion) is not None

    def _first_champion(
        self, history: pd.DataFrame, site: Site, parameters: dict[str, Any]
    ) -> None:
        """Make sure that there is a champion; fits the curve while MLflow may still be starting."""
        curve = None
        if self._may_lack_champion():
            curve = first_champion(history, site, parameters)
            log.info("fitted the power curve")
        if self._registry.waiting():
            self._flush()
        if self._patiently(self._registry.champion) is None:
            self._registry.put(curve or first_champion(history, site, parameters))
            self._flush()

    def _may_lack_champion(self) -> bool:
        try:
            return self._registry.champion() is None
        except RegistryUnavailableError:
            return self._registry.champion_on_disk() is None

    def _same_training(
        self, digest: str, site: Site, parameters: dict[str, Any]
    ) -> ModelVersion | None:
        wanted = checked(parameters)
        digests = (digest, configuration_digest(wanted, site))
        same = (
            each
            for each in self._registry.versions()
            if each.kind == wanted.model
            and (each.data_digest, each.configuration_digest) == digests
        )
        return next(same, None)

    def _challenger(self) -> None:
        self._step_back()
        try:
            run_pipeline(self._settings, "training")
        except RegistryUnavailableError as error:
            log.warning("%s", error)
            self._flush()

    def _step_back(self) -> None:
        """Let the inference tick go first."""
        os.nice(max(0, NICENESS - os.nice(0)))

    def _flush(self) -> None:
        self._patiently(self._registry.flush)

    def _patiently(self, call: Callable[[], Answer]) -> Answer:
        """Call until MLflow answers, or until the database is free of another's loading.

        After `LONGEST_WAIT` seconds their error comes through.
        """
        give_up_at = time.monotonic() + LONGEST_WAIT
        while True:
            try:
                return call()
            except (RegistryUnavailableError, StorageBusyError) as error:
                if time.monotonic() > give_up_at:
                    raise
                self._heartbeat.say("waiting", str(error))
                time.sleep(PAUSE)

    def _current_month(self) -> int:
        return start_of_month(clock.now(self._manager.replayed_until(self._settings.site)))

    def _failed(self, error: Exception) -> int:
        reason = str(error) or type(error).__name__
        log.error("training failed: %s", reason)
        self._heartbeat.say("failed", reason)
        return 1
