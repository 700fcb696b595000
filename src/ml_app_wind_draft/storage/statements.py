"""Statements with `?` placeholders, run on the driver itself: a tenth of the cost of a Core call.

The transaction is SQLAlchemy's all the same; `engine.reading` and `engine.writing` name the errors.
"""

from collections.abc import Sequence

from sqlalchemy.engine import Connection


def fetch(connection: Connection, statement: str, parameters: Sequence[object] = ()) -> list:
    """The rows of a query, as the driver's tuples."""
    cursor = connection.connection.cursor()
    try:
        cursor.execute(_translated(connection, statement), tuple(parameters))
        return list(cursor.fetchall())
    finally:
        cursor.close()


def value(connection: Connection, statement: str, parameters: Sequence[object] = ()) -> object:
    """The first column of the first row, or `None` where there is none."""
    rows = fetch(connection, statement, parameters)
    return rows[0][0] if rows else None


def execute(connection: Connection, statement: str, parameters: Sequence[object] = ()) -> int:
    """Run one statement; gives the number of rows it touched."""
    cursor = connection.connection.cursor()
    try:
        cursor.execute(_translated(connection, statement), tuple(parameters))
        return cursor.rowcount
    finally:
        cursor.close()


def execute_many(connection: Connection, statement: str, rows: Sequence[tuple]) -> None:
    """Run one statement for each tuple."""
    if not rows:
        return
    cursor = connection.connection.cursor()
    try:
        cursor.executemany(_translated(connection, statement), rows)
    finally:
        cursor.close()


def _translated(connection: Connection, statement: str) -> str:
    if connection.dialect.name == "sqlite":
        return statement
    return statement.replace("%", "%%").replace("?", "%s")
