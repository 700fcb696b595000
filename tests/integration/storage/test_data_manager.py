import threading

import numpy as np
import pandas as pd
import pytest
import sqlalchemy as sa

from ml_app_wind_draft.core.errors import SchemaTooNewError, SiteError, StorageBusyError
from ml_app_wind_draft.core.rows import TurbineRows
from ml_app_wind_draft.core.signals import SIGNAL_INDEX, SIGNALS
from ml_app_wind_draft.ingestion.intake import IngestReport, ingest
from ml_app_wind_draft.storage import engine as engines
from ml_app_wind_draft.storage.data_manager import DataManager
from ml_app_wind_draft.storage.services import ChampionChange

START = 1_420_070_400
STEP = 600


def rows(turbine_id="R80711", count=6, first=START, power=500.0, wind=8.0) -> TurbineRows:
    values = np.full((count, len(SIGNALS)), np.nan)
    values[:, SIGNAL_INDEX["power"]] = power + np.arange(count)
    values[:, SIGNAL_INDEX["wind_speed"]] = wind + 0.01 * np.arange(count)
    return TurbineRows(turbine_id, first + STEP * np.arange(count), values)


def outcomes(work: pd.DataFrame, version: int = 1) -> pd.DataFrame:
    return work[["turbine_id", "timestamp", "revision"]].assign(
        model_version=version,
        status="predicted",
        reason=None,
        expected_power=work["power"],
        expected_power_p10=work["power"] - 50,
        expected_power_p90=work["power"] + 50,
        state=None,
        in_sample=False,
    )


def score_all(manager: DataManager, version: int = 1) -> int:
    return manager.save_outcomes(outcomes(manager.open_work(10_000), version))


def test_rows_read_back_as_they_were_written(manager, site):
    written = rows(count=3)
    ingest(manager, site, [written], source="test")
    frame = manager.raw_range(START, START + 3 * STEP)
    assert frame["turbine_id"].tolist() == ["R80711"] * 3
    assert frame["timestamp"].tolist() == written.timestamp.tolist()
    assert frame["power"].tolist() == [500.0, 501.0, 502.0]
    assert frame["rotor_speed"].isna().all()
    assert frame["revision"].tolist() == [1, 1, 1]


def test_a_range_takes_its_start_and_leaves_its_end(manager, site):
    ingest(manager, site, [rows(count=4)], source="test")
    frame = manager.raw_range(START + STEP, START + 3 * STEP)
    assert frame["timestamp"].tolist() == [START + STEP, START + 2 * STEP]


def test_the_last_n_are_the_newest_of_each_turbine(manager, site):
    ingest(manager, site, [rows("R80711"), rows("R80790", count=2)], source="test")
    frame = manager.raw_last(3)
    assert frame.groupby("turbine_id")["timestamp"].max().to_dict() == manager.newest_rows()
    assert frame["turbine_id"].value_counts().to_dict() == {"R80711": 3, "R80790": 2}


def test_the_same_rows_twice_change_nothing(manager, site):
    first = ingest(manager, site, [rows()], source="test")
    counters = manager.counters()
    again = ingest(manager, site, [rows()], source="test")
    assert first == IngestReport(accepted=6)
    assert again == IngestReport(unchanged=6)
    assert manager.counters() == counters


def test_a_correction_is_a_new_revision_and_the_old_values_are_kept(manager, site):
    ingest(manager, site, [rows(count=2)], source="test")
    score_all(manager)
    report = ingest(manager, site, [rows(count=1, power=700.0)], source="test")
    assert report == IngestReport(updated=1)
    assert manager.raw_range(START, START + 1)["revision"].tolist() == [2]
    work = manager.open_work(10)
    assert work[["revision", "power"]].to_numpy().tolist() == [[2, 700.0]]
    score_all(manager)
    assert manager.predictions_range(START, START + 1)["revision"].tolist() == [2]
    assert manager.check() == []


def test_a_fingerprint_is_of_the_rows_before_an_instant_and_changes_with_them(manager, site):
    def fingerprint() -> str:
        return manager.fingerprint(START + 6 * STEP, ["R80711", "R80721"])

    ingest(manager, site, [rows()], source="test")
    first = fingerprint()
    ingest(manager, site, [rows(), rows(first=START + 6 * STEP), rows("R80736")], source="test")
    assert fingerprint() == first
    ingest(manager, site, [rows(count=1, power=510.0)], source="test")
    corrected = fingerprint()
    assert corrected != first
    ingest(manager, site, [rows("R80721", count=1)], source="test")
    assert fingerprint() not in {first, corrected}


