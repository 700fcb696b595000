"""Who may change the model in shadow from the page, and what they are told."""

import json
import subprocess

import pytest

from ml_app_wind_draft.dashboard import shadow_control


def answering(returncode: int = 0, stdout: str = "", stderr: str = ""):
    asked = []

    def run(command):
        asked.append(list(command))
        return subprocess.CompletedProcess(command, returncode, stdout, stderr)

    return run, asked


def test_a_judgement_names_who_asked_and_says_what_came_out(settings):
    run, asked = answering(stdout=json.dumps({"promoted": True, "why": "Better beyond noise."}))
    outcome = shadow_control.judge(settings, " Ada  L. ", run)
    assert outcome.done
    assert asked[0][-3:] == ["--promote", "--json", "--by=Ada L. (dashboard)"]


def test_a_judgement_that_keeps_the_champion_says_why(settings):
    run, _ = answering(stdout=json.dumps({"promoted": False, "why": "Too early to judge."}))
    outcome = shadow_control.judge(settings, "Ada", run)
    assert (outcome.done, outcome.said) == (False, "Too early to judge.")


def test_a_judgement_that_fails_changes_nothing(settings):
    run, _ = answering(returncode=1, stderr="Error: No version is in shadow.")
    outcome = shadow_control.judge(settings, "Ada", run)
    assert not outcome.done
    assert "No version is in shadow" in outcome.said


@pytest.mark.parametrize("act", ["start", "stop", "judge"])
def test_where_everybody_could_change_it_nobody_can(settings, act):
    opened = settings.model_copy(update={"published_address": "192.0.2.1"})
    outcome = {
        "start": lambda: shadow_control.start(opened, 2, "Ada"),
        "stop": lambda: shadow_control.stop(opened, "Ada"),
        "judge": lambda: shadow_control.judge(opened, "Ada", answering()[0]),
    }[act]()
    assert not outcome.done
    assert "Read-only" in outcome.said


def test_nobody_changes_it_without_a_name(settings):
    assert "Say who you are" in shadow_control.stop(settings, "  ").said
