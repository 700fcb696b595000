import subprocess

import pytest

from ml_app_wind_draft.core.config import PROJECT_ROOT

BUILT = "ml-app-wind-draft:local"


@pytest.fixture(scope="session", autouse=True)
def image() -> str:
    """The image of the sources as they are."""
    built = subprocess.run(
        ["docker", "build", "--quiet", "--tag", BUILT, PROJECT_ROOT],
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    return BUILT
