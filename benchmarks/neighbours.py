"""What faults of other turbines' sensors do to a turbine's expected power and alarms.

The walk-forward's champions predict 2015 again with rows changed: wind sensors of one or two
turbines reading 10 % too high, standing still at 8 m/s, or no rows from them at all. Looked at are
only turbines that are not faulty themselves.
"""

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

from benchmarks.results import Result
from ml_app_wind_draft.core.alarms import UNDER_PERFORMANCE
from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.core.states import NORMAL
from ml_app_wind_draft.models.operating_state import states_of
from ml_app_wind_draft.monitoring.alarms import all_alarms
from ml_app_wind_draft.pipelines.training.walk_forward import Month, predict

HIGH, STUCK = 1.1, 8.0
LARGEST_SHIFT = 0.01  # of expected energy, with one neighbour at fault


def run(rows: pd.DataFrame, site: Site, walked: list[Month], console: Console) -> list[Result]:
    """Prints the table; kept is the largest shift of expected energy with one sensor at fault."""
    start, step = walked[0].start, site.step
    rows = rows[rows["timestamp"] >= start - 40 * 86_400].reset_index(drop=True)
    untouched = predict(walked, rows, site)["expected_power"].to_numpy(np.float64)
    table = Table("others' sensors", "expected energy", "MAE kW", "before", "alarms", "before")
    shifts = []
    for count in (1, 2):
        faulty = site.turbine_ids[1 : 1 + count]
        for name in ("10 % high", f"stuck at {STUCK:g} m/s", "missing"):
            changed = _with_fault(rows, faulty, start, name)
            again = predict(walked, changed, site)["expected_power"].to_numpy(np.float64)
            kept = changed["place"].to_numpy(np.int64)
            sound = ~changed["turbine_id"].isin(faulty).to_numpy() & (
                states_of(changed, site) == NORMAL
            )
            sound = sound & np.isfinite(again) & np.isfinite(untouched[kept])
            was, now = untouched[kept][sound], again[sound]
            shift = float(now.sum() / was.sum() - 1)
            shifts += [abs(shift)] if count == 1 else []
            table.add_row(
                f"{count}: {name}",
                f"{shift:+.2%}",
                *(f"{np.abs(each - changed['power'][sound]).mean():.1f}" for each in (now, was)),
                *(str(_alarms(changed[sound], each, site)) for each in (now, was)),
            )
    console.print(
        table, f"{UNDER_PERFORMANCE} alarms of the sound turbines, {step // 60} min rows."
    )
    worst = round(max(shifts), 4)
    met = worst <= LARGEST_SHIFT
    return [Result("one_neighbour_at_fault", worst, "share", LARGEST_SHIFT, met, 0.0, 0.0)]


def _with_fault(rows: pd.DataFrame, faulty: list[str], start: int, name: str) -> pd.DataFrame:
    changed = rows.assign(place=np.arange(len(rows)))
    hit = rows["turbine_id"].isin(faulty) & (rows["timestamp"] >= start)
    if name == "missing":
        return changed[~hit].reset_index(drop=True)
    wind = rows["wind_speed"]
    changed["wind_speed"] = wind.mask(hit, wind * HIGH if name.endswith("high") else STUCK)
    return changed


def _alarms(rows: pd.DataFrame, expected: np.ndarray, site: Site) -> int:
    rows = rows.assign(expected_power=expected)
    return sum(
        alarm.rule == UNDER_PERFORMANCE
        for turbine_id, own in rows.groupby("turbine_id")
        for alarm in all_alarms(own.sort_values("timestamp"), str(turbine_id), site)
    )
