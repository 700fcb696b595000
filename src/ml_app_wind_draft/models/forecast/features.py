"""Inputs of a forecast: what was measured before the issue time, what is foreseen, the clock.

Every function gives float64 [n, features]; the names come from a function beside it.
"""

from dataclasses import dataclass, replace

import numpy as np

from ml_app_wind_draft.models.forecast.series import (
    HOUR,
    History,
    Instants,
    Values,
    Weather,
    window_mean,
)

LAST_STEPS = 6
LAGGED_HOURS = (1, 2, 3, 6, 12, 24)
MEANS = (1, 3, 6, 12, 24, 72, 168)
SPREADS = (1, 3, 24)
MEASURED_MEANS = (1, 3, 6, 24)
HALF = 0.5  # of a window's values must be there

AROUND = (-3, -2, -1, 0, 1, 2, 3)
ALONE = (-3, -1, 1, 3)  # hours around that are inputs of their own, not only in a mean
TREND = 3
MOST_SPEEDS = 2
SAME = 0.98  # rank correlation
CLOSE = 0.4  # rank correlation with power
DAY = 24 * HOUR


def history_features(history: History, issue: Instants) -> tuple[list[str], Values]:
    """From the steps that end by `issue` [n]: last values, means, spread, and the same lagged."""
    stop = (issue - history.start) // history.step
    named = _of_power(history, stop)
    for name, values in history.measured.items():
        if name in history.angles:
            angle = np.deg2rad(values)
            named |= _of_measured(f"{name}_sin", np.sin(angle), history.step, stop)
            named |= _of_measured(f"{name}_cos", np.cos(angle), history.step, stop)
        else:
            named |= _of_measured(name, values, history.step, stop)
    return list(named), np.column_stack(list(named.values()))


