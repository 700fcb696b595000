"""Fits a forecaster. Everything that a later part learns from is what earlier parts held out."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from catboost import CatBoostError, CatBoostRegressor, sum_models
from scipy.optimize import nnls

from ml_app_wind_draft.core.errors import TrainingError
from ml_app_wind_draft.models.forecast.distribution import ErrorDistribution, Samples
from ml_app_wind_draft.models.forecast.features import recognise_columns
from ml_app_wind_draft.models.forecast.folds import DAY, time_folds
from ml_app_wind_draft.models.forecast.inputs import (
    STEP,
    HeldOut,
    Hourly,
    Inputs,
    WeatherModel,
    members_of,
    weather_table,
    with_lead,
)
from ml_app_wind_draft.models.forecast.linear import Ridge, fit_ridge
from ml_app_wind_draft.models.forecast.model import Boosting, Forecaster, Group, Options
from ml_app_wind_draft.models.forecast.series import HOUR, History, Instants, Values, Weather

LEAST_DAYS = 42
# Hours of lead, both ends included, that share a boosted model. Before that the ridge does it all.
GROUPS = ((3, 12), (13, 10_000))
# Errors are kept for these leads, in intervals; those of leads between them are interpolated.
KNOTS = (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 18, 21, 24, 30, 36, 42, 48)
RARE = 0.001  # power beyond this share of all values is no bound of power


@dataclass(frozen=True, slots=True)
class WeatherLesson:
    """What weather says of a unit's power: the model, those of the folds, measured - said."""

    model: WeatherModel
    held_out: HeldOut
    errors: Hourly


