"""What the data quality page reads: sums by day, and details of the days that have any."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ml_app_wind_draft.core import clock
from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.dashboard.reader import Reader, Storage
from ml_app_wind_draft.dashboard.words import DAY
from ml_app_wind_draft.storage.set_aside import Search

MOST_DAYS = 40  # that are looked into for gaps and for stuck signals
MOST_SHOWN = 100
STUCK = "stuck"


@dataclass(frozen=True, slots=True)
class Gap:
    """Rows of a turbine that never came: `start` to before `end` (s UTC)."""

    turbine_id: str
    start: int
    end: int
    rows: int


@dataclass(frozen=True, slots=True)
class StuckSpell:
    """A signal that stood still at `value`: from `start` to before `end` (s UTC)."""

    turbine_id: str
    signal: str
    start: int
    end: int
    rows: int
    value: float | None


@dataclass(frozen=True, slots=True)
class TurbineQuality:
    """A turbine's rows. `newest` is the start of its newest interval, `arrived_at` wall time (s).

    `coverage` is rows over expected rows in the span, NaN without any.
    """

    turbine_id: str
    newest: int | None
    arrived_at: int | None
    coverage: float


@dataclass(frozen=True, slots=True)
class Quality:
    """The span `start` to `now` (event time, s UTC; `start` is a day's) in sums by day.

    `expected` [days, turbines] are the rows that there should be, `accepted` and `updated` those
    that are. `flagged` and `rejected` are as `DataManager.flagged_days` and `rejected_days`.
    """

    start: int
    now: int
    days: NDArray[np.int64]
    expected: NDArray[np.int64]
    accepted: NDArray[np.int64]
    updated: NDArray[np.int64]
    flagged: pd.DataFrame
    rejected: pd.DataFrame
    turbines: list[TurbineQuality]
    gaps: list[Gap]
    stuck: list[StuckSpell]
    counters: dict[str, int]

    @property
    def coverage(self) -> float:
        """Rows over expected rows; NaN before there are any."""
        expected = self.expected.sum()
        return float(self.accepted.sum() / expected) if expected else float("nan")


def quality(reader: Reader, site: Site, span_days: int) -> Quality:
    """The last `span_days` days. Raises `StorageError` when the database does not answer."""
    return reader.remembered(
        ("quality", span_days), lambda storage: _quality(storage, site, span_days)
    )


def set_aside(reader: Reader, search: Search) -> pd.DataFrame:
    """The newest rows set aside that `search` asks for."""
    return reader.remembered(search, lambda storage: storage.rejected_rows(MOST_SHOWN, search))


def _quality(storage: Storage, site: Site, span_days: int) -> Quality:
    replayed_until = storage.replayed_until(site.name)
    newest = storage.newest_rows()
    own = [newest[each] for each in site.turbine_ids if each in newest]
    now = clock.now(replayed_until)
    if replayed_until is None and own and max(own) < now - span_days * DAY:
        now = max(own) + site.step  # an imported past: what there is, not an empty present
    today = now // DAY * DAY
    start = today - (span_days - 1) * DAY
    days = np.arange(start, today + 1, DAY, dtype=np.int64)
    sums = storage.raw_days(start, today + 1, site.turbine_ids)
    accepted = _grid(sums, "accepted", days, site.turbine_ids)
    expected = _expected(accepted, days, now, site.step)
    flagged = storage.flagged_days(start, today + 1, site.turbine_ids)
    return Quality(
        start=start,
        now=now,
        days=days,
        expected=expected,
        accepted=accepted,
        updated=_grid(sums, "updated", days, site.turbine_ids),
        flagged=flagged,
        rejected=storage.rejected_days(site.name, start, today + 1),
        turbines=_turbines(storage, site, newest, accepted, expected),
        gaps=_gaps(storage, site, days, accepted, expected),
        stuck=_stuck(storage, site, flagged),
        counters=storage.counters(),
    )


def _grid(
    sums: pd.DataFrame, name: str, days: NDArray[np.int64], turbine_ids: list[str]
) -> NDArray[np.int64]:
    """A column of the sums as [days, turbines]; zero where there is none."""
    grid = np.zeros((len(days), len(turbine_ids)), dtype=np.int64)
    place = {each: i for i, each in enumerate(turbine_ids)}
    rows = (sums["day"].to_numpy(np.int64) - days[0]) // DAY
    columns = [place[each] for each in sums["turbine_id"]]
    grid[rows, columns] = sums[name].to_numpy(np.int64)
    return grid


def _expected(
    accepted: NDArray[np.int64], days: NDArray[np.int64], now: int, step: int
) -> NDArray[np.int64]:
    """Rows that there should be: from a turbine's first day in the span on, up to `now`."""
    full = np.clip((now - days) // step, 0, DAY // step)
    has_begun = np.maximum.accumulate(accepted, axis=0) > 0
    return np.maximum(np.where(has_begun, full[:, None], 0), accepted)


def _turbines(
    storage: Storage,
    site: Site,
    newest: dict[str, int],
    accepted: NDArray[np.int64],
    expected: NDArray[np.int64],
) -> list[TurbineQuality]:
    last = storage.raw_last(1, site.turbine_ids, columns=["turbine_id", "ingested_at"])
    arrivals = dict(zip(last["turbine_id"], last["ingested_at"].astype(int), strict=True))
    rows, should = accepted.sum(axis=0), expected.sum(axis=0)
    return [
        TurbineQuality(
            turbine_id=each,
            newest=newest.get(each),
            arrived_at=arrivals.get(each),
            coverage=float(rows[i] / should[i]) if should[i] else float("nan"),
        )
        for i, each in enumerate(site.turbine_ids)
    ]


def _gaps(
    storage: Storage,
    site: Site,
    days: NDArray[np.int64],
    accepted: NDArray[np.int64],
    expected: NDArray[np.int64],
) -> list[Gap]:
    """The newest gaps between rows. Only days that lack rows are looked into."""
    lacking = [(int(day), int(turbine)) for day, turbine in np.argwhere(accepted < expected)]
    found = []
    for place, turbine_id in enumerate(site.turbine_ids):
        own = [int(days[day]) for day, turbine in lacking if turbine == place]
        spans = [(first - site.step, end + site.step) for first, end in _runs(own[-MOST_DAYS:])]
        stamps = np.unique(storage.stamps(turbine_id, spans))
        for before, after in zip(stamps[:-1].tolist(), stamps[1:].tolist(), strict=True):
            missing = (after - before) // site.step - 1
            if missing > 0 and any(start <= before and after < end for start, end in spans):
                found.append(Gap(turbine_id, before + site.step, after, missing))
    return sorted(found, key=lambda gap: -gap.start)[:MOST_SHOWN]


def _runs(days: Iterable[int]) -> list[tuple[int, int]]:
    """Days that follow each other as spans: first start to last end."""
    runs: list[tuple[int, int]] = []
    for day in sorted(days):
        if runs and runs[-1][1] == day:
            runs[-1] = (runs[-1][0], day + DAY)
        else:
            runs.append((day, day + DAY))
    return runs


def _stuck(storage: Storage, site: Site, flagged: pd.DataFrame) -> list[StuckSpell]:
    """The newest spells in which a signal stood still."""
    stuck = flagged[flagged["reason"] == STUCK]
    found = []
    for (turbine_id, signal), own in stuck.groupby(["turbine_id", "signal"]):
        spans = _runs(own["day"].tolist()[-MOST_DAYS:])
        values = storage.flagged_values(str(turbine_id), str(signal), STUCK, spans)
        found += _spells(str(turbine_id), str(signal), values, site.step)
    return sorted(found, key=lambda spell: -spell.start)[:MOST_SHOWN]


def _spells(
    turbine_id: str, signal: str, values: list[tuple[int, float | None, str | None]], step: int
) -> list[StuckSpell]:
    spells: list[StuckSpell] = []
    for when, value, _ in values:
        last = spells[-1] if spells else None
        if last and last.end == when and last.value == value:
            spells[-1] = StuckSpell(
                turbine_id, signal, last.start, when + step, last.rows + 1, value
            )
        elif not last or when >= last.end:  # a corrected row's old revision counts once
            spells.append(StuckSpell(turbine_id, signal, when, when + step, 1, value))
    return spells
