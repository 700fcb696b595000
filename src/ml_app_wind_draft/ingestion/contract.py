"""The contract: what a row must be to enter, judged against the rows already stored.

Rules on a whole row set it aside with a reason. Rules on a signal set that signal to missing
with a flag, and the row stays. Rules that look at neighbours look backwards only, over rows by
time, so that they come out the same however the rows arrive; a late row re-judges those that
follow it.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml_app_wind_draft.core import clock
from ml_app_wind_draft.core.rows import RejectedRow, Revisions, RowChanges, StoredRows, TurbineRows
from ml_app_wind_draft.core.signals import SIGNAL_INDEX, SIGNAL_NAMES, SIGNALS, Flag
from ml_app_wind_draft.core.site import Site

FUTURE_TOLERANCE_S = 600
ZONE_OFFSETS_S = 900  # every time zone's offset is a multiple of a quarter of an hour
OLDEST_PLAUSIBLE = 315_532_800  # 1980-01-01, before any SCADA system
WINDLESS_M_S = 1.0
PRODUCING_FRACTION = 0.05
NOT_A_NUMBER = np.uint8(Flag.NOT_A_NUMBER)
POWER, WIND = SIGNAL_INDEX["power"], SIGNAL_INDEX["wind_speed"]
ROTOR = SIGNAL_INDEX["rotor_speed"]
REST = np.array([np.nan if s.rests_at is None else s.rests_at for s in SIGNALS])


@dataclass(frozen=True, slots=True)
class Limits:
    """One turbine's limits, each [len(SIGNALS)] in the signals' units."""

    low: NDArray[np.float64]
    high: NDArray[np.float64]
    stuck_after: NDArray[np.int64]
    rated_power: float
    step: int

    @classmethod
    def of(cls, site: Site, turbine_id: str) -> "Limits":
        """The site's limits for this turbine."""
        low, high, stuck_after = site.bounds(turbine_id)
        rated_power = site.turbines[turbine_id].rated_power
        return cls(np.array(low), np.array(high), np.array(stuck_after), rated_power, site.step)

    @property
    def reach(self) -> int:
        """How far back, in seconds, a rule looks."""
        return max(int(self.stuck_after.max()) - 1, 0) * self.step


@dataclass(frozen=True, slots=True)
class Judgement:
    """What becomes of a turbine's rows: changes, rows that change nothing, rows set aside."""

    changes: RowChanges
    unchanged: int
    rejected: list[RejectedRow]


def judge(rows: TurbineRows, stored: StoredRows, limits: Limits, now: int) -> Judgement:
    """Judge rows of one turbine, in any order, at event time `now`.

    `stored` must hold the rows within `limits.reach` before and after each of them.
    """
    keep, rejected = _whole_row_rules(rows, limits, now)
    order, repeats = _one_row_per_key(rows, keep, rejected)
    timestamp, values = rows.timestamp[order], rows.values[order]
    unreadable = _reindex(rows.unreadable, order)

    place = np.searchsorted(stored.timestamp, timestamp)
    known = np.zeros(len(timestamp), dtype=bool)
    inside = place < len(stored.timestamp)
    known[inside] = stored.timestamp[place[inside]] == timestamp[inside]
    same = np.zeros(len(timestamp), dtype=bool)
    same[known] = _equal(stored.values[place[known]], values[known])

    changed = ~same
    timestamp, values = timestamp[changed], values[changed]
    unreadable = _reindex(unreadable, np.flatnonzero(changed))
    known, place = known[changed], place[changed]
    revision = np.ones(len(timestamp), dtype=np.int64)
    revision[known] = stored.revision[place[known]] + 1

    others = np.ones(len(stored.timestamp), dtype=bool)
    others[place[known]] = False
    reasons, reflagged = _flag_in_context(timestamp, values, stored, others, limits)
    for row, column in unreadable:
        reasons[row, column] = NOT_A_NUMBER

    def some(which: NDArray[np.bool_]) -> Revisions:
        chosen = np.flatnonzero(which)
        return Revisions(
            timestamp[chosen],
            revision[chosen],
            values[chosen],
            reasons[chosen],
            _reindex(unreadable, chosen),
        )

    changes = RowChanges(rows.turbine_id, some(~known), some(known), reflagged)
    return Judgement(changes, repeats + int(same.sum()), rejected)


def flag_signals(
    timestamp: NDArray[np.int64], values: NDArray[np.float64], limits: Limits
) -> NDArray[np.uint8]:
    """The `Flag` of each value [n, len(SIGNALS)] of one turbine's rows, which must be by time."""
    reasons = np.zeros(values.shape, dtype=np.uint8)
    power, wind, rotor = values[:, POWER], values[:, WIND], values[:, ROTOR]
    producing = power > PRODUCING_FRACTION * limits.rated_power
    reasons[producing & (wind < WINDLESS_M_S), WIND] = Flag.IMPOSSIBLE_COMBINATION
    reasons[producing & (rotor == 0), ROTOR] = Flag.IMPOSSIBLE_COMBINATION
    reasons[_stuck(timestamp, values, limits)] = Flag.STUCK
    reasons[(values < limits.low) | (values > limits.high)] = Flag.OUT_OF_RANGE
    return reasons


