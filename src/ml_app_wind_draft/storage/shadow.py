"""What a model in shadow says, kept apart from what counts, and beside it the champion's word."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
from sqlalchemy.engine import Connection

from ml_app_wind_draft.core import clock
from ml_app_wind_draft.storage import bulk
from ml_app_wind_draft.storage.frames import plain, to_frame
from ml_app_wind_draft.storage.statements import execute, fetch
from ml_app_wind_draft.storage.tables import shadow_predictions

KEY = ("turbine_id", "timestamp", "revision")
COLUMNS = tuple(shadow_predictions.columns.keys())
KNOWN = """
SELECT turbine_id, timestamp, revision FROM shadow_predictions
WHERE turbine_id = ? AND timestamp BETWEEN ? AND ? AND model_version = ?
"""
SCORED = """
INSERT INTO shadows (model_version, since, scored, newest, trouble) VALUES (?, ?, ?, ?, '')
ON CONFLICT (model_version) DO UPDATE SET
    scored = shadows.scored + excluded.scored,
    newest = CASE WHEN shadows.newest > excluded.newest THEN shadows.newest
        ELSE excluded.newest END,
    trouble = ''
"""
TROUBLE = """
INSERT INTO shadows (model_version, since, scored, newest, trouble) VALUES (?, ?, 0, NULL, ?)
ON CONFLICT (model_version) DO UPDATE SET trouble = excluded.trouble
"""
PAIRED = """
FROM shadow_predictions s
JOIN predictions p ON p.turbine_id = s.turbine_id AND p.timestamp = s.timestamp
    AND p.revision = s.revision AND p.model_version = ?
JOIN raw_data r ON r.turbine_id = s.turbine_id AND r.timestamp = s.timestamp
    AND r.revision = s.revision
WHERE s.turbine_id = ? AND s.timestamp > ? AND s.model_version = ?
    AND s.status = 'predicted' AND p.status = 'predicted'
    AND p.backfilled = 0 AND p.in_sample = 0 AND r.power IS NOT NULL
"""
PAIR_COLUMNS = (
    "turbine_id",
    "timestamp",
    "power",
    "wind_speed",
    "shadow_power",
    "shadow_p10",
    "shadow_p90",
    "expected_power",
    "expected_power_p10",
    "expected_power_p90",
)
PAIRS = f"""
SELECT s.turbine_id, s.timestamp, r.power, r.wind_speed,
    s.expected_power, s.expected_power_p10, s.expected_power_p90,
    p.expected_power, p.expected_power_p10, p.expected_power_p90
{PAIRED}"""
DAY_COLUMNS = ("day", "rows", "abs_error", "inside", "champion_abs_error", "champion_inside")
DAYS = f"""
SELECT s.timestamp / 86400 * 86400, count(*),
    sum(abs(s.expected_power - r.power)),
    sum(CASE WHEN r.power BETWEEN s.expected_power_p10 AND s.expected_power_p90
        THEN 1 ELSE 0 END),
    sum(abs(p.expected_power - r.power)),
    sum(CASE WHEN r.power BETWEEN p.expected_power_p10 AND p.expected_power_p90
        THEN 1 ELSE 0 END)
{PAIRED}"""


@dataclass(frozen=True, slots=True)
class ShadowState:
    """How a model in shadow fares.

    `since`: wall clock, s. `scored`: how many rows; `newest`: interval start of the newest, s.
    """

    since: int
    scored: int
    newest: int | None
    trouble: str


@dataclass(frozen=True, slots=True)
class Duel:
    """Two versions on rows after `seen_until` (s UTC), in one of `states`."""

    shadow: int
    champion: int
    seen_until: int
    states: tuple[str, ...]


def save(connection: Connection, outcomes: pd.DataFrame, issued_at: int) -> int:
    """Store what one version said; what is there stays. Gives how many rows are new."""
    outcomes = _unknown(connection, outcomes)
    if outcomes.empty:
        return 0
    complete = outcomes.assign(issued_at=issued_at)
    rows = list(zip(*(plain(complete[name]) for name in COLUMNS), strict=True))
    bulk.insert(connection, "shadow_predictions", COLUMNS, rows)
    newest, version = int(outcomes["timestamp"].max()), int(outcomes["model_version"].iloc[0])
    execute(connection, SCORED, (version, issued_at, len(rows), newest))
    return len(rows)


def note_trouble(connection: Connection, version: int, trouble: str) -> None:
    """Say why a model in shadow does not score."""
    execute(connection, TROUBLE, (version, clock.wall_now(), trouble))


def state(connection: Connection, version: int) -> ShadowState | None:
    """How a version fares in shadow, `None` where it never was."""
    statement = "SELECT since, scored, newest, trouble FROM shadows WHERE model_version = ?"
    found = fetch(connection, statement, (version,))
    return ShadowState(*found[0]) if found else None


def pairs(connection: Connection, duel: Duel, turbine_ids: Sequence[str]) -> pd.DataFrame:
    """Rows that both scored as they came, by turbine and time; see `DataManager.shadow_pairs`."""
    statement = f"{PAIRS} AND {_in_states(duel)} ORDER BY s.timestamp"
    rows = [row for each in turbine_ids for row in fetch(connection, statement, _of(duel, each))]
    return to_frame(PAIR_COLUMNS, rows)


def days(connection: Connection, duel: Duel, turbine_ids: Sequence[str]) -> pd.DataFrame:
    """The same rows summed up by day (UTC), oldest first; see `DataManager.shadow_days`."""
    statement = f"{DAYS} AND {_in_states(duel)} GROUP BY 1"
    rows = [row for each in turbine_ids for row in fetch(connection, statement, _of(duel, each))]
    return to_frame(DAY_COLUMNS, rows).groupby("day", as_index=False).sum()


def _unknown(connection: Connection, outcomes: pd.DataFrame) -> pd.DataFrame:
    known: set[tuple] = set()
    for turbine_id, group in outcomes.groupby("turbine_id"):
        span = (int(group["timestamp"].min()), int(group["timestamp"].max()))
        version = int(group["model_version"].iloc[0])
        known.update(fetch(connection, KNOWN, (turbine_id, *span, version)))
    if not known:
        return outcomes
    keys = zip(*(plain(outcomes[name]) for name in KEY), strict=True)
    return outcomes[[key not in known for key in keys]]


def _in_states(duel: Duel) -> str:
    return f"p.state IN ({', '.join('?' * len(duel.states))})"


def _of(duel: Duel, turbine_id: str) -> tuple[object, ...]:
    return (duel.champion, turbine_id, duel.seen_until, duel.shadow, *duel.states)
