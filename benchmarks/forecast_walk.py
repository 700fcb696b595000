"""Forecasters through 2015, retrained as in the app: `python -m benchmarks.forecast_walk`.

On the first of each month the nodes of the pipeline `forecast_training` fit all units on the rows
before it, and judge them on the newest 28 days, which they have not seen, against those in force;
who wins forecasts the month. Beside the champion stand the version trained that day, whether it won
or not, the one of January, never retrained, and persistence. All on the same hours, % of rated
power. Between trainings nothing learns. `--without-weather` leaves out ERA5, which is a perfect
forecast; `--farm-only` leaves out the turbines, in a fifth of the time: then the farm alone is
judged.
"""

import argparse
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from benchmarks.evaluate import read_rows
from benchmarks.farm import replay_start
from benchmarks.forecast import written
from ml_app_wind_draft.core.clock import say
from ml_app_wind_draft.core.config import load_settings
from ml_app_wind_draft.core.site import Site, load_site
from ml_app_wind_draft.ingestion.site_weather import replayed_weather
from ml_app_wind_draft.models.forecast.farm import FarmForecaster, unit_histories
from ml_app_wind_draft.models.forecast.folds import DAY
from ml_app_wind_draft.models.forecast.series import HOUR, History, Weather
from ml_app_wind_draft.models.forecast.units import farm_name
from ml_app_wind_draft.models.metrics import paired_difference
from ml_app_wind_draft.pipelines.forecast_training import nodes
from ml_app_wind_draft.pipelines.forecast_training.judging import BLOCK, SPANS
from ml_app_wind_draft.pipelines.forecast_training.trial import (
    Forecasts,
    mean_of_leads,
    persisted,
    trial,
)
from ml_app_wind_draft.pipelines.training.walk_forward import months
from ml_app_wind_draft.registry.forecasters import LoadedForecaster
from ml_app_wind_draft.registry.records import ModelVersion, Verdict
from ml_app_wind_draft.services.kedro_project import read_parameters

RESULT = Path(__file__).parent / "forecast_walk.json"
CHAMPION, NEWEST, FIRST, FLOOR = "champion", "newest", "never retrained", "persistence"
METHODS = (CHAMPION, NEWEST, FIRST, FLOOR)
FARM, TURBINES = "farm", "turbines"

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Month:
    """[start, end), s UTC: the version trained at its start, the verdict, and who is in force."""

    start: int
    end: int
    newest: LoadedForecaster
    verdict: Verdict
    champion: LoadedForecaster
    first: LoadedForecaster


@dataclass(frozen=True, slots=True)
class Scores:
    """Of one method: pinball loss, error of the median, inside P10-P90; [hours, leads], NaN gaps.

    The hours of several units stand one unit after the other.
    """

    loss: Values
    error: Values
    inside: Values

    def figures(self, leads: tuple[int, ...]) -> dict[str, dict[str, float]]:
        """Span of leads -> MAE, pinball loss and coverage of P10-P90, each in %."""
        hours = np.asarray(leads) / HOUR
        found = {}
        for low, high in SPANS:
            own = (hours > low) & (hours <= high)
            found[span_name(low, high)] = {
                "mae": round(float(np.nanmean(self.error[:, own])), 3),
                "pinball": round(float(np.nanmean(self.loss[:, own])), 3),
                "coverage_80": round(100 * float(np.nanmean(self.inside[:, own])), 1),
            }
        return found


def span_name(low: int, high: int) -> str:
    """The leads beyond `low` hours, up to `high`."""
    return f"{low + 1}-{high} h" if high > low + 1 else f"{high} h"


def walk(
    rows: pd.DataFrame, weather: Weather | None, site: Site, units: Iterable[str], end: int
) -> Iterator[Month]:
    """Train, judge and perhaps promote at the first of each month from the replay's start on."""
    parameters = read_parameters(load_settings({}))["forecast"]
    champion = first = None
    for number, (begin, until) in enumerate(months(replay_start(site), end), start=1):
        known = rows[rows["timestamp"] < begin].reset_index(drop=True)
        lessons = nodes.prepare(known, weather, site, parameters)
        lessons = replace(lessons, histories={unit: lessons.histories[unit] for unit in units})
        fitted = nodes.fit_forecasters(lessons, site)
        verdict = nodes.judge_forecasters(nodes.try_out(fitted, lessons), champion, lessons)
        newest = _as_version(number, fitted)
        champion = newest if verdict.promote or champion is None else champion
        first = first or newest
        yield Month(begin, until, newest, verdict, champion, first)


def _as_version(number: int, farm: FarmForecaster) -> LoadedForecaster:
    version = ModelVersion(number, "walk", (), 0, 0, farm.training_end, {}, str(number), "")
    return LoadedForecaster(version, farm)


