"""Alarms as the rules left them, and the rows that the rules have still to look at."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from operator import itemgetter

import numpy as np
import pandas as pd
from sqlalchemy.engine import Connection

from ml_app_wind_draft.core.alarms import RULES, Judgement, JudgingWork, RuleState
from ml_app_wind_draft.core.clock import FOR_EVER
from ml_app_wind_draft.storage import bulk, frames, sums
from ml_app_wind_draft.storage.statements import execute, execute_many, fetch

DAY = 86_400
ALARM_COLUMNS = ("turbine_id", "rule", "start", "end", "peak", "energy_below_expectation")
# alarms of a rule follow one another: none before the last that began by then can reach into a span
FROM_LAST_BEFORE = """
turbine_id = ? AND rule = ? AND start_time < ? AND start_time >= coalesce(
    (SELECT max(start_time) FROM alarms WHERE turbine_id = ? AND rule = ? AND start_time <= ?), 0)
"""
ALARMS = f"""
SELECT turbine_id, rule, start_time, end_time, peak, energy_below_expectation FROM alarms
WHERE {FROM_LAST_BEFORE} AND (end_time IS NULL OR end_time > ?)
"""
NORMAL_COLUMNS = ("timestamp", "power", "expected_power")
# a LEFT JOIN, because SQLite looks up outcomes row by row in no other: all else is quadratic
NORMAL_ROWS = f"""
SELECT r.timestamp, r.power, p.expected_power FROM raw_data r
LEFT JOIN predictions p ON {sums.OUTCOME_OF_ROW} AND p.state = ?
WHERE r.turbine_id = ? AND r.timestamp >= ? AND r.timestamp < ?
AND r.power IS NOT NULL AND r.wind_speed IS NOT NULL ORDER BY r.timestamp
"""
MARK = """
INSERT INTO judging (turbine_id, changes, since, until, rules) VALUES (?, 1, ?, ?, '')
ON CONFLICT (turbine_id) DO UPDATE SET changes = judging.changes + 1,
since = CASE WHEN judging.since < excluded.since THEN judging.since ELSE excluded.since END,
until = CASE WHEN judging.until > excluded.until THEN judging.until ELSE excluded.until END
"""
SAME_RULES = "SELECT 1 FROM judging WHERE turbine_id = ? AND rules = ?"
NEW_RULES = """
INSERT INTO judging (turbine_id, changes, rules) VALUES (?, 1, ?)
ON CONFLICT (turbine_id) DO UPDATE SET rules = excluded.rules
"""
OPEN = """
SELECT turbine_id, since, until, changes,
    (SELECT max(timestamp) FROM raw_data r WHERE r.turbine_id = j.turbine_id)
FROM judging j WHERE since IS NOT NULL ORDER BY turbine_id
"""
TAKE_UP = "SELECT max(timestamp) FROM alarm_states WHERE turbine_id = ? AND timestamp <= ?"
STATES = """
SELECT rule, timestamp, is_on, held, start_time, peak, lost FROM alarm_states
WHERE turbine_id = ? AND (timestamp = ? OR timestamp > ? AND timestamp <= ?) ORDER BY timestamp
"""
STATE_COLUMNS = (
    "turbine_id",
    "rule",
    "timestamp",
    "is_on",
    "held",
    "start_time",
    "peak",
    "lost",
)
JUDGED = """
UPDATE judging SET since = ?, until = ?, changes = changes + 1 WHERE turbine_id = ? AND changes = ?
"""
# while a long stretch is judged in turns, what is still to be replaced can overlap
TOUCHING = """
SELECT rule, start_time, end_time FROM alarms
WHERE turbine_id = ? AND (end_time IS NULL OR end_time >= ?) AND start_time < ?
"""
FORGET_ALARM = "DELETE FROM alarms WHERE turbine_id = ? AND rule = ? AND start_time = ?"
FORGET_STATES = "DELETE FROM alarm_states WHERE turbine_id = ? AND timestamp > ? AND timestamp <= ?"


def read(connection: Connection, start: int, end: int, turbine_ids: Sequence[str]) -> pd.DataFrame:
    """Alarms that were on at any time in [start, end), by turbine and start."""
    rows = []
    for each in turbine_ids:
        found = [
            row
            for rule in RULES
            for row in fetch(connection, ALARMS, (each, rule, end, each, rule, start, start))
        ]
        rows += sorted(found, key=itemgetter(2, 1))
    return frames.to_frame(ALARM_COLUMNS, rows)


def normal_rows(
    connection: Connection, turbine_id: str, start: int, end: int, state: str
) -> pd.DataFrame:
    """The turbine's compared rows in `state` with start <= timestamp < end, by time."""
    rows = fetch(connection, NORMAL_ROWS, (state, turbine_id, start, end))
    return frames.to_frame(NORMAL_COLUMNS, [row for row in rows if row[2] is not None])


