"""A memory of a second or so, so that many open pages ask the database once."""

import threading
import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Generic, TypeVar

from ml_app_wind_draft.core.errors import WindError

T = TypeVar("T")


class Brief(Generic[T]):
    """Remembers each answer for `seconds`; threads that ask the same meanwhile share one.

    So is an error: with the database down, many pages wait for one attempt and not for one each.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._asking: dict[Hashable, threading.Lock] = {}
        self._known: dict[Hashable, tuple[float, Future[T]]] = {}

    def get(self, key: Hashable, ask: Callable[[], T]) -> T:
        """The answer for `key`, at most `seconds` old, or the error that `ask` raised."""
        with self._lock:
            mine = self._asking.setdefault(key, threading.Lock())
        with mine:
            known = self._known.get(key)
            if known is not None and time.monotonic() - known[0] < self._seconds:
                return known[1].result()
            answer: Future[T] = Future()
            try:
                answer.set_result(ask())
            except WindError as error:
                answer.set_exception(error)
            with self._lock:
                self._forget_old()
                self._known[key] = (time.monotonic(), answer)
            return answer.result()

    def forget(self) -> None:
        """What is known is out of date."""
        with self._lock:
            self._known = {}

    def _forget_old(self) -> None:
        oldest = time.monotonic() - self._seconds
        self._known = {key: each for key, each in self._known.items() if each[0] >= oldest}
        self._asking = {
            key: lock for key, lock in self._asking.items() if key in self._known or lock.locked()
        }
