"""The commands that the specification names, typed in the project's folder."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ml_app_wind_draft.core.config import PROJECT_ROOT


def kedro(*words: str) -> str:
    ended = subprocess.run(
        [Path(sys.executable).with_name("kedro"), *words],
        cwd=PROJECT_ROOT,
        env={**os.environ, "DO_NOT_TRACK": "true"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.mark.parametrize("words", [["viz"], ["viz", "run"]])
def test_kedro_viz_takes_options_with_and_without_the_word_run(words: list[str]) -> None:
    said = kedro(*words, "--host", "0.0.0.0", "--port", "4141", "--help")  # noqa: S104 - not bound
    assert said.startswith("Usage: kedro viz run [OPTIONS]")


def test_kedro_viz_lists_its_commands() -> None:
    assert "build" in kedro("viz", "--help")


def test_kedro_knows_the_pipelines() -> None:
    wanted = {"- training", "- inference", "- forecast_training", "- forecast"}
    assert wanted <= set(kedro("registry", "list").splitlines())
