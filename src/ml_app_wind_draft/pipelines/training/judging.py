"""Challenger against champion on the same rows: better by more than noise, and at no price?"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ml_app_wind_draft.core.clock import say
from ml_app_wind_draft.models.bundle import Bundle
from ml_app_wind_draft.models.metrics import PairedDifference, paired_difference
from ml_app_wind_draft.pipelines.training import gates
from ml_app_wind_draft.pipelines.training.parameters import TrainingParameters
from ml_app_wind_draft.registry.records import Comparison, LoadedModel, Verdict


def judge(
    challenger: Bundle,
    champion: LoadedModel | None,
    window: pd.DataFrame,
    parameters: TrainingParameters,
    gather: Callable[[Bundle], gates.Evidence],
) -> Verdict:
    """Promote or keep, with the reason in words.

    `window` holds features, `power` and `normal` of the judging window. Only normal rows count, and
    only those that lie at least the gap after the champion's training data. `gather` finds
    out what else is known of a model, which takes seconds and is done last.
    """
    if champion is None:
        return Verdict(promote=True, against=None, why="There was no champion.")
    version = champion.version.version
    seen_until = champion.bundle.training_end + parameters.gap
    rows = window[window["normal"] & (window["timestamp"] > seen_until)]
    return judge_pair(
        Pair.on(rows, challenger, champion.bundle),
        version,
        parameters,
        lambda: gather(challenger),
        lambda: gather(champion.bundle),
    )


def judge_pair(
    pair: "Pair",
    version: int,
    parameters: TrainingParameters,
    gather: Callable[[], gates.Evidence],
    gather_reference: Callable[[], gates.Evidence],
) -> Verdict:
    """The same for what both models expect, wherever that comes from: a challenger, and `version`.

    `gather` and `gather_reference` find out what else is known of the two, and are called last.
    """
    if len(pair.rows) < parameters.least_rows:
        why = (
            f"Kept version {version}: only {len(pair.rows):,} rows of normal operation that "
            f"neither model was fitted on; at least {parameters.least_rows:,} are needed."
        )
        return Verdict(promote=False, against=version, why=why)
    difference = paired_difference(
        pair.error, pair.reference_error, pair.rows["timestamp"].to_numpy(np.int64)
    )
    comparison = Comparison(
        against=version,
        rows=difference.rows,
        mae=float(np.abs(pair.error).mean()),
        against_mae=float(np.abs(pair.reference_error).mean()),
    )
    verdict = _verdict(difference, version, pair.rows, parameters)
    reason = verdict.promote and (
        gates.worse_parts(pair.rows, pair.error, pair.reference_error, parameters.gates)
        or gates.worse_evidence(gather(), gather_reference(), parameters.gates)
    )
    if reason:
        verdict = _refused(verdict, version, reason)
    return replace(verdict, comparison=comparison)


def into_shadow(verdict: Verdict) -> Verdict:
    """The same judgement where what is better has to prove itself on the live stream first.

    Without a champion there is nothing to be in the shadow of: the first one is promoted.
    """
    if not verdict.promote or verdict.against is None:
        return verdict
    why = f"Into shadow of version {verdict.against}, not promoted yet. {verdict.why}"
    return replace(verdict, promote=False, shadow=True, why=why)


@dataclass(frozen=True, slots=True)
class Pair:
    """The rows that both models predict, with what each expects there, kW.

    `rows` has `turbine_id`, `timestamp` (s), `wind_speed` (m/s) and `power` (kW).
    """

    rows: pd.DataFrame
    expected: NDArray[np.float64]
    reference: NDArray[np.float64]

    @classmethod
    def on(cls, rows: pd.DataFrame, challenger: Bundle, champion: Bundle) -> "Pair":
        """What the two predict for `rows`, which hold their features."""
        own, reference = (
            each.predict(rows)["expected_power"].to_numpy(np.float64)
            for each in (challenger, champion)
        )
        both = np.isfinite(own) & np.isfinite(reference)
        return cls(rows[both], own[both], reference[both])

    @property
    def power(self) -> NDArray[np.float64]:
        """What was measured, kW."""
        return self.rows["power"].to_numpy(np.float64)

    @property
    def error(self) -> NDArray[np.float64]:
        """The challenger's, kW."""
        return self.expected - self.power

    @property
    def reference_error(self) -> NDArray[np.float64]:
        """The champion's, kW."""
        return self.reference - self.power


def _refused(verdict: Verdict, version: int, reason: str) -> Verdict:
    better = verdict.why.removeprefix("Better beyond noise: ")
    return replace(verdict, promote=False, why=f"Kept version {version}: {reason}. {better}")


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
