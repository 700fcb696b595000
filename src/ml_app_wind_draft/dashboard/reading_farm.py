"""What the farm page reads: the farm's sum over time, performance by turbine and hour, losses."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.core.states import NORMAL
from ml_app_wind_draft.dashboard.reader import OUTCOMES, Farm, Reader, Storage
from ml_app_wind_draft.dashboard.words import DAY, HOUR
from ml_app_wind_draft.monitoring import alarms, coverage, farm_band, losses

MOST_ROWS = 4_100  # beyond them a page reads the sums by hour instead
WORST = 10
MONTHS = 12
CALM_BELOW = 0.02  # of rated: with so little expected, a share of it says nothing
KEY = ["turbine_id", "timestamp"]


@dataclass(frozen=True, slots=True)
class FarmView:
    """The farm from `start` to before `now`, s.

    `rows`: `timestamp` and sums over the turbines that have a row, `power` and `OUTCOMES` (kW);
    expectation and band are NaN where a turbine with power has none. The band is the farm's own,
    see `monitoring.farm_band`. `cells`: `performance` (1 is
    as expected, NaN: nothing to compare) by `turbine_id` and `start`, each `cell` s long; `is_calm`
    where too little was expected to judge. `coverage`: by turbine, 0 to 1.
    """

    start: int
    now: int
    rows: pd.DataFrame
    cell: int
    cells: pd.DataFrame
    coverage: dict[str, float]


@dataclass(frozen=True, slots=True)
class On:
    """An alarm that is on: its start (s), and the energy below expectation so far, kWh."""

    since: int
    below: float


@dataclass(frozen=True, slots=True)
class Watch:
    """How a turbine stands against the alarm rules: each rule's measure now, and which are on."""

    measures: dict[str, float]
    on: dict[str, On]


