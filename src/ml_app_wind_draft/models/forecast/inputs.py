"""The input tables of a forecaster's parts, the same in training and in use."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from catboost import CatBoostRegressor

from ml_app_wind_draft.models.forecast.features import (
    WeatherColumns,
    clock_features,
    history_features,
    weather_features,
)
from ml_app_wind_draft.models.forecast.series import (
    HOUR,
    History,
    Instants,
    Values,
    Weather,
    window_mean,
)

ERROR_MEANS = (1, 2, 3, 6, 24, 72, 240)  # hours
STEP = HOUR  # the weather model speaks of whole hours
HALF = 0.5
MOST_ROWS = 40_000


@dataclass(frozen=True, slots=True)
class WeatherModel:
    """Weather to power: what a unit makes of an interval's weather, whatever the lead."""

    kinds: WeatherColumns
    regressor: CatBoostRegressor
    threads: int

    def say(self, weather: Weather, issue: Instants, begin: Instants, seconds: int) -> Values:
        """Power [n] in [begin, begin + seconds) by the weather foreseen at `issue`."""
        table = weather_table(weather, self.kinds, issue, begin, seconds)
        return self.of_table(table)

    def of_table(self, table: Values) -> Values:
        """Power [n] for a `weather_table`."""
        return np.asarray(self.regressor.predict(table, thread_count=self.threads))


def weather_table(
    weather: Weather, kinds: WeatherColumns, issue: Instants, begin: Instants, seconds: int
) -> Values:
    """Inputs of the weather model [n, features]: weather and hour of day."""
    own = weather_features(weather, kinds, issue, begin, seconds)[1]
    return np.column_stack([own, clock_features(begin + seconds // 2)[1]])


@dataclass(frozen=True, slots=True)
class Hourly:
    """Values of each hour from `start` on."""

    start: int
    values: Values

    def recent_means(self, issue: Instants) -> Values:
        """Means over the last `ERROR_MEANS` hours before `issue`, [n, len(ERROR_MEANS)]."""
        stop = (issue - self.start) // STEP
        means = [window_mean(self.values, stop, hours, HALF) for hours in ERROR_MEANS]
        return np.column_stack(means)


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Weather models of the folds: each hour from `start` on by the one that did not see it.

    `fold` [hours] says which.
    """

    start: int
    fold: Instants
    models: tuple[CatBoostRegressor, ...]
    threads: int

    def say(self, table: Values, begin: Instants) -> Values:
        """Power [n] for rows of a `weather_table` whose intervals start at `begin` [n]."""
        place = (begin - self.start) // STEP
        inside = (place >= 0) & (place < len(self.fold))
        fold = np.where(inside, self.fold[np.clip(place, 0, len(self.fold) - 1)], -1)
        said = np.full(len(begin), np.nan)
        for number, model in enumerate(self.models):
            own = fold == number
            if own.any():
                said[own] = model.predict(table[own], thread_count=self.threads)
        return said


def past_errors(model: WeatherModel, history: History, weather: Weather, issue: Instants) -> Hourly:
    """Measured power - weather model in the hours before the issue times, as was foreseen then."""
    start = int(issue.min() - max(ERROR_MEANS) * STEP) // STEP * STEP
    begin = np.arange(start, int(issue.max()) - STEP + 1, STEP)
    said = model.say(weather, begin, begin, STEP)
    return Hourly(start, history.mean_power(begin, STEP) - said)


class Inputs:
    """Inputs for given issue times, lead by lead.

    In training the weather model must not speak of hours that it was fitted on: there `held_out`
    speaks, and `errors` are measured - said of that.
    """

    def __init__(
        self,
        resolution: int,
        history: History,
        issue: Instants,
        *,
        weather: Weather | None = None,
        model: WeatherModel | None = None,
        errors: Hourly | None = None,
        held_out: HeldOut | None = None,
    ) -> None:
        self.resolution, self.issue = resolution, issue
        self._weather, self._model, self._held_out = weather, model, held_out
        self._common = history_features(history, issue)[1]
        if weather is not None and model is not None:
            errors = errors or past_errors(model, history, weather, issue)
            self._common = np.column_stack([self._common, errors.recent_means(issue)])

    def of_lead(self, lead: int) -> Values:
        """[issue times, features] of the interval that ends `lead` seconds after the issue."""
        return self.of_leads([lead])[0]

    def of_leads(self, leads: Sequence[int]) -> list[Values]:
        """`of_lead` of each: as many leads at once as fit into one table of `MOST_ROWS`."""
        at_once = max(1, MOST_ROWS // len(self.issue))
        return [
            each
            for first in range(0, len(leads), at_once)
            for each in self._of_leads(leads[first : first + at_once])
        ]

    def _of_leads(self, leads: Sequence[int]) -> list[Values]:
        issue = np.tile(self.issue, len(leads))
        begin = issue + np.repeat(leads, len(self.issue)) - self.resolution
        if self._weather is None or self._model is None:
            own = clock_features(begin + self.resolution // 2)[1]
        else:
            table = weather_table(self._weather, self._model.kinds, issue, begin, self.resolution)
            held_out = self._held_out
            said = self._model.of_table(table) if held_out is None else held_out.say(table, begin)
            own = np.column_stack([table, said])
        return [np.column_stack([self._common, each]) for each in np.split(own, len(leads))]


def with_lead(own: Values, lead: int, linear: Values) -> Values:
    """Inputs of a boosted model: those of the ridge, what it said, and the lead in hours."""
    return np.column_stack([own, linear, np.full(len(own), lead / HOUR)]).astype(np.float32)


def members_of(table: Values, boosted: Values, *, with_weather: bool) -> Values:
    """What is blended with the ridge, [n, 1 or 2]: the boosted model and the weather model.

    `table` is that of `with_lead`, where the weather model's word stands before the last two.
    """
    return np.column_stack([boosted, table[:, -3]]) if with_weather else boosted[:, None]
