"""The nodes of `forecast_training`; all are pure.

Matplotlib is imported where it is used: every Kedro process loads this module.
"""

import logging
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ml_app_wind_draft.core.clock import say
from ml_app_wind_draft.core.errors import TrainingError
from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.models.forecast.farm import (
    FarmForecaster,
    fit_farm,
    resolutions,
    unit_histories,
)
from ml_app_wind_draft.models.forecast.model import Forecaster
from ml_app_wind_draft.models.forecast.scores import pinball
from ml_app_wind_draft.models.forecast.series import HOUR, NO_WEATHER, History, Weather
from ml_app_wind_draft.models.forecast.units import LEVELS, farm_name
from ml_app_wind_draft.pipelines.forecast_training.judging import judge
from ml_app_wind_draft.pipelines.forecast_training.parameters import (
    DAY,
    ForecastParameters,
    configuration_digest,
    read_parameters,
)
from ml_app_wind_draft.pipelines.forecast_training.trial import (
    Forecasts,
    Trial,
    hours_between,
    mean_of,
    persisted,
    trial,
)
from ml_app_wind_draft.pipelines.training.digests import data_digest
from ml_app_wind_draft.registry.forecasters import KINDS, LoadedForecaster, TrainedForecaster
from ml_app_wind_draft.registry.records import RunRecord, Verdict

log = logging.getLogger(__name__)

LEAST_DAYS = 45  # of history stay to learn from, else no window is held out
SHOWN = (1, 6, 24, 48)  # hours


@dataclass(frozen=True, slots=True)
class Lessons:
    """What is learnt from and judged on. [fit_end, window_start) is a gap; the window may be empty.

    Instants in s UTC; `rows` is how many came in.
    """

    histories: dict[str, History]
    weather: Weather | None
    parameters: ForecastParameters
    start: int
    fit_end: int
    window_start: int
    end: int
    rows: int
    data_digest: str
    configuration_digest: str


def prepare(
    history: pd.DataFrame, weather: Weather | None, site: Site, parameters: dict[str, Any]
) -> Lessons:
    """The site's turbines and the farm, each with its measurements, split by time.

    Raises `ConfigurationError` for parameters that cannot be used and `TrainingError` without rows.
    """
    checked = read_parameters(parameters)
    if history.empty:
        message = "There are no rows to learn forecasts from."
        raise TrainingError(message, remedy="`wind data import` or `wind stream` brings them.")
    start = int(history["timestamp"].min())
    end = int(history["timestamp"].max()) + site.step
    kind = NO_WEATHER if weather is None else weather.kind
    window, gap = checked.judging.window, checked.judging.gap
    held_out = end - start - window - gap >= max(2 * window, LEAST_DAYS * DAY)
    return Lessons(
        histories=unit_histories(history, site, start, end),
        weather=weather,
        parameters=checked,
        start=start,
        fit_end=end - window - gap if held_out else end,
        window_start=end - window if held_out else end,
        end=end,
        rows=len(history),
        data_digest=data_digest(history),
        configuration_digest=configuration_digest(checked, site, kind),
    )


def fit_forecasters(lessons: Lessons, site: Site) -> FarmForecaster:
    """Every unit at every resolution, on the rows before the gap."""
    known = {unit: own.until(lessons.fit_end) for unit, own in lessons.histories.items()}
    options = lessons.parameters.options
    farm = fit_farm(known, lessons.weather, resolutions(site), options=options)
    log.info("fitted %d forecasters, weather: %s", len(farm.forecasters), farm.weather)
    return farm


def try_out(farm: FarmForecaster, lessons: Lessons) -> Trial:
    """What the forecasters say at each hour of the window."""
    issue = hours_between(lessons.window_start, lessons.end)
    return trial(farm, lessons.histories, lessons.weather, issue)


def judge_forecasters(own: Trial, current: LoadedForecaster | None, lessons: Lessons) -> Verdict:
    """Promote or keep, with the reason in words."""
    if current is None:
        return Verdict(promote=True, against=None, why="There was no forecaster.")
    limits = lessons.parameters.judging
    version = current.version.version
    if lessons.weather is None and current.farm.weather != NO_WEATHER:
        why = f"Version {version} needs weather, which is there no longer."
        return Verdict(promote=True, against=version, why=why)
    unseen = own.issue >= current.farm.training_end + limits.gap
    reference = trial(current.farm, lessons.histories, lessons.weather, own.issue[unseen])
    verdict = judge(own.at(unseen), reference, version, limits)
    log.info("%s", verdict.why)
    return verdict


def try_persistence(own: Trial, lessons: Lessons, site: Site) -> Trial:
    """What persistence says of the farm by the hour, at the hours of `own`; nothing without any."""
    key = (farm_name(site), HOUR)
    if key not in own.forecasts:
        return Trial(own.issue, {})
    history = lessons.histories[farm_name(site)]
    said = persisted(history, lessons.fit_end, own.issue, own.forecasts[key])
    return Trial(own.issue, {key: said})


