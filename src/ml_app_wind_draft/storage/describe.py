"""The schema as a page for people: `python -m ml_app_wind_draft.storage.describe > docs/schema.md`.

SQLite keeps no comments, so the page says there what PostgreSQL's comments say.
"""

import sys

import sqlalchemy as sa

from ml_app_wind_draft.storage.tables import metadata

HEAD = """# The database

Made from `storage/tables.py` by `python -m ml_app_wind_draft.storage.describe`; on PostgreSQL the
same words are the tables' comments. Instants are whole seconds since 1970-01-01 UTC.

The view `predictions_current` holds one outcome a row: that of the newest revision and, where a
backfill scored the row too, the one that the champion in force gave it.
"""


def page() -> str:
    """Markdown: a table for each table, its key columns in bold."""
    return HEAD + "".join(_section(table) for table in metadata.sorted_tables)


def _section(table: sa.Table) -> str:
    rows = "".join(
        f"| {_name(column)} | {column.type.__class__.__name__.lower()} | {column.comment or ''} |\n"
        for column in table.columns
    )
    return (
        f"\n## {table.name}\n\n{table.comment}\n\n| column | type | what |\n|---|---|---|\n{rows}"
    )


def _name(column: sa.Column) -> str:
    return f"**{column.name}**" if column.primary_key else column.name


if __name__ == "__main__":
    sys.stdout.write(page())