def test_the_oldest_row_is_that_of_the_turbines_asked_for(manager, site):
    assert manager.oldest_row(["R80711"]) is None
    ingest(manager, site, [rows(), rows("R80721", first=START - STEP)], source="test")
    assert manager.oldest_row(["R80711"]) == START
    assert manager.oldest_row(["R80711", "R80721", "R80736"]) == START - STEP


def test_revisions_that_arrive_between_two_ticks_each_get_an_outcome(manager, site):
    for power in (500.0, 600.0, 700.0):
        ingest(manager, site, [rows(count=1, power=power)], source="test")
    work = manager.open_work(10)
    assert work["power"].tolist() == [500.0, 600.0, 700.0]
    assert score_all(manager) == 3
    assert manager.counters()["predictions"] == 3
    assert manager.check() == []


def test_work_comes_oldest_first_and_in_the_asked_number(manager, site):
    ingest(manager, site, [rows("R80711"), rows("R80721")], source="test")
    work = manager.open_work(4)
    assert sorted(set(work["timestamp"])) == [START, START + STEP]


def test_a_second_scorer_adds_no_second_outcome(manager, site):
    ingest(manager, site, [rows()], source="test")
    work = manager.open_work(100)
    assert manager.save_outcomes(outcomes(work, version=1)) == 6
    assert manager.save_outcomes(outcomes(work, version=2)) == 0
    assert set(manager.predictions_last(100)["model_version"]) == {1}
    assert manager.check() == []