def score(
    month: Month, histories: dict[str, History], weather: Weather | None, site: Site
) -> dict[str, dict[str, Scores]]:
    """Farm and turbines -> method -> scores at the month's whole hours, hourly means."""
    issue = np.arange(month.start, month.end, HOUR)
    loaded = {CHAMPION: month.champion, NEWEST: month.newest, FIRST: month.first}
    trials = {
        each.version.version: trial(_hourly(each.farm), histories, weather, issue)
        for each in loaded.values()
    }
    found: dict[str, dict[str, list[Scores]]] = {FARM: {}, TURBINES: {}}
    for unit, history in histories.items():
        forecasts = {
            name: trials[each.version.version].forecasts[unit, HOUR]
            for name, each in loaded.items()
        }
        forecasts[FLOOR] = persisted(history, month.start, issue, forecasts[CHAMPION])
        known = np.isfinite(history.mean_power(issue - HOUR, HOUR))  # persistence needs it
        of = FARM if unit == farm_name(site) else TURBINES
        for name, own in forecasts.items():
            kept = Forecasts(
                own.leads, own.quantiles, np.where(known[:, None], own.measured, np.nan)
            )
            found[of].setdefault(name, []).append(Scores(kept.loss, kept.error, kept.inside))
    return {
        of: {name: _joined(each) for name, each in methods.items()}
        for of, methods in found.items()
        if methods
    }


def _hourly(farm: FarmForecaster) -> FarmForecaster:
    kept = {key: own for key, own in farm.forecasters.items() if key[1] == HOUR}
    return FarmForecaster(kept, farm.weather)


def _joined(parts: list[Scores]) -> Scores:
    fields = ("loss", "error", "inside")
    return Scores(*(np.concatenate([getattr(each, name) for each in parts]) for name in fields))


def as_json(month: Month, scores: dict[str, dict[str, Scores]]) -> dict[str, Any]:
    """A month's verdict and figures."""
    return {
        "month": say(month.start)[:7],
        "champion": month.champion.version.version,
        "promoted": month.verdict.promote,
        "why": month.verdict.why,
        **_figures(scores, month.first),
    }


def _figures(scores: dict[str, dict[str, Scores]], like: LoadedForecaster) -> dict[str, Any]:
    leads = next(own.options.leads for key, own in like.farm.forecasters.items() if key[1] == HOUR)
    return {
        of: {name: each.figures(leads) for name, each in methods.items()}
        for of, methods in scores.items()
    }


def whole_year(
    parts: list[dict[str, dict[str, Scores]]], like: LoadedForecaster, start: int
) -> dict[str, Any]:
    """Figures of all months together, and the champion paired with the others on the farm."""
    joined = {
        of: {name: _joined([part[of][name] for part in parts]) for name in METHODS}
        for of in parts[0]
    }
    loss = {name: mean_of_leads(joined[FARM][name].loss) for name in METHODS}
    known = np.isfinite(loss[CHAMPION])
    issue = start + HOUR * np.arange(len(known))
    paired = {}
    for name in METHODS[1:]:
        found = paired_difference(
            loss[CHAMPION][known], loss[name][known], issue[known], block=BLOCK
        )
        paired[f"champion - {name}"] = {
            "pinball": round(found.mean, 4),
            "low": round(found.low, 4),
            "high": round(found.high, 4),
        }
    return {**_figures(joined, like), "farm, paired": paired}


def show(walked: list[dict[str, Any]], year: dict[str, Any], console: Console) -> None:
    """MAE / pinball loss and coverage by month, and the year."""
    for of in (each for each in (FARM, TURBINES) if each in year):
        for span in year[of][CHAMPION]:
            title = f"{of}, {span}: MAE / pinball, % of rated (coverage of P10-P90, %)"
            table = Table("month", "version in force", *METHODS, title=title)
            for name, each in [*((own["month"], own) for own in walked), ("year", year)]:
                table.add_row(
                    name,
                    str(each.get("champion", "")),
                    *(_cell(each[of][method][span]) for method in METHODS),
                )
            console.print(table)
    console.print("farm, all leads, pinball loss:", year["farm, paired"])


def _cell(own: dict[str, float]) -> str:
    return f"{own['mae']:.2f} / {own['pinball']:.2f} ({own['coverage_80']:.0f})"


def keep(kind: str, content: dict[str, Any]) -> None:
    """Write the result beside those of the other kind of weather."""
    known = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.exists() else {}
    known[kind] = content
    RESULT.write_text(written(known), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--without-weather", action="store_true")
    parser.add_argument("--farm-only", action="store_true")
    asked = parser.parse_args()
    site = load_site("la_haute_borne", load_settings({}))
    weather = None if asked.without_weather else replayed_weather(site)
    kind = ("history" if weather is None else "ERA5") + (", farm only" if asked.farm_only else "")
    rows = read_rows(site)
    end = (int(rows["timestamp"].max()) + site.step) // DAY * DAY  # not 50 minutes of a 13th month
    histories = unit_histories(rows, site, int(rows["timestamp"].min()), end)
    if asked.farm_only:
        histories = {farm_name(site): histories[farm_name(site)]}
    walked, parts = [], []
    year: dict[str, Any] = {}
    for month in walk(rows, weather, site, histories, end):
        parts.append(score(month, histories, weather, site))
        walked.append(as_json(month, parts[-1]))
        year = whole_year(parts, month.first, replay_start(site))
        keep(kind, {"months": walked, "year": year})
        print(f"{walked[-1]['month']}: {month.verdict.why}", flush=True)
    show(walked, year, Console())


if __name__ == "__main__":
    main()
