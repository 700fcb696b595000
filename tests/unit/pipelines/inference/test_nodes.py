"""Outcomes of waiting rows, without database or registry."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from ml_app_wind_draft.core.signals import SIGNAL_INDEX, SIGNAL_NAMES
from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.pipelines.inference.nodes import Batch, score
from ml_app_wind_draft.registry.records import LoadedModel, ModelVersion

STEP = 600
START = 1_420_070_400
VERSION = ModelVersion(7, "power_curve", (), 0, 0, START, {}, "run", "url")


class Fixed:
    """Predicts the same for every row."""

    def __init__(self, expected: float = 500.0, low: float = 400.0, high: float = 600.0) -> None:
        self._answer = {
            "expected_power": expected,
            "expected_power_p10": low,
            "expected_power_p90": high,
        }

    def predict(self, features: pd.DataFrame) -> pd.DataFrame:
        answer = pd.DataFrame(self._answer, index=features.index)
        return answer.where(features["wind_speed"].notna())


def champion(**answer: float) -> LoadedModel:
    model: Any = Fixed(**answer)
    return LoadedModel(VERSION, model)


def waiting_rows(count: int = 3, **changes: object) -> pd.DataFrame:
    rows = pd.DataFrame(
        {
            "turbine_id": "R80711",
            "timestamp": START + STEP * np.arange(count),
            "revision": 1,
            "ingested_at": START,
            **dict.fromkeys(SIGNAL_NAMES, np.nan),
            "flags": 0,
            "waiting": True,
        }
    ).assign(power=450.0, wind_speed=8.0, pitch_angle=0.0)
    return rows.assign(**changes)


def test_each_waiting_row_is_predicted_with_its_band(site: Site) -> None:
    outcomes = score(Batch.of(waiting_rows(), site), champion(), site)
    assert outcomes["status"].tolist() == ["predicted"] * 3
    assert outcomes["expected_power"].tolist() == [500.0] * 3
    assert outcomes["expected_power_p10"].tolist() == [400.0] * 3
    assert outcomes["expected_power_p90"].tolist() == [600.0] * 3
    assert outcomes["reason"].isna().all()
    assert set(outcomes["model_version"]) == {7}


def test_history_gets_no_outcome(site: Site) -> None:
    outcomes = score(Batch.of(waiting_rows(waiting=[False, True, True]), site), champion(), site)
    assert outcomes["timestamp"].tolist() == [START + STEP, START + 2 * STEP]


def test_only_rows_up_to_the_end_of_training_are_in_sample(site: Site) -> None:
    outcomes = score(Batch.of(waiting_rows(), site), champion(), site)
    assert outcomes["in_sample"].tolist() == [True, False, False]


def test_missing_wind_is_no_input_with_the_reason(site: Site) -> None:
    flag = 1 << SIGNAL_INDEX["wind_speed"]
    rows = waiting_rows(wind_speed=[np.nan, np.nan, 8.0], flags=[0, flag, 0])
    outcomes = score(Batch.of(rows, site), champion(), site)
    assert outcomes["status"].tolist() == ["no_input", "no_input", "predicted"]
    assert outcomes["reason"].tolist()[:2] == [
        "wind_speed is missing",
        "wind_speed was implausible",
    ]
    assert outcomes["expected_power"].isna().tolist() == [True, True, False]


def test_a_turbine_that_the_site_does_not_know_is_no_input_and_stops_nobody(site: Site) -> None:
    rows = waiting_rows(turbine_id=["R80711", "stranger", "R80711"])
    outcomes = score(Batch.of(rows, site), champion(), site)
    assert outcomes["status"].tolist() == ["predicted", "no_input", "predicted"]
    assert outcomes["reason"][1] == "the turbine is not in the site file"


@pytest.mark.parametrize(
    "answer",
    [
        {"expected": np.nan},
        {"expected": np.inf, "high": np.inf},
        {"low": 510.0},
        {"high": 490.0},
        {"high": 5000.0},
        {"low": -500.0},
    ],
)
def test_an_estimate_that_cannot_be_is_not_stored(site: Site, answer: dict[str, float]) -> None:
    outcomes = score(Batch.of(waiting_rows(), site), champion(**answer), site)
    assert outcomes["status"].tolist() == ["no_input"] * 3
    assert set(outcomes["reason"]) == {"the model's estimate cannot be used"}
    assert outcomes[["expected_power", "expected_power_p10"]].isna().all(axis=None)


def test_states_say_what_the_measurement_shows(site: Site) -> None:
    rows = waiting_rows(power=[450.0, -5.0, np.nan])
    assert score(Batch.of(rows, site), champion(), site)["state"].tolist() == [
        "normal_operation",
        "stopped",
        "information_unavailable",
    ]


def test_two_revisions_of_a_row_get_an_outcome_each(site: Site) -> None:
    rows = waiting_rows(timestamp=[START, START, START + STEP], revision=[1, 2, 1])
    outcomes = score(Batch.of(rows, site), champion(), site)
    assert outcomes[["timestamp", "revision"]].to_numpy().tolist() == [
        [START, 1],
        [START, 2],
        [START + STEP, 1],
    ]


def test_nothing_waiting_gives_nothing(site: Site) -> None:
    assert score(Batch.of(waiting_rows().iloc[:0], site), champion(), site).empty
