"""A memory of a second or so, so that many open pages ask the database once."""

import threading
import time
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class Brief(Generic[T]):
    """Remembers each answer for `seconds`; threads that ask the same meanwhile wait for one of them.

    An error is not remembered. Answers nobody asked for lately are forgotten.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._asking: dict[Hashable, threading.Lock] = {}
        self._answers: dict[Hashable, tuple[float, T]] = {}

    def get(self, key: Hashable, ask: Callable[[], T]) -> T:
        """The answer for `key`, at most `seconds` old."""
        with self._lock:
            mine = self._asking.setdefault(key, threading.Lock())
        with mine:
            known = self._answers.get(key)
            if known is not None and time.monotonic() - known[0] < self._seconds:
                return known[1]
            answer = ask()
            with self._lock:
                self._forget_old()
                self._answers[key] = (time.monotonic(), answer)
            return answer

    def _forget_old(self) -> None:
        oldest = time.monotonic() - self._seconds
        self._answers = {key: each for key, each in self._answers.items() if each[0] >= oldest}
        self._asking = {
            key: lock
            for key, lock in self._asking.items()
            if key in self._answers or lock.locked()
        }
