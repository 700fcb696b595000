"""Watches MLflow from a thread of its own, so that a dead one never holds up a page."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from ml_app_wind_draft.core.clock import wall_now
from ml_app_wind_draft.core.errors import RegistryError
from ml_app_wind_draft.registry.records import ModelVersion

log = logging.getLogger(__name__)

MOST_VERSIONS = 100


@dataclass(frozen=True, slots=True)
class Models:
    """What MLflow last said. `seen_at` (wall clock, s) is `None` until it has answered once.

    `versions` are the newest hundred, newest first.
    """

    champion: ModelVersion | None = None
    challenger: ModelVersion | None = None
    versions: tuple[ModelVersion, ...] = ()
    seen_at: int | None = None
    trouble: str = ""


class Registry(Protocol):
    """The part of `ModelRegistry` that is watched."""

    def champion(self) -> ModelVersion | None:
        """The version in charge."""

    def challenger(self) -> ModelVersion | None:
        """The version that wants to be."""

    def versions(self, most: int | None = None) -> list[ModelVersion]:
        """The newest versions."""

    def close(self) -> None:
        """Give the connections back."""


class ModelsWatch:
    """Asks every `seconds`, in its own thread, and keeps the last good answer."""

    def __init__(self, open_registry: Callable[[], Registry], *, seconds: float) -> None:
        self._open_registry = open_registry
        self._seconds = seconds
        self._stop = threading.Event()
        self._soon = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="models-watch", daemon=True)
        self._seen = Models()

    @property
    def seen(self) -> Models:
        """The last good answer, and what stands in the way of a newer one."""
        return self._seen

    def start(self) -> None:
        """Begin asking."""
        self._thread.start()

    def stop(self) -> None:
        """Ask no more; an answer under way is not waited for."""
        self._stop.set()
        self._soon.set()

    def ask_soon(self) -> None:
        """Ask again without waiting for the next turn."""
        self._soon.set()

    def ask(self, registry: Registry) -> None:
        """Ask once."""
        try:
            self._seen = Models(
                champion=registry.champion(),
                challenger=registry.challenger(),
                versions=tuple(registry.versions(MOST_VERSIONS)),
                seen_at=wall_now(),
            )
        except RegistryError as error:
            if not self._seen.trouble:
                log.warning("%s", error)
            self._seen = replace(self._seen, trouble=str(error))

    def _watch(self) -> None:
        registry = self._open_registry()
        try:
            while not self._stop.is_set():
                self._soon.clear()
                self.ask(registry)
                self._soon.wait(self._seconds)
        finally:
            registry.close()
