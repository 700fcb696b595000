"""Counts that are kept in the transactions they count, so that nobody has to count big tables."""

from collections.abc import Mapping

from sqlalchemy.engine import Connection

from ml_app_wind_draft.storage.statements import execute_many, fetch

ADD = """
INSERT INTO counters (name, value) VALUES (?, ?)
ON CONFLICT (name) DO UPDATE SET value = counters.value + excluded.value
"""


def add(connection: Connection, amounts: Mapping[str, int]) -> None:
    """Add to each named counter. Names are sorted, so that two writers cannot block each other."""
    execute_many(connection, ADD, [(name, n) for name, n in sorted(amounts.items()) if n])


def read(connection: Connection) -> dict[str, int]:
    """Every counter."""
    rows = fetch(connection, "SELECT name, value FROM counters")
    return {name: int(value) for name, value in rows}
