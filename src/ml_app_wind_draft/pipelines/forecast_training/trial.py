"""Forecasts of the newest days, which the fit has not seen, and what came."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ml_app_wind_draft.models.forecast.baselines import persistence
from ml_app_wind_draft.models.forecast.farm import FarmForecaster
from ml_app_wind_draft.models.forecast.model import Forecaster
from ml_app_wind_draft.models.forecast.scores import pinball
from ml_app_wind_draft.models.forecast.series import HOUR, History, Weather
from ml_app_wind_draft.models.forecast.units import LEVELS

Values = NDArray[np.float64]
Instants = NDArray[np.int64]
Key = tuple[str, int]
LOW, MEDIAN, HIGH = (int(np.argmin(np.abs(LEVELS - level))) for level in (0.1, 0.5, 0.9))


@dataclass(frozen=True)
class Forecasts:
    """Of one unit at one resolution, % of rated power.

    `quantiles` [issue times, leads, levels], `measured` [issue times, leads], NaN where unknown;
    `leads` in s, from issue to the interval's end.
    """

    leads: tuple[int, ...]
    quantiles: Values
    measured: Values

    @cached_property
    def hours(self) -> int:
        """At how many issue times anything came of what was forecast."""
        return int(np.isfinite(self.measured).any(axis=1).sum())

    @cached_property
    def loss(self) -> Values:
        """Pinball loss [issue times, leads], mean over the levels; NaN where nothing came."""
        flat = pinball(self.quantiles.reshape(-1, len(LEVELS)), self.measured.ravel(), LEVELS)
        return flat.reshape(self.measured.shape)

    @cached_property
    def error(self) -> Values:
        """|median - measured| [issue times, leads]."""
        return np.abs(self.quantiles[:, :, MEDIAN] - self.measured)

    @cached_property
    def inside(self) -> Values:
        """1 where P10-P90 holds what came, 0 where not, NaN where nothing came."""
        low, high = self.quantiles[:, :, LOW], self.quantiles[:, :, HIGH]
        holds = (self.measured >= low) & (self.measured <= high)
        return np.where(np.isfinite(self.measured), holds, np.nan)


@dataclass(frozen=True, slots=True)
class Trial:
    """All forecasts that a model would have issued at the hours `issue`, s UTC.

    Of the units of which outcomes came.
    """

    issue: Instants
    forecasts: dict[Key, Forecasts]

    def at(self, chosen: NDArray[np.bool_]) -> "Trial":
        """The same at the hours `chosen` [n]."""
        forecasts = {
            key: Forecasts(own.leads, own.quantiles[chosen], own.measured[chosen])
            for key, own in self.forecasts.items()
        }
        return Trial(self.issue[chosen], forecasts)

    def coverage(self, keys: Iterable[Key]) -> float:
        """The share of what came that lies in P10-P90, each of `keys` counting alike."""
        return mean_of([float(np.nanmean(self.forecasts[key].inside)) for key in keys])


def mean_of(values: list[float]) -> float:
    """The mean, NaN of nothing."""
    return float(np.mean(values)) if values else float("nan")


def mean_of_leads(values: Values) -> Values:
    """[hours] out of [hours, leads] with gaps; NaN where there is nothing."""
    count = np.isfinite(values).sum(axis=1)
    return np.where(count > 0, np.nansum(values, axis=1) / np.maximum(count, 1), np.nan)


def persisted(history: History, cut: int, issue: Instants, like: Forecasts) -> Forecasts:
    """What persistence says of the hours of `like`, by errors of the time before `cut` (s)."""
    each = [persistence(history, cut, issue, lead, LEVELS, HOUR) for lead in like.leads]
    return Forecasts(like.leads, 100 * np.stack(each, axis=1), like.measured)


def trial(
    farm: FarmForecaster, histories: dict[str, History], weather: Weather | None, issue: Instants
) -> Trial:
    """What `farm` would have said at the hours `issue`, knowing what was known then."""
    found = {}
    for (unit, resolution), own in farm.forecasters.items():
        if unit in histories and len(issue):
            used = weather if own.weather_model is not None else None
            forecasts = _forecasts(own, histories[unit], used, issue, resolution)
            if forecasts.hours:
                found[unit, resolution] = forecasts
    return Trial(issue, found)


def _forecasts(
    own: Forecaster, history: History, weather: Weather | None, issue: Instants, resolution: int
) -> Forecasts:
    leads = own.options.leads
    came = [history.mean_power(issue + lead - resolution, resolution) for lead in leads]
    quantiles = own.predict(history, weather, issue, LEVELS)
    return Forecasts(leads, 100 * quantiles, 100 * np.column_stack(came))


def hours_between(start: int, end: int) -> Instants:
    """The whole hours from `start` on whose forecasts of two days lie before `end`."""
    first = -(-start // HOUR) * HOUR
    return np.arange(first, end - 48 * HOUR + 1, HOUR)
