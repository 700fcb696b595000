"""The one loop of all services: tick, heartbeat, sleep, back off, stop when asked."""

import logging
import os
import select
import signal
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from types import FrameType
from typing import Protocol, Self

from ml_app_wind_draft.core.errors import (
    RegistryUnavailableError,
    StorageBusyError,
    StorageFullError,
)
from ml_app_wind_draft.services.heartbeat_file import HeartbeatFile

log = logging.getLogger(__name__)

PASSING_TROUBLE = (StorageBusyError, StorageFullError, RegistryUnavailableError)
BEAT_AT_LEAST_EVERY = 5.0
BEAT_AT_MOST_EVERY = 1.0
FIRST_BACK_OFF = 1.0
LONGEST_BACK_OFF = 30.0


@dataclass(frozen=True, slots=True)
class Tick:
    """What one turn of a service did.

    `done` counts units of work (rows, say); with `more` the next turn follows at once, with `pause`
    after that many seconds and not after the loop's interval. `status` and `message` go into the
    heartbeat: 'idle' or 'waiting' with the reason.
    """

    done: int = 0
    more: bool = False
    message: str = ""
    status: str = "idle"
    pause: float | None = None


class Heart(Protocol):
    """Where heartbeats go: a `DataManager`."""

    def init_raw_db_table(self) -> None:
        """Bring the schema to head, so that there is a place for heartbeats."""

    def beat(self, service: str, *, status: str, message: str = "", worked: bool = False) -> None:
        """Note that `service` is alive."""


class Stop:
    """Whether this process was asked to stop, and a sleep that such a request ends.

    As a context manager it answers SIGTERM and SIGINT; outside the main thread only `request()`
    stops. A second Ctrl-C interrupts whatever is running.
    """

    def __init__(self) -> None:
        self._reader, self._writer = os.pipe()
        self._exits = ExitStack()
        self.requested = False

    def __enter__(self) -> Self:
        self._exits.callback(os.close, self._writer)
        self._exits.callback(os.close, self._reader)
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                self._exits.callback(signal.signal, number, signal.signal(number, self._on_signal))
        return self

    def __exit__(self, *_: object) -> None:
        self._exits.close()

    def request(self) -> None:
        """Ask the loop to stop after the tick it is in."""
        # A pipe and not threading.Event: setting an Event from a signal handler can deadlock.
        if not self.requested:
            self.requested = True
            os.write(self._writer, b".")

    def wait(self, seconds: float) -> bool:
        """Sleep up to `seconds`; true as soon as a stop is requested."""
        if not self.requested:
            select.select([self._reader], [], [], max(0.0, seconds))
        return self.requested

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        if self.requested and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.request()


class Pulse:
    """Sends a service's heartbeat: at once when its status changes, else now and then."""

    def __init__(self, service: str, heart: Heart, interval: float = 0.0) -> None:
        self._service = service
        self._heart = heart
        self._file = HeartbeatFile(service, interval)
        self._status, self._message, self._worked = "", "", False
        self._beat_at = -BEAT_AT_LEAST_EVERY
        self._news = False

    def tell(self, status: str, message: str = "", *, worked: bool = False) -> None:
        """Note the service's state, and beat if that is due."""
        changed = status != self._status
        self._news = self._news or worked or message != self._message
        self._status, self._message = status, message
        self._worked = self._worked or worked
        if changed or self.due_in() <= 0:
            self.beat()

    def came_through(self) -> None:
        """Note that a turn did what there was to do, be it nothing."""
        self._file.worked()

    def due_in(self) -> float:
        """Seconds until the next heartbeat."""
        pause = BEAT_AT_MOST_EVERY if self._news else BEAT_AT_LEAST_EVERY
        return self._beat_at + pause - time.monotonic()

    def beat(self) -> None:
        """Send the heartbeat; a busy database only delays it."""
        self._beat_at = time.monotonic()
        self._file.write(self._status, self._message)
        try:
            self._heart.beat(
                self._service, status=self._status, message=self._message, worked=self._worked
            )
        except (StorageBusyError, StorageFullError) as error:
            log.warning("no heartbeat: %s", error)
        else:
            self._news = self._worked = False

    def sleep(self, seconds: float, stop: Stop) -> None:
        """Sleep until `seconds` have passed or a stop is requested, beating meanwhile."""
        wake_at = time.monotonic() + seconds
        while (left := wake_at - time.monotonic()) > 0:
            if stop.wait(min(left, max(self.due_in(), 0.0))):
                return
            if self.due_in() <= 0:
                self.beat()


def run_loop(
    service: str,
    manager: Heart,
    tick: Callable[[], Tick],
    *,
    interval: float,
    stop: Stop | None = None,
) -> None:
    """Call `tick` every `interval` seconds, and at once while it says there is more.

    Trouble that may pass (a busy or full database, a registry that does not answer) is waited out
    with a growing pause of up to 30 s. SIGTERM, SIGINT or `stop.request()` let the tick finish and
    end the loop; a `stop` that is given is the caller's to enter. Any other error is written into
    the heartbeat and raised. The database's schema is at head before the first tick.
    """
    pulse = Pulse(service, manager, interval)
    back_off = FIRST_BACK_OFF
    with nullcontext(stop) if stop else Stop() as asked:
        _prepare(manager, asked)
        pulse.tell("starting")
        while not asked.requested:
            started = time.monotonic()
            try:
                outcome = tick()
            except PASSING_TROUBLE as error:
                log.warning("%s Trying again in %.0f s.", error, back_off)
                pulse.tell("waiting", str(error))
                pulse.sleep(back_off, asked)
                back_off = min(2 * back_off, LONGEST_BACK_OFF)
                continue
            except BaseException as error:
                pulse.tell("failed", str(error) or type(error).__name__)
                raise
            back_off = FIRST_BACK_OFF
            if outcome.status != "waiting":
                pulse.came_through()
            pulse.tell(
                "working" if outcome.more else outcome.status,
                outcome.message,
                worked=outcome.done > 0,
            )
            if not outcome.more:
                pause = interval if outcome.pause is None else outcome.pause
                pulse.sleep(started + pause - time.monotonic(), asked)
        pulse.tell("stopped")


def _prepare(manager: Heart, stop: Stop) -> None:
    back_off = FIRST_BACK_OFF
    while not stop.requested:
        try:
            manager.init_raw_db_table()
        except PASSING_TROUBLE as error:
            log.warning("%s Trying again in %.0f s.", error, back_off)
            stop.wait(back_off)
            back_off = min(2 * back_off, LONGEST_BACK_OFF)
        else:
            return
