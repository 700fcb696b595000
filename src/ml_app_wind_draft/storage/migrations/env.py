"""Alembic runs its scripts on the connection that `storage.schema` hands it."""

from alembic import context

from ml_app_wind_draft.storage.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=False,  # the caller's transaction holds all of it
)
context.run_migrations()
