"""What the farm page reads, on both databases."""

import numpy as np
import pandas as pd
import pytest

from ml_app_wind_draft.core.states import NORMAL
from ml_app_wind_draft.dashboard import reading_farm
from ml_app_wind_draft.dashboard.models_watch import ModelsWatch
from ml_app_wind_draft.dashboard.reader import Reader
from ml_app_wind_draft.ingestion.intake import ingest_frame
from ml_app_wind_draft.storage.data_manager import DataManager
from tests.e2e.farm import Farm
from tests.integration.dashboard.test_reader import NoRegistry

START = 1_420_070_400  # 2015-01-01 00:00 UTC
STEP, HOUR, DAY = 600, 3600, 86_400


@pytest.fixture
def reader(site, manager) -> Reader:
    return Reader(site, manager, ModelsWatch(NoRegistry, seconds=60))


def fill(manager, site, *, until: int, without: tuple[str, int, int] = ("", 0, 0)) -> None:
    """Every turbine at 900 kW where 1,000 kW were expected, but for a turbine's missing rows."""
    stamps = np.arange(START, until, STEP)
    turbine, first, last = without
    frames = []
    for each in site.turbine_ids:
        kept = stamps[(each != turbine) | (stamps < first) | (stamps >= last)]
        wind = 8 + 0.01 * (np.arange(len(kept)) % 50)
        power = 900 + 0.1 * (np.arange(len(kept)) % 2)
        frames.append(
            pd.DataFrame(
                {"turbine_id": each, "timestamp": kept, "power": power, "wind_speed": wind}
            )
        )
    rows = pd.concat(frames, ignore_index=True)
    ingest_frame(manager, site, rows, source="test", replayed_until=until)
    work = manager.open_work(100_000)
    outcomes = work[["turbine_id", "timestamp", "revision"]].assign(
        model_version=1,
        status="predicted",
        reason="",
        expected_power=1000.0,
        expected_power_p10=900.0,
        expected_power_p90=1100.0,
        state=NORMAL,
        in_sample=False,
    )
    manager.save_outcomes(outcomes)


def test_the_farm_is_the_sum_of_its_turbines(reader, manager, site):
    now = START + DAY
    fill(manager, site, until=now)
    view = reading_farm.farm_view(reader, site, now, DAY, START, HOUR)
    assert len(view.rows) == 144
    assert view.rows["power"].iloc[0] == pytest.approx(3600)
    assert (view.rows["expected_power"] == 4000).all()
    assert (view.rows["expected_power_p90"] == 4400).all()
    assert view.coverage == dict.fromkeys(site.turbine_ids, 1.0)


def test_a_turbine_without_a_row_is_left_out_of_both_sums(reader, manager, site):
    now = START + DAY
    fill(manager, site, until=now, without=("R80721", START + HOUR, START + 7 * HOUR))
    view = reading_farm.farm_view(reader, site, now, DAY, START, HOUR)
    during = view.rows[view.rows["timestamp"].between(START + HOUR, START + 7 * HOUR - 1)]
    assert (during["expected_power"] == 3000).all()
    assert during["power"].max() < 2800
    assert view.coverage["R80721"] == pytest.approx(0.75)
    lost = view.cells[view.cells["turbine_id"] == "R80721"]
    assert START + 2 * HOUR not in set(lost["start"])
    cells = reading_farm.stretch(site.turbine_ids, view.cells, START, HOUR)
    assert cells["R80721"][2] is None
    assert cells["R80711"][2] == 90


def test_long_views_are_read_by_the_hour_and_say_the_same(reader, manager, site, monkeypatch):
    now = START + DAY
    fill(manager, site, until=now)
    monkeypatch.setattr(reading_farm, "MOST_ROWS", 1)
    view = reading_farm.farm_view(reader, site, now, DAY, START, HOUR)
    assert len(view.rows) == 24
    assert (view.rows["expected_power"] == 4000).all()
    assert view.rows["expected_power_p10"].isna().all()


def test_the_farms_band_holds_eight_of_ten_recorded_rows(site, tmp_path):
    """Each day's band is made from the days before it, by an IEC curve's bands."""
    manager = DataManager(f"sqlite:///{tmp_path / 'app.db'}")
    farm = Farm(manager, site)
    farm.replay(59 * DAY)
    farm.score()
    reader = Reader(site, manager, ModelsWatch(NoRegistry, seconds=60))
    outcomes = manager.predictions_range(START, farm.until)
    unusual = set(outcomes.loc[outcomes["state"] != NORMAL, "timestamp"])
    inside = []
    for day in range(START + 20 * DAY, farm.until, DAY):
        shown = reading_farm.farm_view(reader, site, day + DAY - STEP, DAY, day, HOUR).rows
        rows = shown[(shown["timestamp"] >= day) & ~shown["timestamp"].isin(unusual)].dropna()
        inside.append(rows["power"].between(rows["expected_power_p10"], rows["expected_power_p90"]))
    manager.close()
    found = pd.concat(inside)
    assert len(found) > 4000
    assert found.mean() == pytest.approx(0.8, abs=0.04)


def test_every_turbine_is_watched_by_the_rules_own_measure(reader, manager, site):
    now = START + 2 * DAY
    fill(manager, site, until=now)
    watched = reading_farm.watched(reader, site, reader.farm())
    for each in watched.values():
        assert each.measures["under_performance"] == pytest.approx(0.1, abs=1e-3)
        assert not each.on


def test_losses_are_whole_days_by_month(reader, manager, site):
    fill(manager, site, until=START + 2 * DAY)
    monthly = reading_farm.monthly(reader, site, START + DAY)
    assert set(monthly["month"]) == {START}
    assert monthly["expected_energy"].tolist() == pytest.approx([24.0] * 4)
    worst = reading_farm.worst_hours(reader, site, START, START + DAY)
    assert len(worst) == reading_farm.WORST
