"""What the doors to the database have in common."""

from typing import Self

from ml_app_wind_draft.storage import schema
from ml_app_wind_draft.storage.engine import make_engine


class Door:
    """The database `database_url`, until it is closed or its `with` block ends."""

    def __init__(self, database_url: str) -> None:
        self._engine = make_engine(database_url)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of all connections."""
        self._engine.dispose()

    def init_raw_db_table(self) -> None:
        """Bring the schema to the newest version; idempotent, safe when services start together."""
        schema.migrate(self._engine)
