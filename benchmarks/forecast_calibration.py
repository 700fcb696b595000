"""How forecasts are kept calibrated, chosen on 2014: `python -m benchmarks.forecast_calibration`.

The farm, hourly. What is judged are the forecasts that the fit to 2014 made of blocks of days held
out. First, quantiles of each four weeks from the errors of all others: plain errors, or a
standstill stays one. Then the second half of the year by the errors of the first, week by week, and
the same with time turned round: what outcomes that come in are good for. 2015 chooses nothing here;
what it was like is said at the end.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.evaluate import read_rows
from benchmarks.farm import replay_start
from benchmarks.forecast import written
from benchmarks.forecast_tables import WITHIN
from ml_app_wind_draft.core.config import load_settings
from ml_app_wind_draft.core.site import load_site
from ml_app_wind_draft.ingestion.site_weather import replayed_weather
from ml_app_wind_draft.models.forecast import scores
from ml_app_wind_draft.models.forecast.distribution import (
    ErrorDistribution,
    ErrorTable,
    Samples,
    error_table,
)
from ml_app_wind_draft.models.forecast.farm import unit_histories
from ml_app_wind_draft.models.forecast.folds import DAY, GAP
from ml_app_wind_draft.models.forecast.model import Forecaster, Options
from ml_app_wind_draft.models.forecast.rolling import WEEK, followed
from ml_app_wind_draft.models.forecast.series import HOUR, History, Values, Weather
from ml_app_wind_draft.models.forecast.training import fit
from ml_app_wind_draft.models.forecast.units import LEVELS, farm_name

RESULT = Path(__file__).parent / "forecast_calibration.json"
HOURS = (1, 3, 6, 12, 24, 36, 48)
STEPS = (0.02, 0.03, 0.05, 0.07, 0.1, 0.15)
LAST = "2014 and 2015"


class PlainErrors(ErrorDistribution):
    """A standstill is an error like any other."""

    def _table(self, lead: int) -> ErrorTable:
        return error_table(self.samples[lead])


class HeldOut:
    """Forecasts of one lead (s) that the fit held out: issue times, samples; oldest first."""

    def __init__(self, fitted: Forecaster, history: History, lead: int) -> None:
        first = -(-history.start // HOUR) * HOUR
        issue = np.arange(first + DAY, history.end, HOUR)  # as in the fit
        known = np.isfinite(history.mean_power(issue + lead - HOUR, HOUR))
        self.lead, self.issue = lead, issue[known]
        self.samples = fitted.distribution.samples[lead]
        self.bounds = fitted.distribution.bounds
        assert len(self.issue) == len(self.samples.center)

    def turned_round(self) -> "HeldOut":
        """With time running backwards."""
        other = object.__new__(HeldOut)
        other.lead, other.bounds = self.lead, self.bounds
        other.issue = (self.issue.min() + self.issue.max() - self.issue)[::-1]
        other.samples = Samples(self.samples.center[::-1], self.samples.error[::-1])
        return other

    def at(self, rows: np.ndarray) -> Samples:
        """Those of `rows` [n]."""
        return Samples(self.samples.center[rows], self.samples.error[rows])

    def say(
        self, kind: type[ErrorDistribution], own: Samples, at: Values, levels: Values
    ) -> Values:
        """Quantiles [n, levels] at forecasts `at` [n] from the errors of `own`."""
        return kind({self.lead: own}, self.bounds).quantiles(
            at, np.full(len(at), self.lead), levels
        )


def four_weeks_each(held_out: HeldOut, kind: type[ErrorDistribution]) -> dict[str, float]:
    """Each four weeks by the errors of all others, but for two days on both sides."""
    issue, samples = held_out.issue, held_out.samples
    block = (issue - issue[0]) // (4 * WEEK)
    found = np.empty((len(issue), len(LEVELS)))
    for each in np.unique(block):
        own = block == each
        others = (issue < issue[own].min() - GAP) | (issue > issue[own].max() + GAP)
        found[own] = held_out.say(kind, held_out.at(others), samples.center[own], LEVELS)
    return judged(found, samples.center + samples.error)


@dataclass(frozen=True, slots=True)
class Renewal:
    """What becomes of outcomes that come in.

    They join the errors, or do not; the oldest are forgotten for them, or stay. `step` as
    `rolling.STEP`: 0 leaves the levels where they are.
    """

    joins: bool = True
    forgets: bool = False
    step: float = 0.0


RENEWALS = {
    "frozen": Renewal(joins=False),
    "outcomes replace the oldest errors": Renewal(forgets=True),
    "outcomes join the errors": Renewal(),
    **{f"they join, intervals follow by {step}": Renewal(step=step) for step in STEPS},
}


def second_half(held_out: HeldOut, renewal: Renewal) -> dict[str, float]:
    """The second half of the year with the errors of the first, renewed weekly."""
    start = int((held_out.issue[0] + held_out.issue[-1]) // 2 + GAP)
    known = held_out.at(held_out.issue < start - GAP - held_out.lead)
    own = held_out.issue >= start
    issue, later = held_out.issue[own], held_out.at(own)
    came = later.center + later.error
    found, asked = np.empty((len(issue), len(LEVELS))), LEVELS
    for begin in range(start, int(issue[-1]) + 1, WEEK):
        rows = (issue >= begin) & (issue < begin + WEEK)
        out = issue + held_out.lead
        new = (out > begin - WEEK) & (out <= begin)
        if renewal.joins:
            known = _joined(known, Samples(later.center[new], later.error[new]), renewal)
        asked = followed(asked, LEVELS, found[new], came[new], renewal.step)
        found[rows] = held_out.say(ErrorDistribution, known, later.center[rows], asked)
    return judged(found, came)


def _joined(known: Samples, new: Samples, renewal: Renewal) -> Samples:
    first = len(new.center) if renewal.forgets else 0
    return Samples(
        np.concatenate([known.center, new.center])[first:],
        np.concatenate([known.error, new.error])[first:],
    )


def judged(quantiles: Values, measured: Values) -> dict[str, float]:
    """% of rated; `off`: points of the central interval that is off the furthest."""
    quantiles, measured = 100 * quantiles, 100 * measured
    shares = scores.coverage(quantiles, measured, LEVELS)
    return {
        "off": 100 * max(abs(share - nominal) for nominal, share in shares.items()),
        "below_10": 100 * float((measured < quantiles[:, 1]).mean()),
        "mae": float(np.abs(scores.median(quantiles, LEVELS) - measured).mean()),
        "pinball": float(scores.pinball(quantiles, measured, LEVELS).mean()),
    }


def of_leads(each: dict[str, dict[str, float]]) -> dict[str, Any]:
    """Means over leads, how many hold within three points, and the worst."""
    off = [own["off"] for own in each.values()]
    return {
        "within_3": sum(one <= WITHIN for one in off),
        "of": len(off),
        "worst": round(max(off), 1),
        "worst_at": max(each, key=lambda name: each[name]["off"]),
        "mae": round(float(np.mean([own["mae"] for own in each.values()])), 3),
        "pinball": round(float(np.mean([own["pinball"] for own in each.values()])), 4),
        "below_10": {name: round(own["below_10"], 1) for name, own in each.items()},
    }


def evaluate(leads: list[HeldOut]) -> dict[str, Any]:
    """Both questions."""
    kinds = {"plain errors": PlainErrors, "a standstill stays one": ErrorDistribution}
    four_weeks = {
        name: of_leads({f"{own.lead // HOUR} h": four_weeks_each(own, kind) for own in leads})
        for name, kind in kinds.items()
    }
    both_ways = [("", own) for own in leads]
    both_ways += [(", turned round", own.turned_round()) for own in leads]
    halves = {
        name: of_leads(
            {f"{own.lead // HOUR} h{way}": second_half(own, renewal) for way, own in both_ways}
        )
        for name, renewal in RENEWALS.items()
    }
    return {"each four weeks": four_weeks, "the other half": halves}


def what_2015_was_like(
    fitted: Forecaster, history: History, weather: Weather | None, cut: int, leads: list[HeldOut]
) -> dict[str, Any]:
    """Mean power and scatter of errors of 2014, held out, and of 2015; % of rated."""
    found = {}
    for own in leads:
        issue = np.arange(cut, history.end, HOUR)
        center = fitted.center(history, weather, issue, [own.lead])[:, 0]
        came = history.mean_power(issue + own.lead - HOUR, HOUR)
        known = np.isfinite(came)
        years = {
            "2014": (own.samples.center + own.samples.error, own.samples.error),
            "2015": (came[known], (came - center)[known]),
        }
        found[f"{own.lead // HOUR} h"] = {
            year: {
                "mean_power": round(100 * float(power.mean()), 1),
                "mean_error": round(100 * float(error.mean()), 1),
                "scatter": round(100 * float(error.std()), 1),
            }
            for year, (power, error) in years.items()
        }
    return found


def show(kind: str, found: dict[str, Any], console: Console) -> None:
    """For a person."""
    for name, ways in found.items():
        if name == LAST:
            console.print(f"{kind}, {name}:", ways)
            continue
        table = Table(
            "quantiles", "leads within 3", "worst", "MAE", "pinball", title=f"{kind}: {name}"
        )
        for way, own in ways.items():
            table.add_row(
                way,
                f"{own['within_3']} of {own['of']}",
                f"{own['worst']} ({own['worst_at']})",
                f"{own['mae']:.3f}",
                f"{own['pinball']:.4f}",
            )
        console.print(table)


def main() -> None:
    site = load_site("la_haute_borne", load_settings())
    rows = read_rows(site)
    first, end = int(rows["timestamp"].min()), int(rows["timestamp"].max()) + site.step
    history = unit_histories(rows, site, first, end)[farm_name(site)]
    cut = replay_start(site)
    content = {}
    for kind, weather in (("history", None), ("ERA5", replayed_weather(site))):
        fitted = fit(history.until(cut), weather, Options())
        leads = [HeldOut(fitted, history.until(cut), HOUR * hours) for hours in HOURS]
        found = evaluate(leads)
        found[LAST] = what_2015_was_like(fitted, history, weather, cut, leads)
        content[kind] = found
        show(kind, found, Console())
    RESULT.write_text(written(content), encoding="utf-8")


if __name__ == "__main__":
    main()