def fit(
    history: History,
    weather: Weather | None,
    options: Options,
    *,
    learnt: WeatherLesson | None = None,
) -> Forecaster:
    """Fit to all of `history`. Raises `TrainingError` where there is too little of it.

    `learnt`: what `learn_weather` gave for the same history and weather, at any resolution.
    """
    days = days_of_power(history)
    if days < LEAST_DAYS:
        message = f"{days:.0f} days of power are too few to learn from: {LEAST_DAYS} are needed."
        raise TrainingError(message)
    first = -(-history.start // options.issue_every) * options.issue_every
    issue = np.arange(first + DAY, history.end, options.issue_every)
    inputs = Inputs(options.resolution, history, issue)
    model = None
    if weather is not None:
        learnt = learnt or learn_weather(history, weather, options)
        model = learnt.model
        inputs = Inputs(
            options.resolution,
            history,
            issue,
            weather=weather,
            model=model,
            errors=learnt.errors,
            held_out=learnt.held_out,
        )
    lessons = _fit_ridges(history, inputs, options)
    groups = _fit_groups(lessons, issue, options, with_weather=weather is not None)
    samples = {
        lead: Samples(own.center, own.target - own.center)
        for lead, own in lessons.items()
        if own.is_knot
    }
    ridges = {lead: own.ridge for lead, own in lessons.items()}
    distribution = ErrorDistribution(samples, _bounds(history.power))
    return Forecaster(options, model, ridges, groups, distribution, history.start, history.end)


def days_of_power(history: History) -> float:
    """How much there is to learn from, gaps left out."""
    return float(np.isfinite(history.power).sum()) * history.step / DAY


def _bounds(power: Values) -> tuple[float, float]:
    lowest, highest = np.nanquantile(power, [RARE, 1 - RARE])
    return min(0.0, float(lowest)), max(1.0, float(highest))


def learn_weather(history: History, weather: Weather, options: Options) -> WeatherLesson:
    """By the hour, whatever the resolution and leads of `options`.

    Raises `TrainingError` where the weather covers none of the history.
    """
    kinds = recognise_columns(weather, history)
    start = -(-history.start // STEP) * STEP
    begin = np.arange(start, history.end, STEP)  # the last may not be whole, and teaches nothing
    table = weather_table(weather, kinds, begin, begin, STEP).astype(np.float32)
    target = history.mean_power(begin, STEP)
    known = np.isfinite(target) & (np.isfinite(table).mean(axis=1) > 0.5)  # noqa: PLR2004 - half
    if not known.any():
        message = "The weather covers none of the history."
        raise TrainingError(message, remedy="Give weather for the time of the training, too.")
    fold = np.zeros(len(begin), np.int64)
    models = []
    for number, (fitted, out) in enumerate(time_folds(begin, options.folds)):
        rows = fitted & known
        models.append(_boost(table[rows], target[rows], options.weather_model, options))
        fold[out] = number
    held_out = HeldOut(start, fold, tuple(models), options.threads)
    whole = _boost(table[known], target[known], options.weather_model, options)
    errors = Hourly(start, target - held_out.say(table, begin))
    return WeatherLesson(WeatherModel(kinds, whole, options.threads), held_out, errors)


@dataclass(slots=True)
class _Lesson:
    """One lead in training: its ridge, and for each row `issue[rows]` what was said held out."""

    ridge: Ridge
    rows: Instants
    target: Values
    center: Values
    table: Values
    is_knot: bool


def _fit_ridges(history: History, inputs: Inputs, options: Options) -> dict[int, _Lesson]:
    folds = list(time_folds(inputs.issue, options.folds))
    knots = _knots(options)
    lessons = {}
    for lead in options.leads:
        target = history.mean_power(inputs.issue + lead - options.resolution, options.resolution)
        known = np.isfinite(target)
        own = inputs.of_lead(lead)[known]
        part = [(fitted[known], out[known]) for fitted, out in folds]
        ridge, center = fit_ridge(own, target[known], part)
        is_knot = lead in knots
        table = with_lead(own, lead, center) if is_knot else np.empty((0, 0))
        rows = np.flatnonzero(known)
        lessons[lead] = _Lesson(ridge, rows, target[known], center, table, is_knot)
    return lessons


def _knots(options: Options) -> set[int]:
    leads = sorted(options.leads)
    wanted = {lead for lead in leads if lead // options.resolution in KNOTS}
    return wanted | {leads[0], leads[-1]}


def _fit_groups(
    lessons: dict[int, _Lesson], issue: Instants, options: Options, *, with_weather: bool
) -> tuple[Group, ...]:
    groups = []
    for first, last in ((low * HOUR, high * HOUR) for low, high in GROUPS):
        own = [
            lesson for lead, lesson in lessons.items() if lesson.is_knot and first <= lead <= last
        ]
        if own:
            shares, model = _fit_group(own, issue, options, with_weather=with_weather)
            groups.append(Group(first, last, tuple(shares.tolist()), model))
    return tuple(groups)


def _fit_group(
    lessons: Sequence[_Lesson], issue: Instants, options: Options, *, with_weather: bool
) -> tuple[Values, CatBoostRegressor]:
    """The boosted model of a group of leads and the shares; blends the lessons' centers."""
    table = np.concatenate([own.table for own in lessons])
    target = np.concatenate([own.target for own in lessons])
    linear = np.concatenate([own.center for own in lessons])
    rows = np.concatenate([own.rows for own in lessons])
    chance = options.pairs / len(target)
    chosen = np.random.default_rng(options.seed).random(len(target)) < chance
    boosted = np.empty(len(target))
    for fitted, out in time_folds(issue, options.blend_folds):
        own = chosen & fitted[rows]
        model = _boost(table[own], target[own], options.direct_model, options)
        boosted[out[rows]] = model.predict(table[out[rows]], thread_count=options.threads)
    members = members_of(table, boosted, with_weather=with_weather) - linear[:, None]
    shares = _best_shares(members, target - linear)
    blended = np.split(
        linear + members @ shares, np.cumsum([len(own.target) for own in lessons])[:-1]
    )
    for own, center in zip(lessons, blended, strict=True):
        own.center = center
    return shares, _boost(table[chosen], target[chosen], options.direct_model, options)


def _best_shares(change: Values, wanted: Values) -> Values:
    """The shares >= 0, together <= 1, of the changes [n, members] that come close to `wanted`."""
    shares = nnls(change.T @ change, change.T @ wanted)[0]
    return shares / max(1.0, float(shares.sum()))


def _boost(
    table: Values, target: Values, boosting: Boosting, options: Options
) -> CatBoostRegressor:
    """Half fitted to squared, half to absolute errors, and summed into one model.

    Less moved by rare outages than the one, less noisy than the other.
    """
    try:
        halves = [
            CatBoostRegressor(
                **asdict(boosting),
                loss_function=loss,
                random_seed=options.seed + number,
                thread_count=options.threads,
                allow_writing_files=False,
                verbose=False,
            ).fit(table, target)
            for number, loss in enumerate(("RMSE", "MAE"))
        ]
    except CatBoostError as error:
        message = f"CatBoost refuses {boosting}: {error}."
        raise TrainingError(message) from error
    return sum_models(halves, weights=[0.5, 0.5])
