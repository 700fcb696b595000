"""How good forecasts of 2015 are, having seen 2014 only: `python -m benchmarks.forecast`.

The farm and each turbine, hourly to 48 h and 10-minutely to 6 h, in % of rated power, all states,
forecast at each whole hour; a farm's interval counts where every turbine has all of its rows, and
in the interval before the issue time, too. Rows go through the contract first, as in the app.
`frozen`: nothing learns after 2014; `renewed`: the models stay, but each week the outcomes known by
then join the errors that quantiles are made of, and the levels follow them. The weather is ERA5:
reanalysis, which knows what came - a *perfect forecast*. What real forecasts reach lies between.
`--quick`: the farm by the hour alone.
"""

import argparse
import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import Progress

from benchmarks import forecast_tables
from benchmarks.evaluate import read_rows
from benchmarks.farm import replay_start
from ml_app_wind_draft.core.config import load_settings
from ml_app_wind_draft.core.site import load_site
from ml_app_wind_draft.ingestion.site_weather import replayed_weather
from ml_app_wind_draft.models.forecast import scores
from ml_app_wind_draft.models.forecast.baselines import climatology, persistence
from ml_app_wind_draft.models.forecast.farm import resolutions, unit_histories
from ml_app_wind_draft.models.forecast.folds import DAY
from ml_app_wind_draft.models.forecast.model import Forecaster, Options
from ml_app_wind_draft.models.forecast.rolling import rolling_quantiles
from ml_app_wind_draft.models.forecast.series import (
    HOUR,
    History,
    Instants,
    Values,
    Weather,
)
from ml_app_wind_draft.models.forecast.training import WeatherLesson, fit, learn_weather
from ml_app_wind_draft.models.forecast.units import LEVELS, farm_name

RESULT = Path(__file__).parent / "evaluation_forecast.json"
LEADS = (1, 6, 24, 48)  # hours: with intervals
REACH = {
    ("history", 1): (3.95, 1.48),
    ("history", 6): (10.4, 3.85),
    ("history", 24): (13.9, 5.2),
    ("ERA5", 1): (3.6, 1.36),
    ("ERA5", 6): (5.9, 2.25),
    ("ERA5", 24): (6.0, 2.3),
}
FLOORS: dict[str, Callable[..., Values]] = {
    "persistence with error quantiles": persistence,
    "climatology given current power": climatology,
}
RESAMPLES = 1000


def judge(quantiles: Values, measured: Values, issue: Instants) -> dict[str, Any]:
    """Figures in % of rated with 95 % intervals, resampled by blocks of five days."""
    quantiles, measured = 100 * quantiles, 100 * measured
    error = np.abs(scores.median(quantiles, LEVELS) - measured)
    loss = scores.pinball(quantiles, measured, LEVELS)
    shares = scores.coverage(quantiles, measured, LEVELS)
    return {
        "rows": len(measured),
        "mae": round(float(error.mean()), 3),
        "mae_95": interval(error, issue),
        "pinball": round(float(loss.mean()), 3),
        "pinball_95": interval(loss, issue),
        "crps": round(float(scores.crps(quantiles, measured, LEVELS).mean()), 3),
        "coverage": {f"{nominal:.0%}": round(100 * share, 1) for nominal, share in shares.items()},
    }


