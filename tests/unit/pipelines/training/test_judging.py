from typing import ClassVar

import numpy as np
import pandas as pd
import pytest

from ml_app_wind_draft.models.bundle import Bundle
from ml_app_wind_draft.models.calibration import Band
from ml_app_wind_draft.pipelines.training.judging import judge
from ml_app_wind_draft.pipelines.training.parameters import DAY, read_parameters
from ml_app_wind_draft.registry.records import LoadedModel, ModelVersion

RATED = 1000.0
PARAMETERS = read_parameters({})
BAND = Band(np.array([]), ["A"], np.array([[-0.1], [-0.1]]), np.array([[0.1], [0.1]]))


class Offset:
    """A model that is wrong by a fixed fraction of rated power, or by one for each row."""

    kind: ClassVar[str] = "power_curve"

    def __init__(self, error):
        self.error = error
        self.features = ["wind_speed", "truth"]
        self.turbines = ["A"]

    def save(self, folder):
        raise NotImplementedError

    def predict(self, features):
        error = features[self.error] if isinstance(self.error, str) else self.error
        return (features["truth"] + error).to_numpy(float)


def window_of(days, *, start=100 * DAY):
    timestamp = start + 600 * np.arange(days * 144, dtype=np.int64)
    random = np.random.default_rng(4)
    noise = random.normal(0, 0.05, days)[timestamp // DAY - start // DAY]
    return pd.DataFrame(
        {
            "turbine_id": "A",
            "timestamp": timestamp,
            "rated_power": RATED,
            "wind_speed": 8.0,
            "truth": 0.5,
            "noise": noise,
            "power": 0.5 * RATED,
            "normal": True,
        }
    )


def bundle(error, training_end=90 * DAY):
    return Bundle(Offset(error), BAND, 0, training_end)


def champion(error, training_end=90 * DAY):
    version = ModelVersion(7, "power_curve", ("champion",), 0, 0, training_end, {}, "", "")
    return LoadedModel(version, bundle(error, training_end))


def test_without_a_champion_the_first_model_is_promoted():
    verdict = judge(bundle(0.1), None, window_of(3), PARAMETERS)
    assert verdict.promote
    assert verdict.against is None


def test_a_clearly_better_model_is_promoted_over_the_champion_it_was_judged_against():
    verdict = judge(bundle(0.08), champion(0.1), window_of(20), PARAMETERS)
    assert verdict.promote
    assert verdict.against == 7
    assert "-20.0%" in verdict.why


def test_less_than_the_margin_is_not_enough():
    verdict = judge(bundle(0.0995), champion(0.1), window_of(20), PARAMETERS)
    assert not verdict.promote
    assert "less than 1% better" in verdict.why


def test_what_may_be_noise_is_not_enough():
    verdict = judge(bundle("noise"), champion(0.042), window_of(20), PARAMETERS)
    assert not verdict.promote
    assert "noise" in verdict.why


def test_a_worse_model_is_kept_as_challenger():
    assert not judge(bundle(0.2), champion(0.1), window_of(20), PARAMETERS).promote


def test_fewer_than_2000_normal_rows_are_not_enough():
    window = window_of(20)
    window["normal"] = np.arange(len(window)) < 1999
    verdict = judge(bundle(0.0), champion(0.1), window, PARAMETERS)
    assert not verdict.promote
    assert "1,999" in verdict.why


@pytest.mark.parametrize(("training_end", "promote"), [(99 * DAY, True), (110 * DAY, False)])
def test_rows_that_the_champion_was_fitted_on_do_not_count(training_end, promote):
    verdict = judge(bundle(0.0), champion(0.1, training_end), window_of(20), PARAMETERS)
    assert verdict.promote is promote


def test_rows_in_other_states_do_not_count():
    window = window_of(20)
    curtailed = np.arange(len(window)) % 4 == 0
    window.loc[curtailed, ["normal", "power"]] = [False, 0.0]
    assert "-50.0%" in judge(bundle(0.05), champion(0.1), window, PARAMETERS).why
