"""A turbine's newest state in words."""

import dataclasses
import math

import pytest

from ml_app_wind_draft.dashboard.states import state_of

NOW = 1_421_229_600
NO_OUTCOME = {"expected": math.nan, "p10": math.nan, "p90": math.nan, "scored": False, "status": ""}


@pytest.mark.parametrize(
    ("changes", "word", "tone"),
    [
        ({}, "In band", "good"),
        ({"power": 899.0}, "Below band", "watch"),
        ({"power": 1101.0}, "Above band", "calm"),
        ({"power": 900.0}, "In band", "good"),
        ({"power": -3.0}, "Standstill", "watch"),
        ({"power": -3.0, "wind_speed": 2.0}, "Calm", "calm"),
        ({"power": math.nan}, "No power signal", "watch"),
        ({"wind_speed": math.nan, **NO_OUTCOME}, "No wind signal", "watch"),
        ({"timestamp": None}, "No data", "calm"),
        ({"timestamp": NOW - 6000}, "Silent", "watch"),
        (NO_OUTCOME, "Not scored yet", "calm"),
        ({"state": "normal_operation"}, "In band", "good"),
        ({"state": "not_normal_operation"}, "Held back", "watch"),
        ({"state": "not_normal_operation", "power": 0.0}, "Standstill", "watch"),
        ({"state": "partial_performance"}, "Held back", "watch"),
        ({"state": "iced"}, "Iced sensor", "watch"),
    ],
)
def test_the_newest_state_has_a_word(site, normal, changes, word, tone):
    state = state_of(dataclasses.replace(normal, **changes), site, NOW, has_champion=True)
    assert (state.word, state.tone) == (word, tone)
    assert state.help


def test_without_a_model_a_turbine_is_simply_measured(site, normal):
    current = dataclasses.replace(normal, **NO_OUTCOME)
    assert state_of(current, site, NOW, has_champion=False).word == "Measured"
