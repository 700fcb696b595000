"""What a challenger must keep to besides a smaller error.

Each gate gives its reason to refuse, or "".
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ml_app_wind_draft.pipelines.training.parameters import Gates
from ml_app_wind_draft.pipelines.training.sensitivity import Sensitivity

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of a model besides its errors.

    `coverage`: the share of rows within a P10-P90 band that was not made of them, NaN if unknown.
    """

    coverage: float
    sensitivity: Sensitivity

    def metrics(self) -> dict[str, float]:
        """By name, for the registry; nothing of what is unknown."""
        known = {} if np.isnan(self.coverage) else {"interval_coverage": self.coverage}
        return {**known, **self.sensitivity.metrics()}


def worse_parts(rows: pd.DataFrame, error: Values, reference: Values, gates: Gates) -> str:
    """No turbine and no wind bin pays for the rest.

    `rows` has `turbine_id` and `wind_speed` (m/s); `error` and `reference` are the challenger's and
    the champion's errors on them, kW.
    """
    table = pd.DataFrame({"own": np.abs(error), "reference": np.abs(reference)})
    for name, part in _parts(rows):
        groups = table.groupby(part)
        means = groups.mean()[groups.size() >= gates.part_rows]
        worse = means["own"] / means["reference"] - 1
        if len(worse) and worse.max() > gates.part_margin:
            place = worse.idxmax()
            return (
                f"its MAE is {worse.max():.0%} worse at {name.format(place)} "
                f"({means.loc[place, 'own']:.1f} against {means.loc[place, 'reference']:.1f} kW; "
                f"{gates.part_margin:.0%} are allowed)"
            )
    return ""


def worse_evidence(own: Evidence, reference: Evidence, gates: Gates) -> str:
    """The band holds and faults are found, or both at least as well as with the champion."""
    return coverage_off(own.coverage, reference.coverage, gates) or hides_faults(
        own.sensitivity, reference.sensitivity, gates
    )


def coverage_off(own: float, reference: float, gates: Gates) -> str:
    """The band holds its share of the rows, or is no further off than the champion's."""
    low, high = gates.coverage_low, gates.coverage_high
    if np.isnan(own) or _distance(own, gates) <= _distance(reference, gates):
        return ""
    return (
        f"its P10-P90 band holds {own:.0%} of the rows, not {low:.0%} to {high:.0%} "
        f"(the champion's {reference:.0%})"
    )


def hides_faults(own: Sensitivity, reference: Sensitivity, gates: Gates) -> str:
    """Faults are found no later than with the champion; nothing tried refuses nothing."""
    if own.trials.empty or own.hours <= reference.hours * (1 + gates.fault_margin):
        return ""
    return (
        f"it finds faults later: {own.hours:.0f} h to the first alarm in the mean, {own.found} of "
        f"{len(own.trials)} found, against {reference.hours:.0f} h and {reference.found}"
    )


def _parts(rows: pd.DataFrame) -> Iterator[tuple[str, NDArray[np.object_] | Values]]:
    yield "turbine {}", rows["turbine_id"].to_numpy(object)
    yield "{:.0f} m/s", np.floor(rows["wind_speed"].to_numpy(np.float64) + 0.5)


def _distance(coverage: float, gates: Gates) -> float:
    """How far a coverage lies outside the limits; an unknown one is as far as can be."""
    if np.isnan(coverage):
        return np.inf
    return max(gates.coverage_low - coverage, coverage - gates.coverage_high, 0.0)
