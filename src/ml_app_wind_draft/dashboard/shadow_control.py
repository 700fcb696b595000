"""What the page does to the model in shadow: start, stop, judge. The guard is promotion's."""

import json
import logging
import subprocess
import sys
from collections.abc import Callable, Sequence

from ml_app_wind_draft.core.config import Settings
from ml_app_wind_draft.core.errors import WindError
from ml_app_wind_draft.dashboard.promotion import LONGEST_NAME, Outcome, why_read_only
from ml_app_wind_draft.registry.client import ModelRegistry

log = logging.getLogger(__name__)

LONGEST_JUDGEMENT = 120  # s
Command = Callable[[Sequence[str]], subprocess.CompletedProcess[str]]


def start(settings: Settings, version: int, who: str) -> Outcome:
    """Put `version` into shadow."""
    return _change(settings, who, lambda registry: registry.start_shadow(version))


def stop(settings: Settings, who: str) -> Outcome:
    """No version is in shadow any more."""
    return _change(settings, who, lambda registry: registry.stop_shadow())


def judge(settings: Settings, who: str, run: Command | None = None) -> Outcome:
    """Judge the shadow, and make it champion if it passes.

    In a process of its own: it reads models and puts faults into rows, which would cost this one
    100 MB for good.
    """
    who = " ".join(who.split())
    if refusal := why_read_only(settings) or _lacking(who):
        return Outcome(done=False, said=refusal)
    command = [sys.executable, "-m", "ml_app_wind_draft", "models", "judge"]
    try:
        ended = (run or _run)([*command, "--promote", "--json", f"--by={who} (dashboard)"])
    except (OSError, subprocess.TimeoutExpired) as error:
        return Outcome(done=False, said=f"Nothing was changed. {error}")
    if ended.returncode:
        return Outcome(done=False, said=f"Nothing was changed. {ended.stderr.strip()}")
    found = json.loads(ended.stdout)
    return Outcome(done=found["promoted"], said=found["why"])


def _run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, capture_output=True, text=True, timeout=LONGEST_JUDGEMENT, check=False
    )


def _change(settings: Settings, who: str, change: Callable[[ModelRegistry], object]) -> Outcome:
    who = " ".join(who.split())
    if refusal := why_read_only(settings) or _lacking(who):
        return Outcome(done=False, said=refusal)
    try:
        with ModelRegistry(settings) as registry:
            change(registry)
    except WindError as error:
        return Outcome(done=False, said=f"Nothing was changed. {error}")
    log.info("The model in shadow was changed by %s (dashboard).", who)
    return Outcome(done=True, said="")


def _lacking(who: str) -> str:
    if not who or len(who) > LONGEST_NAME:
        return "Say who you are: it is written down."
    return ""
