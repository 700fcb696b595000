"""The alarm rules, over one turbine's normal rows by time.

Each rule has a measure over the trailing window (24 h of event time, the row itself included):

`under_performance`: sum(expected - power) / sum(expected).
`model_doubt`: mean |expected - power| over rated power; points at sensor or model.

An alarm begins with the row by which the measure has stayed above its limit for 6 h, and ends with
the row by which it has stayed below a lower one for 2 h. Hours are those of rows that can be
judged: a gap - no row, no normal row, too few of them in the window - neither counts nor clears.

Powers are taken to the watt and added as whole numbers, so that a sum is the same wherever the
adding began, and judging a part again gives exactly what judging everything gives.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ml_app_wind_draft.core.alarms import (
    MODEL_DOUBT,
    RULES,
    UNDER_PERFORMANCE,
    Alarm,
    Judgement,
    JudgingWork,
    RuleState,
)
from ml_app_wind_draft.core.digests import digest_of
from ml_app_wind_draft.core.site import AlarmLimits, Site

DAY = 86_400
WATTS = 1000  # in a kW
LOOK_BEYOND = 10 * DAY  # the last change; the rules are mostly on their old track by then
LONGEST_LOOK = 120 * DAY


def measures(rows: pd.DataFrame, turbine_id: str, site: Site) -> dict[str, NDArray[np.float64]]:
    """Each rule's measure at each row, a fraction; NaN where the window holds too little.

    `rows`: `timestamp` (s), `power`, `expected_power` (kW), normal rows only, by time.
    """
    window = round(site.alarms.window_hours * 3600)
    stamps = rows["timestamp"].to_numpy(np.int64)
    expected = _watts(rows["expected_power"])
    residual = expected - _watts(rows["power"])
    first = np.searchsorted(stamps, stamps - window, side="right")
    count = np.arange(1, len(stamps) + 1) - first
    expected_sum = _trailing(expected, first)
    enough = count >= least_rows(site)
    rated_sum = count * (site.turbines[turbine_id].rated_power * WATTS)
    blows = (expected_sum > 0) & (expected_sum >= site.alarms.least_expected * rated_sum)
    return {
        UNDER_PERFORMANCE: _ratio(_trailing(residual, first), expected_sum, enough & blows),
        MODEL_DOUBT: _ratio(_trailing(np.abs(residual), first), rated_sum, enough),
    }


def least_rows(site: Site) -> int:
    """How many normal rows the window needs: the site's number, else half of those that fit."""
    fit = site.alarms.window_hours * 3600 / site.step
    return site.alarms.least_rows or max(1, round(fit / 2))


def all_alarms(rows: pd.DataFrame, turbine_id: str, site: Site) -> list[Alarm]:
    """The rules run from scratch over all of a turbine's rows; by start, then rule."""
    walk = _walk(rows, turbine_id, site, 0, [RuleState(rule, 0) for rule in RULES])
    found = [*walk.ended, *_still_on(walk.last, site)]
    return sorted(found, key=lambda each: (each.start, each.rule))


def stretch_of(work: JudgingWork, site: Site) -> tuple[int, int]:
    """The span of rows [start, end), s, that the next `judge` looks at."""
    window = round(site.alarms.window_hours * 3600)
    return work.begin - window, _end_of(work)


def judge(work: JudgingWork, rows: pd.DataFrame, site: Site) -> Judgement:
    """Judge what changed at a turbine, and go on until the rules are on their old track again.

    `rows`: as in `measures`, those of `stretch_of(work, site)`.
    """
    began = {state.rule: state for state in work.states}
    start = [began.get(rule, RuleState(rule, work.begin)) for rule in RULES]
    walk = _walk(rows, work.turbine_id, site, work.begin, start)
    unaffected = work.until + round(site.alarms.window_hours * 3600)
    for when, states in walk.midnights.items():
        if when >= unaffected and work.known.get(when) == frozenset(states):
            return _joining(work, walk, when)
    end = _end_of(work)
    return _conclusion(work, walk, None if end > work.newest else end, site)


def digest(site: Site, turbine_id: str) -> str:
    """A fingerprint of all that decides a turbine's alarms besides its rows."""
    rated = site.turbines[turbine_id].rated_power
    said = f"1 {rated} {site.step} {site.alarms.model_dump_json()}"
    return digest_of(said.encode())[:16]


@dataclass(frozen=True, slots=True)
class _Walk:
    """Alarms that ended on the way, the states at each midnight, and the last ones."""

    ended: list[Alarm]
    midnights: dict[int, list[RuleState]]
    last: list[RuleState]

    def before(self, end: int) -> list[RuleState]:
        return [state for when, states in self.midnights.items() if when < end for state in states]


