"""`wind backtest`: what the app's forecasts would have been worth on any table of power.

At each cut-off a forecaster is fitted to what was known then, and forecasts until the next one.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from ml_app_wind_draft.core.clock import say
from ml_app_wind_draft.core.errors import ConfigurationError, TrainingError
from ml_app_wind_draft.models.forecast import scores
from ml_app_wind_draft.models.forecast.baselines import climatology, persistence
from ml_app_wind_draft.models.forecast.model import Options
from ml_app_wind_draft.models.forecast.rolling import rolling_quantiles
from ml_app_wind_draft.models.forecast.series import HOUR, History, Values, Weather
from ml_app_wind_draft.models.forecast.training import fit
from ml_app_wind_draft.services.backtest_table import Layout, Units, read_units

QUANTILES = "quantiles.parquet"
SCORES = "scores.csv"
SUMMARY = "summary.json"
OURS = "forecaster"
FLOORS = {"persistence": persistence, "climatology": climatology}
MOST_ROWS = 200_000  # of quantiles in memory at once
SHOWN_LEADS = (1.0, 3.0, 6.0, 12.0, 24.0, 48.0)  # hours, where they are asked for


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked for. Instants in seconds UTC; `leads` and `resolution` in seconds."""

    table: Path
    layout: Layout
    cut_offs: tuple[int, ...]
    levels: tuple[float, ...]
    leads: tuple[int, ...]
    resolution: int
    out: Path
    weather_table: Path | None = None
    end: int | None = None
    total: bool = True
    threads: int = 2


def parse_levels(text: str) -> tuple[float, ...]:
    """`19` or `99`: so many evenly spaced levels; else a list: `0.1,0.5,0.9`."""
    try:
        if "," not in text and float(text) >= 1:
            count = int(text)
            return tuple(number / (count + 1) for number in range(1, count + 1))
        levels = tuple(sorted({float(each) for each in text.split(",")}))
    except ValueError as error:
        message = f"{text!r} is no list of quantiles."
        raise ConfigurationError(message, remedy="Write --quantiles 0.1,0.5,0.9 or 99.") from error
    if not all(0 < level < 1 for level in levels):
        message = f"Quantiles lie between 0 and 1, not {text}."
        raise ConfigurationError(message, remedy="Write --quantiles 0.1,0.5,0.9 or 99.")
    return levels


def parse_leads(text: str, resolution: int) -> tuple[int, ...]:
    """Leads in hours - `1-48`, `1,6,24` or both - as seconds from issue to the interval's end."""
    hours: set[float] = set()
    try:
        for part in text.split(","):
            first, _, last = part.partition("-")
            if last:
                step = resolution / HOUR
                count = round((float(last) - float(first)) / step)
                hours |= {float(first) + step * number for number in range(count + 1)}
            else:
                hours.add(float(first))
    except ValueError as error:
        message = f"{text!r} is no list of leads."
        raise ConfigurationError(message, remedy="Write --leads 1-48 or 1,6,24 (hours).") from error
    leads = tuple(sorted(round(each * HOUR) for each in hours))
    if not leads or leads[0] < resolution or any(lead % resolution for lead in leads):
        message = f"Leads {text} do not fit intervals of {resolution // 60} minutes."
        remedy = "A lead counts to the end of its interval: the first is one interval."
        raise ConfigurationError(message, remedy=remedy)
    return leads


def parse_cut_offs(text: str) -> tuple[int, ...]:
    """Dates `2015-01-01,2015-07-01`, or months: `2015-01..2015-12`; UTC."""
    found: list[int] = []
    try:
        for part in text.split(","):
            first, _, last = part.strip().partition("..")
            if last:
                months = pd.period_range(first, last, freq="M")
                found += [int(each.start_time.tz_localize(UTC).timestamp()) for each in months]
            else:
                moment = datetime.fromisoformat(first)
                moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
                found.append(int(moment.timestamp()))
    except ValueError as error:
        message = f"{text!r} is no list of cut-offs."
        remedy = "Write --cut-offs 2015-01-01,2015-07-01 or 2015-01..2015-12 for each month."
        raise ConfigurationError(message, remedy=remedy) from error
    if not found:
        message = f"{text!r} holds no month."
        raise ConfigurationError(message, remedy="Write --cut-offs 2015-01..2015-12.")
    return tuple(sorted(set(found)))


def parse_capacity(text: str) -> dict[str, float] | float:
    """One number for every unit, or `A=2050,B=3000`."""
    try:
        if "=" not in text:
            capacity: dict[str, float] | float = float(text)
            good = capacity > 0
        else:
            pairs = (part.rpartition("=") for part in text.split(","))
            capacity = {name.strip(): float(value) for name, _, value in pairs}
            good = all(value > 0 for value in capacity.values())
    except ValueError:
        good = False
    if not good:
        message = f"{text!r} is no capacity."
        raise ConfigurationError(message, remedy="Write --capacity 2050 or 'A=2050,B=3000'.")
    return capacity


