"""What the data quality page reads, on both databases."""

import numpy as np
import pytest

from ml_app_wind_draft.core.rows import RejectedRow, TurbineRows
from ml_app_wind_draft.core.signals import SIGNAL_INDEX, SIGNALS
from ml_app_wind_draft.dashboard import reading_quality
from ml_app_wind_draft.dashboard.models_watch import ModelsWatch
from ml_app_wind_draft.dashboard.reader import Reader
from ml_app_wind_draft.dashboard.reading_quality import Gap, StuckSpell, quality
from ml_app_wind_draft.ingestion.intake import ingest
from ml_app_wind_draft.storage.set_aside import Search
from tests.integration.dashboard.test_reader import NoRegistry

START = 1_420_070_400  # 2015-01-01 00:00 UTC
STEP, HOUR, DAY = 600, 3600, 86_400
FIRST, SECOND = "R80711", "R80721"
NOON = START + DAY + DAY // 2
SUSPECTED = 5 * STEP  # so long a signal may stand still before its values are set to missing


@pytest.fixture
def reader(site, manager) -> Reader:
    return Reader(site, manager, ModelsWatch(NoRegistry, seconds=60))


@pytest.fixture
def live(site):
    return site.model_copy(update={"replay": None})


def rows(turbine_id, start, end, *, power=500.0, without=(0, 0)) -> TurbineRows:
    """Every interval from `start` to before `end`, s, but for those of a span."""
    stamps = np.arange(start, end, STEP)
    stamps = stamps[(stamps < without[0]) | (stamps >= without[1])]
    values = np.full((len(stamps), len(SIGNALS)), np.nan)
    values[:, SIGNAL_INDEX["power"]] = power + np.arange(len(stamps))
    values[:, SIGNAL_INDEX["wind_speed"]] = 8 + 0.01 * (np.arange(len(stamps)) % 50)
    return TurbineRows(turbine_id, stamps, values)


def frozen(turbine_id, start, count, wind) -> TurbineRows:
    """Rows in which the wind stands still."""
    stuck = rows(turbine_id, start, start + count * STEP)
    stuck.values[:, SIGNAL_INDEX["wind_speed"]] = wind
    return stuck


def arrive(manager, site, *parts, until=NOON, rejected=()) -> None:
    ingest(manager, site, parts, source="test", rejected=rejected, replayed_until=until)


def test_before_the_first_row_nothing_is_expected_and_nothing_lacks(reader, site):
    found = quality(reader, site, 7)
    assert np.isnan(found.coverage)
    assert found.expected.shape == (7, len(site.turbine_ids))
    assert found.expected.sum() == 0
    assert [each.turbine_id for each in found.turbines] == site.turbine_ids
    assert all(each.newest is None and each.arrived_at is None for each in found.turbines)
    assert (found.gaps, found.stuck) == ([], [])


def test_complete_rows_cover_all_up_to_event_time(reader, manager, site):
    arrive(manager, site, *(rows(each, START, NOON) for each in site.turbine_ids))
    found = quality(reader, site, 2)
    assert (found.start, found.now) == (START, NOON)
    assert found.days.tolist() == [START, START + DAY]
    assert found.expected.tolist() == [[144] * 4, [72] * 4]
    assert found.coverage == 1
    assert {each.newest for each in found.turbines} == {NOON - STEP}
    assert all(each.arrived_at is not None for each in found.turbines)
    assert found.gaps == []
    assert found.counters["raw_rows"] == 4 * 216


def test_a_turbine_is_expected_from_its_first_day_in_the_span_on(reader, manager, site):
    arrive(manager, site, rows(FIRST, START, NOON), rows(SECOND, START + DAY, NOON))
    found = quality(reader, site, 2)
    places = [site.turbine_ids.index(each) for each in (FIRST, SECOND)]
    assert found.expected[:, places].tolist() == [[144, 0], [72, 72]]
    assert found.coverage == 1
    unseen = [each.coverage for each in found.turbines if each.newest is None]
    assert len(unseen) == 2
    assert np.isnan(unseen).all()