def _walk(
    rows: pd.DataFrame, turbine_id: str, site: Site, begin: int, states: Iterable[RuleState]
) -> _Walk:
    at = measures(rows, turbine_id, site)
    stamps = rows["timestamp"].to_numpy(np.int64)
    new = stamps >= begin
    lost = _watts(rows["expected_power"]) - _watts(rows["power"])
    ended: list[Alarm] = []
    midnights: dict[int, list[RuleState]] = {}
    last = []
    for state in states:
        limits: AlarmLimits = getattr(site.alarms, state.rule)
        steps = zip(
            stamps[new].tolist(), at[state.rule][new].tolist(), lost[new].tolist(), strict=True
        )
        alarms, passed, final = _follow(state, steps, limits, site.step)
        ended += alarms
        for each in passed:
            midnights.setdefault(each.timestamp, []).append(each)
        last.append(final)
    return _Walk(ended, midnights, last)


def _follow(
    state: RuleState, steps: Iterable[tuple[int, float, int]], limits: AlarmLimits, step: int
) -> tuple[list[Alarm], list[RuleState], RuleState]:
    """Take one rule through rows (timestamp, measure, watts below expectation).

    Gives the alarms that ended, the state at each midnight before a day with rows, and the last.
    """
    rule, on, held = state.rule, state.on, state.held
    start, peak, total = state.start, state.peak, state.lost
    raise_after, clear_after = limits.raise_after_hours * 3600, limits.clear_after_hours * 3600
    ended, midnights, day = [], [], -1
    for when, measure, watts in steps:
        if when // DAY != day:
            day = when // DAY
            midnights.append(RuleState(rule, day * DAY, on, held, start, peak, total))
        judged = measure == measure  # noqa: PLR0124 - false for NaN, and quick
        if on:
            if judged:
                held = held + step if measure < limits.clear_below else 0
                if held and held >= clear_after:
                    ended.append(Alarm(rule, start, when, peak, _kwh(total, step)))
                    on, held, start, peak, total = False, 0, 0, 0.0, 0
                    continue
                peak = max(peak, measure)
            total += watts
        elif judged:
            held = held + step if measure > limits.raise_above else 0
            if held and held >= raise_after:
                on, held, start, peak, total = True, 0, when, measure, watts
    return ended, midnights, RuleState(rule, state.timestamp, on, held, start, peak, total)


def _joining(work: JudgingWork, walk: _Walk, when: int) -> Judgement:
    """From midnight `when` on the rules do as they did before: what is stored there is right."""
    kept = frozenset((state.rule, state.start) for state in walk.midnights[when] if state.on)
    return Judgement(
        work.turbine_id,
        work.changes,
        work.begin,
        when,
        [each for each in walk.ended if (each.end or 0) < when],
        [state for state in walk.before(when) if state.timestamp > work.begin],
        kept,
    )


def _conclusion(work: JudgingWork, walk: _Walk, end: int | None, site: Site) -> Judgement:
    """Everything up to `end` (`None`: the last row); what lies behind is still to be judged."""
    midnights = [
        state
        for states in walk.midnights.values()
        for state in states
        if state.timestamp > work.begin
    ]
    if end is None:
        alarms = [*walk.ended, *_still_on(walk.last, site)]
        return Judgement(work.turbine_id, work.changes, work.begin, None, alarms, midnights)
    midnights += [replace(state, timestamp=end) for state in walk.last]
    remaining = (end, max(work.until, end))
    return Judgement(
        work.turbine_id, work.changes, work.begin, end, walk.ended, midnights, remaining=remaining
    )


def _end_of(work: JudgingWork) -> int:
    end = (work.until // DAY + 1) * DAY + LOOK_BEYOND
    return min(end, work.begin + LONGEST_LOOK)


def _still_on(states: Iterable[RuleState], site: Site) -> list[Alarm]:
    return [
        Alarm(state.rule, state.start, None, state.peak, _kwh(state.lost, site.step))
        for state in states
        if state.on
    ]


def _kwh(watts: int, step: int) -> float:
    """Energy of watts that were summed over rows of `step` seconds."""
    return watts * step / 3600 / WATTS


def _watts(kilowatts: pd.Series) -> NDArray[np.int64]:
    return np.rint(kilowatts.to_numpy(np.float64) * WATTS).astype(np.int64)


def _trailing(values: NDArray[np.int64], first: NDArray[np.int64]) -> NDArray[np.int64]:
    """The sum of each value and those before it, from place `first` on."""
    total = np.concatenate([[0], np.cumsum(values)])
    return total[1:] - total[first]


def _ratio(
    above: NDArray[np.int64],
    below: NDArray[np.int64] | NDArray[np.float64],
    wanted: NDArray[np.bool_],
) -> NDArray[np.float64]:
    return np.divide(above, below, out=np.full(len(above), np.nan), where=wanted)
