"""Inference against a real MLflow server and a real database."""

import os
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest

import mlflow
from ml_app_wind_draft.core.config import PROJECT_ROOT, Settings
from ml_app_wind_draft.core.errors import ConfigurationError
from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.ingestion.intake import ingest_frame
from ml_app_wind_draft.registry.client import ModelRegistry
from ml_app_wind_draft.registry.records import TrainedModel, Verdict
from ml_app_wind_draft.services import infer
from ml_app_wind_draft.services.champion_watch import ChampionWatch
from ml_app_wind_draft.services.infer import Inference, backfill
from ml_app_wind_draft.services.loop import Stop, run_loop
from ml_app_wind_draft.storage.data_manager import MODEL_NAME, DataManager
from tests.integration.conftest import (
    NEW_YEAR,
    MlflowServer,
    a_trained_model,
    out_of_reach,
    recorded_rows,
    register,
)

DAY = 86_400
ALL = (0, 2**40)
LONGEST_WAIT = 60


@pytest.fixture
def farm(with_mlflow: Settings, site: Site) -> Iterator[DataManager]:
    """The first day of 2015, waiting to be scored."""
    manager = DataManager(with_mlflow.database_url)
    manager.init_raw_db_table()
    manager.register_site(site)
    ingest_frame(manager, site, recorded_rows(1), source="test", replayed_until=NEW_YEAR + DAY)
    yield manager
    manager.close()


def until(condition: Callable[[], bool]) -> None:
    give_up_at = time.monotonic() + LONGEST_WAIT
    while not condition():
        assert time.monotonic() < give_up_at, "did not come true"
        time.sleep(0.05)


def test_every_waiting_row_gets_one_outcome(
    with_mlflow: Settings, manager: DataManager, site: Site, trained_model: TrainedModel
) -> None:
    ingest_frame(manager, site, recorded_rows(1), source="test", replayed_until=NEW_YEAR + DAY)
    version = register(with_mlflow, trained_model)
    with ChampionWatch(with_mlflow) as watch:
        inference = Inference(manager, site, watch)
        assert inference.tick().done == 4 * 144
        assert inference.tick().done == 0
    outcomes = manager.predictions_range(*ALL)
    assert len(outcomes) == 4 * 144
    assert set(outcomes["model_version"]) == {version}
    predicted = outcomes[outcomes["status"] == "predicted"]
    assert not predicted["expected_power"].isna().any()
    assert (predicted["expected_power_p10"] <= predicted["expected_power"]).all()
    assert (predicted["expected_power"] <= predicted["expected_power_p90"]).all()
    no_input = outcomes[outcomes["status"] == "no_input"]
    assert set(no_input["reason"]) <= {"wind_speed is missing", "wind_speed was implausible"}
    assert manager.check() == []


