from typing import ClassVar

import numpy as np
import pandas as pd
import pytest

from ml_app_wind_draft.models.bundle import Bundle
from ml_app_wind_draft.models.calibration import Band
from ml_app_wind_draft.pipelines.training import judging
from ml_app_wind_draft.pipelines.training.gates import Evidence
from ml_app_wind_draft.pipelines.training.parameters import DAY, read_parameters
from ml_app_wind_draft.pipelines.training.sensitivity import Sensitivity
from ml_app_wind_draft.registry.records import LoadedModel, ModelVersion

RATED = 1000.0
PARAMETERS = read_parameters({})
QUICK = Sensitivity(pd.DataFrame({"hours": [20.0, 40.0], "found": True}))
SLOW = Sensitivity(pd.DataFrame({"hours": [50.0, 150.0], "found": [True, False]}))
SOUND, HIDING = Evidence(0.8, QUICK), Evidence(0.8, SLOW)
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


def judge(challenger, against, window, parameters, own=SOUND, reference=SOUND):
    def gather(model):
        return own if model is challenger else reference

    return judging.judge(challenger, against, window, parameters, gather)


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


def test_a_better_model_that_hides_faults_is_refused():
    verdict = judge(bundle(0.08), champion(0.1), window_of(20), PARAMETERS, HIDING, SOUND)
    assert not verdict.promote
    assert "finds faults later: 100 h" in verdict.why
    assert verdict.comparison is not None
    assert judge(bundle(0.08), champion(0.1), window_of(20), PARAMETERS, SOUND, HIDING).promote


def test_a_better_model_that_one_turbine_pays_for_is_refused():
    window = window_of(20)
    worse = np.arange(len(window)) % 5 == 0
    window["turbine_id"] = np.where(worse, "B", "A")
    window["error"] = np.where(worse, 0.15, 0.02)
    verdict = judge(bundle("error"), champion(0.1), window, PARAMETERS)
    assert not verdict.promote
    assert "50% worse at turbine B (150.0 against 100.0 kW; 10% are allowed)" in verdict.why


def test_a_better_model_that_one_wind_bin_pays_for_is_refused():
    window = window_of(20)
    storm = np.arange(len(window)) % 5 == 0
    window.loc[storm, "wind_speed"] = 17.2
    window["error"] = np.where(storm, 0.15, 0.02)
    assert "50% worse at 17 m/s" in judge(bundle("error"), champion(0.1), window, PARAMETERS).why
    window.loc[np.cumsum(storm) > 299, "wind_speed"] = 8.0
    assert judge(bundle("error"), champion(0.1), window, PARAMETERS).promote


@pytest.mark.parametrize(
    ("own", "reference", "promote"),
    [
        (0.72, 0.8, True),
        (0.5, 0.75, False),
        (0.96, 0.85, False),
        (0.6, 0.55, True),
        (0.6, 1.0, True),
        (np.nan, 0.8, True),
        (0.6, np.nan, True),
    ],
)
def test_a_better_model_whose_band_is_further_off_than_the_champions_is_refused(
    own, reference, promote
):
    verdict = judge(
        bundle(0.08),
        champion(0.1),
        window_of(20),
        PARAMETERS,
        Evidence(own, QUICK),
        Evidence(reference, QUICK),
    )
    assert verdict.promote is promote
    if not promote:
        assert f"holds {own:.0%} of the rows, not 70% to 90%" in verdict.why
