"""The stream against real databases: history, the first fortnight, then one step at a time."""

import threading
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from ml_app_wind_draft.core import clock
from ml_app_wind_draft.core.errors import ConfigurationError, ImportFileError, StorageBusyError
from ml_app_wind_draft.core.site import Replay as ReplaySettings
from ml_app_wind_draft.ingestion.history import load_history
from ml_app_wind_draft.services.stream import Stream, wall_seconds_a_step
from ml_app_wind_draft.storage.data_manager import DataManager

STEP = 600
START = datetime(2015, 1, 1, tzinfo=UTC)
T0 = clock.to_epoch(START)


@pytest.fixture
def store(tmp_path):
    """An empty SQLite database, for what does not depend on the kind of database."""
    opened = DataManager(f"sqlite:///{tmp_path}/store.db")
    opened.init_raw_db_table()
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def january(site, tmp_path_factory):
    """The shipped recording, cut to three days about the start of the replay."""
    frame = pd.read_parquet(site.replay.path)
    about = (frame["Date_time"] >= "2014-12-31") & (frame["Date_time"] < "2015-01-03")
    path = tmp_path_factory.mktemp("recording") / "three_days.parquet"
    frame[about].to_parquet(path)
    return path


@pytest.fixture
def short_site(site, january):
    return with_recording(site, january)


def with_recording(site, path, preload_days=0.5):
    replay = ReplaySettings(file=str(path), start=START, preload_days=preload_days)
    return site.model_copy(update={"replay": replay})


def drain(stream):
    ticks = []
    while "at its end" not in (tick := stream.tick()).message:
        ticks.append(tick)
    return ticks


def rows_of(manager):
    return manager.raw_range(0, 2**40)


def test_history_and_the_first_stretch_come_at_once_and_then_a_step_a_tick(manager, short_site):
    stream = Stream(manager, short_site)
    begun = stream.tick()
    assert begun.more
    first = rows_of(manager)
    assert (first["timestamp"] < T0).sum() == 144 * 4
    assert (first["timestamp"] >= T0).sum() == 72 * 4
    assert manager.replayed_until(short_site.name) == T0 + 72 * STEP
    tick = stream.tick()
    assert (tick.done, tick.more, tick.status) == (4, False, "idle")
    assert "2015-01-01 12:10" in tick.message
    after = rows_of(manager)
    assert sorted(set(after["timestamp"]) - set(first["timestamp"])) == [T0 + 72 * STEP]
    assert manager.replayed_until(short_site.name) == T0 + 73 * STEP


def test_at_the_end_of_the_data_it_says_so_and_goes_on_healthy(store, short_site):
    stream = Stream(store, short_site)
    drain(stream)
    assert len(rows_of(store)) == 3 * 144 * 4
    for _ in range(3):
        tick = stream.tick()
        assert (tick.done, tick.more, tick.status) == (0, False, "idle")
        assert "end" in tick.message


def test_a_restart_goes_on_after_the_newest_replayed_step_and_changes_nothing(store, short_site):
    stream = Stream(store, short_site)
    for _ in range(5):
        stream.tick()
    before = rows_of(store)
    again = Stream(store, short_site)
    begun = again.tick()
    assert begun.more
    pd.testing.assert_frame_equal(rows_of(store), before)
    again.tick()
    after = rows_of(store)
    assert len(after) == len(before) + 4
    assert after["revision"].eq(1).all()
    assert after["timestamp"].max() == before["timestamp"].max() + STEP


def test_a_step_that_could_not_be_stored_is_not_lost(store, short_site, monkeypatch):
    stream = Stream(store, short_site)
    stream.tick()

    def busy(*_, **__):
        raise StorageBusyError("locked")  # noqa: EM101

    with monkeypatch.context() as patch:
        patch.setattr("ml_app_wind_draft.services.stream.ingest", busy)
        with pytest.raises(StorageBusyError):
            stream.tick()
    drain(stream)
    stamps = rows_of(store).groupby("turbine_id")["timestamp"]
    assert stamps.count().eq(3 * 144).all()


