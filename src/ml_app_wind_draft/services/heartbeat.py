"""A heartbeat beside work that does not come back for minutes."""

import logging
import threading
from typing import Self

from ml_app_wind_draft.core.errors import StorageError
from ml_app_wind_draft.services.loop import BEAT_AT_LEAST_EVERY, Heart

log = logging.getLogger(__name__)


class Heartbeat:
    """Repeats what a service last said of itself, from a thread of its own."""

    def __init__(self, service: str, heart: Heart) -> None:
        self._service = service
        self._heart = heart
        self._said = ("starting", "")
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._repeat, name="heartbeat", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def say(self, status: str, message: str) -> None:
        """Say it now, if it is news, and until something else is said."""
        if (status, message) != self._said:
            self._said = (status, message)
            self._beat()

    def _repeat(self) -> None:
        while not self._over.wait(BEAT_AT_LEAST_EVERY):
            self._beat()

    def _beat(self) -> None:
        status, message = self._said
        try:
            self._heart.beat(self._service, status=status, message=message)
        except StorageError as error:
            log.warning("no heartbeat: %s", error)
