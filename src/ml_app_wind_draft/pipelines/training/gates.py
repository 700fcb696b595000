"""What a challenger must keep to besides a smaller error.

Each gate gives its reason to refuse, or "".
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ml_app_wind_draft.models.metrics import interval_coverage
from ml_app_wind_draft.pipelines.training.parameters import Gates
from ml_app_wind_draft.pipelines.training.sensitivity import Sensitivity

Values = NDArray[np.float64]


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


def coverage_off(
    predictions: pd.DataFrame, reference: pd.DataFrame, power: Values, gates: Gates
) -> str:
    """The band holds about four rows in five, or is at least no further off than the champion's."""
    own, other = (_coverage(each, power) for each in (predictions, reference))
    low, high = gates.coverage_low, gates.coverage_high
    if low <= own <= high or _distance(own, gates) <= _distance(other, gates):
        return ""
    return (
        f"its P10-P90 band holds {own:.0%} of the rows, not {low:.0%} to {high:.0%} "
        f"(the champion's {other:.0%})"
    )


def hides_faults(own: Sensitivity, reference: Sensitivity, gates: Gates) -> str:
    """Faults are found no later than with the champion."""
    if own.trials.empty or own.hours <= reference.hours * (1 + gates.fault_margin):
        return ""
    return (
        f"it finds faults later: {own.hours:.0f} h to the first alarm in the mean, {own.found} of "
        f"{len(own.trials)} found, against {reference.hours:.0f} h and {reference.found}"
    )


def _parts(rows: pd.DataFrame) -> Iterator[tuple[str, NDArray[np.object_] | Values]]:
    yield "turbine {}", rows["turbine_id"].to_numpy(object)
    yield "{:.0f} m/s", np.floor(rows["wind_speed"].to_numpy(np.float64) + 0.5)


def _coverage(predictions: pd.DataFrame, power: Values) -> float:
    low, high = (
        predictions[f"expected_power_{end}"].to_numpy(np.float64) for end in ("p10", "p90")
    )
    return interval_coverage(low, high, power)


def _distance(coverage: float, gates: Gates) -> float:
    return max(gates.coverage_low - coverage, coverage - gates.coverage_high, 0.0)
