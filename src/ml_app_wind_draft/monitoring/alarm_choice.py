"""What other limits of the alarm rules would say, and what they would find.

A short window finds losses soon and speaks often; a long one speaks seldom and finds them later.
Which is right depends on the site: on how far its turbines scatter around what is expected. So the
rules are run with several settings over rows that no model was fitted on: as they are, for the
alarms that they would have raised, and with a loss put in, for how soon they would have found it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ml_app_wind_draft.core.alarms import MODEL_DOUBT, UNDER_PERFORMANCE
from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.monitoring.faults import (
    DAY,
    SEEN_FOR_DAYS,
    alarms_of,
    derating,
    rules_look_back,
    try_out,
)

YEAR = 365.25 * DAY
LOSSES = (0.10, 0.05)  # of the power, put in
ONSETS = 6


@dataclass(frozen=True, slots=True)
class Choice:
    """Settings of the alarm rules: see `core.site.Alarms`."""

    window_hours: float
    least_expected: float

    def on(self, site: Site) -> Site:
        """The site with these settings, its limits as they are."""
        chosen = {"window_hours": self.window_hours, "least_expected": self.least_expected}
        return site.model_copy(update={"alarms": site.alarms.model_copy(update=chosen)})

    def as_yaml(self) -> str:
        """The line for the site file."""
        return (
            f"alarms: {{window_hours: {self.window_hours:g}, "
            f"least_expected: {self.least_expected:g}}}"
        )


CHOICES = (
    Choice(24, 0.0),
    Choice(24, 0.05),
    Choice(24, 0.1),
    Choice(48, 0.05),
    Choice(72, 0.05),
    Choice(120, 0.05),
    Choice(168, 0.05),
)


def weigh(rows: pd.DataFrame, site: Site, choices: Sequence[Choice] = CHOICES) -> pd.DataFrame:
    """Each choice's alarms on the rows as they are, and what it finds.

    `rows`: raw columns and `expected_power` (kW, NaN where there is none that is out of sample) of
    all turbines, by turbine and time. Columns: `choice`, `under_performance` and `model_doubt`
    (alarms a turbine and year), and for each of `LOSSES` `found_5%` (share of the trials found
    within 30 days) and `hours_5%` (median of those found).

    Losses begin on days spread evenly, at one turbine after another.
    """
    start, end = int(rows["timestamp"].min()), int(rows["timestamp"].max()) + site.step
    years = (end - start) / YEAR * len(site.turbine_ids)
    last = max(start, end - (SEEN_FOR_DAYS * DAY))
    onsets = np.linspace(start, last, ONSETS + 2)[1:-1].astype(np.int64) // DAY * DAY
    cases = [([each], int(onset)) for onset in onsets for each in site.turbine_ids]
    return pd.DataFrame([_weighed(choice, rows, site, cases, years) for choice in choices])


def quickest(weighed: pd.DataFrame, most: float) -> Choice | None:
    """The choice with at most `most` alarms a turbine and year that finds the smallest loss best.

    `None` where all speak more often.
    """
    quiet = weighed[weighed[UNDER_PERFORMANCE] <= most]
    if quiet.empty:
        return None
    smallest = f"{min(LOSSES):.0%}"
    order = quiet.sort_values([f"found_{smallest}", f"hours_{smallest}"], ascending=[False, True])
    return order["choice"].iloc[0]


def _weighed(
    choice: Choice,
    rows: pd.DataFrame,
    site: Site,
    cases: Sequence[tuple[Sequence[str], int]],
    years: float,
) -> dict[str, object]:
    chosen = choice.on(site)
    rules = [
        alarm.rule
        for each in site.turbine_ids
        for alarm in alarms_of(rows, rows["expected_power"], each, chosen)
    ]
    told: dict[str, object] = {"choice": choice}
    for rule in (UNDER_PERFORMANCE, MODEL_DOUBT):
        told[rule] = rules.count(rule) / years
    faults = {loss: derating(1 - loss) for loss in LOSSES}
    trials = list(
        try_out(
            list(faults.values()),
            rows,
            _as_stored,
            chosen,
            cases,
            look_back=rules_look_back(chosen),
        )
    )
    for loss, fault in faults.items():
        hours = np.array([each.hours[0] for each in trials if each.fault == fault.name])
        found = hours[np.isfinite(hours)]
        told[f"found_{loss:.0%}"] = len(found) / len(hours)
        told[f"hours_{loss:.0%}"] = float(np.median(found)) if len(found) else np.nan
    return told


def _as_stored(rows: pd.DataFrame) -> pd.Series:
    return rows["expected_power"]
