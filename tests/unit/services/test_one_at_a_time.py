import multiprocessing
import threading

import pytest

from ml_app_wind_draft.services.one_at_a_time import one_at_a_time

spawn = multiprocessing.get_context("spawn")


def hold(path, held, let_go) -> None:
    with one_at_a_time(path, lambda: None):
        held.set()
        let_go.wait()


def wait_behind(path, waiting: threading.Event) -> threading.Thread:
    def work() -> None:
        with one_at_a_time(path, waiting.set):
            pass

    thread = threading.Thread(target=work)
    thread.start()
    return thread


@pytest.mark.parametrize("end", ["let go", "killed"])
def test_a_second_waits_for_the_first_however_it_ends(tmp_path, end):
    path = tmp_path / "data" / "training.lock"
    held, let_go, waiting = spawn.Event(), spawn.Event(), threading.Event()
    first = spawn.Process(target=hold, args=(path, held, let_go))
    first.start()
    assert held.wait(30)
    second = wait_behind(path, waiting)
    assert waiting.wait(30)
    assert second.is_alive()
    let_go.set() if end == "let go" else first.kill()
    second.join(30)
    assert not second.is_alive()
    first.join()


def test_one_alone_does_not_wait(tmp_path):
    waiting = threading.Event()
    wait_behind(tmp_path / "lock", waiting).join(30)
    assert not waiting.is_set()
