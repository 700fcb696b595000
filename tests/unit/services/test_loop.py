import os
import signal
import threading
import time

import pytest

from ml_app_wind_draft.core.errors import RegistryUnavailableError, StorageBusyError, TrainingError
from ml_app_wind_draft.services import loop
from ml_app_wind_draft.services.loop import Stop, Tick, run_loop


class Notebook:
    """Stands where the database stands, and remembers the heartbeats."""

    def __init__(self, *, busy_for: int = 0, unready_for: int = 0) -> None:
        self.unready_for = unready_for
        self.beats: list[tuple[str, str, bool]] = []
        self.busy_for = busy_for

    def init_raw_db_table(self) -> None:
        if self.unready_for:
            self.unready_for -= 1
            message = "no connection"
            raise StorageBusyError(message)

    def beat(self, service: str, *, status: str, message: str = "", worked: bool = False) -> None:
        if self.busy_for:
            self.busy_for -= 1
            message = "locked"
            raise StorageBusyError(message)
        self.beats.append((status, message, worked))

    @property
    def statuses(self) -> list[str]:
        return [status for status, _, _ in self.beats]


def run(book: Notebook, turns: list[Tick | Exception], interval: float = 0.01):
    """Run the loop through `turns`, then stop it; returns how many were taken."""
    stop, taken = Stop(), 0

    def tick() -> Tick:
        nonlocal taken
        turn = turns[taken]
        taken += 1
        if taken == len(turns):
            stop.request()
        if isinstance(turn, Exception):
            raise turn
        return turn

    run_loop("app-test", book, tick, interval=interval, stop=stop)
    return taken


def test_a_service_says_that_it_starts_and_that_it_stopped() -> None:
    book = Notebook()
    run(book, [Tick()])
    assert book.statuses == ["starting", "idle", "stopped"]


def test_more_work_is_taken_at_once_and_not_after_the_interval() -> None:
    book = Notebook()
    assert run(book, [Tick(done=1, more=True)] * 50 + [Tick()], interval=3600) == 51


def test_work_done_reaches_a_heartbeat_even_where_ticks_are_quicker_than_beats() -> None:
    book = Notebook()
    run(book, [Tick(), Tick(done=4, message="4 rows"), Tick(message="4 rows")])
    assert ("stopped", "", True) in book.beats


@pytest.mark.parametrize("error", [StorageBusyError("locked"), RegistryUnavailableError("away")])
def test_trouble_that_may_pass_is_waited_out(error, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "FIRST_BACK_OFF", 0.01)
    book = Notebook()
    assert run(book, [error, error, Tick(done=1)]) == 3
    assert ("waiting", str(error), False) in book.beats


def test_the_pause_after_trouble_grows_and_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(loop.Pulse, "sleep", lambda _self, seconds, _stop: pauses.append(seconds))
    error = StorageBusyError("locked")
    run(Notebook(), [error] * 7 + [Tick(), error, Tick()])
    assert pauses[:7] == [1, 2, 4, 8, 16, 30, 30]
    assert pauses[8] == 1


def test_an_error_that_will_not_pass_is_told_and_raised() -> None:
    book = Notebook()
    with pytest.raises(TrainingError):
        run(book, [TrainingError("no rows"), Tick()])
    assert book.beats[-1] == ("failed", "no rows", False)


def test_a_busy_database_delays_the_heartbeat_and_stops_nothing(caplog) -> None:
    book = Notebook(busy_for=1)
    run(book, [Tick(), Tick()])
    assert book.statuses[-1] == "stopped"
    assert "no heartbeat" in caplog.text


def test_a_database_that_is_not_there_yet_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "FIRST_BACK_OFF", 0.01)
    book = Notebook(unready_for=2)
    run(book, [Tick()])
    assert book.statuses == ["starting", "idle", "stopped"]


def test_the_heart_beats_while_the_service_sleeps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "BEAT_AT_LEAST_EVERY", 0.02)
    book, stop = Notebook(), Stop()
    threading.Timer(0.3, stop.request).start()
    run_loop("app-test", book, Tick, interval=3600, stop=stop)
    assert book.statuses.count("idle") >= 3


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_the_tick_finish_and_ends_the_sleep(number: signal.Signals) -> None:
    book, finished = Notebook(), []

    def tick() -> Tick:
        os.kill(os.getpid(), number)
        time.sleep(0.01)
        finished.append(True)
        return Tick()

    before = signal.getsignal(number)
    run_loop("app-test", book, tick, interval=3600)
    assert finished == [True]
    assert book.statuses[-1] == "stopped"
    assert signal.getsignal(number) is before


def test_a_second_ctrl_c_interrupts_a_tick_that_hangs() -> None:
    def tick() -> Tick:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(3600)
        return Tick()

    with pytest.raises(KeyboardInterrupt):
        run_loop("app-test", Notebook(), tick, interval=1)


def test_a_turn_may_ask_for_another_pause_than_the_interval() -> None:
    book = Notebook()
    assert run(book, [Tick(pause=0.01), Tick(pause=0.01), Tick()], interval=200.0) == 3
