"""Watches the alias `champion` beside the inference loop, so that no tick waits for MLflow."""

import logging
import threading
from typing import Protocol, Self

from ml_app_wind_draft.core.config import Settings
from ml_app_wind_draft.core.errors import RegistryUnavailableError, WindError
from ml_app_wind_draft.registry.client import ModelRegistry
from ml_app_wind_draft.registry.records import LoadedModel, ModelVersion

log = logging.getLogger(__name__)

CHECK_EVERY = 1.0
NO_CHAMPION = "No champion model yet: `wind train` makes one."


class Champions(Protocol):
    """Who scores, and what is known of it: what the inference loop asks of its watch."""

    @property
    def current(self) -> LoadedModel | None:
        """The champion to score with."""
        ...

    confirmed: bool
    trouble: str


class ChampionWatch:
    """Asks MLflow once a second who is champion, and loads a new one before anybody needs it.

    `current` is the champion to score with: MLflow's; while MLflow is down the one at hand; after a
    restart meanwhile the copy on disk; `None` while there is none at all. `confirmed` says whether
    MLflow named it, and `trouble` what is wrong, "" if nothing.
    """

    def __init__(self, settings: Settings) -> None:
        self._registry = ModelRegistry(settings)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="champion-watch", daemon=True)
        self._failure: BaseException | None = None
        self._current: LoadedModel | None = None
        self.confirmed = False
        self.trouble = NO_CHAMPION

    def __enter__(self) -> Self:
        self.check()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._registry.close()

    @property
    def current(self) -> LoadedModel | None:
        """The champion to score with. Raises what the watch died of, should it ever."""
        if self._failure is not None:
            raise self._failure
        return self._current

    def check(self) -> None:
        """Ask MLflow once, and load a champion that is new."""
        try:
            self._follow(self._registry.champion())
        except RegistryUnavailableError as error:
            self.confirmed = False
            self._current = self._current or self._registry.champion_on_disk()
            self._complain(str(error))
        except (
            WindError
        ) as error:  # a version that is not ours, or a damaged file: keep the old one
            self._complain(str(error))

    def _follow(self, champion: ModelVersion | None) -> None:
        if champion is None:
            self._complain(NO_CHAMPION)
            return
        known = self._current.version if self._current else None
        if known is None or (known.version, known.run_id) != (champion.version, champion.run_id):
            self._current = self._registry.take(champion)
            log.info("Scoring with version %d (%s).", champion.version, champion.kind)
        self.confirmed, self.trouble = True, ""

    def _complain(self, trouble: str) -> None:
        if self._current is not None:
            trouble = f"{trouble} Going on with version {self._current.version.version}."
        if trouble != self.trouble:
            log.warning("%s", trouble)
        self.trouble = trouble

    def _run(self) -> None:
        try:
            while not self._stop.wait(CHECK_EVERY):
                self.check()
        except BaseException as error:  # noqa: BLE001 - handed to the loop, which raises it
            self._failure = error