def figures(farm: FarmForecaster, own: Trial, floor: Trial, site: Site) -> dict[str, float]:
    """Scores in % of rated power; `fold_` ones are of the days that the fit's own folds held out.

    `score` is the farm's mean pinball loss over hourly leads, of the window where there is one;
    `floor` is what persistence says there.
    """
    found = {}
    for (unit, resolution), each in farm.forecasters.items():
        if resolution == HOUR:
            found |= {
                f"fold_mae_{_name(unit, site)}_{lead // HOUR:02d}h": 100
                * float(np.abs(samples.error).mean())
                for lead, samples in each.distribution.samples.items()
                if lead // HOUR in SHOWN
            }
    for (unit, resolution), each in own.forecasts.items():
        if resolution == HOUR:
            found |= _by_lead(each, _name(unit, site))
    key = (farm_name(site), HOUR)
    if key not in own.forecasts:
        return {**found, "score": _fold_loss(farm, site)}
    forecasts = own.forecasts[key]
    score = float(np.nanmean(forecasts.loss))
    floor_score = float(np.nanmean(floor.forecasts[key].loss))
    return {
        **found,
        "score": score,
        "mae": float(np.nanmean(forecasts.error)),
        "interval_coverage": float(np.nanmean(forecasts.inside)),
        "persistence_pinball": floor_score,
        "skill_vs_persistence": 1 - score / floor_score,
    }


def draw_plots(own: Trial, floor: Trial, site: Site) -> dict[str, bytes]:
    """Error, pinball loss and coverage by lead beside persistence, reliability, and a sample."""
    key = (farm_name(site), HOUR)
    if key not in own.forecasts:
        return {}
    from ml_app_wind_draft.pipelines.forecast_training import plots  # noqa: PLC0415 - see above

    return plots.draw(plots.Shown(own.issue, own.forecasts[key], floor.forecasts[key]))


def record(
    farm: FarmForecaster,
    lessons: Lessons,
    found: dict[str, float],
    pictures: dict[str, bytes],
    verdict: Verdict,
) -> TrainedForecaster:
    """Everything the registry needs, in one piece."""
    metrics = {name: value for name, value in found.items() if name != "score"}
    held_out = lessons.window_start < lessons.end
    judged = (
        f"judged on {say(lessons.window_start)} to {say(lessons.end)}"
        if held_out
        else "too short to hold days out: the score is of the fit's own folds"
    )
    own = RunRecord(
        kind=KINDS[farm.weather],
        training_start=lessons.start,
        training_end=farm.training_end,
        score=found["score"],
        features=(),
        data_start=lessons.start,
        data_end=lessons.end,
        data_rows=lessons.rows,
        data_digest=lessons.data_digest,
        configuration_digest=lessons.configuration_digest,
        parameters=_flat(lessons.parameters, farm),
        metrics=metrics,
        plots=pictures,
        description=(
            f"Quantiles of power to 48 h ahead of {len({key[0] for key in farm.forecasters})} "
            f"units, weather: {farm.weather}; learnt from {say(lessons.start)} to "
            f"{say(farm.training_end)}, {judged}. Score: pinball loss of the farm, % of rated."
        ),
        window_start=lessons.window_start if held_out else 0,
        window_end=lessons.end if held_out else 0,
    )
    return TrainedForecaster(farm, own, verdict)


def _by_lead(own: Forecasts, name: str) -> dict[str, float]:
    found = {}
    for place, lead in enumerate(own.leads):
        if lead // HOUR in SHOWN and np.isfinite(own.measured[:, place]).any():
            end = f"{name}_{lead // HOUR:02d}h"
            found[f"mae_{end}"] = float(np.nanmean(own.error[:, place]))
            found[f"pinball_{end}"] = float(np.nanmean(own.loss[:, place]))
            found[f"coverage_{end}"] = float(np.nanmean(own.inside[:, place]))
    return found


def _fold_loss(farm: FarmForecaster, site: Site) -> float:
    """The farm's, or the turbines' mean where one of them has too little power for a farm."""
    hourly = {unit: own for (unit, step), own in farm.forecasters.items() if step == HOUR}
    own = hourly.get(farm_name(site))
    return mean_of([_own_fold_loss(each) for each in ([own] if own else hourly.values())])


def _own_fold_loss(forecaster: Forecaster) -> float:
    own = forecaster.distribution
    return 100 * mean_of(
        [
            float(
                pinball(
                    own.quantiles(each.center, np.full(len(each.center), lead), LEVELS),
                    each.center + each.error,
                    LEVELS,
                ).mean()
            )
            for lead, each in own.samples.items()
        ]
    )


def _flat(
    parameters: ForecastParameters, farm: FarmForecaster
) -> dict[str, str | int | float | bool | None]:
    plain = parameters.model_dump(exclude={"weather_model", "direct_model", "judging"})
    sections = ("weather_model", "direct_model", "judging")
    nested = {
        f"{name}_{key}": value for name in sections for key, value in getattr(parameters, name)
    }
    return {**plain, **nested, "weather": farm.weather, "forecasters": len(farm.forecasters)}


def _name(unit: str, site: Site) -> str:
    return "farm" if unit == farm_name(site) else unit