def _of_power(history: History, stop: Instants) -> dict[str, Values]:
    power, step = history.power, history.step
    each = max(1, HOUR // step)
    named = {}
    if step < HOUR:
        for back in range(LAST_STEPS):
            named[f"power_step_{back}"] = window_mean(power, stop - back, 1, 1.0)
    for hours in MEANS:
        named[f"power_mean_{hours}h"] = window_mean(power, stop, hours * each, HALF)
    for hours in LAGGED_HOURS:
        named[f"power_{hours}h_before"] = window_mean(power, stop - hours * each, each, HALF)
    squared = power**2
    for hours in SPREADS:
        if hours * each > 1:
            mean = window_mean(power, stop, hours * each, HALF)
            square = window_mean(squared, stop, hours * each, HALF)
            named[f"power_spread_{hours}h"] = np.sqrt(np.maximum(square - mean**2, 0.0))
    # power goes roughly with the cube of wind: its root is what changes evenly
    for hours in (1, 6, 24, 72):
        named[f"root_power_mean_{hours}h"] = np.sqrt(np.maximum(named[f"power_mean_{hours}h"], 0.0))
    return named


def _of_measured(name: str, values: Values, step: int, stop: Instants) -> dict[str, Values]:
    each = max(1, HOUR // step)
    named = {f"{name}_last": window_mean(values, stop, 1, 1.0)}
    for hours in MEASURED_MEANS:
        named[f"{name}_mean_{hours}h"] = window_mean(values, stop, hours * each, HALF)
    for hours in (1, 3, 24):
        named[f"{name}_{hours}h_before"] = window_mean(values, stop - hours * each, each, HALF)
    return named


def clock_features(middle: Instants) -> tuple[list[str], Values]:
    """Hour of day of the middle of the target interval, UTC, as sine and cosine."""
    angle = 2 * np.pi * (middle % DAY) / DAY
    return ["hour_sin", "hour_cos"], np.column_stack([np.sin(angle), np.cos(angle)])


@dataclass(frozen=True, slots=True)
class WeatherColumns:
    """What the columns of a weather table are.

    `vectors` are pairs of wind components (east, north), `angles` directions in degrees, `speeds`
    columns that go with power so closely that the hours around count, too. What is none of these
    is taken as it is. `known_speed` are vectors whose length is a column already.
    """

    columns: tuple[str, ...]
    vectors: tuple[tuple[str, str], ...]
    angles: tuple[str, ...]
    speeds: tuple[str, ...]
    known_speed: tuple[tuple[str, str], ...] = ()

    def expanded(self, values: Values) -> dict[str, Values]:
        """Name -> values [n] of all columns, vectors as speed and direction."""
        named = dict(zip(self.columns, values.T, strict=True))
        for east, north in self.vectors:
            speed = np.hypot(named[east], named[north])
            if (east, north) not in self.known_speed:
                named[f"speed_{east}"] = speed
            calm = np.maximum(speed, 1e-6)
            named[f"east_{east}"] = named[east] / calm
            named[f"north_{east}"] = named[north] / calm
            del named[east], named[north]
        for name in self.angles:
            angle = np.deg2rad(named.pop(name))
            named[f"{name}_sin"], named[f"{name}_cos"] = np.sin(angle), np.cos(angle)
        return named


def weather_features(
    weather: Weather, kinds: WeatherColumns, issue: Instants, begin: Instants, seconds: int
) -> tuple[list[str], Values]:
    """Foreseen at `issue` for the interval [begin, begin + seconds): means, neighbours, trends."""
    found = _Expanded(weather, kinds, issue)
    around = {hours: found.mean(begin + hours * HOUR, seconds) for hours in AROUND}
    named: dict[str, Values] = {}
    for name, values in around[0].items():
        named[name] = values
        if name in kinds.speeds:
            for hours in ALONE:
                named[f"{name}_{hours:+d}h"] = around[hours][name]
            named[f"{name}_mean_3h"] = np.mean(
                [around[hours][name] for hours in (-1, 0, 1)], axis=0
            )
            named[f"{name}_mean_7h"] = np.mean([each[name] for each in around.values()], axis=0)
        else:
            named[f"{name}_since_{TREND}h"] = values - around[-TREND][name]
            named[f"{name}_in_{TREND}h"] = around[TREND][name] - values
    return list(named), np.column_stack(list(named.values()))


class _Expanded:
    """What was foreseen at the issue times; each instant is looked up once."""

    def __init__(self, weather: Weather, kinds: WeatherColumns, issue: Instants) -> None:
        self._weather, self._kinds, self._issue = weather, kinds, issue
        self._at: dict[int, dict[str, Values]] = {}

    def mean(self, begin: Instants, seconds: int) -> dict[str, Values]:
        """Name -> mean over [begin, begin + seconds), by trapezoids between the stored instants."""
        parts = max(1, seconds // self._weather.step)
        each = [self._look_up(begin + seconds * part // parts) for part in range(parts + 1)]
        weight = np.ones(parts + 1)
        weight[0] = weight[-1] = 0.5
        weight /= weight.sum()
        return {name: weight @ np.stack([at[name] for at in each]) for name in each[0]}

    def _look_up(self, instant: Instants) -> dict[str, Values]:
        key = int(instant[0] - self._issue[0])  # what is asked differs by a shift of all instants
        if key not in self._at:
            self._at[key] = self._kinds.expanded(self._weather.at(self._issue, instant))
        return self._at[key]


def recognise_columns(weather: Weather, history: History) -> WeatherColumns:
    """Which columns are vectors and directions, by name; which go with power, by rank correlation.

    A pair is `u...` and `v...` with the same rest (`u_100` and `v_100`, `U10` and `V10`); a
    direction has `dir` in its name.
    """
    names = {name.lower(): name for name in weather.columns}
    vectors = tuple(
        (name, names["v" + lower[1:]])
        for lower, name in names.items()
        if lower.startswith("u") and "v" + lower[1:] in names
    )
    angles = tuple(name for lower, name in names.items() if "dir" in lower)
    begin = history.start + HOUR * np.arange(max(0, (history.end - history.start) // HOUR))
    columns = WeatherColumns(weather.columns, (), (), ())
    plain = _Expanded(weather, columns, begin).mean(begin, HOUR)
    known_speed = tuple(
        (east, north)
        for east, north in vectors
        if any(
            _rank_correlation(np.hypot(plain[east], plain[north]), each) > SAME
            for each in plain.values()
        )
    )
    kinds = WeatherColumns(weather.columns, vectors, angles, (), known_speed)
    power = history.mean_power(begin, HOUR)
    expanded = _Expanded(weather, kinds, begin).mean(begin, HOUR)
    strength = {name: abs(_rank_correlation(values, power)) for name, values in expanded.items()}
    closest = sorted(strength, key=lambda name: -strength[name])[:MOST_SPEEDS]
    speeds = tuple(name for name in closest if strength[name] >= CLOSE)
    return replace(kinds, speeds=speeds)


def _rank_correlation(first: Values, second: Values) -> float:
    """Spearman's, over the rows where both are known; 0 where there is nothing to compare."""
    known = np.isfinite(first) & np.isfinite(second)
    if known.sum() < 2 * DAY // HOUR:
        return 0.0
    ranks = [np.argsort(np.argsort(each[known])).astype(float) for each in (first, second)]
    if np.ptp(first[known]) == 0 or np.ptp(second[known]) == 0:
        return 0.0
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1])