def run(plan: Plan, console: Console | None = None) -> dict[str, Any]:
    """Do it, write the three files into `plan.out`, print the summary; returns the summary.

    Raises `ImportFileError` for the tables, `ConfigurationError` for cut-offs outside of them.
    """
    console = console or Console()
    units = read_units(plan.table, plan.layout, plan.weather_table, total=plan.total)
    _check(plan, units)
    plan.out.mkdir(parents=True, exist_ok=True)
    parts: list[pd.DataFrame] = []
    writer: pq.ParquetWriter | None = None
    stretches = list(_stretches(plan, units))
    try:
        with Progress(console=Console(stderr=True)) as progress:
            task = progress.add_task("backtest", total=len(units.histories) * len(stretches))
            for name, history in units.histories.items():
                for cut, until in stretches:
                    progress.update(task, description=f"{name}, from {say(cut)[:10]}")
                    own = _Stretch(plan, history, units.weather.get(name), cut, until)
                    for piece in own.quantiles(name, units.capacity[name]):
                        writer = writer or pq.ParquetWriter(plan.out / QUANTILES, piece.schema)
                        writer.write_table(piece)
                    parts.append(own.losses().assign(unit=name))
                    progress.advance(task)
    finally:
        if writer is not None:
            writer.close()
    table = _scores(pd.concat(parts), units)
    table.to_csv(plan.out / SCORES, index=False)
    summary = _summary(plan, units, table)
    (plan.out / SUMMARY).write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
    _show(console, plan, table)
    return summary


def _check(plan: Plan, units: Units) -> None:
    first = next(iter(units.histories.values()))
    if plan.resolution % first.step:
        message = f"Rows of {first.step // 60} minutes make no {plan.resolution // 60} minutes."
        raise ConfigurationError(message, remedy="Choose a coarser --resolution.")
    if plan.cut_offs[0] <= first.start or plan.cut_offs[-1] >= first.end:
        message = (
            f"The table runs from {say(first.start)} to {say(first.end)}; the cut-offs"
            f" {say(plan.cut_offs[0])} to {say(plan.cut_offs[-1])} do not lie within."
        )
        raise ConfigurationError(message, remedy="Choose other --cut-offs.")


def _stretches(plan: Plan, units: Units) -> Iterator[tuple[int, int]]:
    last = max(history.end for history in units.histories.values())
    end = min(last, plan.end) if plan.end else last
    for cut, until in zip(plan.cut_offs, [*plan.cut_offs[1:], end], strict=True):
        if cut < until:
            yield cut, until


