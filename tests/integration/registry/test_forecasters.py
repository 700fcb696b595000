"""The registered model `wind_power_forecaster`, with a real MLflow and a real database."""

from collections.abc import Iterator

import pytest
import requests
from kedro.io import DatasetError

from ml_app_wind_draft.core.config import Settings
from ml_app_wind_draft.core.errors import (
    ModelError,
    NoChampionError,
    RegistryError,
)
from ml_app_wind_draft.registry.client import ModelRegistry
from ml_app_wind_draft.registry.datasets import (
    CurrentDataset,
    TrainedForecasterDataset,
)
from ml_app_wind_draft.registry.forecasters import ForecasterRegistry
from ml_app_wind_draft.registry.records import Verdict
from ml_app_wind_draft.registry.shelves import FORECASTER_NAME
from ml_app_wind_draft.storage.data_manager import DataManager
from tests.integration.conftest import a_trained_model, out_of_reach
from tests.integration.forecasting import a_trained_forecaster, register

KEEP = Verdict(promote=False, against=1, why="Kept version 1: it may be better.")


@pytest.fixture
def registry(with_mlflow: Settings) -> Iterator[ForecasterRegistry]:
    with ForecasterRegistry(with_mlflow) as registry:
        yield registry


def reigns(settings: Settings) -> list[tuple[int, str]]:
    manager = DataManager(settings.database_url)
    try:
        history = manager.champion_history(FORECASTER_NAME)
    finally:
        manager.close()
    return list(history[["version", "why"]].itertuples(index=False, name=None))


def test_the_first_becomes_champion_and_the_next_only_by_its_verdict(with_mlflow, registry):
    assert registry.champion() is None
    register(with_mlflow)
    register(with_mlflow, KEEP, score=4.0)
    assert registry.champion().version == 1
    challenger = registry.challenger()
    assert (challenger.version, challenger.verdict) == (2, KEEP.why)
    assert [each.metrics["score"] for each in registry.versions()] == [4.0, 4.5]
    assert reigns(with_mlflow) == [(1, "There was no forecaster.")]
    register(with_mlflow, Verdict(promote=True, against=1, why="no worse"))
    assert registry.champion().version == 3
    assert reigns(with_mlflow)[-1] == (3, "no worse")


def test_a_verdict_against_a_former_champion_does_not_count(with_mlflow, registry):
    register(with_mlflow)
    registry.promote(register(with_mlflow, KEEP), "me", "I know better")
    register(with_mlflow, Verdict(promote=True, against=1, why="no worse than 1"))
    assert registry.champion().version == 2
    assert registry.challenger().version == 3
    registry.promote(1, "me", "back")
    assert [version for version, _ in reigns(with_mlflow)] == [1, 2, 1]


def test_with_mlflow_down_what_was_trained_waits_apart_from_the_other_model(with_mlflow, registry):
    gone = out_of_reach(with_mlflow)
    with pytest.raises(DatasetError, match="waits in data/outbox"):
        TrainedForecasterDataset(gone).save(a_trained_forecaster())
    with ModelRegistry(with_mlflow) as other:
        other.put(a_trained_model())
        assert (other.waiting(), registry.waiting()) == (1, 1)
        other.flush()
        assert (other.waiting(), registry.waiting()) == (0, 1)
    assert list(registry.flush().values()) == [1]
    assert registry.champion().version == 1


def test_loaded_once_and_the_copy_on_disk_serves_while_mlflow_is_down(with_mlflow, registry):
    with pytest.raises(NoChampionError):
        registry.load_champion()
    assert CurrentDataset(FORECASTER_NAME, with_mlflow).load() is None
    assert CurrentDataset(FORECASTER_NAME, out_of_reach(with_mlflow)).load() is None
    register(with_mlflow)
    loaded = registry.load_champion()
    assert registry.load_champion(loaded) is loaded
    with ForecasterRegistry(out_of_reach(with_mlflow)) as gone:
        assert gone.load_champion(loaded) is loaded
        assert gone.load_champion().version.version == 1
    register(with_mlflow, Verdict(promote=True, against=1, why="newer"))
    assert registry.load_champion(loaded).version.version == 2


def test_files_are_plain_and_a_damaged_one_is_refused(with_mlflow, registry):
    register(with_mlflow)
    registry.load_champion()
    files = [path for path in (with_mlflow.data_dir / "forecasters").rglob("*") if path.is_file()]
    assert {path.suffix for path in files} <= {".json", ".cbm", ""}
    for path in files:
        if path.name == "weather.cbm":
            path.write_bytes(b"damaged")
    with pytest.raises(ModelError, match="not the one that was saved"):
        registry.load_champion()


def test_its_page_in_mlflow_has_parameters_metrics_data_and_plots(with_mlflow, registry):
    plots = {"pinball_by_lead.png": b"\x89PNG"}
    register(with_mlflow, plots=plots, metrics={"mae": 7.0}, parameters={"weather": "perfect"})
    run_id = registry.champion().run_id
    api = f"{with_mlflow.mlflow_tracking_uri}/api/2.0/mlflow"
    run = requests.get(f"{api}/runs/get", params={"run_id": run_id}, timeout=10).json()["run"]
    assert {each["key"]: each["value"] for each in run["data"]["metrics"]} == {
        "mae": 7.0,
        "score": 4.5,
    }
    parameters = {each["key"]: each["value"] for each in run["data"]["params"]}
    assert parameters["weather"] == "perfect"
    assert parameters["data_digest"] == "d" * 64
    listed = {"run_id": run_id, "path": "plots"}
    found = requests.get(f"{api}/artifacts/list", params=listed, timeout=10).json()
    assert [each["path"] for each in found["files"]] == ["plots/pinball_by_lead.png"]


def test_a_version_that_is_not_there_cannot_be_promoted(with_mlflow, registry):
    register(with_mlflow)
    with pytest.raises(RegistryError):
        registry.promote(9, "me", "why not")
    assert registry.champion().version == 1
