"""The dashboard's reads, on both databases."""

import numpy as np
import pandas as pd
import pytest

from ml_app_wind_draft.core.clock import wall_now
from ml_app_wind_draft.dashboard.models_watch import Models, ModelsWatch
from ml_app_wind_draft.dashboard.reader import Reader
from ml_app_wind_draft.ingestion.intake import ingest_frame
from ml_app_wind_draft.storage.data_manager import ChampionChange

START = 1_420_070_400
STEP = 600
DAY = 86_400


class NoRegistry:
    def champion(self):
        return None

    def challenger(self):
        return None

    def versions(self, most=None):
        return []

    def close(self):
        pass


@pytest.fixture
def reader(site, manager) -> Reader:
    return Reader(site, manager, ModelsWatch(NoRegistry, seconds=60))


def rows(turbine: str, count: int, *, first: int = 0) -> pd.DataFrame:
    index = np.arange(first, first + count)
    return pd.DataFrame(
        {
            "turbine_id": turbine,
            "timestamp": START + index * STEP,
            "power": 800.0 + index,
            "wind_speed": 7 + 0.01 * index,
            "pitch_angle": 0.5,
        }
    )


def replay(manager, site, count: int, *, first: int = 0) -> None:
    frame = pd.concat([rows(each, count, first=first) for each in site.turbine_ids])
    until = START + (first + count) * STEP
    ingest_frame(manager, site, frame, source="test", replayed_until=until)


def score(manager) -> None:
    work = manager.open_work(100_000)
    outcomes = work[["turbine_id", "timestamp", "revision"]].assign(
        model_version=1,
        status="predicted",
        reason="",
        expected_power=work["power"] + 20,
        expected_power_p10=work["power"] - 80,
        expected_power_p90=work["power"] + 120,
        state=None,
        in_sample=False,
    )
    manager.save_outcomes(outcomes)


def test_an_empty_database_gives_empty_answers(reader, site):
    assert reader.ping() is None
    assert reader.reign() is None
    assert reader.models() == Models()
    farm = reader.farm()
    assert list(farm.turbines) == site.turbine_ids
    assert all(each.timestamp is None for each in farm.turbines.values())
    assert farm.arrived_at is None
    view = reader.view("R80711", DAY)
    assert view.rows.empty
    assert view.coverage == 0


def test_a_view_ends_at_event_time_and_joins_rows_with_their_outcomes(reader, manager, site):
    replay(manager, site, 200)
    score(manager)
    replay(manager, site, 1, first=200)
    view = reader.view("R80721", DAY)
    assert view.now == START + 201 * STEP
    assert view.start == view.now - DAY
    assert view.coverage == 1
    assert list(view.rows["power"]) == [800.0 + each for each in range(21, 201)]
    assert view.rows["timestamp"].min() == view.start - 6 * 3600
    assert view.rows["error"].iloc[-2] == -20
    assert np.isnan(view.rows["expected_power"].iloc[-1])


def test_a_view_can_reach_back_to_what_the_browser_has(reader, manager, site):
    replay(manager, site, 300)
    start = reader.view("R80711", DAY).start
    assert reader.view("R80711", DAY, start - 3 * STEP).rows["timestamp"].min() == (
        start - 3 * STEP - 6 * 3600
    )
    assert reader.view("R80711", DAY, 0).rows["timestamp"].min() >= start - DAY - 6 * 3600


def test_the_farm_shows_each_turbines_newest_scored_row(reader, manager, site):
    replay(manager, site, 150)
    score(manager)
    replay(manager, site, 1, first=150)
    farm = reader.farm()
    current = farm.turbines["R80790"]
    assert farm.replayed_year == 2015
    assert farm.now == START + 151 * STEP
    assert current.timestamp == START + 149 * STEP
    assert current.scored
    assert (current.power, current.expected) == (949.0, 969.0)
    assert len(current.spark) == 36
    assert not any(np.isnan(each) for each in current.spark)


def test_a_spark_line_changes_once_a_slot_and_not_with_every_row(reader, manager, site):
    slot = 4  # rows in 40 minutes
    replay(manager, site, 160)
    lines = [reader.farm().turbines["R80711"].spark]
    for row in range(160, 160 + slot):
        replay(manager, site, 1, first=row)
        reader.ask_mlflow_soon()
        reader._farm.forget()
        lines.append(reader.farm().turbines["R80711"].spark)
    assert lines[:slot] == [lines[0]] * slot
    assert lines[slot][:-1] == lines[0][1:]


def test_rows_that_are_not_scored_for_long_are_shown_as_they_are(reader, manager, site):
    replay(manager, site, 10)
    current = reader.farm().turbines["R80711"]
    assert current.timestamp == START + 9 * STEP
    assert not current.scored


def test_a_view_without_newer_rows_ends_where_its_turbines_rows_end(reader, manager, site):
    ingest_frame(manager, site, rows("R80711", 100), source="test")
    view = reader.view("R80711", DAY)
    assert view.now == START + 100 * STEP


def test_arrivals_are_told_by_wall_clock(reader, manager, site):
    before = wall_now()
    replay(manager, site, 10)
    farm = reader.farm()
    assert farm.arrived_at is not None
    assert before <= farm.arrived_at <= wall_now()
    assert farm.arrives_every == 5


def test_the_end_of_a_replay_is_told(reader, manager, site):
    manager.beat("app-stream-data", status="done", message="the data have ended")
    assert reader.farm().feed_ended


def test_the_champion_in_force_is_known_without_mlflow(reader, manager):
    for version in (1, 2):
        manager.record_champion(
            ChampionChange("wind_power_predictor", version, "training", "better", START)
        )
    reign = reader.reign()
    assert reign is not None
    assert (reign.version, reign.by, reign.training_end) == (2, "training", START)
