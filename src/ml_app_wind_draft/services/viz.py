"""Kedro Viz as a static site: built once, rebuilt when the pipelines change, served by itself.

`kedro viz run` takes 418 MiB and ignores SIGTERM; the files of `kedro viz build` show the same
graph from a plain file server.
"""

import hashlib
import http.server
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from functools import partial
from importlib.metadata import version
from pathlib import Path

from ml_app_wind_draft.core.config import PROJECT_ROOT, Settings
from ml_app_wind_draft.core.errors import ConfigurationError
from ml_app_wind_draft.services.loop import Stop, Tick, run_loop
from ml_app_wind_draft.services.roster import answers, probe_url, select

log = logging.getLogger(__name__)

SERVICE = "kedro-viz"
POLL = 5.0
PACKAGE = Path(__file__).parents[1]
DRAWN_FROM = ("pipeline_registry.py", "settings.py", "pipelines/**/*.py")
LONGEST_BUILD = 180


def run(settings: Settings) -> None:
    """Build the site where needed and serve it until SIGTERM or SIGINT."""
    from ml_app_wind_draft.storage.heartbeats import HeartbeatStore  # noqa: PLC0415 - slow

    with Stop() as stop:
        try:
            site = settings.viz_site or built_site(settings)
        except ConfigurationError:
            if stop.requested:  # and so was the drawing
                return
            raise
        address = (settings.bind_address, settings.viz_port)
        with http.server.ThreadingHTTPServer(address, partial(QuietHandler, directory=site)) as web:
            threading.Thread(target=web.serve_forever, daemon=True).start()
            log.info("serving the pipelines at %s", settings.kedro_viz_uri)
            url = probe_url(select([SERVICE])[0], settings)
            try:
                with HeartbeatStore(settings.database_url) as manager:
                    run_loop(SERVICE, manager, lambda: _tick(url), interval=POLL, stop=stop)
            finally:
                web.shutdown()


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """Serves files and says nothing of each."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Keep request lines out of the log but for debugging."""
        log.debug(format, *args)


def built_site(settings: Settings) -> Path:
    """The folder with the built site of the pipelines as they are now; builds it where missing."""
    home = settings.data_dir / "viz"
    site = home / digest(settings)
    if not (site / "index.html").exists():
        home.mkdir(parents=True, exist_ok=True)
        log.info("drawing the pipelines (once, and after each change)")
        for old in home.iterdir():  # a former state, or what a killed drawing left
            shutil.rmtree(old)
        with tempfile.TemporaryDirectory(dir=home, prefix=".building-") as workshop:
            _build(Path(workshop), settings)
            (Path(workshop) / "build").rename(site)
    return site


def digest(settings: Settings) -> str:
    """Says whether anything that the picture shows has changed."""
    files = [path for pattern in DRAWN_FROM for path in PACKAGE.glob(pattern)]
    files += settings.conf_dir.glob("*/*.yml")
    seen = hashlib.sha256(version("kedro-viz").encode())
    for path in sorted(files):
        seen.update(path.name.encode() + path.read_bytes())
    return seen.hexdigest()[:16]


def _build(workshop: Path, settings: Settings) -> None:
    """Run `kedro viz build`, which writes where it stands, on a copy of the project's sources."""
    shutil.copy(PROJECT_ROOT / "pyproject.toml", workshop)
    no_cache = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PACKAGE, workshop / "src" / PACKAGE.name, ignore=no_cache)
    shutil.copytree(settings.conf_dir, workshop / "conf")
    outcome = subprocess.run(
        [sys.executable, "-m", "kedro", "viz", "build"],
        cwd=workshop,
        env={**os.environ, "DO_NOT_TRACK": "true", "WIND_HOME": str(PROJECT_ROOT)},
        capture_output=True,
        text=True,
        timeout=LONGEST_BUILD,
        check=False,
    )
    if not (workshop / "build" / "index.html").exists():
        last = (outcome.stderr or outcome.stdout).strip().splitlines()[-1:] or ["no output"]
        message = f"The pipelines cannot be drawn: {last[0].rstrip('.')}."
        raise ConfigurationError(message, remedy="`kedro viz build` shows the whole story.")


def _tick(url: str) -> Tick:
    if answers(url):
        return Tick(message="answers")
    return Tick(status="waiting", message="does not answer")
