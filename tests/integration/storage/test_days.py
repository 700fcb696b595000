"""Sums by day and rows set aside, on both databases."""

import importlib

import numpy as np
import pandas as pd
import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations

from ml_app_wind_draft.core.rows import RejectedRow, TurbineRows
from ml_app_wind_draft.core.signals import SIGNAL_INDEX, SIGNALS
from ml_app_wind_draft.ingestion.intake import ingest
from ml_app_wind_draft.storage.set_aside import Search

START = 1_420_070_400
STEP = 600
DAY = 86_400
TABLES = ("raw_days", "flagged_days", "rejected_days")


def rows(turbine_id="R80711", count=6, first=START, wind=8.0, power=500.0) -> TurbineRows:
    values = np.full((count, len(SIGNALS)), np.nan)
    values[:, SIGNAL_INDEX["power"]] = power + np.arange(count)
    values[:, SIGNAL_INDEX["wind_speed"]] = wind
    return TurbineRows(turbine_id, first + STEP * np.arange(count), values)


def aside(reason="bad_timestamp", **more) -> RejectedRow:
    original = more.pop("original", {"Date": "yesterday", "P_avg": "12"})
    return RejectedRow(reason, "cannot be read", original, **more)


def test_rows_and_corrections_are_summed_by_their_own_day(manager, site):
    ingest(manager, site, [rows(count=150)], source="test")
    ingest(manager, site, [rows(count=2, power=900)], source="test")
    sums = manager.raw_days(START, START + 2 * DAY, ["R80711"])
    assert sums.to_dict("list") == {
        "turbine_id": ["R80711"] * 2,
        "day": [START, START + DAY],
        "accepted": [144, 6],
        "updated": [2, 0],
    }
    assert manager.raw_days(START + DAY, START + 2 * DAY)["accepted"].tolist() == [6]
    assert manager.check() == []


def test_flagged_values_are_summed_and_taken_back_when_a_late_row_clears_them(manager, site):
    frozen = rows(count=12)
    odd = TurbineRows("R80711", frozen.timestamp[3:4], frozen.values[3:4] + 0.5)
    rest = np.arange(12) != 3
    early = TurbineRows("R80711", frozen.timestamp[4:], frozen.values[4:])
    ingest(manager, site, [early], source="test")
    before = manager.flagged_days(START, START + DAY)
    assert before[["signal", "reason"]].to_numpy().tolist() == [["wind_speed", "stuck"]]
    ingest(
        manager, site, [TurbineRows("R80711", frozen.timestamp[:3], frozen.values[:3])], source="t"
    )
    ingest(manager, site, [odd], source="test")
    assert rest.sum() == 11
    assert manager.check() == []
    found = manager.flagged_values("R80711", "wind_speed", "stuck", [(START, START + DAY)])
    assert len(found) == manager.flagged_days(START, START + DAY)["rows"].sum()
    assert {value for _, value, _ in found} == {8.0}


def test_rows_set_aside_are_summed_also_without_time_or_turbine(manager, site):
    some = [
        aside(),
        aside("off_grid", turbine_id="R80711", timestamp=START + 5),
        aside("off_grid", turbine_id="R80711", timestamp=START + 6, original={"a": "b"}),
    ]
    ingest(manager, site, [], source="test", rejected=some)
    ingest(manager, site, [], source="again", rejected=some)
    sums = manager.rejected_days(site.name, START, START + DAY)
    assert sums.to_dict("list") == {
        "turbine_id": ["", "R80711"],
        "day": [-1, START],
        "reason": ["bad_timestamp", "off_grid"],
        "rows": [1, 2],
    }
    assert manager.check() == []


def test_a_wrong_daily_sum_is_found_by_the_check(manager, site):
    ingest(manager, site, [rows()], source="test")
    with manager._engine.begin() as connection:
        connection.exec_driver_sql("UPDATE raw_days SET accepted = accepted + 1")
    assert any("daily sums of rows" in each for each in manager.check())


def test_rows_set_aside_are_found_by_reason_turbine_and_text(manager, site):
    some = [
        aside("off_grid", turbine_id="R80711", original={"Date": "12:03", "note": "100%_sure"}),
        aside("off_grid", turbine_id="R80790", original={"Date": "12:04"}),
        aside("future", turbine_id="R80711", original={"Date": "2099"}),
    ]
    ingest(manager, site, [], source="first.csv", rejected=some)

    def found(**search) -> list[str]:
        table = manager.rejected_rows(10, Search(site=site.name, **search))
        return sorted(table["original"])

    assert len(found()) == 3
    assert len(found(reason="off_grid")) == 2
    assert len(found(turbine_id="R80711")) == 2
    assert len(found(reason="off_grid", turbine_id="R80711")) == 1
    assert len(found(text="12:0")) == 2
    assert len(found(text="100%_SURE")) == 1
    assert len(found(text="FIRST.csv")) == 3
    assert found(text="100_") == []
    assert found(text="'; DROP TABLE rejected_rows; --") == []
    assert manager.rejected_rows(10, Search(site="another")).empty
    assert len(manager.rejected_rows(2)) == 2


def test_stamps_are_those_of_the_rows_in_the_spans(manager, site):
    ingest(manager, site, [rows(count=10)], source="test")
    spans = [(START, START + 2 * STEP), (START + 8 * STEP, START + 20 * STEP)]
    assert manager.stamps("R80711", spans).tolist() == [START + STEP * i for i in (0, 1, 8, 9)]
    assert manager.stamps("R80711", []).tolist() == []


@pytest.mark.parametrize("seed", range(3))
def test_in_any_order_the_sums_are_those_counted_anew(manager, site, seed):
    random = np.random.default_rng(seed)
    whole = rows(count=300)
    whole.values[:, SIGNAL_INDEX["wind_speed"]] = random.choice([8.0, 8.0, 8.0, 9.0, 99.0], 300)
    order = random.permutation(300)
    for part in np.array_split(order, 20):
        some = np.sort(part)
        some_rows = TurbineRows("R80711", whole.timestamp[some], whole.values[some])
        ingest(manager, site, [some_rows], source="test")
    assert manager.check() == []


def test_an_older_databases_sums_are_filled_by_the_migration(manager, site):
    frozen = rows(count=200)
    ingest(manager, site, [frozen], source="test", rejected=[aside()])
    ingest(manager, site, [rows(count=3, power=700)], source="test")
    before = _tables(manager)
    assert all(len(each) for each in before.values())
    script = importlib.import_module("ml_app_wind_draft.storage.migrations.versions.0003_days")
    with (
        manager._engine.begin() as connection,
        Operations.context(MigrationContext.configure(connection)),
    ):
        script.downgrade()
        script.upgrade()
    after = _tables(manager)
    for name in TABLES:
        pd.testing.assert_frame_equal(before[name], after[name])


def _tables(manager) -> dict[str, pd.DataFrame]:
    with manager._engine.begin() as connection:
        return {
            name: pd.read_sql(sa.text(f"SELECT * FROM {name} ORDER BY 1, 2, 3, 4"), connection)
            for name in TABLES
        }
