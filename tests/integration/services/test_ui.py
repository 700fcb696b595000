"""The dashboard's server, as its service starts it."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
import requests

from ml_app_wind_draft.core.config import PROJECT_ROOT, Settings

KEPT_OPEN = 150  # 25 browsers with six connections each
SERVE = (
    "from ml_app_wind_draft.core.config import load_settings;"
    "from ml_app_wind_draft.services import ui; ui.run(load_settings())"
)


@pytest.fixture
def served(settings: Settings) -> Iterator[Settings]:
    environment = {
        **os.environ,
        "DATA_DIR": str(settings.data_dir),
        "UI_PORT": str(settings.ui_port),
        "MLFLOW_PORT": str(settings.mlflow_port),
    }
    process = subprocess.Popen([sys.executable, "-c", SERVE], env=environment, cwd=PROJECT_ROOT)
    yield settings
    process.kill()
    process.wait()


def answer(settings: Settings, patience: float = 60) -> int:
    """The status of a request on a new connection."""
    give_up_at = time.monotonic() + patience
    while True:
        try:
            return requests.get(f"{settings.ui_uri}/health", timeout=30).status_code
        except requests.ConnectionError:
            if time.monotonic() > give_up_at:
                raise
            time.sleep(0.2)


def test_many_browsers_that_keep_their_connections_do_not_lock_out_the_next(served):
    assert answer(served) == 200
    kept = [socket.create_connection(("127.0.0.1", served.ui_port)) for _ in range(KEPT_OPEN)]
    try:
        assert answer(served) == 200
    finally:
        for each in kept:
            each.close()
