"""Bring the database's schema to the newest migration, whoever comes first."""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Connection, Engine

from ml_app_wind_draft.core.errors import SchemaTooNewError
from ml_app_wind_draft.storage.engine import reading, writing

SCRIPTS = Path(__file__).parent / "migrations"
MIGRATION_LOCK = 7_302_014  # any number, the same in every process; PostgreSQL's advisory lock


def migrate(engine: Engine) -> None:
    """Apply what is missing. Idempotent, and safe when all services start together.

    Raises `SchemaTooNewError` where the database was written by a newer version of the app.
    """
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    scripts = ScriptDirectory.from_config(config)
    with reading(engine) as connection:
        if _is_current(connection, scripts):
            return
    with writing(engine) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(MIGRATION_LOCK)))
        if not _is_current(connection, scripts):
            config.attributes["connection"] = connection
            command.upgrade(config, "head")


def schema_version(connection: Connection) -> str | None:
    """The applied migration, or `None` on an empty database."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()


def _is_current(connection: Connection, scripts: ScriptDirectory) -> bool:
    version = schema_version(connection)
    known = {script.revision for script in scripts.walk_revisions()}
    if version is not None and version not in known:
        message = f"The database's schema is {version!r}, newer than this version of the app knows."
        raise SchemaTooNewError(message, remedy="Update the app, or use another DATABASE_URL.")
    return version == scripts.get_current_head()