def mark(connection: Connection, turbine_id: str, timestamps: Iterable[int]) -> None:
    """Say that these rows of the turbine, or their outcomes, changed."""
    changed = np.fromiter(timestamps, dtype=np.int64)
    if len(changed):
        execute(connection, MARK, (turbine_id, int(changed.min()), int(changed.max())))


def set_rules(connection: Connection, turbine_id: str, digest: str) -> None:
    """Judge the turbine's rows anew where they were judged by other limits."""
    if fetch(connection, SAME_RULES, (turbine_id, digest)):
        return
    execute(connection, NEW_RULES, (turbine_id, digest))
    span = "SELECT min(timestamp), max(timestamp) FROM raw_data WHERE turbine_id = ?"
    first, last = fetch(connection, span, (turbine_id,))[0]
    if first is not None:
        execute(connection, MARK, (turbine_id, first, last))


def open_work(
    connection: Connection, turbine_ids: Sequence[str], look_ahead: int
) -> list[JudgingWork]:
    """What is to be judged at these turbines; `known` reaches `look_ahead` s beyond the changes."""
    found = []
    for turbine_id, since, until, changes, newest in fetch(connection, OPEN):
        if turbine_id not in turbine_ids or newest is None:
            continue
        begin = fetch(connection, TAKE_UP, (turbine_id, since))[0][0]
        begin = since // DAY * DAY if begin is None else begin
        stored = _states(connection, turbine_id, begin, (until, until + look_ahead))
        found.append(
            JudgingWork(
                turbine_id=turbine_id,
                since=since,
                until=until,
                changes=changes,
                newest=newest,
                begin=begin,
                states=tuple(stored.get(begin, ())),
                known={when: frozenset(each) for when, each in stored.items() if when != begin},
            )
        )
    return found


def save(connection: Connection, judgement: Judgement) -> bool:
    """Store a judgement; gives False and stores nothing where rows have changed meanwhile."""
    turbine_id, remaining = judgement.turbine_id, judgement.remaining or (None, None)
    if not execute(connection, JUDGED, (*remaining, turbine_id, judgement.changes)):
        return False
    execute_many(connection, FORGET_ALARM, sorted(_replaced(connection, judgement)))
    # at the end of a joined stretch the state is the one that is stored
    last = judgement.end if judgement.remaining else _end(judgement) - 1
    execute(connection, FORGET_STATES, (turbine_id, judgement.begin, last))
    columns = ("turbine_id", "rule", "start_time", "end_time", "peak", "energy_below_expectation")
    alarms = [
        (turbine_id, each.rule, each.start, each.end, each.peak, each.energy)
        for each in judgement.alarms
    ]
    bulk.insert(connection, "alarms", columns, alarms)
    states = [
        (turbine_id, s.rule, s.timestamp, int(s.on), s.held, s.start, s.peak, s.lost)
        for s in judgement.states
    ]
    bulk.insert(connection, "alarm_states", STATE_COLUMNS, states)
    return True


def _replaced(connection: Connection, judgement: Judgement) -> set[tuple[str, str, int]]:
    """Keys of the stored alarms that the judgement replaces.

    One that reaches into what is still to be judged stays for the time being, so that it is there
    where the rules turn out to do what they did before.
    """
    span = (judgement.turbine_id, judgement.begin, _end(judgement))
    replaced = {(each.rule, each.start) for each in judgement.alarms}
    for rule, start, end in fetch(connection, TOUCHING, span):
        reaches_on = end is None or end >= _end(judgement)
        if (rule, start) not in judgement.kept and not (judgement.remaining and reaches_on):
            replaced.add((rule, start))
    return {(judgement.turbine_id, *each) for each in replaced}


def _end(judgement: Judgement) -> int:
    return FOR_EVER if judgement.end is None else judgement.end


def _states(
    connection: Connection, turbine_id: str, at: int, span: tuple[int, int]
) -> dict[int, list[RuleState]]:
    by_time: dict[int, list[RuleState]] = defaultdict(list)
    for rule, when, on, *rest in fetch(connection, STATES, (turbine_id, at, *span)):
        by_time[when].append(RuleState(rule, when, bool(on), *rest))
    return by_time
