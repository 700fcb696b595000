"""Training as its users run it, against a real MLflow server."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
import yaml
from kedro.io import DatasetError

from ml_app_wind_draft.core.config import Settings
from ml_app_wind_draft.core.errors import RegistryUnavailableError, StorageBusyError, WindError
from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.ingestion.datasets import HistoryDataset
from ml_app_wind_draft.ingestion.intake import ingest_frame
from ml_app_wind_draft.registry.client import ModelRegistry
from ml_app_wind_draft.registry.datasets import TrainedModelsDataset
from ml_app_wind_draft.registry.forecasters import ForecasterRegistry
from ml_app_wind_draft.registry.records import TrainedModel
from ml_app_wind_draft.services import train
from ml_app_wind_draft.services.heartbeat import Heartbeat
from ml_app_wind_draft.services.kedro_project import run_pipeline
from ml_app_wind_draft.services.train import Training
from ml_app_wind_draft.storage.data_manager import DataManager
from tests.integration import forecasting
from tests.integration.conftest import (
    NEW_YEAR,
    MlflowServer,
    a_trained_model,
    out_of_reach,
    recorded_rows,
)

DAY = 86_400


def wind_train(settings: Settings) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "ml_app_wind_draft", "train"],
        env={
            **os.environ,
            "DATA_DIR": str(settings.data_dir),
            "CONF_DIR": str(settings.conf_dir),
            "DATABASE_URL": settings.database_url,
            "MLFLOW_TRACKING_URI": settings.mlflow_tracking_uri,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.fixture
def database(settings: Settings, site: Site) -> Iterator[DataManager]:
    manager = DataManager(settings.database_url)
    manager.init_raw_db_table()
    manager.register_site(site)
    yield manager
    manager.close()


def test_from_an_empty_folder_to_a_judged_challenger_though_mlflow_comes_late(
    quick_training: Settings,
    mlflow_server: MlflowServer,
    database: DataManager,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mlflow_server.stop()
    first = wind_train(quick_training)
    mlflow_server.start()
    said, _ = first.communicate(timeout=240)
    assert first.returncode == 0, said
    with ModelRegistry(quick_training) as registry:
        versions = registry.versions()
        champion = registry.champion()
    assert [(each.version, each.kind) for each in versions] == [(2, "catboost"), (1, "power_curve")]
    assert champion
    history = database.champion_history()
    assert history["version"].tolist()[0] == 1
    assert history["version"].tolist()[-1] == champion.version
    assert champion.training_end < NEW_YEAR
    assert database.heartbeats()[0].status == "done"

    again = wind_train(quick_training)
    said, _ = again.communicate(timeout=120)
    assert again.returncode == 0, said
    assert "Nothing to train: version 2" in said.splitlines()[-1]

    def nothing_is_read(*_: object) -> None:
        pytest.fail("rows were read only to be compared")

    monkeypatch.setattr(database, "raw_range", nothing_is_read)
    assert Training(quick_training, database, Heartbeat(train.SERVICE, database)).attempt() == 0


def test_with_shadow_first_a_better_challenger_is_put_into_shadow_and_that_is_said(
    quick_training: Settings, database: DataManager
) -> None:
    conf = quick_training.conf_dir / "local" / "parameters_training.yml"
    content = yaml.safe_load(conf.read_text())
    content["training"] |= {
        "promotion": {"shadow_first": True},
        "gates": {"coverage_low": 0, "coverage_high": 1, "fault_margin": 1000},
    }
    conf.write_text(yaml.safe_dump(content))
    with ModelRegistry(quick_training, database) as registry:
        registry.put(a_trained_model(training_end=NEW_YEAR - 200 * DAY, scale=0.5))
        registry.flush()
        training = wind_train(quick_training)
        said, _ = training.communicate(timeout=500)
        assert training.returncode == 0, said
        shadow, champion = registry.shadow(), registry.champion()
        versions = {each.version: each.kind for each in registry.versions()}
    assert versions == {1: "power_curve", 2: "catboost", 3: "power_curve"}
    assert shadow
    assert (shadow.version, shadow.aliases) == (2, ("challenger", "shadow"))
    assert shadow.verdict.startswith("Into shadow of version 1, not promoted yet. Better beyond")
    assert champion
    assert champion.version == 3  # the first one, with a new band
    last = said.splitlines()[-1]
    assert "Champion is version 3. Version 2 is in shadow" in last
    assert "`wind models judge --promote` decides, once it has scored 14 days." in last
    assert database.heartbeats()[0].message in last


def test_a_configuration_that_cannot_be_used_is_the_last_line_and_the_heartbeat(
    quick_training: Settings, database: DataManager
) -> None:
    wrong = quick_training.conf_dir / "local" / "parameters_training.yml"
    wrong.write_text("training: {model: crystal_ball}")
    ended = wind_train(quick_training)
    said, _ = ended.communicate(timeout=120)
    assert ended.returncode == 1
    assert "training.model = 'crystal_ball'" in said.splitlines()[-1]
    [beat] = database.heartbeats()
    assert beat.status == "failed"
    assert "crystal_ball" in beat.message


def test_it_waits_while_another_service_loads_the_history(
    settings: Settings, database: DataManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slow disk takes longer over it than the database lets anybody wait."""
    monkeypatch.setattr(train, "PAUSE", 0.01)
    attempts = []

    def loaded_elsewhere(*_: object) -> None:
        attempts.append(len(attempts))
        raise StorageBusyError("locked") if len(attempts) < 4 else WindError("free")

    monkeypatch.setattr(train, "load_history", loaded_elsewhere)
    with Heartbeat(train.SERVICE, database) as heartbeat:
        assert Training(settings, database, heartbeat).attempt() == 1
    assert len(attempts) == 4
    (said,) = database.heartbeats()
    assert "free" in said.message


