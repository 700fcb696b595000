"""Series in tails."""

from hypothesis import given
from hypothesis import strategies as st

from ml_app_wind_draft.dashboard import figures
from ml_app_wind_draft.dashboard.tails import Held, held_of, start_for, tail

VALUES = st.lists(st.none() | st.integers(0, 3), min_size=1, max_size=20)


def columns(values: list[int | None], first: int = 0) -> dict:
    return {"t": list(range(first, first + len(values))), "power": values}


@given(old=VALUES, new=VALUES, start=st.integers(0, 5), still_open=st.integers(1, 4))
def test_the_browser_always_ends_up_with_the_whole(old, new, start, still_open):
    first = tail(columns(old), "a", 0, None, still_open=still_open)
    second = tail(columns(new), "a", start, held_of(first["held"]), still_open=still_open)
    kept = figures.cut(first["series"], since=start, before=second["since"])
    whole = figures.cut(columns(new), since=start)
    if second["since"] is None:
        assert second["series"] == whole
    else:
        assert {key: kept[key] + second["series"][key] for key in whole} == whole


def test_another_view_is_sent_whole():
    first = tail(columns([1, 2, 3]), "a", 0, None)
    assert tail(columns([1, 2, 3]), "b", 0, held_of(first["held"]))["since"] is None


def test_only_the_open_points_are_sent_again():
    first = tail(columns([1, 2, 3, 4]), "a", 0, None, still_open=2)
    again = tail(columns([1, 2, 3, 4, 5]), "a", 0, held_of(first["held"]), still_open=2)
    assert again["series"]["t"] == [2, 3, 4]


def test_a_browser_may_say_anything():
    for said in (None, [], {"key": "a"}, {"key": "a", "start": "x", "cursor": 1, "crc": 1}):
        assert held_of(said) is None
    assert held_of({"key": "a", "start": 1, "cursor": 2, "crc": 3, "more": 4}) == Held("a", 1, 2, 3)


def test_reading_goes_back_to_what_is_held_but_not_for_ever():
    assert start_for("a", 100, None, 50) == 100
    assert start_for("a", 100, Held("b", 90, 95, 0), 50) == 100
    assert start_for("a", 100, Held("a", 90, 95, 0), 50) == 90
    assert start_for("a", 100, Held("a", 0, 95, 0), 50) == 50
