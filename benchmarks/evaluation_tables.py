"""What `benchmarks.evaluate` prints and keeps of one split."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from benchmarks.results import Result
from ml_app_wind_draft.core.clock import say
from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.models import wind_sensor
from ml_app_wind_draft.models.metrics import interval_coverage, mae, paired_difference, scores

LEAST_ROWS = 500  # of a wind bin that is judged by its coverage
FILTER = "Normal: the data README's filter by power and pitch."


@dataclass(frozen=True)
class Reach:
    """What a split should reach: an MAE (kW), or a share of the IEC curve's; and the coverage."""

    mae: float | None
    share: float | None = None
    coverage: bool = False


@dataclass(frozen=True)
class Tested:
    """A split's test rows, and what the IEC curve and the boosted model said of them."""

    name: str
    reach: Reach
    rows: pd.DataFrame
    normal: NDArray[np.bool_]
    curve: pd.DataFrame
    boosted: pd.DataFrame

    @property
    def power(self) -> NDArray[np.float64]:
        """Measured, kW."""
        return self.rows["power"].to_numpy(np.float64)

    @property
    def judged(self) -> NDArray[np.bool_]:
        """Normal rows that both models predicted."""
        known = self.curve["expected_power"].notna() & self.boosted["expected_power"].notna()
        return self.normal & known.to_numpy()

    def error(self, model: pd.DataFrame) -> NDArray[np.float64]:
        """Of a model's expected power, kW."""
        return model["expected_power"].to_numpy(np.float64) - self.power

    def coverage(self, rows: NDArray[np.bool_]) -> float:
        """The share of `rows` within the boosted model's P10-P90."""
        low, high = (
            self.boosted[f"expected_power_{end}"].to_numpy(np.float64)[rows]
            for end in ("p10", "p90")
        )
        return interval_coverage(low, high, self.power[rows])

    def groups(self, site: Site) -> dict[str, NDArray[np.bool_]]:
        """The judged rows by turbine and by wind bin of 1 m/s with enough rows."""
        turbine = self.rows["turbine_id"].to_numpy(str)
        wind = np.floor(self.rows["wind_speed"].to_numpy(np.float64) + 0.5)
        found = {each: self.judged & (turbine == each) for each in site.turbine_ids}
        for speed in range(int(np.nanmax(wind)) + 1):
            rows = self.judged & (wind == speed)
            if rows.sum() >= LEAST_ROWS:
                found[f"{speed}_m_s"] = rows
        return found


def month_of(instant: int) -> str:
    return say(instant)[:7]


def results(tested: Tested, site: Site) -> list[Result]:
    """MAE of normal operation with its baseline, the IEC curve's, and the band's coverage.

    `spread` of an MAE is the width of the 95 % interval of its difference to the baseline's.
    """
    judged = tested.judged
    own, baseline = (
        mae(model["expected_power"].to_numpy(np.float64)[judged], tested.power[judged])
        for model in (tested.boosted, tested.curve)
    )
    difference = paired_difference(
        tested.error(tested.boosted)[judged],
        tested.error(tested.curve)[judged],
        tested.rows["timestamp"].to_numpy(np.int64)[judged],
    )
    reach = tested.reach.mae
    if reach is None:
        assert tested.reach.share is not None
        reach = tested.reach.share * baseline
    found = [
        _result(
            f"{tested.name}_mae",
            own,
            "kW",
            (reach, own <= reach),
            baseline,
            difference.high - difference.low,
        )
    ]
    if tested.reach.coverage:
        share = tested.coverage(judged)
        found.append(_coverage(f"{tested.name}_coverage", share, 0.02))
        for name, rows in tested.groups(site).items():
            found.append(_coverage(f"{tested.name}_coverage_{name}", tested.coverage(rows), 0.05))
    return found


def show(tested: Tested, site: Site, console: Console) -> None:
    """One table for both kinds of rows, one by turbine and wind bin."""
    every = np.isfinite(tested.error(tested.curve)) & np.isfinite(tested.error(tested.boosted))
    stamps = tested.rows["timestamp"]
    span = f"{say(int(stamps.min()))} to {say(int(stamps.max()))}"
    table = Table(
        "rows",
        "model",
        "MAE kW",
        "RMSE kW",
        "bias kW",
        "P10-P90 holds",
        "width kW",
        "against IEC, kW (95 %)",
        title=f"{tested.name}: {span}",
    )
    for kind, rows in (("normal", tested.judged), ("all", every)):
        for name, model in (("IEC curve", tested.curve), ("boosted", tested.boosted)):
            table.add_row(*_row(tested, rows, f"{int(rows.sum()):,} {kind}", name, model))
    console.print(table, FILTER)
    table = Table("normal rows of", "rows", "IEC MAE", "MAE", "difference (95 %)", "P10-P90 holds")
    for name, rows in tested.groups(site).items():
        own, curve = (
            f"{np.abs(tested.error(each)[rows]).mean():.1f}"
            for each in (tested.boosted, tested.curve)
        )
        table.add_row(
            name.replace("_m_s", " m/s"),
            f"{int(rows.sum()):,}",
            curve,
            own,
            _difference(tested, rows),
            f"{tested.coverage(rows):.1%}",
        )
    console.print(table)


def show_steps(rows: pd.DataFrame, site: Site, console: Console) -> None:
    """Where the answer of a wind sensor to the direction of the flow changed."""
    table = Table("turbine", "noticed by", "before", "after, 1/1000 per deg", title="wind sensors")
    for step in wind_sensor.steps(wind_sensor.day_sums(rows, site), site):
        day = say(step.day * wind_sensor.DAY)[:10]
        table.add_row(step.turbine_id, day, f"{step.before:+.1f}", f"{step.after:+.1f}")
    console.print(table)


def _row(
    tested: Tested, rows: NDArray[np.bool_], kind: str, name: str, model: pd.DataFrame
) -> list[str]:
    figures = scores(model[rows], tested.power[rows], np.ones(int(rows.sum())))
    numbers = [f"{figures[key]:.1f}" for key in ("mae", "rmse", "bias")]
    band = [f"{figures['interval_coverage']:.1%}", f"{figures['interval_width']:.0f}"]
    return [kind, name, *numbers, *band, "" if model is tested.curve else _difference(tested, rows)]


def _difference(tested: Tested, rows: NDArray[np.bool_]) -> str:
    found = paired_difference(
        tested.error(tested.boosted)[rows],
        tested.error(tested.curve)[rows],
        tested.rows["timestamp"].to_numpy(np.int64)[rows],
    )
    return f"{found.mean:+.1f} ({found.low:+.1f} to {found.high:+.1f}), {found.relative:+.0%}"


def _coverage(name: str, share: float, margin: float) -> Result:
    """80 % is promised; `spread` is the margin on either side."""
    met = abs(share - 0.8) <= margin
    return _result(name, share, "share", (0.8, met), 0.8, 2 * margin)


def _result(
    name: str, value: float, unit: str, reach: tuple[float, bool], baseline: float, spread: float
) -> Result:
    wanted, met = reach
    numbers = (round(each, 3) for each in (value, wanted, baseline, spread))
    value, wanted, baseline, spread = numbers
    return Result(name, value, unit, wanted, met, baseline, spread)