def farm_view(reader: Reader, site: Site, now: int, span: int, first: int, cell: int) -> FarmView:
    """The last `span` s, the sum's rows from `first` on. Raises `StorageError`."""
    start, hour = now - span, now // HOUR * HOUR
    first = min(first, start)
    scale = reader.of_the_day(
        ("band", now // DAY), lambda storage: _scale(storage, site, now // DAY * DAY)
    )
    rows = reader.remembered(
        ("farm rows", now, span, first),
        lambda storage: farm_band.scaled(_rows(storage, site, first, now, span), scale),
    )
    cells, covered = reader.kept(
        ("cells", start // HOUR, hour, cell),
        lambda storage: _by_hour(storage, site, start // HOUR * HOUR, hour, cell),
    )
    return FarmView(start, now, rows, cell, cells, covered)


def watched(reader: Reader, site: Site, farm: Farm) -> dict[str, Watch]:
    """Every turbine against the alarm rules. Raises `StorageError`."""
    return reader.remembered(
        ("watched", farm.now), lambda storage: _watched(storage, site, farm.now)
    )


def worst_hours(reader: Reader, site: Site, start: int, end: int) -> pd.DataFrame:
    """The hours that lost most, as `DataManager.worst_hours`. Raises `StorageError`."""
    return reader.kept(
        ("worst hours", start, end),
        lambda storage: storage.worst_hours(start, end, WORST, site.turbine_ids),
    )


def monthly(reader: Reader, site: Site, end: int) -> pd.DataFrame:
    """Energy below expectation of the last months up to `end`, s; see `losses.monthly`."""
    start = end - MONTHS * 31 * DAY
    return reader.kept(
        ("monthly", end),
        lambda storage: losses.monthly(storage.daily(start, end, site.turbine_ids), site.step),
    )


def _rows(storage: Storage, site: Site, first: int, now: int, span: int) -> pd.DataFrame:
    if len(site.turbines) * span // site.step <= MOST_ROWS:
        return _summed(storage, site, first, now)
    return _summed_by_hour(storage.hourly(first // HOUR * HOUR, now, site.turbine_ids), site)


def _by_hour(
    storage: Storage, site: Site, start: int, hour: int, cell: int
) -> tuple[pd.DataFrame, dict[str, float]]:
    """Cells, one more than in view for what the browser may still have, and data coverage."""
    earliest = (start - cell) // cell * cell
    sums = storage.hourly(earliest, hour, site.turbine_ids)
    covered = coverage.coverage(sums[sums["start"] >= start], start, hour, site.step)
    shares = {each: float(covered.get(each, 0.0)) for each in site.turbine_ids}
    return _cells(sums, site, cell, hour), shares


def _summed(storage: Storage, site: Site, first: int, now: int) -> pd.DataFrame:
    raw = storage.raw_range(first, now, site.turbine_ids, columns=[*KEY, "power"])
    outcomes = storage.predictions_range(first, now, site.turbine_ids, columns=[*KEY, *OUTCOMES])
    return _added_up(raw, outcomes, site)


def _scale(storage: Storage, site: Site, today: int) -> farm_band.Scale:
    """What the farm's errors before today say of its band; rows in normal operation only."""
    start, every = today - farm_band.MOST_DAYS * DAY, farm_band.sampled_every(len(site.turbines))
    raw = storage.raw_range(start, today, site.turbine_ids, columns=[*KEY, "power"], every=every)
    outcomes = storage.predictions_range(
        start, today, site.turbine_ids, columns=[*KEY, *OUTCOMES, "state"], every=every
    )
    unusual = outcomes.loc[outcomes["state"] != NORMAL, "timestamp"]
    sums = _added_up(raw, outcomes, site)
    return farm_band.scale_of(sums[~sums["timestamp"].isin(unusual)])


def _added_up(raw: pd.DataFrame, outcomes: pd.DataFrame, site: Site) -> pd.DataFrame:
    """Sums over the turbines with power by time, with their `rated` power, kW."""
    raw = raw[raw["power"].notna()]
    place = {turbine_id: index for index, turbine_id in enumerate(site.turbine_ids)}
    key, scored = _key(raw, place), _key(outcomes, place)
    order = np.argsort(scored)
    at = order[np.minimum(np.searchsorted(scored, key, sorter=order), max(0, len(order) - 1))]
    found = scored[at] == key if len(scored) else np.zeros(len(key), dtype=bool)
    rated = {each: turbine.rated_power for each, turbine in site.turbines.items()}
    columns = {
        "power": raw["power"].to_numpy(np.float64),
        "rated": raw["turbine_id"].map(rated).to_numpy(np.float64),
    }
    for name in OUTCOMES:
        values = np.full(len(raw), np.nan)
        values[found] = outcomes[name].to_numpy(np.float64)[at[found]]
        columns[name] = values
    return _added(raw["timestamp"].to_numpy(np.int64), columns)


def _key(rows: pd.DataFrame, place: dict[str, int]) -> np.ndarray:
    """One number a turbine and time, in the order of turbines and then of time."""
    turbines = rows["turbine_id"].map(place).to_numpy(np.int64)
    return turbines * 2**40 + rows["timestamp"].to_numpy(np.int64)


def _summed_by_hour(sums: pd.DataFrame, site: Site) -> pd.DataFrame:
    hours = losses.performance(sums, site.step)
    hours = hours[hours["power"].notna()]
    nothing = np.full(len(hours), np.nan)
    columns = {
        "power": hours["power"].to_numpy(),
        "expected_power": hours["expected_power"].to_numpy(),
        "expected_power_p10": nothing,
        "expected_power_p90": nothing,
        "rated": nothing,
    }
    return _added(hours["start"].to_numpy(np.int64), columns)


def _added(stamps: np.ndarray, columns: dict[str, np.ndarray]) -> pd.DataFrame:
    """Sums by time; a sum with a missing part is missing."""
    times, place = np.unique(stamps, return_inverse=True)
    sums = {
        name: np.bincount(place, weights=values, minlength=len(times))
        for name, values in columns.items()
    }
    return pd.DataFrame({"timestamp": times, **sums})


def _cells(sums: pd.DataFrame, site: Site, cell: int, now: int) -> pd.DataFrame:
    """Whole cells only: one that still fills would change at every refresh."""
    starts = sums["start"].to_numpy(np.int64) // cell * cell
    cells = losses.performance(sums.assign(start=starts), site.step)
    cells = cells[cells["start"] + cell <= now]
    rated = cells["turbine_id"].map({key: each.rated_power for key, each in site.turbines.items()})
    return cells.assign(is_calm=cells["expected_power"] < CALM_BELOW * rated)


def _watched(storage: Storage, site: Site, now: int) -> dict[str, Watch]:
    window = round(site.alarms.window_hours * HOUR)
    on = storage.alarms(now - 1, now + 1, site.turbine_ids)
    on = on[on["end"].isna()]
    return {
        each: Watch(
            _measures(storage.normal_rows(each, now - window, now, NORMAL), each, site),
            {
                alarm["rule"]: On(int(alarm["start"]), float(alarm["energy_below_expectation"]))
                for alarm in on[on["turbine_id"] == each].to_dict("records")
            },
        )
        for each in site.turbine_ids
    }


def _measures(rows: pd.DataFrame, turbine_id: str, site: Site) -> dict[str, float]:
    at = alarms.measures(rows, turbine_id, site)
    return {rule: float(values[-1]) if len(values) else float("nan") for rule, values in at.items()}


def stretch(turbine_ids: Sequence[str], cells: pd.DataFrame, first: int, cell: int) -> dict:
    """`cells` from `first` on as columns for the wire: `t` and a list of whole percents a turbine.

    `None`: nothing to compare; -1: calm, too little expected to judge.
    """
    seen = cells[cells["start"] >= first]
    times = np.arange(first, int(seen["start"].max()) + cell, cell) if len(seen) else np.array([])
    columns: dict[str, list[int | None]] = {"t": [int(each) for each in times]}
    for turbine_id in turbine_ids:
        own = seen[seen["turbine_id"] == turbine_id]
        said = np.full(len(times), np.nan)
        at = (own["start"].to_numpy(np.int64) - first) // cell
        percent = np.clip(100 * own["performance"].to_numpy(np.float64), 0, 200)
        said[at] = np.where(own["is_calm"].to_numpy(bool), -1, percent)
        columns[turbine_id] = [None if np.isnan(each) else round(each) for each in said.tolist()]
    return columns
