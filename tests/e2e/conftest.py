"""A browser, a running dashboard, and a farm in its database."""

import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from ml_app_wind_draft.core.config import PROJECT_ROOT, Settings
from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.storage.data_manager import DataManager
from tests import postgresql
from tests.e2e.farm import DAY, Farm
from tests.e2e.looking import NETWORK_CHANGED
from tests.integration.conftest import mlflow_server, with_mlflow

__all__ = ["mlflow_server", "with_mlflow"]  # fixtures of the integration tests, used here too

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
START = (
    "from ml_app_wind_draft.core.config import load_settings;"
    "from ml_app_wind_draft.services import ui; ui.run(load_settings())"
)
# Remembers no answer for a second, so that a test need not wait before it refreshes.
FORGETFUL = f"from ml_app_wind_draft.dashboard import reader; reader.FRESH_SECONDS = 0.0;{START}"


@dataclass
class Dashboard:
    """The dashboard's process and where it is."""

    address: str
    process: subprocess.Popen[bytes]
    log: Path


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not Path(CHROMIUM).exists():
        pytest.fail(f"No {CHROMIUM}: apt-get install chromium")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture
def start(settings: Settings, tmp_path: Path) -> Iterator[Callable[..., Dashboard]]:
    """Starts the dashboard on the test's settings; `environ` changes some."""
    running: list[subprocess.Popen[bytes]] = []

    def begin(program: str = FORGETFUL, **environ: str) -> Dashboard:
        own = {key.upper(): str(value) for key, value in settings.model_dump().items() if value}
        log = tmp_path / "ui.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-c", program],
                env={**os.environ, **own, **environ},
                cwd=PROJECT_ROOT,
                stdout=output,
                stderr=output,
            )
        running.append(process)
        dashboard = Dashboard(f"http://localhost:{settings.ui_port}", process, log)
        wait_until_served(dashboard)
        return dashboard

    yield begin
    for each in running:
        each.kill()
        each.wait()


def wait_until_served(dashboard: Dashboard) -> None:
    for _ in range(300):
        try:
            requests.get(dashboard.address, timeout=5)
        except requests.ConnectionError:
            assert dashboard.process.poll() is None, dashboard.log.read_text()
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"The dashboard does not answer: {dashboard.log.read_text()}")


@pytest.fixture
def farm(settings: Settings, site: Site) -> Iterator[Farm]:
    """The recorded farm with a champion, a fortnight of scored rows and nothing waiting."""
    filled = Farm(DataManager(settings.database_url), site)
    filled.load_history()
    filled.crown()
    filled.replay(14 * DAY)
    filled.score()
    yield filled
    filled.manager.close()


@pytest.fixture
def farm_without_model(settings: Settings, site: Site) -> Iterator[Farm]:
    """The recorded farm before there is a model."""
    filled = Farm(DataManager(settings.database_url), site)
    filled.replay(14 * DAY)
    yield filled
    filled.manager.close()


@pytest.fixture
def postgresql_farm(postgresql_server: str, site: Site) -> Iterator[tuple[Farm, str]]:
    """The farm in PostgreSQL, and the database's URL."""
    url = postgresql.new_database(postgresql_server, f"wind_{uuid.uuid4().hex}")
    filled = Farm(DataManager(url), site)
    filled.crown()
    filled.replay(2 * DAY)
    filled.score()
    yield filled, url
    filled.manager.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    opened = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme="light")
    yield opened
    opened.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page whose scripts must not fail.

    Chromium drops what it is loading whenever a network interface of the machine comes or goes, as
    those of containers do; `open_at` loads again, and a script that was dropped is no failure.
    """
    errors: list[str] = []
    dropped: list[str] = []
    opened = context.new_page()
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.on("requestfailed", lambda request: dropped.append(f"{request.url}: {request.failure}"))
    yield opened
    if not any(NETWORK_CHANGED in each for each in dropped):
        assert not errors, dropped
