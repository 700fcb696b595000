"""The turbine page's alarms in words and rows. Pure."""

import math
from typing import Any
from urllib.parse import urlencode

import pandas as pd

from ml_app_wind_draft.core import clock
from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.dashboard import tables, words
from ml_app_wind_draft.dashboard.farm_replies import RULES
from ml_app_wind_draft.dashboard.reader import TurbineView
from ml_app_wind_draft.dashboard.replies import Props
from ml_app_wind_draft.dashboard.tables import Column
from ml_app_wind_draft.dashboard.words import Zone
from ml_app_wind_draft.monitoring.alarms import MODEL_DOUBT, UNDER_PERFORMANCE

ALARM_COLUMNS = (
    Column("Alarm"),
    Column("Start", help="The interval by which the measure had been over its limit long enough."),
    Column("Length", is_number=True),
    Column("Peak", "%", "Of expected energy; for model doubt of rated power.", is_number=True),
    Column("Below", "kWh", "Energy below expectation of its normal rows.", is_number=True),
)


def shaded(alarms: pd.DataFrame) -> list[list[Any]]:
    """Each alarm's start and end (s; `None`: still on) and rule, as the alarm table has them."""
    return [
        [int(each["start"]), None if math.isnan(each["end"]) else int(each["end"]), each["rule"]]
        for each in alarms.to_dict("records")
    ]


def alarms_table(alarms: pd.DataFrame, site: Site, now: int, zone: Zone) -> Props:
    """The alarms in view, newest first."""
    rows = [
        (
            tables.pill(RULES.get(each["rule"], each["rule"]), "alarm"),
            words.moment(each["start"], zone),
            _length(each, now),
            words.number(100 * each["peak"], 1),
            words.number(each["energy_below_expectation"]),
        )
        for each in alarms.sort_values("start", ascending=False).to_dict("records")
    ]
    return tables.filled("alarms", ALARM_COLUMNS, rows, otherwise=_no_alarm(site))


def _length(alarm: dict[str, Any], now: int) -> str:
    if math.isnan(alarm["end"]):
        return f"on for {words.duration(max(0, now - alarm['start']))}"
    return words.duration(alarm["end"] - alarm["start"])


def _no_alarm(site: Site) -> str:
    limits = {rule: getattr(site.alarms, rule) for rule in (UNDER_PERFORMANCE, MODEL_DOUBT)}
    below, doubt = (words.percent(each.raise_above, 1) for each in limits.values())
    hours = limits[UNDER_PERFORMANCE].raise_after_hours
    return (
        f"No alarm in view. One is raised when, over {site.alarms.window_hours:g} h of normal rows,"
        f" energy stays more than {below} below expectation, or the mean error above {doubt} of"
        f" rated power, for {hours:g} h."
    )


def export_address(view: TurbineView) -> str:
    """Where the rows in view can be had as CSV."""
    span = {"from": clock.stamp(view.start), "to": clock.stamp(view.now)}
    return f"/export/turbine.csv?{urlencode({'turbine': view.turbine_id, **span}, safe=':')}"
