"""How soon faults would be found with a model: put into the judging window, one turbine at a time.

The rule that finds them, and what a fault does, stand in `monitoring`. A model that follows the
failing turbine has a small error and finds nothing.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.models.bundle import Bundle
from ml_app_wind_draft.models.wind_sensor import WINDOW_DAYS
from ml_app_wind_draft.monitoring.faults import (
    DAY,
    SEEN_FOR_DAYS,
    derating,
    icing,
    try_out,
    yaw_offset,
)
from ml_app_wind_draft.pipelines.feature_eng.nodes import build_features
from ml_app_wind_draft.pipelines.training.split import Split

FAULTS = (derating(0.90), yaw_offset(10), icing())
LOOK_BACK = (WINDOW_DAYS + 1) * DAY  # as far as features look
ONSETS_AFTER_DAYS = (3, 25)
SHORTEST_DAYS = 5


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """Faults that were tried: `fault`, `turbine_id`, `hours` to the first alarm, whether `found`.

    A fault that was never found counts with the whole time that it was looked at.
    """

    trials: pd.DataFrame

    @property
    def found(self) -> int:
        """How many were found."""
        return int(self.trials["found"].sum())

    @property
    def hours(self) -> float:
        """The mean time to the first alarm, h; NaN where nothing was tried."""
        return float(self.trials["hours"].mean())

    def metrics(self) -> dict[str, float]:
        """By name, for the registry; nothing where nothing was tried."""
        if self.trials.empty:
            return {}
        return {
            "fault_trials": float(len(self.trials)),
            "fault_found_share": self.found / len(self.trials),
            "fault_hours_to_alarm": self.hours,
        }


def not_probed() -> Sensitivity:
    """Nothing was tried."""
    return _of([])


def sensitivity(bundle: Bundle, history: pd.DataFrame, site: Site, split: Split) -> Sensitivity:
    """Try `FAULTS` at each turbine in the judging window, whose rows no fit has seen.

    `history`: raw columns. A window that is too short for the first onset gives no trial.
    """

    def expected(rows: pd.DataFrame) -> pd.Series:
        return bundle.predict(build_features(rows, site))["expected_power"]

    rows = history[history["timestamp"] >= split.window_start - LOOK_BACK]
    rows = rows.sort_values(["turbine_id", "timestamp"], ignore_index=True)
    onsets = [split.window_start + days * DAY for days in ONSETS_AFTER_DAYS]
    cases = [
        ([turbine_id], onset)
        for onset in onsets
        if onset + SHORTEST_DAYS * DAY <= split.end
        for turbine_id in bundle.turbines
        if turbine_id in site.turbines
    ]
    return _of(
        [
            (trial.fault, trial.turbine_ids[0], trial.hours[0], _hours_seen(trial.onset, split))
            for trial in try_out(FAULTS, rows, expected, site, cases, look_back=LOOK_BACK)
        ]
    )


def _of(trials: list[tuple[str, str, float, float]]) -> Sensitivity:
    table = pd.DataFrame(trials, columns=["fault", "turbine_id", "hours", "seen"])
    found = np.isfinite(table["hours"].to_numpy(np.float64))
    table["hours"] = np.where(found, table["hours"], table["seen"]).astype(np.float64)
    return Sensitivity(table.drop(columns="seen").assign(found=found))


def _hours_seen(onset: int, split: Split) -> float:
    return min(SEEN_FOR_DAYS * DAY, split.end - onset) / 3600
