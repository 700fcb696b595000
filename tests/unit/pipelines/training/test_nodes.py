import signal
from dataclasses import replace

import numpy as np
import optuna
import pytest
from kedro.io import DataCatalog, MemoryDataset
from kedro.runner import SequentialRunner

from ml_app_wind_draft.core.errors import ConfigurationError, TrainingError
from ml_app_wind_draft.models.boosted import Boosted
from ml_app_wind_draft.pipelines.feature_eng.nodes import build_features
from ml_app_wind_draft.pipelines.training import nodes
from ml_app_wind_draft.pipelines.training.pipeline import create_pipeline
from ml_app_wind_draft.pipelines.training.search import FILE
from ml_app_wind_draft.pipelines.training.walk_forward import as_champion
from tests.turbine_data import turbine_data

FIXED = {"iterations": 30, "random_seed": 1}
QUICK = {
    "threads": 1,
    "least_rows": 1000,
    "search": {"trials": 2, "folds": 2, "rows": 2000},
    "catboost": {
        "fixed": FIXED,
        "space": {
            "depth": {"low": 2, "high": 4},
            "learning_rate": {"low": 0.1, "high": 0.3},
            "loss_function": {"choices": ["RMSE", "MAE"]},
        },
    },
    "random_forest": {
        "fixed": {"n_estimators": 5, "random_state": 1},
        "space": {"min_samples_leaf": {"low": 5, "high": 20}},
    },
}


@pytest.fixture(scope="module")
def history(site):
    return turbine_data(site, 40 * 144)


@pytest.fixture(scope="module")
def material(history, site):
    return prepare(history, site, QUICK)


@pytest.fixture(scope="module")
def first(history, site):
    return nodes.first_champion(history, site, QUICK)


def prepare(history, site, parameters):
    return nodes.prepare(history, build_features(history, site), site, parameters)


def trials_in(folder):
    storage = optuna.storages.RDBStorage(f"sqlite:///{folder / FILE}")
    (name,) = optuna.get_all_study_names(storage)
    trials = optuna.load_study(study_name=name, storage=storage).trials
    storage.engine.dispose()
    return trials


def test_only_normal_rows_well_before_the_window_are_fitted(material):
    fitting, window = material.fitting, material.window
    assert fitting["normal"].all()
    assert window["timestamp"].min() - fitting["timestamp"].max() > 86_400
    assert material.training_end < material.split.fit_end


def test_wrong_parameters_are_refused_before_anything_is_computed(history, site):
    with pytest.raises(ConfigurationError, match=r"training\.model"):
        prepare(history, site, {"model": "oracle"})


def test_a_history_without_normal_operation_is_said(history, site):
    stopped = history.assign(power=0.0, wind_speed=10.0)
    with pytest.raises(TrainingError, match="normal operation"):
        prepare(stopped, site, QUICK)


def test_the_first_champion_is_the_iec_curve_with_a_band(first, material):
    assert first.bundle.kind == "power_curve"
    assert first.verdict.promote
    assert first.record.score == first.record.metrics["mae"]
    assert first.record.metrics["interval_coverage"] == pytest.approx(0.8, abs=0.05)
    assert first.record.metrics["skill_vs_persistence"] > 0
    assert first.bundle.training_end == material.training_end


def test_all_parameters_reach_the_final_fit_fixed_ones_too(material, tmp_path):
    hyperparameters = nodes.search(material, tmp_path)
    assert set(hyperparameters) == {*FIXED, "depth", "learning_rate", "loss_function"}
    model = nodes.fit(material, hyperparameters)
    assert isinstance(model, Boosted)
    used = model.regressor.get_all_params()
    assert used["depth"] == hyperparameters["depth"]
    assert used["random_seed"] == 1
    assert model.regressor.tree_count_ == hyperparameters["iterations"] <= FIXED["iterations"]


def test_an_interrupted_search_goes_on_where_it_stopped(material, tmp_path):
    shorter = material.parameters.search.model_copy(update={"trials": 1})
    parameters = material.parameters.model_copy(update={"search": shorter})
    nodes.search(replace(material, parameters=parameters), tmp_path)
    first_trial = trials_in(tmp_path)[0]
    nodes.search(material, tmp_path)
    trials = trials_in(tmp_path)
    assert len(trials) == 2
    assert trials[0].datetime_complete == first_trial.datetime_complete


