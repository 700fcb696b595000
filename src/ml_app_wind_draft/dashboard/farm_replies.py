"""The farm page in words, tables and properties. Pure."""

import math
from collections import defaultdict
from typing import Any

import pandas as pd
from dash import html

from ml_app_wind_draft.core import clock
from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.core.states import HELD_BACK, NORMAL
from ml_app_wind_draft.dashboard import tables, words
from ml_app_wind_draft.dashboard.reader import Farm
from ml_app_wind_draft.dashboard.reading_farm import MOST_ROWS, FarmView, On, Watch
from ml_app_wind_draft.dashboard.replies import Props
from ml_app_wind_draft.dashboard.tables import Column
from ml_app_wind_draft.dashboard.words import DAY, HOUR, Zone
from ml_app_wind_draft.monitoring.alarms import MODEL_DOUBT, UNDER_PERFORMANCE

FARM_RANGES = {"24h": DAY, "3d": 3 * DAY, "7d": 7 * DAY, "14d": 14 * DAY, "30d": 30 * DAY}
CELLS = {"24h": HOUR, "3d": HOUR, "7d": 3 * HOUR, "14d": 6 * HOUR, "30d": 12 * HOUR}
RULES = {UNDER_PERFORMANCE: "Under-performance", MODEL_DOUBT: "Model doubt"}
SHORT = {UNDER_PERFORMANCE: "Low output", MODEL_DOUBT: "Model doubt"}
WORST_COLUMNS = (
    Column("Turbine"),
    Column("Hour", help="Its start."),
    Column("Below", "kWh", "Expected minus measured energy.", is_number=True),
    Column("Made", "%", "Of the energy that was expected.", is_number=True),
)
LOSS_COLUMNS = (
    Column("Month", "UTC"),
    Column("Turbine"),
    Column(
        "Below", "MWh", "Expected minus measured; negative: more than expected.", is_number=True
    ),
    Column("of expected", "%", "The same as a share of the energy expected.", is_number=True),
    Column("Bar", class_name="bar-cell", is_silent=True),
    Column("Expected", "MWh", "Of the rows that have a prediction.", is_number=True),
    Column("Normal operation", "MWh", "Rows of full performance.", is_number=True),
    Column("Held back", "MWh", "Pitched away, standing still: not normal.", is_number=True),
    Column("Other states", "MWh", "Rows in any other state.", is_number=True),
)
WHOLE = "Farm"
FULL_BAR = 0.1  # share of expected energy that fills a bar


def least_step(site: Site, span: int) -> int:
    """The shortest interval that the farm's sum is read in, s; by hour where rows are too many."""
    return site.step if len(site.turbines) * span // site.step <= MOST_ROWS else HOUR


def watch_props(watched: dict[str, Watch], site: Site, zone: Zone) -> Props:
    """Each tile's error against its threshold; since when its alarm is on and what that cost."""
    limit = site.alarms.under_performance.raise_above
    at_most = words.percent(limit, 1)
    props: Props = {}
    for index, turbine_id in enumerate(site.turbine_ids):
        watch = watched[turbine_id]
        measure = watch.measures[UNDER_PERFORMANCE]
        hours = f"{site.alarms.window_hours:g} h"
        share = words.percent(abs(measure), 1, 1)
        side = "below" if measure >= 0 else "above"
        known = not words.is_missing(measure)
        width = min(100, max(0, round(100 * measure / (2 * limit)))) if known else 0
        on = watch.on.get(UNDER_PERFORMANCE) or watch.on.get(MODEL_DOUBT)
        props |= {
            f"tile-{index}-watch": {
                "children": f"{hours}: {share} {side} \N{MIDDLE DOT} limit {at_most}"
                if known
                else f"{hours}: too few normal rows to judge"
            },
            f"tile-{index}-alarm": {
                "children": "" if on is None else _since(on, zone),
                "className": "tile-alarm hidden" if on is None else "tile-alarm",
            },
            f"tile-{index}-meter": {
                "style": {"width": f"{width}%"},
                "className": "over" if UNDER_PERFORMANCE in watch.on else "",
            },
        }
    return props | alarm_states(watched, site)


def _since(on: On, zone: Zone) -> str:
    side = "below" if on.below >= 0 else "above"
    energy = f"{words.number(abs(on.below))} kWh {side}"
    return f"since {words.day_time(on.since, zone)} \N{MIDDLE DOT} {energy}"


def alarm_states(watched: dict[str, Watch], site: Site) -> Props:
    """An alarm that is on takes the place of a tile's state."""
    props: Props = {}
    for index, turbine_id in enumerate(site.turbine_ids):
        on = [key for key in RULES if key in watched[turbine_id].on]
        if on:
            props[f"tile-{index}-state"] = {
                "children": SHORT[on[0]],
                "className": "pill alarm",
                "title": f"Alarm on: {' and '.join(RULES[each].lower() for each in on)}.",
            }
    return props


