"""The registry against a real MLflow server."""

import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import requests

import mlflow
from ml_app_wind_draft.core.config import Settings
from ml_app_wind_draft.core.errors import ModelError, NoChampionError, RegistryUnavailableError
from ml_app_wind_draft.registry import client as client_module
from ml_app_wind_draft.registry.client import ModelRegistry
from ml_app_wind_draft.registry.records import ModelVersion, TrainedModel, Verdict
from ml_app_wind_draft.registry.rest import MlflowRest
from ml_app_wind_draft.storage.data_manager import MODEL_NAME, DataManager
from tests.integration.conftest import MlflowServer, a_trained_model, out_of_reach

FEATURES = pd.DataFrame(
    {
        "turbine_id": ["R80711", "R80790"],
        "rated_power": [2050.0, 2050.0],
        "wind_speed": [8.0, np.nan],
        "wind_speed_normalised": [8.0, np.nan],
    }
)


def registered(registry: ModelRegistry, model: TrainedModel) -> ModelVersion:
    name = registry.put(model)
    return registry.version(registry.flush()[name])


def test_first_model_becomes_champion_with_history(
    with_mlflow: Settings, trained_model: TrainedModel
) -> None:
    with ModelRegistry(with_mlflow) as registry:
        assert registry.champion() is None
        version = registered(registry, trained_model)
        champion = registry.champion()
    assert champion == replace(version, aliases=("champion",))
    assert champion.kind == "power_curve"
    assert champion.training_end == trained_model.record.training_end
    assert champion.metrics == {"mae": 33.3, "rmse": 55.5, "score": 33.3}
    history = DataManager(with_mlflow.database_url).champion_history()
    assert history[["version", "by", "why"]].to_numpy().tolist() == [
        [version.version, "training", "the first model"]
    ]


def test_a_later_model_is_challenger_until_it_is_promoted(
    with_mlflow: Settings, trained_model: TrainedModel
) -> None:
    challenger = a_trained_model(scale=0.9, verdict=Verdict(False, 1, "not better"))
    with ModelRegistry(with_mlflow) as registry:
        first = registered(registry, trained_model)
        second = registered(registry, challenger)
        assert registry.champion() == replace(first, aliases=("champion",))
        assert registry.challenger() == replace(second, aliases=("challenger",))
        registry.promote(second.version, "anna", "better in icing")
        assert [(each.version, each.aliases) for each in registry.versions()] == [
            (second.version, ("challenger", "champion")),
            (first.version, ()),
        ]
        registry.promote(first.version, "anna", "roll back")
        current = registry.champion()
    assert current
    assert current.version == first.version
    history = DataManager(with_mlflow.database_url).champion_history()
    assert history["version"].tolist() == [1, 2, 1]
    assert history["by"].tolist() == ["training", "anna", "anna"]
    assert history["to_time"].isna().tolist() == [False, False, True]


def test_verdict_against_a_former_champion_does_not_promote(
    with_mlflow: Settings, trained_model: TrainedModel
) -> None:
    with ModelRegistry(with_mlflow) as registry:
        registered(registry, trained_model)
        registered(registry, a_trained_model(verdict=Verdict(True, 7, "better than 7")))
        champion = registry.champion()
    assert champion
    assert champion.version == 1


SHADOW_FIRST = Verdict(False, 1, "Into shadow of version 1, not promoted yet.", shadow=True)