def test_a_batch_smaller_than_the_work_goes_on_at_once(
    with_mlflow: Settings,
    farm: DataManager,
    site: Site,
    trained_model: TrainedModel,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(infer, "BATCH_ROWS", 100)
    register(with_mlflow, trained_model)
    with ChampionWatch(with_mlflow) as watch:
        inference = Inference(farm, site, watch)
        ticks = [inference.tick() for _ in range(6)]
    assert [tick.done for tick in ticks] == [100, 100, 100, 100, 100, 76]
    assert [tick.more for tick in ticks] == [True] * 5 + [False]
    assert farm.check() == []


def test_training_rows_are_struck_off_and_not_scored(
    with_mlflow: Settings, farm: DataManager, site: Site
) -> None:
    register(with_mlflow, a_trained_model(training_end=NEW_YEAR + DAY // 2))
    with ChampionWatch(with_mlflow) as watch:
        Inference(farm, site, watch).tick()
    outcomes = farm.predictions_range(*ALL, in_sample=True)
    assert outcomes["timestamp"].min() == NEW_YEAR + DAY // 2 + 600
    assert not outcomes["in_sample"].any()
    assert farm.counters()["waiting"] == 0
    assert farm.check() == []


def test_the_loop_gives_the_same_as_kedro_run(
    with_mlflow: Settings,
    farm: DataManager,
    site: Site,
    trained_model: TrainedModel,
    tmp_path: Path,
) -> None:
    register(with_mlflow, trained_model)
    farm.close()
    database = with_mlflow.sqlite_path
    assert database
    copy = tmp_path / "copy.db"
    shutil.copy(database, copy)
    kedro_run(with_mlflow.model_copy(update={"database_url": f"sqlite:///{copy}"}))
    with ChampionWatch(with_mlflow) as watch:
        Inference(farm, site, watch).tick()
    ours = farm.predictions_range(*ALL).drop(columns="issued_at")
    other = DataManager(f"sqlite:///{copy}")
    theirs = other.predictions_range(*ALL).drop(columns="issued_at")
    assert other.check() == []
    other.close()
    assert len(ours) == 4 * 144
    pd.testing.assert_frame_equal(ours, theirs)


def test_kedro_run_with_nothing_to_score_says_so(
    with_mlflow: Settings, trained_model: TrainedModel
) -> None:
    register(with_mlflow, trained_model)
    assert "Nothing to score" in kedro_run(with_mlflow)


def test_kedro_run_without_mlflow_and_copy_says_what_is_missing(settings: Settings) -> None:
    said = kedro_run(out_of_reach(settings), code=1)
    assert "does not answer" in said.splitlines()[-1]
    assert "no copy of a champion is on disk" in said.splitlines()[-1]


def kedro_run(settings: Settings, code: int = 0) -> str:
    ended = subprocess.run(
        [Path(sys.executable).with_name("kedro"), "run", "--pipeline", "inference"],
        cwd=PROJECT_ROOT,
        env={
            **os.environ,
            "DATA_DIR": str(settings.data_dir),
            "DATABASE_URL": settings.database_url,
            "MLFLOW_TRACKING_URI": settings.mlflow_tracking_uri,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    said = ended.stdout + ended.stderr
    assert ended.returncode == code, said
    return said


def test_without_any_model_it_waits_and_recovers_by_itself(
    with_mlflow: Settings, farm: DataManager, site: Site, trained_model: TrainedModel
) -> None:
    stop = Stop()
    with ChampionWatch(with_mlflow) as watch:
        inference = Inference(farm, site, watch)
        loop = threading.Thread(
            target=run_loop,
            args=(infer.SERVICE, farm, inference.tick),
            kwargs={"interval": 0.1, "stop": stop},
        )
        loop.start()
        try:
            until(lambda: [each.status for each in farm.heartbeats()] == ["waiting"])
            assert "No champion model yet" in farm.heartbeats()[0].message
            register(with_mlflow, trained_model)
            until(lambda: farm.counters()["waiting"] == 0)
        finally:
            stop.request()
            loop.join()
    assert farm.check() == []


def test_with_mlflow_gone_it_goes_on_and_after_a_restart_too(
    with_mlflow: Settings,
    farm: DataManager,
    site: Site,
    trained_model: TrainedModel,
    mlflow_server: MlflowServer,
) -> None:
    version = register(with_mlflow, trained_model)
    rows = recorded_rows(3)
    with ChampionWatch(with_mlflow) as watch:
        inference = Inference(farm, site, watch)
        inference.tick()
        mlflow_server.stop()
        until(lambda: "does not answer" in watch.trouble)
        second_day = rows[rows["timestamp"].between(NEW_YEAR + DAY, NEW_YEAR + 2 * DAY - 1)]
        ingest_frame(farm, site, second_day, source="test", replayed_until=NEW_YEAR + 2 * DAY)
        tick = inference.tick()
        assert tick.done == len(second_day)
        assert f"Going on with version {version}" in tick.message
    with ChampionWatch(with_mlflow) as restarted:
        inference = Inference(farm, site, restarted)
        third_day = rows[rows["timestamp"] >= NEW_YEAR + 2 * DAY]
        ingest_frame(farm, site, third_day, source="test", replayed_until=NEW_YEAR + 3 * DAY)
        assert inference.tick().done == len(third_day)
        mlflow_server.start()
        until(lambda: restarted.trouble == "")
        assert restarted.confirmed
    assert farm.check() == []


def test_a_frozen_mlflow_delays_no_tick(
    with_mlflow: Settings,
    farm: DataManager,
    site: Site,
    trained_model: TrainedModel,
    mlflow_server: MlflowServer,
) -> None:
    register(with_mlflow, trained_model)
    with ChampionWatch(with_mlflow) as watch:
        inference = Inference(farm, site, watch)
        mlflow_server.freeze()
        try:
            time.sleep(1.5)  # the watch is now waiting for an answer
            assert inference.tick().done == 4 * 144
        finally:
            mlflow_server.thaw()


def test_an_alias_moved_in_mlflow_is_followed_and_recorded(
    with_mlflow: Settings,
    farm: DataManager,
    site: Site,
    trained_model: TrainedModel,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(infer, "GRACE", 0.0)
    first = register(with_mlflow, trained_model)
    second = register(
        with_mlflow, a_trained_model(scale=0.8, verdict=Verdict(False, first, "not better"))
    )
    with ChampionWatch(with_mlflow) as watch:
        inference = Inference(farm, site, watch)
        inference.tick()
        client = mlflow.MlflowClient(with_mlflow.mlflow_tracking_uri)
        client.set_registered_model_alias(MODEL_NAME, "champion", str(second))
        until(lambda: watch.current is not None and watch.current.version.version == second)
        later = recorded_rows(2)
        ingest_frame(farm, site, later, source="test", replayed_until=NEW_YEAR + 2 * DAY)
        assert inference.tick().done == 4 * 144
    outcomes = farm.predictions_range(*ALL)
    first_day = outcomes["timestamp"] < NEW_YEAR + DAY
    assert set(outcomes.loc[first_day, "model_version"]) == {first}
    assert set(outcomes.loc[~first_day, "model_version"]) == {second}
    history = farm.champion_history()
    assert history["version"].tolist() == [first, second]
    assert history["by"].tolist() == ["training", "mlflow"]
    assert farm.check() == []


def test_a_promotion_is_not_taken_for_a_change_in_mlflow(
    with_mlflow: Settings, farm: DataManager, site: Site, trained_model: TrainedModel
) -> None:
    """The loop sees the alias move before the promotion has written its line."""
    first = register(with_mlflow, trained_model)
    second = register(with_mlflow, a_trained_model(verdict=Verdict(False, first, "not better")))
    with ChampionWatch(with_mlflow) as watch, ModelRegistry(with_mlflow, farm) as registry:
        inference = Inference(farm, site, watch)
        inference.tick()
        registry._set_alias("champion", second)
        until(lambda: watch.current is not None and watch.current.version.version == second)
        inference.tick()
        registry.promote(second, "anna", "better in icing")
        inference.tick()
    assert farm.champion_history()["by"].tolist() == ["training", "anna"]


def test_a_champion_that_is_no_model_of_ours_is_not_followed(
    with_mlflow: Settings, farm: DataManager, site: Site, trained_model: TrainedModel
) -> None:
    version = register(with_mlflow, trained_model)
    client = mlflow.MlflowClient(with_mlflow.mlflow_tracking_uri)
    model = client.create_logged_model("0", "empty")
    source = f"models:/{model.model_id}"
    foreign = client.create_model_version(MODEL_NAME, source, model_id=model.model_id)
    with ChampionWatch(with_mlflow) as watch:
        client.set_registered_model_alias(MODEL_NAME, "champion", foreign.version)
        until(lambda: watch.trouble != "")
        tick = Inference(farm, site, watch).tick()
    assert tick.done == 4 * 144
    assert f"Going on with version {version}" in tick.message


def test_backfill_marks_what_the_model_had_seen(
    with_mlflow: Settings, farm: DataManager, site: Site, trained_model: TrainedModel
) -> None:
    first = register(with_mlflow, trained_model)
    noon = NEW_YEAR + DAY // 2
    second = register(
        with_mlflow,
        a_trained_model(training_end=noon - 600, verdict=Verdict(False, first, "not better")),
    )
    with ChampionWatch(with_mlflow) as watch:
        Inference(farm, site, watch).tick()
    assert backfill(with_mlflow, NEW_YEAR, NEW_YEAR + DAY, second) == 4 * 144
    assert backfill(with_mlflow, NEW_YEAR, NEW_YEAR + DAY, second) == 0
    # where both have scored a row, the champion's outcome is the current one
    assert set(farm.predictions_range(*ALL, in_sample=True)["model_version"]) == {first}
    assert stored_outcomes(with_mlflow, second) == {0: 4 * 72, 1: 4 * 72}
    assert farm.check() == []


def stored_outcomes(settings: Settings, version: int) -> dict[int, int]:
    """in_sample -> how many outcomes of the version are in the database."""
    assert settings.sqlite_path
    with closing(sqlite3.connect(settings.sqlite_path)) as connection:
        statement = "SELECT in_sample, count(*) FROM predictions WHERE model_version = ? GROUP BY 1"
        return dict(connection.execute(statement, (version,)).fetchall())


def test_backfill_leaves_what_waits_to_the_loop(
    with_mlflow: Settings, farm: DataManager, site: Site, trained_model: TrainedModel
) -> None:
    register(with_mlflow, trained_model)
    assert backfill(with_mlflow, NEW_YEAR, NEW_YEAR + DAY) == 0
    assert farm.counters()["waiting"] == 4 * 144
    with ChampionWatch(with_mlflow) as watch:
        assert Inference(farm, site, watch).tick().done == 4 * 144
    assert farm.check() == []


def test_backfill_without_a_span_is_refused(settings: Settings) -> None:
    with pytest.raises(ConfigurationError, match="there is no time"):
        backfill(settings, NEW_YEAR, NEW_YEAR)
