"""What inference reads along with waiting rows: the state of the wind sensors, and the others."""

import numpy as np
import pandas as pd
import pytest

from ml_app_wind_draft.core.signals import SIGNAL_NAMES
from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.ingestion.intake import ingest_frame
from ml_app_wind_draft.models import wind_sensor
from ml_app_wind_draft.models.neighbours import OTHERS
from ml_app_wind_draft.pipelines.feature_eng.nodes import build_features
from ml_app_wind_draft.pipelines.inference.nodes import select_features
from ml_app_wind_draft.pipelines.inference.work import SensorDays, read_work
from ml_app_wind_draft.storage.data_manager import DataManager
from tests.turbine_data import START, STEP, turbine_data

DAY = 86_400
DAYS = 6
STATE = list(wind_sensor.COLUMNS)


@pytest.fixture
def rows(site: Site) -> pd.DataFrame:
    """A farm that stands in one wind."""
    rows = turbine_data(site, DAYS * 144)
    noise = np.random.default_rng(1).normal(0, 0.05, len(rows))
    wind = np.tile(rows["wind_speed"].to_numpy()[: DAYS * 144], len(site.turbine_ids))
    return rows.assign(wind_speed=(wind + 3) * np.exp(noise))


def put(manager: DataManager, site: Site, rows: pd.DataFrame) -> None:
    ingest_frame(manager, site, rows, source="test", replayed_until=START + 40 * DAY)


def one_by_one(manager: DataManager, site: Site, rows: pd.DataFrame) -> pd.DataFrame:
    """Features of the last day, read instant after instant by a loop that keeps its days."""
    last = rows["timestamp"] >= START + (DAYS - 1) * DAY
    put(manager, site, rows[~last])
    manager.drop_work_up_to(START + (DAYS - 1) * DAY - STEP)
    sensors = SensorDays(manager, site)
    found = []
    for instant, arrived in rows[last].groupby("timestamp"):
        put(manager, site, arrived)
        found.append(
            select_features(read_work(manager, site, int(instant) - STEP, 100, sensors), site)
        )
        manager.drop_work_up_to(int(instant))
    return by_key(pd.concat(found))


def by_key(features: pd.DataFrame) -> pd.DataFrame:
    return features.sort_values(["turbine_id", "timestamp"]).reset_index(drop=True)


def test_rows_one_by_one_have_the_features_of_training(
    manager: DataManager, site: Site, rows: pd.DataFrame
) -> None:
    found = one_by_one(manager, site, rows)
    at_once = build_features(rows, site)
    expected = by_key(at_once[at_once["timestamp"] >= START + (DAYS - 1) * DAY])
    assert expected[STATE].notna().all(axis=None)
    pd.testing.assert_frame_equal(found, expected, check_dtype=False, rtol=1e-9)


def test_a_batch_has_the_features_of_training(
    manager: DataManager, site: Site, rows: pd.DataFrame
) -> None:
    put(manager, site, rows)
    work = read_work(manager, site, 0, len(rows), SensorDays(manager, site))
    found = by_key(select_features(work, site))
    pd.testing.assert_frame_equal(
        found, by_key(build_features(rows, site)), check_dtype=False, rtol=1e-9
    )


def test_a_row_whose_neighbours_come_later_is_read_without_them(
    manager: DataManager, site: Site, rows: pd.DataFrame
) -> None:
    first = rows["turbine_id"] == site.turbine_ids[0]
    put(manager, site, rows[first].iloc[:1])
    work = read_work(manager, site, 0, 100, SensorDays(manager, site))
    assert select_features(work, site)[OTHERS].isna().all()
    manager.drop_work_up_to(START)
    put(manager, site, rows[(rows["timestamp"] == START) & ~first])
    late = select_features(read_work(manager, site, 0, 100, SensorDays(manager, site)), site)
    assert len(late) == 3
    assert late[OTHERS].notna().all()


def test_a_corrected_day_is_read_again(
    manager: DataManager, site: Site, rows: pd.DataFrame
) -> None:
    put(manager, site, rows)
    sensors = SensorDays(manager, site)
    before = last_state(manager, site, sensors)
    day = (rows["timestamp"] // DAY == START // DAY + 3) & (rows["turbine_id"] == "R80711")
    answer = np.exp(rows.loc[day, "wind_direction_relative"] * 0.02)
    corrected = rows[day].assign(wind_speed=rows.loc[day, "wind_speed"] * answer)
    put(manager, site, corrected[["turbine_id", "timestamp", *SIGNAL_NAMES]])
    sensors.refreshed(manager.open_work(10_000))
    after = last_state(manager, site, sensors)
    assert after > before + 0.5
    assert after == last_state(manager, site, SensorDays(manager, site))


def last_state(manager: DataManager, site: Site, sensors: SensorDays) -> float:
    end = START + DAYS * DAY
    row = manager.raw_range(end - STEP, end, ["R80711"])
    return float(sensors.of(row)[STATE[0]].iloc[0])
