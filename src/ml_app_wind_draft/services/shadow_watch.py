"""Watches the alias `shadow` in a thread of its own: nobody else ever waits for it."""

import logging
import threading
from typing import Protocol, Self

from ml_app_wind_draft.core.config import Settings
from ml_app_wind_draft.core.errors import RegistryUnavailableError
from ml_app_wind_draft.registry.client import ModelRegistry
from ml_app_wind_draft.registry.records import LoadedModel, ModelVersion

log = logging.getLogger(__name__)

CHECK_EVERY = 5.0


class Shadows(Protocol):
    """Which model is in shadow, and what is known of it."""

    @property
    def current(self) -> LoadedModel | None:
        """The model to score with, for show."""
        ...

    wanted: int | None
    trouble: str


class ShadowWatch:
    """Asks MLflow every few seconds which version is in shadow, and loads a new one.

    `wanted` is the version that has the alias; `current` that model, `None` while it cannot be
    loaded, with the reason in `trouble`. While MLflow is down, all stays as it was.
    """

    def __init__(self, settings: Settings) -> None:
        self._registry = ModelRegistry(settings)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="shadow-watch", daemon=True)
        self.current: LoadedModel | None = None
        self.wanted: int | None = None
        self.trouble = ""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._registry.close()

    def check(self) -> None:
        """Ask MLflow once, and load a shadow that is new."""
        try:
            self._follow(self._registry.shadow())
        except RegistryUnavailableError:
            return  # the champion's watch says so
        except Exception as error:  # noqa: BLE001 - whatever it is, the champion goes on
            self.current = None
            self._complain(f"{error}" or type(error).__name__)

    def _follow(self, shadow: ModelVersion | None) -> None:
        if shadow is None:
            if self.wanted is not None:
                log.info("No version is in shadow any more.")
            self.wanted, self.current, self.trouble = None, None, ""
            return
        known = self.current.version if self.current else None
        if known is None or (known.version, known.run_id) != (shadow.version, shadow.run_id):
            if self.wanted != shadow.version:
                self.wanted, self.trouble = shadow.version, ""
            self.current = None
            self.current = self._registry.load(shadow)
            log.info("Version %d (%s) is scored in shadow.", shadow.version, shadow.kind)
        self.trouble = ""

    def _complain(self, trouble: str) -> None:
        if trouble != self.trouble:
            log.warning("The model in shadow, version %s, cannot be used: %s", self.wanted, trouble)
        self.trouble = trouble

    def _run(self) -> None:
        self.check()
        while not self._stop.wait(CHECK_EVERY):
            self.check()