def test_what_is_to_prove_itself_goes_into_shadow_and_the_next_waits(
    with_mlflow: Settings, trained_model: TrainedModel, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    with ModelRegistry(with_mlflow) as registry:
        registered(registry, trained_model)
        registered(registry, a_trained_model(scale=0.9, verdict=SHADOW_FIRST))
        assert {each.version: each.aliases for each in registry.versions()} == {
            1: ("champion",),
            2: ("challenger", "shadow"),
        }
        assert "Version 2 (power_curve) is in shadow." in caplog.text
        registered(registry, a_trained_model(scale=0.8, verdict=SHADOW_FIRST))
        assert {each.version: each.aliases for each in registry.versions()} == {
            1: ("champion",),
            2: ("shadow",),
            3: ("challenger",),
        }
    assert "Version 3 stays challenger: version 2 is in shadow and is judged first" in caplog.text
    assert "`wind models shadow 3` puts version 3 there instead." in caplog.text
    assert DataManager(with_mlflow.database_url).champion_history()["version"].tolist() == [1]


def test_nothing_goes_into_shadow_of_a_champion_it_was_not_judged_against(
    with_mlflow: Settings, trained_model: TrainedModel
) -> None:
    with ModelRegistry(with_mlflow) as registry:
        registered(registry, trained_model)
        registered(registry, a_trained_model(verdict=replace(SHADOW_FIRST, against=7)))
        assert registry.shadow() is None
        assert registry.challenger()


def test_a_flush_that_is_cut_off_before_the_shadow_is_finished_by_the_next(
    with_mlflow: Settings, trained_model: TrainedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ModelRegistry(with_mlflow) as registry:
        registered(registry, trained_model)
        registry.put(a_trained_model(scale=0.9, verdict=SHADOW_FIRST))

        def dies(self: ModelRegistry, version: int) -> ModelVersion:
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(ModelRegistry, "start_shadow", dies)
            with pytest.raises(KeyboardInterrupt):
                registry.flush()
        assert list(registry.flush().values()) == [2]
        shadow = registry.shadow()
        assert shadow
        assert shadow.version == 2


def test_loaded_model_predicts_as_the_trained_one(
    with_mlflow: Settings, trained_model: TrainedModel
) -> None:
    with ModelRegistry(with_mlflow) as registry:
        loaded = registry.load(registered(registry, trained_model))
    pd.testing.assert_frame_equal(
        loaded.bundle.predict(FEATURES), trained_model.bundle.predict(FEATURES)
    )


def test_run_says_all_that_is_needed_to_understand_the_model(
    with_mlflow: Settings, trained_model: TrainedModel
) -> None:
    with ModelRegistry(with_mlflow) as registry:
        version = registered(registry, trained_model)
    client = mlflow.MlflowClient(with_mlflow.mlflow_tracking_uri)
    run = client.get_run(version.run_id)
    assert run.info.status == "FINISHED"
    assert run.data.metrics == {"mae": 33.3, "rmse": 55.5, "score": 33.3}
    assert run.data.params["features"] == "wind_speed,wind_speed_normalised"
    assert run.data.params["data_digest"] == "d" * 64
    assert run.data.params["training_end"] == "2014-12-31 23:50 UTC"
    assert run.data.tags["mlflow.source.git.commit"]
    assert [each.path for each in client.list_artifacts(version.run_id, "plots")] == [
        "plots/curve.png"
    ]
    assert run.inputs
    assert run.inputs.dataset_inputs[0].dataset.digest == "d" * 36
    tags = client.get_model_version(MODEL_NAME, str(version.version)).tags
    assert {"kind", "training_start", "training_end", "score"} <= tags.keys()


@pytest.mark.filterwarnings("default::UserWarning", "default::FutureWarning")  # MLflow's imports
def test_mlflow_reads_the_signature_and_loads_the_model_itself(
    with_mlflow: Settings, trained_model: TrainedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ModelRegistry(with_mlflow) as registry:
        version = registered(registry, trained_model)
    monkeypatch.setattr(pickle, "load", None)
    monkeypatch.setattr(pickle, "loads", None)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", with_mlflow.mlflow_tracking_uri)
    model = mlflow.pyfunc.load_model(f"models:/{MODEL_NAME}/{version.version}")
    signature = model.metadata.signature
    assert signature.inputs.input_names() == list(FEATURES)
    assert signature.outputs.input_names() == [
        "expected_power",
        "expected_power_p10",
        "expected_power_p90",
    ]
    predicted = model.predict(FEATURES)
    assert isinstance(predicted, pd.DataFrame)
    pd.testing.assert_frame_equal(predicted, trained_model.bundle.predict(FEATURES))


def test_nothing_in_mlflow_is_a_pickle(
    with_mlflow: Settings, trained_model: TrainedModel, mlflow_server: MlflowServer
) -> None:
    with ModelRegistry(with_mlflow) as registry:
        registered(registry, trained_model)
    artifacts = [
        path
        for path in (mlflow_server.settings.mlflow_dir / "mlartifacts").rglob("*")
        if path.is_file()
    ]
    assert {path.suffix for path in artifacts} <= {"", ".json", ".cbm", ".png"}
    assert not any(path.read_bytes().startswith(b"\x80") for path in artifacts)


def test_a_version_with_a_pickle_is_refused_unread(
    with_mlflow: Settings, trained_model: TrainedModel, tmp_path: Path
) -> None:
    """Somebody gives the alias to a model that MLflow's own flavours wrote."""
    trap = tmp_path / "trap"
    trap.mkdir()
    (trap / "MLmodel").write_text(
        "flavors: {ml_app_wind_draft: {files: {bundle/model.pkl: abc}}}", encoding="utf-8"
    )
    (trap / "model.pkl").write_bytes(pickle.dumps({"never": "loaded"}))
    with ModelRegistry(with_mlflow) as registry:
        first = registered(registry, trained_model)
        client = mlflow.MlflowClient(with_mlflow.mlflow_tracking_uri)
        experiment = client.get_run(first.run_id).info.experiment_id
        model = client.create_logged_model(experiment, "trap", first.run_id)
        client.log_model_artifacts(model.model_id, str(trap))
        client.finalize_logged_model(model.model_id, "READY")
        source = f"models:/{model.model_id}"
        made = client.create_model_version(
            MODEL_NAME, source, first.run_id, model_id=model.model_id
        )
        with pytest.raises(ModelError, match="refused"):
            registry.load(int(made.version))


def test_flushing_twice_registers_once(with_mlflow: Settings, trained_model: TrainedModel) -> None:
    with ModelRegistry(with_mlflow) as registry:
        registry.put(trained_model)
        assert len(registry.flush()) == 1
        assert registry.flush() == {}
        assert len(registry.versions()) == 1


@pytest.mark.parametrize("cut_off_after", range(14))
def test_a_flush_that_is_cut_off_anywhere_is_finished_by_the_next(
    with_mlflow: Settings,
    trained_model: TrainedModel,
    monkeypatch: pytest.MonkeyPatch,
    cut_off_after: int,
) -> None:
    calls = 0
    send = MlflowRest._send

    def dies(self: MlflowRest, method: str, path: str, **content: Any) -> requests.Response:
        nonlocal calls
        answer = send(self, method, path, **content)
        if method != "GET":
            calls += 1
        if calls > cut_off_after:
            raise KeyboardInterrupt
        return answer

    with ModelRegistry(with_mlflow) as registry:
        registry.put(trained_model)
        with monkeypatch.context() as patch:
            patch.setattr(MlflowRest, "_send", dies)
            with pytest.raises(KeyboardInterrupt):
                registry.flush()
        assert registry.waiting() == 1
        assert list(registry.flush().values()) == [1]
        assert registry.waiting() == 0
        assert len(registry.versions()) == 1
        champion = registry.champion()
        assert champion
        client = mlflow.MlflowClient(with_mlflow.mlflow_tracking_uri)
        runs = client.search_runs(
            [client.get_run(champion.run_id).info.experiment_id],
            f"tags.outbox_id = '{client.get_run(champion.run_id).data.tags['outbox_id']}'",
        )
        assert len(runs) == 1
    assert DataManager(with_mlflow.database_url).champion_history()["version"].tolist() == [1]


def test_a_model_waits_on_disk_while_mlflow_is_out_of_reach(
    with_mlflow: Settings, trained_model: TrainedModel
) -> None:
    nobody = out_of_reach(with_mlflow)
    with ModelRegistry(nobody) as registry:
        registry.put(trained_model)
        with pytest.raises(RegistryUnavailableError, match="does not answer"):
            registry.flush()
        assert registry.waiting() == 1
    with ModelRegistry(with_mlflow) as registry:
        assert len(registry.flush()) == 1
        assert registry.champion()


def test_champion_comes_from_disk_while_mlflow_is_out_of_reach(
    with_mlflow: Settings, trained_model: TrainedModel
) -> None:
    nobody = out_of_reach(with_mlflow)
    with ModelRegistry(nobody) as registry, pytest.raises(RegistryUnavailableError, match="copy"):
        registry.load_champion()
    with ModelRegistry(with_mlflow) as registry:
        with pytest.raises(NoChampionError, match="No champion model yet"):
            registry.load_champion()
        registered(registry, trained_model)
        from_mlflow = registry.load_champion()
    with ModelRegistry(nobody) as registry:
        from_disk = registry.load_champion()
    assert from_disk.version == from_mlflow.version
    pd.testing.assert_frame_equal(
        from_disk.bundle.predict(FEATURES), from_mlflow.bundle.predict(FEATURES)
    )


def test_a_frozen_server_is_given_up_on(
    with_mlflow: Settings, mlflow_server: MlflowServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert MlflowRest._send.__kwdefaults__
    monkeypatch.setitem(MlflowRest._send.__kwdefaults__, "timeout", 0.3)
    mlflow_server.freeze()
    try:
        with (
            ModelRegistry(with_mlflow) as registry,
            pytest.raises(RegistryUnavailableError, match="timed out"),
        ):
            registry.champion()
    finally:
        mlflow_server.thaw()


def test_versions_are_read_over_several_pages(
    with_mlflow: Settings, trained_model: TrainedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "PAGE", 2)
    with ModelRegistry(with_mlflow) as registry:
        for _ in range(3):
            registered(registry, trained_model)
        assert [each.version for each in registry.versions()] == [3, 2, 1]


def test_a_registry_set_up_anew_is_not_confused_with_the_copies_of_the_old_one(
    with_mlflow: Settings, trained_model: TrainedModel
) -> None:
    with ModelRegistry(with_mlflow) as registry:
        registered(registry, trained_model)
        registry.load_champion()
        requests.delete(
            f"{with_mlflow.mlflow_tracking_uri}/api/2.0/mlflow/registered-models/delete",
            json={"name": MODEL_NAME},
            timeout=10,
        ).raise_for_status()
        other = a_trained_model(scale=0.5)
        registered(registry, other)
        loaded = registry.load_champion()
    pd.testing.assert_frame_equal(loaded.bundle.predict(FEATURES), other.bundle.predict(FEATURES))
