import json
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LinearRegression

from ml_app_wind_draft.core.errors import ModelError, TrainingError
from ml_app_wind_draft.models.bundle import MANIFEST, SCHEMA_VERSION, Bundle, load_bundle
from ml_app_wind_draft.models.calibration import fit_band
from ml_app_wind_draft.models.forest import load as load_forest
from ml_app_wind_draft.pipelines.feature_eng.nodes import build_features
from ml_app_wind_draft.pipelines.training.fitting import fit_model, fraction_of
from tests.turbine_data import STEP, turbine_data

SMALL: dict[str, dict] = {
    "power_curve": {},
    "catboost": {"iterations": 20, "depth": 3, "random_seed": 1},
    "random_forest": {"n_estimators": 4, "min_samples_leaf": 20, "random_state": 1},
}
MODEL_FILE = {
    "power_curve": "power_curve.json",
    "catboost": "correction.cbm",
    "random_forest": "correction.skops",
}


@pytest.fixture(scope="module")
def table(site) -> pd.DataFrame:
    rows = turbine_data(site, 600)
    return build_features(rows, site).assign(power=rows["power"])


@pytest.fixture(scope="module", params=list(SMALL))
def bundle(request, table) -> Bundle:
    model = fit_model(request.param, table, SMALL[request.param], step=STEP, threads=2)
    fraction = fraction_of(table)
    predicted = model.predict(table)
    band = fit_band(predicted, fraction - predicted, table, model.turbines)
    return Bundle(model, band, 100, 200, {"note": "small"})


def test_a_saved_bundle_comes_back_the_same(bundle, table, tmp_path):
    digest = bundle.save(tmp_path / "model")
    kept = load_bundle(tmp_path / "model")
    pd.testing.assert_frame_equal(kept.predict(table), bundle.predict(table), check_exact=True)
    assert (kept.kind, kept.features, kept.turbines) == (
        bundle.kind,
        bundle.features,
        bundle.turbines,
    )
    assert (kept.training_start, kept.training_end, kept.metadata) == (100, 200, {"note": "small"})
    assert digest == json.loads((tmp_path / "model" / MANIFEST).read_text())["digest"]


def test_predictions_keep_the_rows_index_and_have_the_band_around_them(bundle, table):
    some = table.sample(50, random_state=1)
    result = bundle.predict(some)
    assert result.index.equals(some.index)
    assert (result["expected_power_p10"] <= result["expected_power"]).all()
    assert (result["expected_power"] <= result["expected_power_p90"]).all()


def test_one_row_is_predicted_as_it_is_among_many(bundle, table):
    many = bundle.predict(table)
    for row in (0, 777, len(table) - 1):
        one = bundle.predict(table.iloc[[row]])
        pd.testing.assert_frame_equal(one, many.iloc[[row]], check_exact=True)


def test_without_wind_speed_there_is_no_prediction(bundle, table):
    rows = table.iloc[:3].copy()
    rows.loc[rows.index[1], ["wind_speed", "wind_speed_normalised"]] = np.nan
    assert bundle.predict(rows).isna().all(axis=1).tolist() == [False, True, False]


def test_other_missing_inputs_are_no_hindrance(bundle, table):
    rows = table.iloc[:3].copy()
    rows[["wind_speed_lag_1", "ambient_temperature", "yaw_misalignment"]] = np.nan
    assert bundle.predict(rows).notna().all(axis=None)


def test_an_unknown_turbine_is_predicted_with_its_own_rated_power(bundle, table):
    rows = table.iloc[:300].assign(turbine_id="new", rated_power=1.0)
    known = bundle.predict(table.iloc[:300])["expected_power"] / table["rated_power"].iloc[:300]
    assert bundle.predict(rows)["expected_power"].mean() == pytest.approx(known.mean(), abs=0.05)


def test_no_rows_give_no_predictions(bundle, table):
    assert bundle.predict(table.iloc[:0]).empty


