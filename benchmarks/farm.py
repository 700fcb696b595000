"""The recorded farm as the benchmarks use it, and databases to put it in."""

import sqlite3
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

from ml_app_wind_draft.core import clock
from ml_app_wind_draft.core.config import load_settings
from ml_app_wind_draft.core.site import Site, load_site
from ml_app_wind_draft.storage.data_manager import DataManager


def site() -> Site:
    """The shipped site."""
    return load_site("la_haute_borne", load_settings({}))


def recording(farm: Site) -> Path:
    """The file with the recorded rows."""
    assert farm.replay is not None
    return farm.replay.path


def replay_start(farm: Site) -> int:
    """Where history ends and the replay begins, s UTC."""
    assert farm.replay is not None
    return clock.to_epoch(farm.replay.start)


def recorded(farm: Site) -> pd.DataFrame:
    """Every recorded row: `turbine_id`, `timestamp` (s UTC) and the signals."""
    table = pd.read_parquet(recording(farm))
    stamps = table[farm.columns.timestamp.column].astype("datetime64[s, UTC]").astype("int64")
    frame = pd.DataFrame(
        {"turbine_id": table[farm.columns.turbine_id].astype(object), "timestamp": stamps}
    )
    for name, column in farm.columns.signals.items():
        frame[name] = table[column.column].astype("float64")
    return frame


def history(farm: Site) -> pd.DataFrame:
    """The rows before the replay begins: 210,216 of them."""
    frame = recorded(farm)
    return frame[frame["timestamp"] < replay_start(farm)]


@contextmanager
def fresh_database(farm: Site) -> Generator[tuple[DataManager, Path]]:
    """An empty SQLite database in a folder of its own, and its file."""
    with tempfile.TemporaryDirectory(prefix="wind-bench-") as folder:
        path = Path(folder) / "app.db"
        manager = DataManager(f"sqlite:///{path}")
        manager.init_raw_db_table()
        manager.register_site(farm)
        try:
            yield manager, path
        finally:
            manager.close()


@contextmanager
def bare_table(columns: list[str]) -> Generator[sqlite3.Connection]:
    """Table `raw` in a SQLite file that syncs as the app's does, with no transaction begun."""
    with tempfile.TemporaryDirectory(prefix="wind-bench-") as folder:
        connection = sqlite3.connect(Path(folder) / "bare.db", isolation_level=None)
        connection.execute("PRAGMA journal_mode = wal")
        connection.execute("PRAGMA synchronous = full")
        connection.execute(
            f"CREATE TABLE raw ({', '.join(columns)},"
            " PRIMARY KEY (turbine_id, timestamp)) WITHOUT ROWID"
        )
        try:
            yield connection
        finally:
            connection.close()
