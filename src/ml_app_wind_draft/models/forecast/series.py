"""What a forecast is made from: one unit's measured history and the weather foreseen for it.

Instants are whole seconds since the epoch, UTC; a stamp is the start of its interval.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
Instants = NDArray[np.int64]

HOUR = 3600
# kinds of weather that a forecast is made with
NO_WEATHER, FORECAST, PERFECT = "none", "forecast", "perfect"


@dataclass(frozen=True, slots=True)
class History:
    """One unit's measurements without a gap in time: step `i` covers `start + i * step` onwards.

    `power` [n] is a fraction of capacity, `measured` holds other columns [n]; NaN where missing.
    `angles` names those of `measured` that are directions in degrees.
    """

    start: int
    step: int
    power: Values
    measured: dict[str, Values] = field(default_factory=dict)
    angles: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        for name, values in self.measured.items():
            if len(values) != len(self.power):
                message = f"{name} has {len(values)} values, power has {len(self.power)}"
                raise ValueError(message)

    @property
    def end(self) -> int:
        """The end of the last step."""
        return self.start + len(self.power) * self.step

    def until(self, instant: int) -> "History":
        """What was known at `instant`: the steps that end by then."""
        count = max(0, min(len(self.power), (instant - self.start) // self.step))
        return History(
            self.start,
            self.step,
            self.power[:count],
            {name: values[:count] for name, values in self.measured.items()},
            self.angles,
        )

    def mean_power(self, begin: Instants, seconds: int) -> Values:
        """Mean power over [begin, begin + seconds), NaN unless every step of it is there."""
        return window_mean(self.power, self._position(begin + seconds), seconds // self.step, 1.0)

    def _position(self, instant: Instants) -> Instants:
        return (instant - self.start) // self.step


def window_mean(values: Values, stop: Instants, width: int, share: float) -> Values:
    """Mean of `values[stop - width:stop]` for each `stop`, NaN below `share` of known values."""
    known = np.isfinite(values)
    total = np.concatenate([[0.0], np.cumsum(np.where(known, values, 0.0))])
    count = np.concatenate([[0], np.cumsum(known)])
    last = len(values)
    high, low = np.clip(stop, 0, last), np.clip(stop - width, 0, last)
    there = count[high] - count[low]
    enough = there >= max(1.0, share * width)
    return np.where(enough, (total[high] - total[low]) / np.maximum(there, 1), np.nan)


def on_grid(timestamp: Instants, values: Values, step: int, start: int, count: int) -> Values:
    """Values [n, columns] at `timestamp` on the grid of `count` steps from `start`; NaN between."""
    grid = np.full((count, values.shape[1]), np.nan)
    place = (timestamp - start) // step
    inside = (place >= 0) & (place < count)
    grid[place[inside]] = values[inside]
    return grid


@dataclass(frozen=True, slots=True)
class Weather:
    """Forecast runs on one regular grid of valid times, or one run that is known for all time.

    Run `r` was issued at `issued[r]` (ascending) and says `values[r, i]` for the instant
    `begins[r] + i * step`. A table without issue times - reanalysis, say - is one run that was
    always known: a *perfect* forecast, which no real one is.
    """

    columns: tuple[str, ...]
    step: int
    issued: Instants
    begins: Instants
    values: Values  # [runs, instants, columns]

    @property
    def kind(self) -> str:
        """`FORECAST` or `PERFECT`."""
        return PERFECT if self.is_perfect else FORECAST

    @property
    def is_perfect(self) -> bool:
        """There are no issue times."""
        return len(self.issued) == 1 and int(self.issued[0]) == ALWAYS

    def at(self, issue: Instants, valid: Instants) -> Values:
        """What was foreseen at `issue` [n] for `valid` [n]: [n, columns], NaN where nothing was.

        By the newest run that was out by then - for an instant that has passed, by the newest run
        that was out before it: what was foreseen, never what was measured afterwards.
        """
        run = np.searchsorted(self.issued, np.minimum(issue, valid), side="right") - 1
        there = run >= 0
        run = np.maximum(run, 0)
        offset = (valid - self.begins[run]) / self.step
        low = np.floor(offset).astype(np.int64)
        last = self.values.shape[1] - 1
        there &= (low >= 0) & (offset <= last)
        low = np.clip(low, 0, last)
        share = np.clip(offset - low, 0.0, 1.0)[:, None]
        first, second = self.values[run, low], self.values[run, np.minimum(low + 1, last)]
        between = np.where(share == 0, first, first * (1 - share) + second * share)
        return np.where(there[:, None], between, np.nan)

    def until(self, instant: int) -> "Weather":
        """The runs that were out at `instant`."""
        out = self.issued <= instant
        return Weather(
            self.columns, self.step, self.issued[out], self.begins[out], self.values[out]
        )


ALWAYS = -(2**62)


def perfect_weather(
    columns: tuple[str, ...], timestamp: Instants, values: Values, step: int
) -> Weather:
    """Weather known for all time, at `timestamp` [n] (instants), `values` [n, columns]."""
    start = int(timestamp.min())
    count = int(timestamp.max() - start) // step + 1
    grid = on_grid(timestamp, values, step, start, count)
    return Weather(columns, step, np.array([ALWAYS]), np.array([start]), grid[None])


def weather_runs(
    columns: tuple[str, ...], issued: Instants, valid: Instants, values: Values, step: int
) -> Weather:
    """Weather from forecast runs: row `i` was issued at `issued[i]` for the instant `valid[i]`."""
    runs, run = np.unique(issued, return_inverse=True)
    begins = np.full(len(runs), 2**62)
    np.minimum.at(begins, run, valid)
    place = (valid - begins[run]) // step
    table = np.full((len(runs), int(place.max()) + 1, len(columns)), np.nan)
    table[run, place] = values
    return Weather(columns, step, runs, begins, table)
