import os
import re
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from ml_app_wind_draft.__main__ import app
from ml_app_wind_draft.services.roster import SERVICES

runner = CliRunner()
COMMANDS = (
    ["up"],
    ["mlflow"],
    ["train"],
    ["stream"],
    ["infer"],
    ["ui"],
    ["viz"],
    ["status"],
    ["check"],
    ["alarms"],
    ["data", "import"],
    ["data", "backup"],
    ["data", "restore"],
    ["data", "reset"],
    ["models"],
    ["models", "promote"],
    ["models", "rollback"],
)


def wind(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ml_app_wind_draft", *arguments],
        env={**os.environ, "COLUMNS": "200", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def test_help_lists_a_command_for_each_service_and_task() -> None:
    listing = plain(runner.invoke(app, ["--help"]).output)
    for command, *_ in COMMANDS:
        assert re.search(rf"^\W*{command}\b", listing, re.MULTILINE), command
    assert {service.command for service in SERVICES} <= {command[0] for command in COMMANDS}


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_explains_itself(command: list[str]) -> None:
    outcome = runner.invoke(app, [*command, "--help"])
    assert outcome.exit_code == 0
    assert len(outcome.output) > 200


def test_help_comes_without_loading_what_the_services_need() -> None:
    code = (
        "import sys, ml_app_wind_draft.__main__;"
        "print({'pandas', 'numpy', 'sqlalchemy', 'pydantic', 'mlflow', 'kedro', 'dash', 'psutil'}"
        " & set(sys.modules))"
    )
    outcome = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert outcome.stdout.strip() == "set()"


def test_a_known_error_is_one_line_and_its_remedy_without_a_traceback() -> None:
    outcome = wind("up", "no-such-service")
    assert outcome.returncode == 1
    said, remedy = outcome.stderr.splitlines()
    assert said == "Error: No service is called 'no-such-service'."
    assert remedy.startswith("The services are mlflow, app-ml-train,")


def test_an_unusable_variable_is_named() -> None:
    outcome = wind("status", UI_PORT="eighty")
    assert outcome.returncode == 1
    assert "UI_PORT" in outcome.stderr
    assert "Traceback" not in outcome.stderr


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["infer", "--from", "yesterday"], "2015-03-01"),
        (["infer", "--from", "2015-03-01"], "--backfill"),
        (["infer", "--backfill"], "--from"),
        (["models", "promote", "3"], "--why"),
        (["data", "import", "a.csv"], "--site"),
        (["forecast", "--scores", "--csv", "a.csv"], "--csv"),
    ],
)
def test_a_wrong_command_line_says_what_is_missing(arguments: list[str], hint: str) -> None:
    outcome = runner.invoke(app, arguments, env={"COLUMNS": "200"})
    assert outcome.exit_code == 2
    assert hint in plain(outcome.output)
