"""How good farm forecasts of 2015 are, having seen 2014 only: `python -m benchmarks.forecast`.

Hourly means of the four turbines together in % of rated power, all states; an hour counts where
every turbine has all of its six rows, in the hour before the issue time, too. Rows go through the
contract first, as in the app. `frozen`: nothing learns after 2014; `renewed`: the models stay, but
each week the outcomes known by then replace the oldest of the errors that quantiles are made of.
The weather is ERA5: reanalysis, which knows what came - a *perfect forecast*. What real forecasts
reach lies between the two.
"""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

from benchmarks.evaluate import read_rows
from ml_app_wind_draft.core.clock import to_epoch
from ml_app_wind_draft.core.config import PROJECT_ROOT, load_settings
from ml_app_wind_draft.core.site import Site, load_site
from ml_app_wind_draft.models.forecast import scores
from ml_app_wind_draft.models.forecast.baselines import climatology, persistence
from ml_app_wind_draft.models.forecast.folds import DAY
from ml_app_wind_draft.models.forecast.model import Forecaster, Options
from ml_app_wind_draft.models.forecast.rolling import rolling_quantiles
from ml_app_wind_draft.models.forecast.series import (
    HOUR,
    History,
    Instants,
    Values,
    Weather,
    perfect_weather,
)
from ml_app_wind_draft.models.forecast.training import fit

RESULT = Path(__file__).parent / "evaluation_forecast.json"
ERA5 = PROJECT_ROOT / "recorded" / "la_haute_borne" / "era5_hourly.parquet"
LEADS = (1, 6, 24, 48)
LEVELS = np.arange(1, 20) / 20
REACH = {
    ("history", 1): (3.95, 1.48),
    ("history", 6): (10.4, 3.85),
    ("history", 24): (13.9, 5.2),
    ("ERA5", 1): (3.6, 1.36),
    ("ERA5", 6): (5.9, 2.25),
    ("ERA5", 24): (6.0, 2.3),
}
RESAMPLES = 1000


def farm_history(site: Site) -> History:
    """The farm as one unit: power as a fraction of rated, mean wind and temperature."""
    rows = read_rows(site)
    signals = ["power", "wind_speed", "wind_direction", "ambient_temperature"]
    wide = rows.set_index(["timestamp", "turbine_id"])[signals].unstack("turbine_id")  # noqa: PD010 - keys are unique
    grid = np.arange(wide.index[0], wide.index[-1] + 1, site.step)
    wide = wide.reindex(grid)
    angle = np.deg2rad(wide["wind_direction"])
    mean = np.arctan2(np.sin(angle).mean(axis=1), np.cos(angle).mean(axis=1))
    return History(
        start=int(grid[0]),
        step=site.step,
        power=(wide["power"].sum(axis=1, min_count=len(site.turbines)) / site.rated_power).to_numpy(
            np.float64
        ),
        measured={
            "wind_speed": wide["wind_speed"].mean(axis=1).to_numpy(np.float64),
            "wind_direction": np.rad2deg(mean).to_numpy(np.float64) % 360,
            "ambient_temperature": wide["ambient_temperature"].mean(axis=1).to_numpy(np.float64),
        },
        angles=frozenset({"wind_direction"}),
    )


def era5() -> Weather:
    """ERA5 at the site, known for all time."""
    table = pd.read_parquet(ERA5)
    instant = pd.to_datetime(table.pop("datetime"), utc=True).dt.as_unit("s").astype("int64")
    return perfect_weather(
        tuple(table.columns), instant.to_numpy(), table.to_numpy(np.float64), HOUR
    )


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


def evaluate(history: History, weather: Weather, cut: int) -> dict[str, Any]:
    """Method -> lead in hours -> figures, and the times of training and of one forecast."""
    issue = np.arange(cut, history.end, HOUR)
    methods: dict[str, dict[str, Any]] = {}

    def note(method: str, lead: int, quantiles: Values) -> None:
        measured = history.mean_power(issue + (lead - 1) * HOUR, HOUR)
        known = np.isfinite(measured) & np.isfinite(history.mean_power(issue - HOUR, HOUR))
        figures = judge(quantiles[known], measured[known], issue[known])
        methods.setdefault(method, {})[str(lead)] = figures

    floors: dict[str, Callable[..., Values]] = {
        "persistence with error quantiles": persistence,
        "climatology given current power": climatology,
    }
    for lead in LEADS:
        for name, floor in floors.items():
            note(name, lead, floor(history, cut, issue, lead * HOUR, LEVELS, HOUR))
    seconds = {}
    for name, own in (("history", None), ("ERA5", weather)):
        began, worked = time.perf_counter(), time.process_time()
        forecaster = fit(history.until(cut), own, Options())
        seconds[f"training, {name}"] = round(time.perf_counter() - began, 1)
        seconds[f"training, {name}, of processor"] = round(time.process_time() - worked, 1)
        seconds[f"forecast of 48 h, {name}"] = round(_forecast_time(forecaster, history, own), 4)
        leads = [lead * HOUR for lead in LEADS]
        center = forecaster.center(history, own, issue, leads)
        frozen = forecaster.around(center, leads, LEVELS)
        renewed = rolling_quantiles(forecaster, history, issue, center, leads, LEVELS)
        for number, lead in enumerate(LEADS):
            note(f"{name}, frozen", lead, frozen[:, number])
            note(f"{name}, renewed", lead, renewed[:, number])
    return {"methods": methods, "seconds": seconds}


def _forecast_time(forecaster: Forecaster, history: History, weather: Weather | None) -> float:
    issue = np.array([forecaster.training_end + 30 * DAY])
    times = []
    for _ in range(7):
        began = time.perf_counter()
        forecaster.predict(history, weather, issue, LEVELS)
        times.append(time.perf_counter() - began)
    return float(np.median(times))


def show(found: dict[str, Any]) -> None:
    """The tables, for a person."""
    console = Console()
    title = "Farm, hourly, all states, 2014 -> 2015: MAE / pinball, % of rated"
    table = Table("method", *(f"{lead} h" for lead in LEADS), title=title)
    for name, leads in found["methods"].items():
        cells = []
        for lead in LEADS:
            own = leads[str(lead)]
            mae, loss = own["mae_95"], own["pinball_95"]
            cells.append(
                f"{own['mae']:.2f} / {own['pinball']:.2f}\n"
                f"({mae[0]:.2f}-{mae[1]:.2f} / {loss[0]:.2f}-{loss[1]:.2f})"
            )
        table.add_row(name, *cells)
    for kind in ("history", "ERA5"):
        wanted = [REACH.get((kind, lead)) for lead in LEADS]
        table.add_row(f"to reach: {kind}", *(f"{x[0]} / {x[1]}" if x else "" for x in wanted))
    console.print(table)
    nominal = list(next(iter(found["methods"].values()))["1"]["coverage"])
    table = Table("method", "lead", *nominal, title="Coverage of central intervals, %")
    for name, leads in found["methods"].items():
        for lead, own in leads.items():
            table.add_row(
                name, f"{lead} h", *(f"{share:.1f}" for share in own["coverage"].values())
            )
    console.print(table)
    console.print("Seconds:", found["seconds"])


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


def main() -> None:
    site = load_site("la_haute_borne", load_settings())
    assert site.replay is not None
    found = evaluate(farm_history(site), era5(), to_epoch(site.replay.start))
    show(found)
    content = {"results": as_results(found), **found}
    RESULT.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
