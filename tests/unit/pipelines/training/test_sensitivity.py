"""Faults in the judging window, with a model that knows the curve and one that expects the loss."""

from typing import ClassVar

import numpy as np
import pytest

from ml_app_wind_draft.models.bundle import Bundle
from ml_app_wind_draft.models.calibration import Band
from ml_app_wind_draft.pipelines.training.parameters import DAY
from ml_app_wind_draft.pipelines.training.sensitivity import FAULTS, not_probed, sensitivity
from ml_app_wind_draft.pipelines.training.split import Split
from tests.turbine_data import START, turbine_data

SPLIT = Split(START, START + 8 * DAY, START + 9 * DAY, START + 40 * DAY)
NO_BAND = np.zeros((5, 1))


class Knowing:
    """The curve that the invented rows follow, times a share."""

    kind: ClassVar[str] = "power_curve"
    features: ClassVar[list[str]] = ["wind_speed"]

    def __init__(self, site, share=1.0):
        self.turbines = list(site.turbine_ids)
        self.share = share

    def save(self, folder):
        raise NotImplementedError

    def predict(self, features):
        wind = features["wind_speed"].to_numpy(float)
        return self.share / (1 + np.exp(-(wind - 8.5)))


@pytest.fixture(scope="module")
def history(site):
    return turbine_data(site, 40 * 144)


def probe(model, history, site, split=SPLIT):
    band = Band(np.array([]), model.turbines, NO_BAND, NO_BAND)
    return sensitivity(Bundle(model, band, START, SPLIT.fit_end), history, site, split)


def test_a_model_that_knows_the_curve_finds_each_fault_within_days(history, site):
    found = probe(Knowing(site), history, site)
    assert len(found.trials) == len(FAULTS) * len(site.turbines) * 2
    quick = found.trials[found.trials["fault"] == "derating to 90%"]
    assert quick["found"].all()
    assert quick["hours"].between(6, 120).all()
    assert found.metrics()["fault_hours_to_alarm"] == found.hours


def test_a_model_that_expects_the_loss_finds_it_late_or_never(history, site):
    blind = probe(Knowing(site, share=0.9), history, site)
    assert blind.found < probe(Knowing(site), history, site).found
    never = blind.trials[~blind.trials["found"]]
    assert never["hours"].isin([28 * 24, 6 * 24]).all()


def test_a_short_window_tries_nothing_and_says_so(history, site):
    short = Split(START, START + 33 * DAY, START + 34 * DAY, START + 40 * DAY)
    nothing = probe(Knowing(site), history, site, short)
    assert nothing.trials.empty
    assert nothing.metrics() == not_probed().metrics() == {}
