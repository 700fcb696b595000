"""Connections to SQLite and PostgreSQL that behave alike.

Transactions are explicit on both. On SQLite a writer takes its lock at the start
(`BEGIN IMMEDIATE`), so that what it read is still true when it writes, and every commit is on
disk (`synchronous=FULL`).
"""

import sqlite3
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import ArgumentError, DBAPIError

from ml_app_wind_draft.core.errors import (
    ConfigurationError,
    StorageBusyError,
    StorageError,
    StorageFullError,
)

LOCK_TIMEOUT_S = 10
# WAL needs shared memory between processes, which these do not give; WAL on them corrupts.
SHARED_FILE_SYSTEMS = {"virtiofs", "9p", "nfs", "nfs4", "cifs", "smb3", "vboxsf", "fakeowner"}


def make_engine(database_url: str) -> Engine:
    """An engine for `sqlite:///...` or `postgresql+psycopg://...`; connects to nothing yet.

    Raises `ConfigurationError` where the URL cannot be read or names another database.
    """
    try:
        url = sa.make_url(database_url)
    except ArgumentError as error:
        message = f"DATABASE_URL={database_url!r} is not a database URL."
        raise ConfigurationError(message, remedy="Example: sqlite:////path/app.db") from error
    if url.drivername in {"postgresql", "postgres"}:
        url = url.set(drivername="postgresql+psycopg")
    if url.get_backend_name() == "sqlite":
        return _sqlite_engine(url)
    if url.drivername == "postgresql+psycopg":
        return sa.create_engine(
            url, pool_pre_ping=True, connect_args={"connect_timeout": LOCK_TIMEOUT_S}
        )
    message = f"DATABASE_URL names {url.drivername!r}, which the app does not speak."
    raise ConfigurationError(message, remedy="Use sqlite:///... or postgresql+psycopg://...")


def _sqlite_engine(url: sa.URL) -> Engine:
    path = Path(url.database or "")
    engine = sa.create_engine(url, connect_args={"timeout": LOCK_TIMEOUT_S})

    @event.listens_for(engine, "do_connect")
    def make_file(*_: object) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()  # SQLite would let its owner alone write, whatever the folder's rules say

    @event.listens_for(engine, "connect")
    def configure(connection: sqlite3.Connection, _: object) -> None:
        connection.isolation_level = None  # transactions are begun below, not by the driver
        connection.execute(f"PRAGMA busy_timeout = {LOCK_TIMEOUT_S * 1000}")
        _set_journal_mode(connection, choose_journal_mode(path.parent))
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA temp_store = MEMORY")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.connection.execute(connection.info.pop("begin", "BEGIN"))

    return engine


def _set_journal_mode(connection: sqlite3.Connection, wanted: str) -> None:
    """Two that change the mode at once do not wait for each other, whatever the timeout says."""
    give_up_at = time.monotonic() + LOCK_TIMEOUT_S
    while True:
        try:
            if connection.execute("PRAGMA journal_mode").fetchone()[0] != wanted:
                connection.execute(f"PRAGMA journal_mode = {wanted}")
        except sqlite3.OperationalError:
            if time.monotonic() > give_up_at:
                raise
            time.sleep(0.01)
        else:
            return


def choose_journal_mode(folder: Path, mounts: Path = Path("/proc/mounts")) -> str:
    """`wal` on a real local file system, `delete` (the rollback journal) on a shared one."""
    kind = file_system_of(folder.resolve(), mounts)
    shared = kind in SHARED_FILE_SYSTEMS or kind.startswith("fuse")
    return "delete" if shared else "wal"


def file_system_of(folder: Path, mounts: Path = Path("/proc/mounts")) -> str:
    """The type of the file system that holds `folder`, as Linux names it; empty elsewhere."""
    if not mounts.exists():
        return ""
    best, kind = "", ""
    for line in mounts.read_text(encoding="utf-8").splitlines():
        _, point, this_kind, *_ = line.split(" ")
        point = point.replace("\\040", " ")
        inside = folder == Path(point) or Path(point) in folder.parents
        if inside and len(point) >= len(best):
            best, kind = point, this_kind
    return kind


@contextmanager
def reading(engine: Engine) -> Generator[Connection]:
    """A connection whose reads all see the same moment. Raises the app's storage errors."""
    with naming_errors(engine), engine.connect() as connection, connection.begin():
        yield connection


@contextmanager
def writing(engine: Engine) -> Generator[Connection]:
    """One transaction: all of it is stored, or nothing. Raises the app's storage errors."""
    with naming_errors(engine), engine.connect() as connection:
        connection.info["begin"] = "BEGIN IMMEDIATE"
        with connection.begin():
            yield connection


@contextmanager
def naming_errors(engine: Engine) -> Generator[None]:
    """Turn the driver's errors into the app's, which say whether waiting may help."""
    try:
        yield
    except (DBAPIError, engine.dialect.loaded_dbapi.Error) as error:
        raise _named(error) from error


def _named(error: Exception) -> StorageError:
    cause = getattr(error, "orig", None) or error
    text = str(cause).strip()
    lowered = text.lower()
    code = getattr(cause, "sqlite_errorcode", None)
    full = code == sqlite3.SQLITE_FULL or "no space left" in lowered or "is full" in lowered
    if full:
        message = f"The disk is full ({text}); nothing was written."
        return StorageFullError(message, remedy="Free some space; the app goes on by itself.")
    waiting = code is not None and (code & 0xFF) in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
    unreachable = type(cause).__name__ == "OperationalError" and code is None
    if waiting or unreachable:
        message = f"The database is locked or out of reach ({text})."
        return StorageBusyError(message, remedy="The app tries again by itself.")
    return StorageError(f"The database refused: {text}.")
