"""The tables of `python -m benchmarks.forecast`, for a person."""

from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from ml_app_wind_draft.pipelines.forecast_training.judging import SPANS

WITHIN = 3.0  # points of coverage
SHOWN = {"60": (1, 6, 24, 48), "10": (1 / 6, 1 / 2, 1, 3, 6)}  # minutes of resolution -> hours


def coverage_summary(by_lead: dict[str, Any]) -> dict[str, Any]:
    """Resolution -> unit -> method -> how far the central intervals are off, in points.

    Of each lead the interval counts that is off the furthest, of 10 % to 90 %.
    """
    return {
        resolution: {
            unit: {name: _off(own) for name, own in methods.items()}
            for unit, methods in units.items()
        }
        for resolution, units in by_lead.items()
    }


def _off(own: dict[str, Any]) -> dict[str, Any]:
    nominal = list(own["coverage"])
    off = np.array([own["coverage"][each] for each in nominal])
    off -= np.array([float(each.rstrip("%")) for each in nominal])[:, None]
    size = np.abs(off)
    interval, lead = np.unravel_index(int(np.argmax(size)), size.shape)
    furthest = np.take_along_axis(off, size.argmax(axis=0)[None], axis=0)[0]
    return {
        "leads": off.shape[1],
        "within_3": int((size.max(axis=0) <= WITHIN).sum()),
        "worst": round(float(off[interval, lead]), 1),
        "worst_interval": nominal[interval],
        "worst_hours": own["hours"][lead],
        "mean": round(float(size.mean()), 2),
        "by_lead": [round(float(each), 1) for each in furthest],
    }


def show(
    found: dict[str, Any], farm: str, reach: dict[tuple[str, int], tuple], console: Console
) -> None:
    """All of them."""
    console.print(_farm(found["methods"], reach))
    console.print(_coverage(found["methods"]))
    for resolution in found["by_lead"]:
        console.print(_off_by_lead(found, resolution, farm))
    for resolution, units in found["by_lead"].items():
        turbines = [unit for unit in units if unit != farm]
        minutes = "hourly" if resolution == "60" else f"{resolution}-minutely"
        title = f"Turbines, {minutes}: MAE / pinball, % of rated, mean (lowest to highest)"
        if turbines:
            console.print(_by_lead(units, turbines, SHOWN[resolution], title))
        if resolution != "60":
            title = f"Farm, {minutes}: MAE / pinball, % of rated"
            console.print(_by_lead(units, [farm], SHOWN[resolution], title))
    console.print("Seconds:", found["seconds"])


def _farm(methods: dict[str, Any], reach: dict[tuple[str, int], tuple]) -> Table:
    leads = list(next(iter(methods.values())))
    title = "Farm, hourly, all states, 2014 -> 2015: MAE / pinball, % of rated"
    table = Table("method", *(f"{lead} h" for lead in leads), title=title)
    for name, own in methods.items():
        table.add_row(name, *(_with_intervals(own[lead]) for lead in leads))
    for kind in ("history", "ERA5"):
        wanted = [reach.get((kind, int(lead))) for lead in leads]
        table.add_row(f"to reach: {kind}", *(f"{x[0]} / {x[1]}" if x else "" for x in wanted))
    return table


def _with_intervals(own: dict[str, Any]) -> str:
    mae, loss = own["mae_95"], own["pinball_95"]
    return (
        f"{own['mae']:.2f} / {own['pinball']:.2f}\n"
        f"({mae[0]:.2f}-{mae[1]:.2f} / {loss[0]:.2f}-{loss[1]:.2f})"
    )


def _coverage(methods: dict[str, Any]) -> Table:
    nominal = list(next(iter(methods.values()))["1"]["coverage"])
    table = Table("method", "lead", *nominal, title="Farm, hourly: coverage of intervals, %")
    for name, leads in methods.items():
        for lead, own in leads.items():
            shares = (f"{share:.1f}" for share in own["coverage"].values())
            table.add_row(name, f"{lead} h", *shares)
    return table


def _off_by_lead(found: dict[str, Any], resolution: str, farm: str) -> Table:
    """Of the farm, and of all turbines together: how many leads hold, and where they do not."""
    hours = np.array(next(iter(found["by_lead"][resolution][farm].values()))["hours"])
    spans = [(low, high) for low, high in SPANS if low < hours.max()]
    table = Table(
        "method",
        "farm, leads within 3 points",
        "worst",
        *(f"worst, {low}-{high} h" for low, high in spans),
        "turbines, leads within",
        "worst",
        title=f"{resolution} minutes: how far any central interval of 10 to 90 % is off, points",
    )
    units = found["coverage"][resolution]
    for name, own in units[farm].items():
        each = [units[unit][name] for unit in units if unit != farm]
        worst = max(each, key=lambda one: abs(one["worst"])) if each else {}
        table.add_row(
            name,
            f"{own['within_3']} of {own['leads']}",
            f"{own['worst']:+.1f} ({own['worst_interval']} at {own['worst_hours']:g} h)",
            *(_worst_of(np.array(own["by_lead"])[(hours > a) & (hours <= b)]) for a, b in spans),
            f"{sum(one['within_3'] for one in each)} of {sum(one['leads'] for one in each)}",
            f"{worst['worst']:+.1f}" if worst else "",
        )
    return table


def _worst_of(off: np.ndarray) -> str:
    return f"{off[np.argmax(np.abs(off))]:+.1f}"


def _by_lead(
    units: dict[str, Any], chosen: list[str], hours: tuple[float, ...], title: str
) -> Table:
    table = Table("method", *(_say(each) for each in hours), title=title)
    for name in units[chosen[0]]:
        cells = []
        for each in hours:
            place = int(np.argmin(np.abs(np.array(units[chosen[0]][name]["hours"]) - each)))
            own = [[units[unit][name][key][place] for unit in chosen] for key in ("mae", "pinball")]
            cells.append(" / ".join(_mean_and_range(values) for values in own))
        table.add_row(name, *cells)
    return table


def _say(hours: float) -> str:
    return f"{hours:g} h" if hours >= 1 else f"{round(60 * hours)} min"


def _mean_and_range(values: list[float]) -> str:
    mean = f"{np.mean(values):.2f}"
    return mean if len(values) == 1 else f"{mean} ({min(values):.2f}-{max(values):.2f})"
