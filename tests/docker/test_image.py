"""What is in the image, and how much of it."""

import re
import subprocess
import sys

import pytest

from ml_app_wind_draft.core.config import PROJECT_ROOT

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]


def size(image: str, *budget: str) -> subprocess.CompletedProcess[str]:
    """The report of docker/size.py."""
    script = PROJECT_ROOT / "docker/size.py"
    return subprocess.run(
        [sys.executable, script, image, *budget], capture_output=True, text=True, check=False
    )


def test_it_keeps_within_its_budget_and_says_what_is_large(image: str):
    done = size(image)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = re.findall(r"([\d.,]+) MB  (.+)", done.stdout)
    *parts, whole = [float(size.replace(",", "")) for size, _ in lines]
    assert sum(parts) == pytest.approx(whole, abs=2)
    assert "catboost" in {name for _, name in lines}


def test_beyond_the_budget_it_says_so_and_fails(image: str):
    done = size(image, "1000000000")
    assert done.returncode == 1
    assert "beyond its budget" in done.stderr
