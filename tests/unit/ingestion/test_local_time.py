from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_app_wind_draft.ingestion.local_time import Clock, RepeatedHour, to_utc

ZONES = ["UTC", "Europe/Paris", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kolkata"]
PARIS = ZoneInfo("Europe/Paris")


def by_the_clock(instant, zone):
    local = datetime.fromtimestamp(instant, zone).replace(tzinfo=UTC)
    return int(local.timestamp())


@given(st.lists(st.integers(315_532_800, 3_000_000_000), min_size=1), st.sampled_from(ZONES))
def test_every_instant_is_among_what_its_clock_reading_may_mean(instants, name):
    zone = ZoneInfo(name)
    local = np.array([by_the_clock(each, zone) for each in instants])
    first, second, shows = to_utc(local, zone)
    for each, earlier, later, how_often in zip(instants, first, second, shows, strict=True):
        assert how_often != Clock.NEVER
        assert each in {earlier, later}
        assert (earlier == later) == (how_often == Clock.ONCE)
        assert earlier <= later


@given(st.integers(315_532_800, 3_000_000_000), st.sampled_from(ZONES))
def test_a_reading_that_no_instant_gives_is_never_shown(local, name):
    zone = ZoneInfo(name)
    first, second, shows = to_utc(np.array([local]), zone)
    shown = any(by_the_clock(int(each), zone) == local for each in (first[0], second[0]))
    assert shown == (shows[0] != Clock.NEVER)


def autumn(*minutes):
    return np.array([int(datetime(2014, 10, 26, 2, m, tzinfo=UTC).timestamp()) for m in minutes])


def settle(*chunks, turbines=None):
    hour = RepeatedHour()
    turbines = turbines or [np.zeros(len(chunk), dtype=np.int64) for chunk in chunks]
    twice = [np.ones(len(chunk), dtype=bool) for chunk in chunks]
    for turbine, chunk, which in zip(turbines, chunks, twice, strict=True):
        hour.count(turbine, chunk, which)
    return [hour.resolve(t, c, w) for t, c, w in zip(turbines, chunks, twice, strict=True)]


def test_the_second_time_a_turbine_has_a_reading_it_is_the_later_one():
    [(later, unknown)] = settle(autumn(0, 30, 0, 30))
    assert later.tolist() == [False, False, True, True]
    assert not unknown.any()


def test_the_order_holds_across_chunks_of_a_file():
    [(one, _), (two, _)] = settle(autumn(0, 10, 20), autumn(30, 0, 10, 20, 30))
    assert one.tolist() == [False] * 3
    assert two.tolist() == [False, True, True, True, True]


@pytest.mark.parametrize("minutes", [(0,), (0, 0, 0)])
def test_once_or_three_times_cannot_be_told(minutes):
    [(_, unknown)] = settle(autumn(*minutes))
    assert unknown.all()


def test_each_turbine_is_counted_by_itself():
    turbines = [np.array([0, 1, 2, 0, 1])]
    [(later, unknown)] = settle(autumn(0, 0, 0, 0, 0), turbines=turbines)
    assert later.tolist() == [False, False, False, True, True]
    assert unknown.tolist() == [False, False, True, False, False]


def test_in_a_file_that_runs_backwards_the_first_is_the_later_one():
    [(later, _)] = settle(autumn(50, 40, 30, 50, 40, 30))
    assert later.tolist() == [True] * 3 + [False] * 3


@given(st.lists(st.integers(0, 5), max_size=30), st.integers(1, 30))
def test_cutting_a_file_into_chunks_changes_nothing(slots, cut):
    local = autumn(*(10 * slot for slot in slots)).astype(np.int64)
    [whole] = settle(local)
    parts = settle(local[:cut], local[cut:])
    for kind in (0, 1):
        joined = np.concatenate([part[kind] for part in parts])
        assert joined.tolist() == whole[kind].tolist()
