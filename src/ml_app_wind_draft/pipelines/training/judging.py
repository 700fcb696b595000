"""Challenger against champion on the same rows: is it better by more than noise?"""

from dataclasses import replace

import numpy as np
import pandas as pd

from ml_app_wind_draft.core.clock import say
from ml_app_wind_draft.models.bundle import Bundle
from ml_app_wind_draft.models.metrics import PairedDifference, paired_difference
from ml_app_wind_draft.pipelines.training.parameters import TrainingParameters
from ml_app_wind_draft.registry.records import Comparison, LoadedModel, Verdict


def judge(
    challenger: Bundle,
    champion: LoadedModel | None,
    window: pd.DataFrame,
    parameters: TrainingParameters,
) -> Verdict:
    """Promote or keep, with the reason in words.

    `window` holds features, `power` and `normal` of the judging window. Only normal rows count, and
    only those that lie at least the gap after the champion's training data.
    """
    if champion is None:
        return Verdict(promote=True, against=None, why="There was no champion.")
    version = champion.version.version
    seen_until = champion.bundle.training_end + parameters.gap
    rows = window[window["normal"] & (window["timestamp"] > seen_until)]
    predicted = challenger.predict(rows)["expected_power"].to_numpy(np.float64)
    reference = champion.bundle.predict(rows)["expected_power"].to_numpy(np.float64)
    power = rows["power"].to_numpy(np.float64)
    both = np.isfinite(predicted) & np.isfinite(reference)
    if int(both.sum()) < parameters.least_rows:
        why = (
            f"Kept version {version}: only {int(both.sum()):,} rows of normal operation that "
            f"neither model was fitted on; at least {parameters.least_rows:,} are needed."
        )
        return Verdict(promote=False, against=version, why=why)
    error, reference_error = (predicted - power)[both], (reference - power)[both]
    difference = paired_difference(
        error, reference_error, rows["timestamp"].to_numpy(np.int64)[both]
    )
    comparison = Comparison(
        against=version,
        rows=difference.rows,
        mae=float(np.abs(error).mean()),
        against_mae=float(np.abs(reference_error).mean()),
    )
    return replace(_verdict(difference, version, rows, parameters), comparison=comparison)


def _verdict(
    difference: PairedDifference, version: int, rows: pd.DataFrame, parameters: TrainingParameters
) -> Verdict:
    promote = difference.high < 0 and difference.relative <= -parameters.margin
    figures = (
        f"MAE {difference.mean:+.2f} kW against version {version} ({difference.relative:+.1%}; "
        f"95 % of day-wise resamples: {difference.low:+.2f} to {difference.high:+.2f} kW) on "
        f"{difference.rows:,} rows of normal operation, {say(int(rows['timestamp'].min()))} to "
        f"{say(int(rows['timestamp'].max()))}"
    )
    if promote:
        why = f"Better beyond noise: {figures}."
    elif difference.high >= 0:
        why = f"Kept version {version}, the difference may be noise: {figures}."
    else:
        why = f"Kept version {version}, less than {parameters.margin:.0%} better: {figures}."
    return Verdict(promote=promote, against=version, why=why)