def test_a_search_that_is_complete_computes_nothing(material, tmp_path):
    hyperparameters = nodes.search(material, tmp_path)
    assert nodes.search(material, tmp_path) == hyperparameters
    assert len(trials_in(tmp_path)) == 2


def test_a_trial_that_was_killed_does_not_count(material, tmp_path):
    nodes.search(material, tmp_path)
    storage = optuna.storages.RDBStorage(f"sqlite:///{tmp_path / FILE}")
    (name,) = optuna.get_all_study_names(storage)
    optuna.load_study(study_name=name, storage=storage).ask()
    storage.engine.dispose()
    assert nodes.search(material, tmp_path)["iterations"] > 0


def test_a_search_file_that_is_none_is_a_clear_error(material, tmp_path):
    (tmp_path / FILE).write_text("no database, but long enough to be looked at " * 50)
    with pytest.raises(TrainingError, match=FILE):
        nodes.search(material, tmp_path)


@pytest.mark.parametrize("kind", ["catboost", "random_forest"])
def test_the_pipeline_trains_and_judges_a_challenger(
    history, site, tmp_path, monkeypatch, kind, first
):
    monkeypatch.chdir(tmp_path)
    handler = signal.getsignal(signal.SIGTERM)
    champion = as_champion(first.bundle, 1, first.record.window_end)
    catalog = DataCatalog(
        {
            "history": MemoryDataset(history),
            "site": MemoryDataset(site, copy_mode="assign"),
            "champion": MemoryDataset(champion, copy_mode="assign"),
            "study_folder": MemoryDataset(tmp_path / "studies"),
            "params:training": MemoryDataset({**QUICK, "model": kind}),
        }
    )
    (trained,) = SequentialRunner().run(create_pipeline(), catalog)["trained_models"].load()
    record, metrics = trained.record, trained.record.metrics
    assert record.kind == trained.bundle.kind == kind
    assert trained.verdict.against == 1
    assert trained.verdict.why
    assert metrics["interval_coverage"] == pytest.approx(0.8, abs=0.06)
    assert {"skill_vs_persistence", "skill_vs_iec_curve", "skill_vs_logistic"} <= set(metrics)
    assert all(np.isfinite(value) for value in metrics.values())
    assert metrics["fault_trials"] == 3 * len(site.turbines)
    assert set(record.plots) == {
        "calibration.png",
        "error_by_month.png",
        "error_by_turbine.png",
        "error_by_wind_speed.png",
        "fault_sensitivity.png",
        "importance.png",
        "power_curve.png",
        "residual_over_time.png",
    }
    assert all(content.startswith(b"\x89PNG") for content in record.plots.values())
    assert record.parameters["search_trials"] == 2
    assert record.parameters["gate_part_margin"] == 0.1
    assert all(isinstance(value, str | int | float) for value in record.parameters.values())
    assert (record.data_rows, record.data_start) == (len(history), history["timestamp"].min())
    assert record.features == tuple(trained.bundle.features)
    assert [path.name for path in tmp_path.iterdir()] == ["studies"]
    assert signal.getsignal(signal.SIGTERM) is handler


def test_the_history_is_read_once_for_rows_arrive_meanwhile():
    readers = [each.name for each in create_pipeline().nodes if "history" in each.inputs]
    assert readers == ["take"]


def test_coverage_is_told_by_rows_that_the_band_was_not_made_of(material):
    bundle = nodes.power_curve_bundle(material)
    honest = nodes.coverage_ahead(material, bundle)
    assert 0.7 < honest < 0.9
    middle = (material.split.window_start + material.split.end) // 2
    late = material.table["timestamp"] >= middle
    power = material.table["power"].mask(late, material.table["power"] + 500)
    changed = replace(material, table=material.table.assign(power=power))
    assert nodes.coverage_ahead(changed, bundle) < 0.1


def test_a_short_window_has_no_coverage_to_tell(material):
    bundle = nodes.power_curve_bundle(material)
    split = replace(material.split, window_start=material.split.end - 3 * 86_400)
    assert np.isnan(nodes.coverage_ahead(replace(material, split=split), bundle))
