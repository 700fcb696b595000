"""A memory of a second or so."""

import threading

import pytest

from ml_app_wind_draft.core.errors import StorageBusyError
from ml_app_wind_draft.dashboard.brief import Brief


def test_many_who_ask_at_once_share_one_answer():
    asked = []
    gate = threading.Event()
    brief: Brief[int] = Brief(60)

    def slow() -> int:
        asked.append(1)
        gate.wait(10)
        return 7

    answers = []
    threads = [
        threading.Thread(target=lambda: answers.append(brief.get("a", slow))) for _ in range(8)
    ]
    for each in threads:
        each.start()
    gate.set()
    for each in threads:
        each.join()
    assert answers == [7] * 8
    assert len(asked) == 1


def test_an_old_answer_is_asked_for_again():
    brief: Brief[int] = Brief(0)
    answers = iter([1, 2])
    assert [brief.get("a", lambda: next(answers)) for _ in range(2)] == [1, 2]


def refuse() -> int:
    message = "locked"
    raise StorageBusyError(message)


def test_an_error_is_shared_like_an_answer():
    brief: Brief[int] = Brief(60)
    for ask in (refuse, lambda: 3):
        with pytest.raises(StorageBusyError):
            brief.get("a", ask)


def test_an_old_error_is_forgotten():
    brief: Brief[int] = Brief(0)
    with pytest.raises(StorageBusyError):
        brief.get("a", refuse)
    assert brief.get("a", lambda: 3) == 3


def test_what_nobody_asks_for_is_forgotten():
    brief: Brief[int] = Brief(0)
    for key in range(50):
        brief.get(key, lambda: 1)
    assert len(brief._known) <= 2
    assert len(brief._asking) <= 3