def coverages(shown: FarmView) -> dict[str, str]:
    """Data coverage by turbine."""
    return {each: words.percent(min(1, share), 1, 1) for each, share in shown.coverage.items()}


def chart_props(shown: FarmView, farm: Farm, site: Site, bucket: int, zone: Zone) -> Props:
    """The words over the farm's chart."""
    mean = sum(shown.coverage.values()) / max(1, len(shown.coverage))
    length = words.length_of(bucket)
    about = (
        f"{length} means \N{MIDDLE DOT} times in {zone.label(farm.now)}"
        f" \N{MIDDLE DOT} data coverage {words.percent(min(1, mean), 1, 1)}"
    )
    return {
        "farm-about": {"children": about},
        "farm-note": _note(_why_nothing(shown, farm, site)),
        "losses-csv": {"href": "/export/losses.csv"},
    }


def _why_nothing(shown: FarmView, farm: Farm, site: Site) -> str:
    if farm.arrived_at is None:
        return (
            "No data yet. `wind stream` feeds recorded or live rows;"
            f" `wind data import FILE --site {site.name}` loads a file of yours."
        )
    seen = shown.rows["timestamp"].between(shown.start, shown.now)
    return "" if seen.any() else "No turbine has a row in this range."


def _note(text: str) -> dict[str, Any]:
    return {"children": text, "className": "chart-note shown" if text else "chart-note"}


def worst_table(worst: pd.DataFrame, site: Site, zone: Zone) -> Props:
    """The hours that lost most; hours that lost nothing are not among them."""
    hours = site.step / 3600
    rows = []
    for each in worst.to_dict("records"):
        below = (each["expected_sum"] - each["compared_power_sum"]) * hours
        if below <= 0:
            continue
        made = max(0.0, each["compared_power_sum"])
        link = turbine_link(
            each["turbine_id"], each["start"] - 12 * HOUR, each["start"] + 12 * HOUR
        )
        rows.append(
            (
                link,
                words.day_time(each["start"], zone),
                words.number(below),
                words.number(100 * made / each["expected_sum"]),
            )
        )
    otherwise = "No hour in view lies below expectation, or none has a prediction yet."
    return tables.filled("worst", WORST_COLUMNS, rows, otherwise=otherwise)


def turbine_link(turbine_id: str, start: float, end: float) -> html.A:
    """To the turbine's page, at a span of time (s)."""
    address = f"/turbine/{turbine_id}?from={clock.stamp(start)}&to={clock.stamp(end)}"
    return html.A(turbine_id, href=address, className="row-link", **{"data-link": ""})


def losses_table(monthly: pd.DataFrame, site: Site) -> Props:
    """Energy below expectation by month, of the farm and each turbine, newest month first."""
    names = [WHOLE, *site.turbine_ids] if len(site.turbine_ids) > 1 else site.turbine_ids
    of_month: dict[tuple[int, str], list[dict[str, Any]]] = defaultdict(list)
    for each in monthly.to_dict("records"):
        row = {str(name): value for name, value in each.items()}
        for name in (WHOLE, str(each["turbine_id"])):
            of_month[int(each["month"]), name].append(row)
    months = sorted({month for month, _ in of_month}, reverse=True)
    rows = [
        _loss_row(month, name, of_month[month, name])
        for month in months
        for name in names
        if (month, name) in of_month
    ]
    otherwise = "No whole day with predictions yet."
    return tables.filled("losses", LOSS_COLUMNS, rows, otherwise=otherwise)


def _loss_row(month: int, name: str, states: list[dict[str, Any]]) -> tuple:
    """One line; `states` as from `losses.monthly`, of one turbine or of all."""
    by_state: dict[str, float] = defaultdict(float)
    for each in states:
        by_state[each["state"]] += each["energy_below_expectation"]
    below, expected = sum(by_state.values()), sum(each["expected_energy"] for each in states)
    share = below / expected if expected > 0 else math.nan
    normal = by_state.pop(NORMAL, math.nan)
    held = [by_state.pop(each) for each in HELD_BACK if each in by_state]
    held_back = sum(held) if held else math.nan
    rest = sum(by_state.values()) if by_state else math.nan
    return (
        words.month(month),
        tables.tag("Strong", name) if name == WHOLE else name,
        words.number(below, 1),
        words.number(100 * share, 1),
        _bar(share),
        words.number(expected, 1),
        *(words.number(each, 1) for each in (normal, held_back, rest)),
    )


def _bar(share: float) -> tables.Tag:
    width = 0 if words.is_missing(share) else min(1.0, abs(share) / FULL_BAR)
    side = "below" if share > 0 else "above"
    fill = tables.tag("I", None, style={"width": f"{round(50 * width)}%"}, className=side)
    return tables.tag("Span", fill, className="loss-bar")
