"""Does a file speak the units that its site file says? Judged on a sample, before storing any.

Two signs are looked for. The range: most values are not plausible in the unit said. The scale:
values are in range, yet stand to the turbine's own power as they would in another unit; a turbine
at half its rated power sees some 9 m/s whatever its make, and in 11 m/s it makes most of its power.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ml_app_wind_draft.core.signals import CONVERSIONS, SIGNAL_INDEX, signal
from ml_app_wind_draft.core.site import Site

ROWS_A_CHUNK = 2_000
MOST_ROWS = 200_000
FEW = 3  # values that accuse a unit, where another one fits
ENOUGH = 20  # values that accuse a column, where no unit fits
MANY = 1_000  # values that accuse a unit by their scale alone
MOSTLY = 0.5
NEARLY_ALL = 0.95
HALF_LOAD = (0.3, 0.7)  # of rated power
WIND_AT_HALF_LOAD = (4.5, 14.0, 9.0)  # m/s: low, high, usual
PRODUCING_WIND = (8.0, 25.0)  # m/s
POWER_IN_THAT_WIND = (0.05, 1.2)  # of rated power
WARM_ALL_YEAR = 38.0  # degC, a median that no site has
WHOLE_TURN = 2 * np.pi + 0.01


@dataclass(frozen=True, slots=True)
class UnitFault:
    """A signal whose values do not fit its unit; `fitting` are units they do fit, best first."""

    signal: str
    unit: str
    row: int
    value: float
    fitting: tuple[str, ...] = ()


@dataclass(slots=True)
class Sample:
    """Some of a file's values in the app's units, with each row's rated power (kW) and line."""

    values: list[NDArray[np.float64]] = field(default_factory=list)
    rated_power: list[NDArray[np.float64]] = field(default_factory=list)
    lines: list[NDArray[np.int64]] = field(default_factory=list)
    rows: int = 0

    def add(
        self,
        values: NDArray[np.float64],
        rated_power: NDArray[np.float64],
        lines: NDArray[np.int64],
    ) -> None:
        """Take rows of a chunk at random: at even spaces it might always be the same turbine."""
        room = min(ROWS_A_CHUNK, MOST_ROWS - self.rows)
        chosen = np.sort(np.random.default_rng(0).permutation(len(values))[:room])
        self.values.append(values[chosen])
        self.rated_power.append(rated_power[chosen])
        self.lines.append(lines[chosen])
        self.rows += len(chosen)


def unit_fault(site: Site, sample: Sample) -> UnitFault | None:
    """The first signal of the sample that is not in the unit said, or `None`."""
    if not sample.rows:
        return None
    values = np.concatenate(sample.values)
    rated_power = np.concatenate(sample.rated_power)
    for name in site.columns.signals:
        if fault := _out_of_range(site, name, values, rated_power):
            return fault
    for name, unit, off, fitting in _off_scale(site, values, rated_power):
        row = int(np.flatnonzero(off)[0])
        return UnitFault(name, unit, row, _as_written(values[row], name, unit), fitting)
    return None


def _out_of_range(
    site: Site, name: str, values: NDArray[np.float64], rated_power: NDArray[np.float64]
) -> UnitFault | None:
    column = values[:, SIGNAL_INDEX[name]]
    unit = site.columns.signals[name].unit
    present = ~np.isnan(column)
    if present.sum() < FEW:
        return None
    plausible = _plausible(site, name, column, rated_power) & present
    if plausible.sum() >= MOSTLY * present.sum():
        return None
    fits = {
        other: np.mean(
            _plausible(site, name, _read_as(column, name, unit, other), rated_power)[present]
        )
        for other in CONVERSIONS[signal(name).unit]
        if other != unit
    }
    fitting = tuple(other for other in fits if fits[other] >= NEARLY_ALL)
    if not fitting and present.sum() < ENOUGH:
        return None
    row = int(np.flatnonzero(present & ~plausible)[0])
    return UnitFault(name, unit, row, _as_written(values[row], name, unit), fitting)


def _off_scale(
    site: Site, values: NDArray[np.float64], rated_power: NDArray[np.float64]
) -> Iterator[tuple[str, str, NDArray[np.bool_], tuple[str, ...]]]:
    """Signals on another unit's scale: name, unit, the rows that tell, units that fit."""
    wind = values[:, SIGNAL_INDEX["wind_speed"]]
    load = values[:, SIGNAL_INDEX["power"]] / rated_power
    half_load = (load > HALF_LOAD[0]) & (load < HALF_LOAD[1]) & (wind > 0)
    low, high, usual = WIND_AT_HALF_LOAD
    if half_load.sum() >= ENOUGH and not low <= np.median(wind[half_load]) <= high:
        yield from _rescaled(site, "wind_speed", wind, half_load, low, high, usual)

    windy = (wind > PRODUCING_WIND[0]) & (wind < PRODUCING_WIND[1]) & (load > 0)
    low, high = POWER_IN_THAT_WIND
    if windy.sum() >= ENOUGH and np.median(load[windy]) < low:
        yield from _rescaled(site, "power", load, windy, low, high, high / 2)

    warmth = values[:, SIGNAL_INDEX["ambient_temperature"]]
    warm = ~np.isnan(warmth)
    if warm.sum() >= MANY and np.median(warmth[warm]) > WARM_ALL_YEAR:
        yield from _rescaled(site, "ambient_temperature", warmth, warm, -30, WARM_ALL_YEAR, 10)

    for name in ("wind_direction", "nacelle_direction"):
        turn = values[:, SIGNAL_INDEX[name]]
        there = ~np.isnan(turn)
        if there.sum() >= MANY and WHOLE_TURN / 2 < turn[there].max() <= WHOLE_TURN:
            yield from _rescaled(site, name, turn, there, 0, 360, 180)


def _rescaled(
    site: Site,
    name: str,
    column: NDArray[np.float64],
    telling: NDArray[np.bool_],
    low: float,
    high: float,
    usual: float,
) -> Iterator[tuple[str, str, NDArray[np.bool_], tuple[str, ...]]]:
    """The unit, if any, that puts the telling rows' median between `low` and `high`."""
    unit = site.columns.signals[name].unit
    medians = {
        other: float(np.median(_read_as(column[telling], name, unit, other)))
        for other in CONVERSIONS[signal(name).unit]
        if other != unit
    }
    fitting = [other for other, median in medians.items() if low <= median <= high]
    if fitting:
        fitting.sort(key=lambda other: abs(medians[other] - usual))
        yield name, unit, telling, tuple(fitting[:2])


def _plausible(
    site: Site, name: str, column: NDArray[np.float64], rated_power: NDArray[np.float64]
) -> NDArray[np.bool_]:
    low, high, _ = site.bounds(site.turbine_ids[0])
    place = SIGNAL_INDEX[name]
    least, most = low[place], high[place]
    if name == "power":  # its bounds go with the turbine's size
        own = site.turbines[site.turbine_ids[0]].rated_power
        return (column >= least / own * rated_power) & (column <= most / own * rated_power)
    return (column >= least) & (column <= most)


def _read_as(column: NDArray[np.float64], name: str, unit: str, other: str) -> NDArray[np.float64]:
    """The same written numbers, had their unit been `other`."""
    factor, offset = CONVERSIONS[signal(name).unit][unit]
    other_factor, other_offset = CONVERSIONS[signal(name).unit][other]
    return (column - offset) / factor * other_factor + other_offset


def _as_written(row: NDArray[np.float64], name: str, unit: str) -> float:
    factor, offset = CONVERSIONS[signal(name).unit][unit]
    return (float(row[SIGNAL_INDEX[name]]) - offset) / factor