def test_without_mlflow_it_gives_up_with_the_reason(
    settings: Settings, database: DataManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train, "LONGEST_WAIT", 0.1)
    nobody = out_of_reach(settings)
    with Heartbeat(train.SERVICE, database) as heartbeat:
        assert Training(nobody, database, heartbeat).attempt() == 1
    [beat] = database.heartbeats()
    assert beat.status == "failed"
    assert "does not answer" in beat.message


def test_a_model_trained_while_mlflow_is_down_waits_and_is_said_to_wait(
    with_mlflow: Settings, trained_model: TrainedModel
) -> None:
    nobody = out_of_reach(with_mlflow)
    with pytest.raises(DatasetError, match=r"waits in data/outbox: .*nothing is trained again"):
        TrainedModelsDataset(nobody).save([trained_model])
    with ModelRegistry(with_mlflow) as registry:
        assert len(registry.flush()) == 1


def test_trouble_inside_a_pipeline_comes_out_as_the_app_knows_it(settings: Settings) -> None:
    nobody = out_of_reach(settings)
    with pytest.raises(RegistryUnavailableError, match="no copy of a champion"):
        run_pipeline(nobody, "inference")


def test_watching_waits_for_a_month_of_event_time(
    settings: Settings, database: DataManager, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train, "WATCH_EVERY", 0.02)
    ingest_frame(
        database, site, recorded_rows(1), source="test", replayed_until=NEW_YEAR + 30 * DAY
    )
    training = Training(settings, database, Heartbeat(train.SERVICE, database))
    training._month = NEW_YEAR
    waiting = threading.Thread(target=training.wait_for_a_month)
    waiting.start()
    waiting.join(0.3)
    assert waiting.is_alive()
    ingest_frame(
        database, site, recorded_rows(1), source="test", replayed_until=NEW_YEAR + 31 * DAY
    )
    waiting.join(30)
    assert not waiting.is_alive()


def test_history_is_the_same_all_month_long(
    settings: Settings, database: DataManager, site: Site
) -> None:
    before = HistoryDataset(settings).load()
    assert before["timestamp"].max() < NEW_YEAR
    ingest_frame(database, site, recorded_rows(1), source="test", replayed_until=NEW_YEAR + DAY)
    pd.testing.assert_frame_equal(HistoryDataset(settings).load(), before)


def test_history_of_a_few_days_is_used_whole(
    settings: Settings, database: DataManager, site: Site
) -> None:
    ingest_frame(database, site, recorded_rows(3), source="test", replayed_until=NEW_YEAR + 3 * DAY)
    assert HistoryDataset(settings).load()["timestamp"].max() == NEW_YEAR + 3 * DAY - 600


def test_the_third_step_trains_the_forecasters_once_and_its_failure_leaves_the_rest(
    with_mlflow: Settings, tmp_path: Path
) -> None:
    settings = forecasting.two_turbines(with_mlflow, tmp_path / "conf")
    local = settings.conf_dir / "local"
    quick = {"search": {"trials": 1, "folds": 2, "rows": 2000}, "least_rows": 500}
    (local / "parameters_training.yml").write_text(yaml.safe_dump({"training": quick}))
    forecasting.fill(settings, forecasting.START, forecasting.NOW)

    said, _ = (first := wind_train(settings)).communicate(timeout=240)
    assert first.returncode == 0, said
    assert "Forecasters: champion is version 1." in said.splitlines()[-1]
    with ForecasterRegistry(settings) as registry:
        assert [each.version for each in registry.versions()] == [1]
        assert registry.load_champion().farm.weather == "perfect"
    manager = DataManager(settings.database_url)
    assert manager.champion_history("wind_power_forecaster")["version"].tolist() == [1]

    said, _ = (again := wind_train(settings)).communicate(timeout=120)
    assert again.returncode == 0, said
    assert "Nothing to train" in said.splitlines()[-1]
    assert "Forecasters: nothing to train, version 1" in said.splitlines()[-1]

    wrong = local / "parameters_forecast.yml"
    parameters = yaml.safe_load(wrong.read_text())
    parameters["forecast"]["seed"] = 2
    parameters["forecast"]["direct_model"]["learning_rate"] = 1e-30  # CatBoost refuses it
    wrong.write_text(yaml.safe_dump(parameters))
    said, _ = (failed := wind_train(settings)).communicate(timeout=240)
    assert failed.returncode == 1, said
    assert "training failed" in said.splitlines()[-1]
    assert manager.heartbeats()[0].status == "failed"
    with ForecasterRegistry(settings) as registry:
        assert [each.version for each in registry.versions()] == [1]
    manager.close()
