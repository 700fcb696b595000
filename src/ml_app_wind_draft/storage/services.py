"""The replay's clock, and who was champion when."""

from dataclasses import dataclass
from typing import cast

import pandas as pd
from sqlalchemy.engine import Connection

from ml_app_wind_draft.core import clock
from ml_app_wind_draft.storage import frames
from ml_app_wind_draft.storage.statements import execute, fetch, value

ADVANCE = """
INSERT INTO replays (site, replayed_until) VALUES (?, ?)
ON CONFLICT (site) DO UPDATE SET replayed_until = excluded.replayed_until
WHERE excluded.replayed_until > replays.replayed_until
"""
CHAMPION_COLUMNS = ("model_name", "version", "from_time", "to_time", "by", "why", "training_end")


@dataclass(frozen=True, slots=True)
class ChampionChange:
    """The alias moved: to which version, who did it and why. `training_end` in s UTC."""

    model_name: str
    version: int
    by: str
    why: str
    training_end: int


def replayed_until(connection: Connection, site: str) -> int | None:
    """The end of the newest replayed interval, or `None` for a live site."""
    statement = "SELECT replayed_until FROM replays WHERE site = ?"
    return cast("int | None", value(connection, statement, (site,)))


def advance_replay(connection: Connection, site: str, until: int) -> None:
    """Move the replay's clock; it never goes back."""
    execute(connection, ADVANCE, (site, until))


def record_champion(connection: Connection, change: ChampionChange) -> bool:
    """Close the reign in force and open this one; gives False where it is in force already."""
    statement = "SELECT id, version FROM champion_history WHERE model_name = ? AND to_time IS NULL"
    current = next(iter(fetch(connection, statement, (change.model_name,))), None)
    if current is not None and current[1] == change.version:
        return False
    now = clock.wall_now()
    if current is not None:
        closing = "UPDATE champion_history SET to_time = ? WHERE id = ?"
        execute(connection, closing, (now, current[0]))
    opening = """
        INSERT INTO champion_history (model_name, version, from_time, "by", why, training_end)
        VALUES (?, ?, ?, ?, ?, ?)"""
    execute(
        connection,
        opening,
        (change.model_name, change.version, now, change.by, change.why, change.training_end),
    )
    return True


def champion_history(connection: Connection, model_name: str) -> pd.DataFrame:
    """Every reign, oldest first: columns as `CHAMPION_COLUMNS`; `to_time` NaN is in force."""
    names = ", ".join(f'"{column}"' for column in CHAMPION_COLUMNS)
    statement = f"SELECT {names} FROM champion_history WHERE model_name = ? ORDER BY id"
    return frames.select(connection, CHAMPION_COLUMNS, statement, (model_name,))


def champion_at(connection: Connection, model_name: str, instant: int) -> int | None:
    """The version that was champion at `instant` (wall clock, s UTC)."""
    statement = """
        SELECT version FROM champion_history WHERE model_name = ? AND from_time <= ?
        AND (to_time IS NULL OR to_time > ?) ORDER BY id DESC LIMIT 1"""
    parameters = (model_name, instant, instant)
    return cast("int | None", value(connection, statement, parameters))
