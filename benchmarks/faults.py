"""How soon faults are found, and how often an alarm cries wolf.

The walk-forward's champions predict 2015 again with faults put in (`monitoring.faults`): at one
turbine after another and at all four at once, from onsets drawn with a fixed seed. The rules are
run as the app runs them, over what the contract would have let through.
"""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pandas as pd
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from benchmarks.results import Result
from ml_app_wind_draft.core.alarms import MODEL_DOUBT, UNDER_PERFORMANCE, Alarm
from ml_app_wind_draft.core.signals import SIGNAL_INDEX, SIGNAL_NAMES
from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.ingestion.contract import Limits, flag_signals
from ml_app_wind_draft.monitoring.alarm_choice import LOSSES, quickest, weigh
from ml_app_wind_draft.monitoring.faults import (
    DAY,
    FAULTS,
    SEEN_FOR_DAYS,
    Trial,
    alarms_of,
    try_out,
)
from ml_app_wind_draft.pipelines.training.sensitivity import LOOK_BACK
from ml_app_wind_draft.pipelines.training.walk_forward import Month, predict
from ml_app_wind_draft.services.alarm_choice import table_of

ONSETS, SEED = 6, 1
YEAR = 365.25 * DAY
FALSE_ALARMS = 2.0  # a turbine and year, at most


def run(rows: pd.DataFrame, site: Site, walked: list[Month], console: Console) -> list[Result]:
    """Prints what is found and when; kept are the shares found and the false alarms."""
    rows = rows.sort_values(["turbine_id", "timestamp"], ignore_index=True)

    def expected(each: pd.DataFrame) -> pd.Series:
        return predict(walked, as_stored(each, site), site)["expected_power"]

    results = [
        *_false_alarms(rows, expected, site, walked, console),
        *_calibrated(rows, expected, site, console),
    ]
    start, end = walked[0].start, walked[-1].end
    days = (end - start) // DAY - SEEN_FOR_DAYS
    drawn = np.random.default_rng(SEED).choice(np.arange(2, days), ONSETS, replace=False)
    onsets = [int(start + day * DAY) for day in np.sort(drawn)]
    alone = [([turbine_id], onset) for onset in onsets for turbine_id in site.turbine_ids]
    together = [(site.turbine_ids, onset) for onset in onsets]
    found: dict[tuple[str, str], list[Trial]] = {}
    cases = [*alone, *together]
    with Progress(console=console) as progress:
        trials = try_out(FAULTS, rows, expected, site, cases, look_back=LOOK_BACK)
        total = len(FAULTS) * len(cases)
        for trial in progress.track(trials, total, description="putting faults in"):
            where = "one turbine" if len(trial.turbine_ids) == 1 else "all at once"
            found.setdefault((trial.fault, where), []).append(trial)
    table = Table("fault", "at", "found", "median h", "longest h")
    for (fault, where), trials in found.items():
        table.add_row(fault, where, *_told(trials))
        results.append(_share_found(f"{fault}, {where}", trials))
    console.print(
        table, f"Hours to the first alarm that untouched rows do not have, within {SEEN_FOR_DAYS} d"
    )
    return results


def as_stored(rows: pd.DataFrame, site: Site) -> pd.DataFrame:
    """`rows` (by turbine and time) with the wind speeds missing that the contract would flag."""
    wind = rows["wind_speed"].to_numpy(np.float64).copy()
    stamps, values = rows["timestamp"].to_numpy(np.int64), rows[list(SIGNAL_NAMES)].to_numpy(float)
    for turbine_id, place in rows.groupby("turbine_id").indices.items():
        flags = flag_signals(stamps[place], values[place], Limits.of(site, str(turbine_id)))
        wind[place[flags[:, SIGNAL_INDEX["wind_speed"]] != 0]] = np.nan
    return rows.assign(wind_speed=wind)


def _false_alarms(
    rows: pd.DataFrame,
    expected: Callable[[pd.DataFrame], pd.Series],
    site: Site,
    walked: list[Month],
    console: Console,
) -> list[Result]:
    """Alarms on untouched rows, for a turbine and year. Which of them are true, nobody knows."""
    predicted = expected(rows)
    alarms = [each for name in site.turbine_ids for each in alarms_of(rows, predicted, name, site)]
    found = [alarm.rule for alarm in alarms]
    years = (walked[-1].end - walked[0].start) / YEAR * len(site.turbines)
    results = []
    for rule in (UNDER_PERFORMANCE, MODEL_DOUBT):
        rate = round(found.count(rule) / years, 2)
        console.print(f"{rule} on untouched rows: {rate:g} a turbine and year")
        met = rate <= FALSE_ALARMS
        results.append(
            Result(f"alarms_untouched_{rule}", rate, "1/year", FALSE_ALARMS, met, 0.0, 0.0)
        )
    console.print(_what_they_are_about(alarms))
    return results


def _what_they_are_about(alarms: list[Alarm]) -> Table:
    """Alarms of under-performance by the energy below expectation in them."""
    energy = np.array([each.energy for each in alarms if each.rule == UNDER_PERFORMANCE])
    table = Table(f"{UNDER_PERFORMANCE}, kWh below expectation", "alarms", "MWh in all")
    for low, high in pairwise((-np.inf, 0.0, 100.0, 500.0, np.inf)):
        inside = (energy >= low) & (energy < high)
        name = f"{low:g} to {high:g}"
        table.add_row(name, str(int(inside.sum())), f"{energy[inside].sum() / 1000:.1f}")
    return table


def _calibrated(
    rows: pd.DataFrame,
    expected: Callable[[pd.DataFrame], pd.Series],
    site: Site,
    console: Console,
) -> list[Result]:
    """What `wind alarms --calibrate` would advise at the end of the walk."""
    predicted = rows.assign(expected_power=expected(rows)).dropna(subset="expected_power")
    weighed = weigh(predicted.reset_index(drop=True), site)
    console.print(table_of(weighed))
    choice = quickest(weighed, FALSE_ALARMS)
    if choice is None:
        return []
    (best,) = weighed[weighed["choice"] == choice].to_dict("records")
    console.print(choice.as_yaml(), highlight=False)
    rates = [
        Result(
            f"alarms_calibrated_{rule}",
            round(best[rule], 2),
            "1/year",
            FALSE_ALARMS,
            bool(best[rule] <= FALSE_ALARMS),
            0.0,
            0.0,
        )
        for rule in (UNDER_PERFORMANCE, MODEL_DOUBT)
    ]
    shares = [
        Result(
            f"found_calibrated_{x:.0%}",
            best[f"found_{x:.0%}"],
            "share",
            0.0,
            met=True,
            baseline=0.0,
            spread=0.0,
        )
        for x in LOSSES
    ]
    return [*rates, *shares]


def _told(trials: list[Trial]) -> tuple[str, str, str]:
    hours = _hours(trials)
    found = hours[np.isfinite(hours)]
    times = (f"{np.median(found):.0f}", f"{found.max():.0f}") if len(found) else ("-", "-")
    return (f"{len(found)} of {len(hours)}", *times)


def _share_found(name: str, trials: list[Trial]) -> Result:
    share = round(float(np.isfinite(_hours(trials)).mean()), 3)
    return Result(f"found: {name}", share, "share", 0.0, met=True, baseline=0.0, spread=0.0)


def _hours(trials: list[Trial]) -> np.ndarray:
    return np.array([hours for trial in trials for hours in trial.hours])