def test_missing_rows_are_one_gap_also_over_midnight(reader, manager, site):
    gap = (START + DAY - HOUR, START + DAY + HOUR)
    arrive(manager, site, rows(FIRST, START, NOON, without=gap), rows(SECOND, START, NOON))
    found = quality(reader, site, 2)
    assert found.gaps == [Gap(FIRST, *gap, 12)]
    shares = {each.turbine_id: each.coverage for each in found.turbines}
    assert shares[FIRST] == pytest.approx(204 / 216)
    assert shares[SECOND] == 1
    assert found.coverage == pytest.approx(420 / 432)


def test_the_newest_gap_comes_first(reader, manager, site):
    early, late = (START + HOUR, START + 2 * HOUR), (START + 5 * HOUR, START + 6 * HOUR)
    arrive(
        manager,
        site,
        rows(FIRST, START, NOON, without=early),
        rows(SECOND, START, NOON, without=late),
    )
    assert quality(reader, site, 2).gaps == [Gap(SECOND, *late, 6), Gap(FIRST, *early, 6)]


def test_rows_that_are_still_to_come_are_no_gap(reader, manager, site):
    arrive(manager, site, rows(FIRST, START, NOON - 2 * HOUR), rows(SECOND, START, NOON))
    found = quality(reader, site, 2)
    assert found.gaps == []
    assert found.expected.sum() - found.accepted.sum() == 12


def test_corrections_are_counted_on_their_day(reader, manager, site):
    arrive(manager, site, rows(FIRST, START, NOON))
    arrive(manager, site, rows(FIRST, START + DAY, START + DAY + HOUR, power=900))
    place = site.turbine_ids.index(FIRST)
    assert quality(reader, site, 2).updated[:, place].tolist() == [0, 6]


def test_a_signal_that_stands_still_is_a_spell_for_each_value(reader, manager, site):
    begin = START + 2 * HOUR
    arrive(
        manager,
        site,
        rows(FIRST, START, begin),
        frozen(FIRST, begin, 8, 9.0),
        frozen(FIRST, begin + 8 * STEP, 10, 3.0),
        rows(FIRST, begin + 18 * STEP, NOON),
    )
    found = quality(reader, site, 2)
    between = begin + 8 * STEP
    assert found.stuck == [
        StuckSpell(FIRST, "wind_speed", between + SUSPECTED, between + 10 * STEP, 5, 3.0),
        StuckSpell(FIRST, "wind_speed", begin + SUSPECTED, between, 3, 9.0),
    ]
    assert found.flagged["rows"].sum() == 8


def test_a_corrected_row_counts_once_in_its_spell(reader, manager, site):
    arrive(manager, site, rows(FIRST, START, START + HOUR), frozen(FIRST, START + HOUR, 8, 9.0))
    again = frozen(FIRST, START + HOUR, 8, 9.0)
    again.values[:, SIGNAL_INDEX["power"]] += 100
    arrive(manager, site, again)
    begin, end = START + HOUR + SUSPECTED, START + HOUR + 8 * STEP
    assert quality(reader, site, 2).stuck == [StuckSpell(FIRST, "wind_speed", begin, end, 3, 9.0)]


def test_an_imported_past_is_shown_and_not_an_empty_present(reader, manager, live):
    arrive(manager, live, rows(FIRST, START, NOON), until=None)
    found = quality(reader, live, 2)
    assert (found.start, found.now) == (START, NOON)
    assert found.coverage == 1


def test_rows_set_aside_are_summed_by_day_and_found_by_a_search(reader, manager, site):
    some = [
        RejectedRow("bad_timestamp", "cannot be read", {"Date": "yesterday"}),
        RejectedRow("off_grid", "no start", {"a": "b"}, turbine_id=FIRST, timestamp=START + 5),
    ]
    arrive(manager, site, rejected=some)
    found = quality(reader, site, 2).rejected
    assert sorted(zip(found["reason"], found["day"], found["rows"], strict=True)) == [
        ("bad_timestamp", -1, 1),
        ("off_grid", START, 1),
    ]
    every = reading_quality.set_aside(reader, Search(site=site.name))
    assert set(every["reason"]) == {"bad_timestamp", "off_grid"}
    (one,) = reading_quality.set_aside(reader, Search(turbine_id=FIRST))["detail"]
    assert one == "no start"
