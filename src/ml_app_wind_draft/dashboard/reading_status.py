"""What the status page reads: heartbeats, the queue, the counters and the database's size."""

import platform
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version

from ml_app_wind_draft import __version__
from ml_app_wind_draft.core import clock
from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.dashboard.reader import Reader, Storage
from ml_app_wind_draft.storage.heartbeats import Heartbeat

FRESH = 15  # s, three heartbeats
ENDED = {"stopped", "failed", "done"}
# service -> (title, what it does), in the order of starting
SERVICES = {
    "mlflow": ("MLflow", "keeps runs, models and who is champion"),
    "app-ml-train": ("Training", "makes a first model, then a better one, and ends"),
    "app-stream-data": ("Data stream", "brings new rows in"),
    "app-ml-inference": ("Inference", "predicts each row once, and raises alarms"),
    "app-ui": ("Dashboard", "this page"),
    "kedro-viz": ("Kedro Viz", "shows the pipelines"),
}
PACKAGES = ("dash", "plotly", "dash-mantine-components", "mlflow", "kedro", "kedro-viz", "catboost")


@dataclass(frozen=True, slots=True)
class Status:
    """Everything now; `wall_now` is the server's clock (s), sizes are in bytes."""

    wall_now: int
    heartbeats: Mapping[str, Heartbeat]
    counters: Mapping[str, int]
    database_bytes: int
    replayed_until: int | None


def status(reader: Reader, site: Site) -> Status:
    """Read it. Raises `StorageError` when the database does not answer."""
    return reader.remembered("status", lambda storage: _status(storage, site))


def _status(storage: Storage, site: Site) -> Status:
    return Status(
        wall_now=clock.wall_now(),
        heartbeats={each.service: each for each in storage.heartbeats()},
        counters=storage.counters(),
        database_bytes=storage.database_bytes(),
        replayed_until=storage.replayed_until(site.name),
    )


@cache
def versions() -> dict[str, str]:
    """The app, Python and the packages that matter: name -> version."""
    found = {"ml-app-wind-draft": __version__, "Python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:  # an image may go without what its service does not need
            continue
    return found