class _Stretch:
    """One unit from one cut-off to the next: forecasts and their losses."""

    def __init__(
        self, plan: Plan, history: History, weather: Weather | None, cut: int, until: int
    ) -> None:
        self._plan, self._history, self._cut = plan, history, cut
        every = max(HOUR, plan.resolution)
        self._issue = np.arange(-(-cut // every) * every, until, every)
        self._levels = np.asarray(plan.levels)
        options = replace(
            Options(), resolution=plan.resolution, leads=plan.leads, threads=plan.threads
        )
        known = weather if weather is None or weather.is_perfect else weather.until(cut)
        try:
            forecaster = fit(history.until(cut), known, options)
        except TrainingError as error:
            message = f"At the cut-off {say(cut)}: {error}"
            raise TrainingError(message, remedy="Choose later --cut-offs.") from error
        center = forecaster.center(history, weather, self._issue, plan.leads)
        self._found = rolling_quantiles(
            forecaster, history, self._issue, center, plan.leads, self._levels
        )
        resolution = plan.resolution
        self._measured = np.column_stack(
            [history.mean_power(self._issue + lead - resolution, resolution) for lead in plan.leads]
        )

    def quantiles(self, unit: str, capacity: float) -> Iterator[pa.Table]:
        """Every forecast, in the table's unit of power, a few at a time."""
        plan = self._plan
        at_once = max(1, MOST_ROWS // len(plan.leads))
        leads = np.asarray(plan.leads)
        for first in range(0, len(self._issue), at_once):
            rows = slice(first, first + at_once)
            issue = self._issue[rows]
            own = capacity * self._found[rows].reshape(-1, len(plan.levels))
            starts = issue[:, None] + leads - plan.resolution
            instant = pa.timestamp("s", tz="UTC")
            columns = {
                "unit": pa.array([unit] * len(own)),
                "issued_at": pa.array(np.repeat(issue, len(leads)), instant),
                "lead_hours": pa.array(np.tile(leads / HOUR, len(issue))),
                "start": pa.array(starts.ravel(), instant),
                "measured": pa.array((capacity * self._measured[rows]).ravel(), from_pandas=True),
            }
            for number, level in enumerate(plan.levels):
                columns[f"q{level:.3f}".rstrip("0")] = pa.array(own[:, number].astype(np.float32))
            yield pa.table(columns)

    def losses(self) -> pd.DataFrame:
        """Sums over the issue times: method, lead, rows, losses, rows inside each interval."""
        plan = self._plan
        rows = []
        current = self._history.mean_power(self._issue - plan.resolution, plan.resolution)
        for number, lead in enumerate(plan.leads):
            measured = self._measured[:, number]
            known = np.isfinite(measured) & np.isfinite(current)
            found = {OURS: self._found[:, number]}
            for name, floor in FLOORS.items():
                found[name] = floor(
                    self._history, self._cut, self._issue, lead, self._levels, plan.resolution
                )
            for name, quantiles in found.items():
                own = _sums(quantiles[known], measured[known], self._levels)
                rows.append({"method": name, "lead_hours": lead / HOUR, **own})
        return pd.DataFrame(rows)


def _sums(quantiles: Values, measured: Values, levels: Values) -> dict[str, float]:
    count = len(measured)
    if not count:
        return {"rows": 0}
    inside = scores.coverage(quantiles, measured, levels)
    return {
        "rows": count,
        "mae": float(np.abs(scores.median(quantiles, levels) - measured).sum()),
        "pinball": float(scores.pinball(quantiles, measured, levels).sum()),
        "crps": float(scores.crps(quantiles, measured, levels).sum()),
        **{f"coverage_{nominal:.0%}": share * count for nominal, share in inside.items()},
    }


def _scores(parts: pd.DataFrame, units: Units) -> pd.DataFrame:
    keys = ["unit", "method", "lead_hours"]
    total = parts.groupby(keys, sort=False).sum().reset_index()
    if not total["rows"].sum():
        message = "After the cut-offs no interval has power: nothing can be scored."
        raise ConfigurationError(message, remedy="Choose earlier --cut-offs.")
    figures = [name for name in total if name not in (*keys, "rows")]
    total[figures] = 100 * total[figures].div(total["rows"].replace(0, np.nan), axis=0)
    total.insert(3, "capacity", total["unit"].map(units.capacity))
    return total


def _summary(plan: Plan, units: Units, table: pd.DataFrame) -> dict[str, Any]:
    return {
        "table": plan.table.name,
        "weather": sorted({each for own in units.weather.values() for each in own.columns}),
        "weather_is_a_perfect_forecast": any(own.is_perfect for own in units.weather.values()),
        "cut_offs": [say(cut) for cut in plan.cut_offs],
        "quantiles": list(plan.levels),
        "unit_of_figures": "percent of capacity",
        "scores": table.astype(object).where(table.notna(), None).to_dict("records"),
    }


def _show(console: Console, plan: Plan, table: pd.DataFrame) -> None:
    leads = [lead / HOUR for lead in plan.leads]
    wanted = [lead for lead in SHOWN_LEADS if lead in leads] or leads[: len(SHOWN_LEADS)]
    title = "MAE / mean pinball loss, % of capacity"
    shown = Table("unit", "method", *(f"{lead:g} h" for lead in wanted), title=title)
    for unit, method in table[["unit", "method"]].drop_duplicates().itertuples(index=False):
        own = table[(table["unit"] == unit) & (table["method"] == method)]
        by_lead = own.set_index("lead_hours")
        cells = [f"{by_lead['mae'][lead]:.2f} / {by_lead['pinball'][lead]:.2f}" for lead in wanted]
        shown.add_row(str(unit), str(method), *cells)
    console.print(shown)
    nominal = [name for name in table if name.startswith("coverage_")]
    if nominal:
        _show_coverage(console, table, wanted, nominal)
    console.print(f"Written: {plan.out / QUANTILES}, {plan.out / SCORES}, {plan.out / SUMMARY}")


def _show_coverage(
    console: Console, table: pd.DataFrame, leads: list[float], nominal: list[str]
) -> None:
    own = table[table["method"] == OURS]
    asked = [nominal[round(place)] for place in np.linspace(0, len(nominal) - 1, 5)]
    heads = [name.removeprefix("coverage_") for name in dict.fromkeys(asked)]
    shown = Table("unit", "lead", *heads, title="Coverage of central intervals, %")
    for _, row in own[own["lead_hours"].isin(leads)].iterrows():
        cells = [f"{row[name]:.1f}" for name in dict.fromkeys(asked)]
        shown.add_row(row["unit"], f"{row['lead_hours']:g} h", *cells)
    console.print(shown)