def _stuck(
    timestamp: NDArray[np.int64], values: NDArray[np.float64], limits: Limits
) -> NDArray[np.bool_]:
    """True from the `stuck_after`-th equal value in a row, over an unbroken sequence of rows."""
    rows = len(timestamp)
    result = np.zeros(values.shape, dtype=bool)
    may_freeze = np.flatnonzero(limits.stuck_after)
    if rows < 2 or not len(may_freeze):  # noqa: PLR2004 - two make a pair
        return result
    columns = values[:, may_freeze]
    repeats = np.zeros(columns.shape, dtype=bool)
    repeats[1:] = (columns[1:] == columns[:-1]) & (columns[1:] != REST[may_freeze])
    repeats[1:] &= (np.diff(timestamp) == limits.step)[:, None]
    index = np.arange(rows)[:, None]
    began = np.maximum.accumulate(np.where(repeats, 0, index), axis=0)
    result[:, may_freeze] = index - began + 1 >= limits.stuck_after[may_freeze]
    return result


def _whole_row_rules(
    rows: TurbineRows, limits: Limits, now: int
) -> tuple[NDArray[np.int64], list[RejectedRow]]:
    """Indices of the rows that may enter, and the others with their reason."""
    future = rows.timestamp > now + FUTURE_TOLERANCE_S
    ancient = rows.timestamp < OLDEST_PLAUSIBLE
    grid = math.gcd(limits.step, ZONE_OFFSETS_S)
    off_grid = (rows.timestamp % grid) != 0
    bad = future | ancient | off_grid
    if not bad.any():
        return np.arange(len(rows)), []
    rejected = []
    for i in np.flatnonzero(bad).tolist():
        when = int(rows.timestamp[i])
        if future[i]:
            told = f"starts at {_say(when)}, and it is {_say(now)}"
            rejected.append(set_aside(rows, i, "future", told))
        elif ancient[i]:
            rejected.append(set_aside(rows, i, "bad_timestamp", f"starts at {_say(when)}"))
        else:
            told = f"starts at {_say(when)}, not on a full {grid // 60} minutes"
            rejected.append(set_aside(rows, i, "off_grid", told))
    return np.flatnonzero(~bad), rejected


def _one_row_per_key(
    rows: TurbineRows, keep: NDArray[np.int64], rejected: list[RejectedRow]
) -> tuple[NDArray[np.int64], int]:
    """Indices by time, one a key, and how many said the same twice; conflicts are set aside."""
    order = keep[np.argsort(rows.timestamp[keep], kind="stable")]
    repeated = np.diff(rows.timestamp[order]) == 0
    if not repeated.any():
        return order, 0
    repeats = 0
    chosen: list[int] = []
    groups = np.split(order, np.flatnonzero(~repeated) + 1)
    for group in groups:
        first, others = group[0], group[1:]
        if not _equal(rows.values[others], rows.values[first]).all():
            told = f"{len(group)} different rows for {_say(int(rows.timestamp[first]))}"
            rejected += [set_aside(rows, i, "conflicting_duplicate", told) for i in group.tolist()]
            continue
        chosen.append(int(first))
        repeats += len(others)
    return np.array(chosen, dtype=np.int64), repeats


def _flag_in_context(
    timestamp: NDArray[np.int64],
    values: NDArray[np.float64],
    stored: StoredRows,
    unchanged: NDArray[np.bool_],
    limits: Limits,
) -> tuple[NDArray[np.uint8], Revisions]:
    """Flags of the changed rows, and the unchanged stored rows whose flags come out anew."""
    others = np.flatnonzero(unchanged)
    count = len(timestamp)
    all_time = np.concatenate([timestamp, stored.timestamp[others]])
    all_values = np.concatenate([values, stored.values[others]])
    order = np.argsort(all_time, kind="stable")
    flags = np.empty(all_values.shape, dtype=np.uint8)
    flags[order] = flag_signals(all_time[order], all_values[order], limits)
    reasons, context = flags[:count], flags[count:]

    before = np.searchsorted(timestamp, stored.timestamp[others]) - 1
    follows = before >= 0
    follows[follows] = (
        stored.timestamp[others[follows]] - timestamp[before[follows]] <= limits.reach
    )
    old = stored.reasons[others]
    context = np.where(old == NOT_A_NUMBER, old, context)
    anew = follows & (old != context).any(axis=1)
    chosen = others[anew]
    reflagged = Revisions(
        stored.timestamp[chosen], stored.revision[chosen], stored.values[chosen], context[anew]
    )
    return reasons, reflagged


def _equal(left: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.bool_]:
    return ((left == right) | (np.isnan(left) & np.isnan(right))).all(axis=1)


def _reindex(
    unreadable: dict[tuple[int, int], str], chosen: NDArray[np.int64]
) -> dict[tuple[int, int], str]:
    if not unreadable:
        return {}
    new = {int(old): i for i, old in enumerate(chosen)}
    return {(new[r], column): text for (r, column), text in unreadable.items() if r in new}


def set_aside(rows: TurbineRows, i: int, reason: str, detail: str) -> RejectedRow:
    """Row `i` with the reason, and all that it said."""
    values = {
        name: rows.unreadable.get((i, j), repr(float(rows.values[i, j])))
        for j, name in enumerate(SIGNAL_NAMES)
        if (i, j) in rows.unreadable or not np.isnan(rows.values[i, j])
    }
    when = int(rows.timestamp[i])
    original = {"turbine_id": rows.turbine_id, "timestamp": str(when), **values}
    return RejectedRow(reason, detail, original, rows.turbine_id, when)


def _say(when: int) -> str:
    try:
        return clock.say(when)
    except (OverflowError, ValueError, OSError):
        return f"{when} s"
