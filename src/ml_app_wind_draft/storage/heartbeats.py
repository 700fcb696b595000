"""What services say of themselves. Kept apart from the rest: it needs no pandas.

A service that works on no data (MLflow's keeper, the server of Kedro Viz) then is 80 MB smaller.
"""

import os
from dataclasses import dataclass

from sqlalchemy.engine import Connection

from ml_app_wind_draft.core import clock
from ml_app_wind_draft.storage.door import Door
from ml_app_wind_draft.storage.engine import writing
from ml_app_wind_draft.storage.statements import execute, fetch

BEAT = """
INSERT INTO heartbeats (service, pid, started_at, beat_at, worked_at, status, message)
VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (service) DO UPDATE SET
    started_at = CASE WHEN heartbeats.pid = excluded.pid AND excluded.status <> 'starting'
        THEN heartbeats.started_at ELSE excluded.started_at END,
    pid = excluded.pid, beat_at = excluded.beat_at,
    worked_at = coalesce(excluded.worked_at, heartbeats.worked_at),
    status = excluded.status, message = excluded.message
"""


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """What a service last said: instants are wall clock, s UTC."""

    service: str
    pid: int
    started_at: int
    beat_at: int
    worked_at: int | None
    status: str
    message: str


class HeartbeatStore(Door):
    """The database, for nothing but heartbeats. `database_url` as for `DataManager`."""

    def beat(self, service: str, *, status: str, message: str = "", worked: bool = False) -> None:
        """Say that `service` is alive, and how it fares."""
        with writing(self._engine) as connection:
            beat(connection, service, status, message, worked=worked)


def beat(connection: Connection, service: str, status: str, message: str, *, worked: bool) -> None:
    """Say that `service` is alive."""
    now = clock.wall_now()
    row = (service, os.getpid(), now, now, now if worked else None, status, message)
    execute(connection, BEAT, row)


def heartbeats(connection: Connection) -> list[Heartbeat]:
    """Every service's last word."""
    rows = fetch(
        connection,
        "SELECT service, pid, started_at, beat_at, worked_at, status, message FROM heartbeats"
        " ORDER BY service",
    )
    return [Heartbeat(*row) for row in rows]