def test_the_values_are_those_of_the_recording(store, short_site, january):
    drain(Stream(store, short_site))
    recorded = pd.read_parquet(january).sort_values(["Wind_turbine_name", "Date_time"])
    rows = rows_of(store)
    plain = rows["flags"].eq(0).to_numpy()
    power = recorded["P_avg"].to_numpy(dtype=np.float64)
    np.testing.assert_array_equal(rows["power"].to_numpy()[plain], power[plain])


def test_a_new_replay_may_begin_later(store, short_site):
    stream = Stream(store, short_site, datetime(2015, 1, 2, tzinfo=UTC))
    stream.tick()
    replayed = rows_of(store).query("timestamp >= @T0")["timestamp"]
    assert replayed.min() == T0 + 144 * STEP
    assert store.replayed_until(short_site.name) == T0 + 216 * STEP


def test_from_does_not_send_a_replay_that_got_further_back(store, short_site):
    start = datetime(2015, 1, 1, 6, tzinfo=UTC)
    Stream(store, short_site, start).tick()
    stream = Stream(store, short_site, start)
    stream.tick()
    stream.tick()
    assert store.replayed_until(short_site.name) == T0 + (36 + 72 + 1) * STEP


def test_from_within_the_history_is_refused(store, short_site):
    with pytest.raises(ConfigurationError, match="2015-01-01 00:00 UTC or later"):
        Stream(store, short_site, datetime(2014, 6, 1, tzinfo=UTC))


def test_a_site_without_a_recording_idles_and_says_why(store, site):
    live = site.model_copy(update={"replay": None})
    tick = Stream(store, live).tick()
    assert (tick.done, tick.more, tick.status) == (0, False, "idle")
    assert "import" in tick.message


def test_a_recording_that_is_not_there_is_named(store, site, tmp_path):
    stream = Stream(store, with_recording(site, tmp_path / "none.parquet"))
    with pytest.raises(ImportFileError, match=r"none\.parquet"):
        stream.tick()


def test_gaps_and_shuffled_rows_of_a_recording_do_not_matter(store, site, january, tmp_path):
    frame = pd.read_parquet(january)
    gap = (frame["Date_time"] >= "2015-01-01 14:00") & (frame["Date_time"] < "2015-01-02 23:00")
    late = frame["Date_time"] + pd.to_timedelta(np.where(gap, 60, 0), unit="D")
    frame = frame.assign(Date_time=late).sample(frac=1, random_state=1)
    frame.to_parquet(tmp_path / "gappy.parquet", row_group_size=100)
    stream = Stream(store, with_recording(site, tmp_path / "gappy.parquet"))
    stamps = []
    stream.tick()
    while (tick := stream.tick()).done:
        assert tick.done == 4
        stamps.append(store.replayed_until(site.name))
    assert stamps == sorted(stamps)
    assert len(rows_of(store)) == 3 * 144 * 4


def test_history_is_loaded_once_however_many_ask_for_it(database_url, short_site):
    managers = [DataManager(database_url) for _ in range(2)]
    managers[0].init_raw_db_table()
    reports = []
    threads = [
        threading.Thread(target=lambda m=m: reports.append(load_history(m, short_site)))
        for m in managers
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(report.accepted for report in reports) == 144 * 4
    assert sum(report.updated for report in reports) == 0
    assert load_history(managers[0], short_site).rows_in == 0
    assert managers[0].check() == []
    for each in managers:
        each.close()


def test_the_pace_can_be_said_in_two_ways_but_not_at_once(site):
    assert wall_seconds_a_step(site, None, None) == 5
    assert wall_seconds_a_step(site, 0.5, None) == 0.5
    assert wall_seconds_a_step(site, None, 120) == 5
    with pytest.raises(ConfigurationError, match="only one"):
        wall_seconds_a_step(site, 5, 120)


@pytest.mark.parametrize("interval", [-1.0, float("nan"), float("inf")])
def test_an_interval_that_is_no_time_is_refused(site, interval):
    with pytest.raises(ConfigurationError, match="--interval"):
        wall_seconds_a_step(site, interval, None)


@pytest.mark.parametrize("speed", [0.0, -2.0, float("nan"), float("inf")])
def test_a_speed_that_leads_nowhere_is_refused(site, speed):
    with pytest.raises(ConfigurationError, match="--speed"):
        wall_seconds_a_step(site, None, speed)
