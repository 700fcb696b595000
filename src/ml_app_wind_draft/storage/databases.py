"""A database on a PostgreSQL server, made where it is missing."""

from collections.abc import Generator
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from ml_app_wind_draft.core.errors import StorageBusyError
from ml_app_wind_draft.storage.engine import make_engine, naming_errors, reading

EXISTS = sa.text("SELECT 1 FROM pg_database WHERE datname = :name")
MAINTENANCE = "postgres"  # every server has it


def create_database(url: str) -> None:
    """Create the database that `url` names, if it cannot be connected to and is not there.

    Raises `StorageBusyError` for a server that does not answer, `StorageError` where the user of
    `url` may not create databases.
    """
    if not _answers(url):
        wanted = sa.make_url(url)
        server = wanted.set(database=MAINTENANCE).render_as_string(hide_password=False)
        with _engine(server) as engine:
            _create(engine.execution_options(isolation_level="AUTOCOMMIT"), wanted.database or "")


def _answers(url: str) -> bool:
    with _engine(url) as engine:
        try:
            with reading(engine):
                return True
        except StorageBusyError:
            return False


def _create(engine: Engine, name: str) -> None:
    with naming_errors(engine), engine.connect() as connection:
        if connection.execute(EXISTS, {"name": name}).first() is None:
            quoted = connection.dialect.identifier_preparer.quote(name)
            connection.execute(sa.text(f"CREATE DATABASE {quoted}"))


@contextmanager
def _engine(url: str) -> Generator[Engine]:
    engine = make_engine(url)
    try:
        yield engine
    finally:
        engine.dispose()
