"""The forecaster of one unit - a turbine, or a farm taken as one - at one resolution.

1. Weather to power: where there is weather, a boosted model says what the unit makes of it,
   whatever the lead. What it got wrong in the last hours and days is an input of the rest.
2. Ridge regression for each lead on history, clock, weather and (1): carries on what is now, and
   lets it fade with the lead.
3. From 3 hours on a boosted model on the same inputs; it, the ridge and the weather model are
   blended by the shares that are best on held-out days. Far ahead without weather the ridge has
   nearly all of it.
4. The errors of all that on held-out days, by lead and forecast level, make the quantiles.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from catboost import CatBoostRegressor

from ml_app_wind_draft.models.forecast.distribution import ErrorDistribution
from ml_app_wind_draft.models.forecast.inputs import (
    Inputs,
    WeatherModel,
    members_of,
    with_lead,
)
from ml_app_wind_draft.models.forecast.linear import Ridge
from ml_app_wind_draft.models.forecast.series import HOUR, History, Instants, Values, Weather


@dataclass(frozen=True, slots=True)
class Boosting:
    """CatBoost's hyper-parameters."""

    iterations: int
    depth: int = 5
    learning_rate: float = 0.05
    l2_leaf_reg: float = 10.0
    rsm: float = 0.5


@dataclass(frozen=True, slots=True)
class Options:
    """How a forecaster is fitted.

    `resolution` (length of the target interval), `leads` and `issue_every` in seconds. A lead is
    the time from issue to the *end* of its interval: lead 1 h at 1 h is the hour that now begins.
    The boosted model of a group of leads sees at most `pairs` of issue time and lead.
    """

    resolution: int = HOUR
    leads: tuple[int, ...] = tuple(HOUR * hours for hours in range(1, 49))
    issue_every: int = HOUR
    folds: int = 5
    blend_folds: int = 3
    pairs: int = 12_000
    weather_model: Boosting = Boosting(300)
    direct_model: Boosting = Boosting(200)
    threads: int = 2
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Group:
    """The boosted model for the leads from `first` to `last` (s).

    `shares` in the blend: of this model and, with weather, of the weather model; the rest is the
    ridge's.
    """

    first: int
    last: int
    shares: tuple[float, ...]
    model: CatBoostRegressor


@dataclass(frozen=True, slots=True)
class Forecaster:
    """A fitted forecaster. `training_end`: the end of the last interval that it was fitted on."""

    options: Options
    weather_model: WeatherModel | None
    ridges: dict[int, Ridge]
    groups: tuple[Group, ...]
    distribution: ErrorDistribution
    training_start: int
    training_end: int

    def predict(
        self,
        history: History,
        weather: Weather | None,
        issue: Instants,
        levels: Values,
        leads: Sequence[int] | None = None,
    ) -> Values:
        """Quantiles [issue times, leads, levels], fractions of capacity, ascending in `levels`.

        Of `history` and `weather` only what was known at each issue time is read.
        """
        leads = self.options.leads if leads is None else leads
        return self.around(self.center(history, weather, issue, leads), leads, levels)

    def center(
        self, history: History, weather: Weather | None, issue: Instants, leads: Sequence[int]
    ) -> Values:
        """The expected power of each interval, a fraction of capacity, [issue times, leads]."""
        inputs = Inputs(
            self.options.resolution, history, issue, weather=weather, model=self.weather_model
        )
        own = inputs.of_leads(leads)
        linear = [self.ridges[lead].predict(each) for lead, each in zip(leads, own, strict=True)]
        center = np.column_stack(linear)
        for group in self.groups:
            inside = [i for i, lead in enumerate(leads) if group.first <= lead <= group.last]
            if inside:
                table = np.concatenate([with_lead(own[i], leads[i], linear[i]) for i in inside])
                boosted = np.asarray(group.model.predict(table, thread_count=self.options.threads))
                members = members_of(table, boosted, with_weather=self.weather_model is not None)
                base = center[:, inside]
                change = (members - base.T.reshape(-1, 1)) @ np.asarray(group.shares)
                center[:, inside] = base + change.reshape(len(inside), -1).T
        return center

    def lean(self) -> "Forecaster":
        """Good for forecasts alone: it cannot be saved, and its errors cannot be renewed."""
        return replace(self, distribution=self.distribution.lean())

    def around(self, center: Values, leads: Sequence[int], levels: Values) -> Values:
        """Quantiles [issue times, leads, levels] around `center` [issue times, leads]."""
        each = np.tile(np.asarray(leads), len(center))
        flat = self.distribution.quantiles(center.ravel(), each, levels)
        return flat.reshape(*center.shape, len(levels))
