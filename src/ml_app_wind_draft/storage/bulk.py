"""Many rows at once: `executemany` on SQLite, `COPY` on PostgreSQL."""

from collections.abc import Iterable, Sequence

from sqlalchemy.engine import Connection

from ml_app_wind_draft.storage.statements import execute, execute_many

COPY_FROM = 200  # below this, COPY's staging table costs more than it saves


def insert(
    connection: Connection,
    table: str,
    columns: Sequence[str],
    rows: Sequence[tuple],
    *,
    ignore_known: bool = False,
) -> None:
    """Insert `rows`, tuples in the order of `columns`; `ignore_known` skips known keys."""
    if not rows:
        return
    tail = " ON CONFLICT DO NOTHING" if ignore_known else ""
    names = ", ".join(f'"{column}"' for column in columns)
    if connection.dialect.name == "postgresql" and len(rows) >= COPY_FROM:
        _copy(connection, table, names, rows, tail)
        return
    marks = ", ".join("?" * len(columns))
    statement = f'INSERT INTO "{table}" ({names}) VALUES ({marks}){tail}'
    execute_many(connection, statement, rows)


def _copy(connection: Connection, table: str, names: str, rows: Iterable[tuple], tail: str) -> None:
    staging = f"staging_{table}"
    execute(
        connection, f'CREATE TEMP TABLE IF NOT EXISTS "{staging}" (LIKE "{table}") ON COMMIT DROP'
    )
    cursor = connection.connection.cursor()
    try:
        with cursor.copy(f'COPY "{staging}" ({names}) FROM STDIN') as copy:
            for row in rows:
                copy.write_row(row)
    finally:
        cursor.close()
    execute(connection, f'INSERT INTO "{table}" ({names}) SELECT {names} FROM "{staging}"{tail}')
    execute(connection, f'TRUNCATE "{staging}"')