def interval(values: Values, issue: Instants) -> list[float]:
    """The 95 % interval of the mean: whole blocks of five days are drawn, as weather lasts."""
    _, block = np.unique(issue // (5 * DAY), return_inverse=True)
    total, count = np.bincount(block, values), np.bincount(block)
    drawn = np.random.default_rng(0).multinomial(
        len(count), np.full(len(count), 1 / len(count)), size=RESAMPLES
    )
    means = (drawn @ total) / (drawn @ count)
    return [round(float(each), 3) for each in np.quantile(means, [0.025, 0.975])]


class Unit:
    """One unit at one resolution: what each method says of the time after `cut`, and what came.

    `leads` in s. Every method is scored on the same rows.
    """

    def __init__(self, history: History, cut: int, resolution: int, leads: tuple[int, ...]) -> None:
        self.history, self.cut, self.resolution, self.leads = history, cut, resolution, leads
        self.issue = np.arange(cut, history.end, HOUR)
        begin = [self.issue + lead - resolution for lead in leads]
        self.measured = np.column_stack([history.mean_power(each, resolution) for each in begin])
        now = history.mean_power(self.issue - resolution, resolution)
        self.known = np.isfinite(self.measured) & np.isfinite(now)[:, None]

    def floors(self) -> Iterator[tuple[str, Values]]:
        """Name -> quantiles [issue times, leads, levels] of what has to be beaten."""
        for name, floor in FLOORS.items():
            each = [
                floor(self.history, self.cut, self.issue, lead, LEVELS, self.resolution)
                for lead in self.leads
            ]
            yield name, np.stack(each, axis=1)

    def fit(self, weather: Weather | None, learnt: WeatherLesson | None) -> Forecaster:
        """On the time before `cut`."""
        options = replace(Options(), resolution=self.resolution, leads=self.leads)
        return fit(self.history.until(self.cut), weather, options, learnt=learnt)

    def said(self, forecaster: Forecaster, weather: Weather | None) -> Iterator[tuple[str, Values]]:
        """`frozen` and `renewed` -> quantiles."""
        center = forecaster.center(self.history, weather, self.issue, self.leads)
        yield "frozen", forecaster.around(center, self.leads, LEVELS)
        yield (
            "renewed",
            rolling_quantiles(forecaster, self.history, self.issue, center, self.leads, LEVELS),
        )

    def judged(self, quantiles: Values, lead: int) -> dict[str, Any]:
        """Figures of one lead (s), with intervals."""
        place = self.leads.index(lead)
        known = self.known[:, place]
        return judge(quantiles[known, place], self.measured[known, place], self.issue[known])

    def by_lead(self, quantiles: Values) -> dict[str, Any]:
        """Figures of all leads, % of rated, coverage in %: a list of each."""
        found: dict[str, Any] = {"hours": [round(lead / HOUR, 3) for lead in self.leads]}
        found |= {"rows": [], "mae": [], "pinball": [], "coverage": {}}
        for place in range(len(self.leads)):
            known = self.known[:, place]
            own, came = 100 * quantiles[known, place], 100 * self.measured[known, place]
            found["rows"].append(len(came))
            error = np.abs(scores.median(own, LEVELS) - came)
            found["mae"].append(round(float(error.mean()), 3))
            loss = scores.pinball(own, came, LEVELS)
            found["pinball"].append(round(float(loss.mean()), 3))
            for nominal, share in scores.coverage(own, came, LEVELS).items():
                found["coverage"].setdefault(f"{nominal:.0%}", []).append(round(100 * share, 1))
        return found


def evaluate(
    histories: dict[str, History],
    weather: Weather,
    cut: int,
    leads: dict[int, tuple[int, ...]],
    farm: str,
) -> dict[str, Any]:
    """Everything: of the farm, hourly, at `LEADS` with intervals; of all units by lead; seconds.

    `leads` are those of each resolution, s; `by_lead`: resolution in minutes -> unit -> method.
    """
    methods: dict[str, dict[str, Any]] = {}
    by_lead: dict[str, dict[str, Any]] = {}
    seconds: dict[str, float] = {}

    def note(name: str, unit: str, own: Unit, quantiles: Values) -> None:
        minutes = str(own.resolution // 60)
        by_lead.setdefault(minutes, {}).setdefault(unit, {})[name] = own.by_lead(quantiles)
        if unit == farm and own.resolution == HOUR:
            methods[name] = {str(hours): own.judged(quantiles, hours * HOUR) for hours in LEADS}

    with Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task("forecasts", total=2 * len(histories) * len(leads))
        for unit, history in sorted(histories.items(), key=lambda each: each[0] != farm):
            lessons: dict[str, WeatherLesson | None] = {}
            for resolution, asked in leads.items():
                own = Unit(history, cut, resolution, asked)
                for name, quantiles in own.floors():
                    note(name, unit, own, quantiles)
                for kind, foreseen in (("history", None), ("ERA5", weather)):
                    progress.update(task, description=f"{unit}, {resolution // 60} minutes, {kind}")
                    began, worked = time.perf_counter(), time.process_time()
                    if foreseen is not None and kind not in lessons:
                        lessons[kind] = learn_weather(history.until(cut), foreseen, Options())
                    forecaster = own.fit(foreseen, lessons.get(kind))
                    if unit == farm and resolution == HOUR:
                        took = time.perf_counter() - began, time.process_time() - worked
                        seconds[f"training, {kind}"] = round(took[0], 1)
                        seconds[f"training, {kind}, of processor"] = round(took[1], 1)
                        took = _forecast_time(forecaster, history, foreseen)
                        seconds[f"forecast of 48 h, {kind}"] = round(took, 4)
                    for how, quantiles in own.said(forecaster, foreseen):
                        note(f"{kind}, {how}", unit, own, quantiles)
                    progress.advance(task)
    return {"methods": methods, "by_lead": by_lead, "seconds": seconds}


def _forecast_time(forecaster: Forecaster, history: History, weather: Weather | None) -> float:
    issue = np.array([forecaster.training_end + 30 * DAY])
    times = []
    for _ in range(7):
        began = time.perf_counter()
        forecaster.predict(history, weather, issue, LEVELS)
        times.append(time.perf_counter() - began)
    return float(np.median(times))


def as_results(found: dict[str, Any]) -> list[dict[str, Any]]:
    """The same in the form of `results.json`: name, value, unit, reach, met, floor, spread."""
    results = []
    floor = found["methods"]["persistence with error quantiles"]
    for (kind, lead), wanted in REACH.items():
        own = found["methods"][f"{kind}, renewed"][str(lead)]
        for figure, reach in zip(("mae", "pinball"), wanted, strict=True):
            low, high = own[f"{figure}_95"]
            results.append(
                {
                    "name": f"forecast_{kind.lower()}_{lead}h_{figure}",
                    "value": own[figure],
                    "unit": "% of rated",
                    "reach": reach,
                    "met": own[figure] <= reach,
                    "baseline": floor[str(lead)][figure],
                    "spread": round(high - low, 3),
                }
            )
    return results


def written(content: dict[str, Any]) -> str:
    """JSON with each list of numbers on one line."""
    text = json.dumps(content, indent=1)
    return re.sub(r"\[[^\[\]{}]*\]", lambda found: " ".join(found[0].split()), text) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    site = load_site("la_haute_borne", load_settings())
    weather = replayed_weather(site)
    assert weather is not None
    rows = read_rows(site)
    first, end = int(rows["timestamp"].min()), int(rows["timestamp"].max()) + site.step
    histories = unit_histories(rows, site, first, end)
    farm, cut, leads = farm_name(site), replay_start(site), resolutions(site)
    if quick:
        histories, leads = {farm: histories[farm]}, {HOUR: leads[HOUR]}
    found = evaluate(histories, weather, cut, leads, farm)
    found["coverage"] = forecast_tables.coverage_summary(found["by_lead"])
    content = {"results": as_results(found), **found}
    RESULT.write_text(written(content), encoding="utf-8")
    forecast_tables.show(found, farm, REACH, Console())


if __name__ == "__main__":
    main()