def test_two_scorers_at_once_share_the_work(manager, site):
    ingest(manager, site, [rows(count=300)], source="test")
    work = manager.open_work(1000)
    saved = {}

    def score(version: int) -> None:
        saved[version] = manager.save_outcomes(outcomes(work, version))

    threads = [threading.Thread(target=score, args=(version,)) for version in (1, 2, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(saved.values()) == 300
    assert manager.check() == []


def test_rows_of_the_training_data_leave_the_work_unscored(manager, site):
    manager.record_champion(ChampionChange("wind_power_predictor", 1, "test", "first", START))
    ingest(manager, site, [rows(count=3)], source="test")
    assert manager.drop_work_up_to(START) == 1
    assert manager.open_work(10)["timestamp"].tolist() == [START + STEP, START + 2 * STEP]
    assert manager.counters()["waiting"] == 2
    score_all(manager)
    assert manager.check() == []


def test_a_backfill_neither_hides_the_champions_outcome_nor_touches_the_work(manager, site):
    ingest(manager, site, [rows(count=2)], source="test")
    score_all(manager, version=1)
    everything = manager.raw_range(START, START + 2 * STEP)
    assert manager.save_outcomes(outcomes(everything, version=2), backfill=True) == 2
    assert manager.save_outcomes(outcomes(everything, version=2), backfill=True) == 0
    assert set(manager.predictions_last(10)["model_version"]) == {1}
    assert manager.check() == []


def test_a_backfill_leaves_rows_that_wait_to_the_champion(manager, site):
    ingest(manager, site, [rows(count=3)], source="test")
    manager.save_outcomes(outcomes(manager.open_work(1)))
    everything = manager.raw_range(START, START + 3 * STEP)
    assert manager.save_outcomes(outcomes(everything, version=2), backfill=True) == 1
    assert manager.counters()["waiting"] == 2
    score_all(manager, version=1)
    assert manager.check() == []


def test_in_sample_outcomes_are_shown_only_on_request(manager, site):
    ingest(manager, site, [rows(count=2)], source="test")
    manager.drop_work_up_to(START + 2 * STEP)
    frame = outcomes(manager.raw_range(START, START + 2 * STEP)).assign(in_sample=True)
    manager.save_outcomes(frame, backfill=True)
    assert manager.predictions_range(START, START + 2 * STEP).empty
    assert len(manager.predictions_range(START, START + 2 * STEP, in_sample=True)) == 2


def test_a_missing_prediction_is_stored_as_missing_with_its_reason(manager, site):
    ingest(manager, site, [rows(count=1)], source="test")
    frame = outcomes(manager.open_work(1)).assign(
        status="no_input", reason="wind_speed missing", expected_power=np.nan
    )
    manager.save_outcomes(frame)
    stored = manager.predictions_last(1).iloc[0]
    assert (stored["status"], stored["reason"]) == ("no_input", "wind_speed missing")
    assert np.isnan(stored["expected_power"])
    assert manager.counters()["no_input"] == 1


def test_check_tells_of_every_disagreement(manager, site):
    ingest(manager, site, [rows(count=2)], source="test")
    with engines.writing(manager._engine) as connection:
        connection.execute(sa.text("DELETE FROM to_score WHERE timestamp = :t"), {"t": START})
    assert manager.check() == [
        "1 row revisions have no outcome and do not wait for one",
        "the counter 'waiting' says 2, counted 1",
    ]


def test_the_schema_comes_to_head_from_many_processes_at_once(database_url):
    managers = [DataManager(database_url) for _ in range(6)]
    errors = []

    def start(manager: DataManager) -> None:
        try:
            manager.init_raw_db_table()
            manager.init_predictions_db_table()
        except Exception as error:  # noqa: BLE001 - told below
            errors.append(error)

    threads = [threading.Thread(target=start, args=(manager,)) for manager in managers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert managers[0].check() == []
    for manager in managers:
        manager.close()


def test_a_newer_schema_is_a_clear_error(manager):
    with engines.writing(manager._engine) as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SchemaTooNewError, match=r"'9999'.*Update the app"):
        manager.init_raw_db_table()


def test_migrations_give_the_tables_that_the_code_describes(manager):
    from alembic.autogenerate import compare_metadata  # noqa: PLC0415
    from alembic.migration import MigrationContext  # noqa: PLC0415

    from ml_app_wind_draft.storage.tables import metadata  # noqa: PLC0415

    with engines.reading(manager._engine) as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_a_turbine_belongs_to_one_site(manager, site):
    twin = site.model_copy(update={"name": "twin"})
    with pytest.raises(SiteError, match=r"R80711 of site twin belongs to la_haute_borne.*turbine"):
        manager.register_site(twin)


def test_who_was_champion_when_is_a_query(manager, monkeypatch):
    from ml_app_wind_draft.core import clock  # noqa: PLC0415

    for now, version in ((100, 1), (200, 2), (300, 1)):
        monkeypatch.setattr(clock, "wall_now", lambda now=now: now)
        change = ChampionChange("wind_power_predictor", version, "me", f"because {version}", START)
        assert manager.record_champion(change)
        assert not manager.record_champion(change)
    assert [manager.champion_at(t) for t in (50, 100, 199, 200, 250, 400)] == [None, 1, 1, 2, 2, 1]
    history = manager.champion_history()
    assert history["from_time"].tolist() == [100, 200, 300]
    assert history["to_time"].tolist()[:2] == [200, 300]
    assert np.isnan(history["to_time"].iloc[2])


def test_a_heartbeat_keeps_its_start_and_its_last_work(manager):
    manager.beat("app-ui", status="starting")
    manager.beat("app-ui", status="working", worked=True)
    manager.beat("app-ui", status="idle", message="all quiet")
    (beat,) = manager.heartbeats()
    assert (beat.service, beat.status, beat.message) == ("app-ui", "idle", "all quiet")
    assert beat.worked_at is not None
    assert beat.started_at <= beat.beat_at


def test_a_locked_database_is_an_error_that_says_waiting_may_help(tmp_path, site, monkeypatch):
    monkeypatch.setattr(engines, "LOCK_TIMEOUT_S", 0)
    manager, other = (DataManager(f"sqlite:///{tmp_path}/app.db") for _ in range(2))
    manager.init_raw_db_table()
    manager.register_site(site)
    with engines.writing(other._engine), pytest.raises(StorageBusyError, match="tries again"):
        ingest(manager, site, [rows()], source="test")
    assert ingest(manager, site, [rows()], source="test").accepted == 6
    manager.close()
    other.close()


def test_a_failure_half_way_stores_nothing(manager, site, monkeypatch):
    from ml_app_wind_draft.storage import counters  # noqa: PLC0415

    def fail(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(counters, "add", fail)
        with pytest.raises(KeyboardInterrupt):
            ingest(manager, site, [rows()], source="test")
    assert manager.raw_range(0, 2**40).empty
    assert manager.check() == []
    assert ingest(manager, site, [rows()], source="test").accepted == 6