def test_a_missing_column_is_named(bundle, table):
    column = bundle.features[1]
    with pytest.raises(ModelError, match=column):
        bundle.predict(table.drop(columns=column))


def test_the_files_hold_no_pickle(bundle, tmp_path):
    bundle.save(tmp_path)
    for file in tmp_path.iterdir():
        members = [file.read_bytes()]
        if zipfile.is_zipfile(file):
            with zipfile.ZipFile(file) as archive:
                members = [archive.read(name) for name in archive.namelist()]
        for content in members:
            with pytest.raises(Exception):  # noqa: B017 - whatever pickle says to what is none
                pickle.loads(content)  # noqa: S301 - our own file, read to prove it is no pickle


def test_a_changed_model_file_is_refused(bundle, tmp_path):
    bundle.save(tmp_path)
    file = tmp_path / MODEL_FILE[bundle.kind]
    file.write_bytes(file.read_bytes() + b" ")
    with pytest.raises(ModelError, match="not the one that was saved"):
        load_bundle(tmp_path)


def test_a_lost_model_file_is_named(bundle, tmp_path):
    bundle.save(tmp_path)
    (tmp_path / MODEL_FILE[bundle.kind]).unlink()
    with pytest.raises(ModelError, match=MODEL_FILE[bundle.kind]):
        load_bundle(tmp_path)


def rewrite(folder: Path, **changes) -> None:
    manifest = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps({**manifest, **changes}))


def test_a_changed_description_is_refused(bundle, tmp_path):
    bundle.save(tmp_path)
    rewrite(tmp_path, training_end=999)
    with pytest.raises(ModelError, match="not the one that was saved"):
        load_bundle(tmp_path)


def test_a_newer_format_is_a_clear_error(bundle, tmp_path):
    bundle.save(tmp_path)
    rewrite(tmp_path, schema_version=SCHEMA_VERSION + 1)
    with pytest.raises(ModelError, match="Update the app"):
        load_bundle(tmp_path)


@pytest.mark.parametrize("content", [None, "", "[]", "{", "7", "{}"])
def test_a_folder_without_a_bundle_is_a_clear_error(tmp_path, content):
    if content is not None:
        (tmp_path / MANIFEST).write_text(content)
    with pytest.raises(ModelError):
        load_bundle(tmp_path)


@pytest.mark.parametrize("kind", ["catboost", "random_forest"])
def test_a_parameter_that_the_library_does_not_know_is_a_clear_error(table, kind):
    with pytest.raises(TrainingError, match="leaves_of_grass"):
        fit_model(kind, table, {"leaves_of_grass": 1}, step=STEP, threads=1)


def test_a_skops_file_with_anything_but_a_forest_is_refused(tmp_path):
    skops.io.dump(LinearRegression(), tmp_path / "correction.skops")
    with pytest.raises(ModelError, match="not a random forest"):
        load_forest(tmp_path, ["wind_speed"], ["A"])


def test_a_skops_file_with_untrusted_types_is_refused(tmp_path):
    skops.io.dump({"surprise": Path.home}, tmp_path / "correction.skops")
    with pytest.raises(ModelError, match="does not need"):
        load_forest(tmp_path, ["wind_speed"], ["A"])


def test_a_forest_whose_trees_point_outside_their_arrays_is_refused(tmp_path):
    inputs = np.random.default_rng(1).random((50, 9))
    forest = RandomForestRegressor(n_estimators=1).fit(inputs, np.arange(50))
    skops.io.dump(forest, tmp_path / "correction.skops")
    with pytest.raises(ModelError, match="point outside"):
        load_forest(tmp_path, ["wind_speed"], ["A"])


def test_in_a_calm_a_learned_model_says_what_its_curve_says(bundle, table):
    still = table.head(20).assign(wind_speed_corrected=1.0, wind_speed_normalised=1.0)
    curve = getattr(bundle.model, "curve", bundle.model)
    np.testing.assert_array_equal(bundle.model.predict(still), curve.predict(still))
