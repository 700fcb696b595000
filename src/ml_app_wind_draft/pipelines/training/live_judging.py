"""A model in shadow against the champion, on rows that came in while both were scored.

The judge and the gates are those of training. What differs is where the evidence comes from: both
models' outcomes as they were stored, and faults put into the rows that came meanwhile.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ml_app_wind_draft.core.clock import say
from ml_app_wind_draft.models.metrics import (
    PairedDifference,
    interval_coverage,
    paired_difference,
)
from ml_app_wind_draft.pipelines.training import gates
from ml_app_wind_draft.pipelines.training.judging import Pair, judge_pair
from ml_app_wind_draft.pipelines.training.parameters import DAY, TrainingParameters
from ml_app_wind_draft.pipelines.training.sensitivity import Sensitivity
from ml_app_wind_draft.registry.records import Verdict

KEPT, REFUSED, UNKNOWN = "kept", "refused", "not tried"


@dataclass(frozen=True, slots=True)
class Gate:
    """One condition: whether it is `kept`, `refused` or `not tried`, and the figures."""

    name: str
    result: str
    said: str


@dataclass(frozen=True, slots=True)
class Missing:
    """What is still missing before there can be a judgement; `about`: event time, s, if known."""

    rows: int
    days: int
    about: int | None

    def __str__(self) -> str:
        lacking = [
            f"{count:,} more {name}"
            for count, name in (
                (self.rows, "rows of normal operation"),
                (self.days, "days with such rows"),
            )
            if count
        ]
        when = f", at this pace about {say(self.about)} of event time" if self.about else ""
        return f"Too early to judge: {' and '.join(lacking)} are needed{when}."


@dataclass(frozen=True, slots=True)
class LiveJudgement:
    """How the shadow did: MAE in kW and band coverage of both on the same rows, first to last (s).

    Without any row the figures are NaN, first and last 0, and `difference` is `None`. The gates are
    there once there are rows enough, `missing` until then.
    """

    rows: int
    days: int
    first: int
    last: int
    mae: float
    champion_mae: float
    coverage: float
    champion_coverage: float
    difference: PairedDifference | None
    gates: tuple[Gate, ...]
    missing: Missing | None
    verdict: Verdict


def judge_live(
    pairs: pd.DataFrame,
    champion: int,
    parameters: TrainingParameters,
    now: int,
    probe: Callable[[], tuple[Sensitivity, Sensitivity]],
) -> LiveJudgement:
    """Judge a model in shadow against version `champion`.

    `pairs` as `DataManager.shadow_pairs` gives them; `now` is event time, s. `probe` puts faults
    into the rows and looks for them with the shadow, and with the champion: it takes seconds, and
    is done once there are rows enough.
    """
    pair = Pair(
        pairs,
        pairs["shadow_power"].to_numpy(np.float64),
        pairs["expected_power"].to_numpy(np.float64),
    )
    stamps = pairs["timestamp"].to_numpy(np.int64)
    days = len(np.unique(stamps // DAY))
    held, champion_held = (_coverage(pairs, *band) for band in _BANDS)
    difference = paired_difference(pair.error, pair.reference_error, stamps) if days else None
    judgement = LiveJudgement(
        rows=len(pairs),
        days=days,
        first=int(stamps.min()) if days else 0,
        last=int(stamps.max()) if days else 0,
        mae=float(np.abs(pair.error).mean()) if days else float("nan"),
        champion_mae=float(np.abs(pair.reference_error).mean()) if days else float("nan"),
        coverage=held,
        champion_coverage=champion_held,
        difference=difference,
        gates=(),
        missing=_missing(stamps, days, parameters, now),
        verdict=Verdict(promote=False, against=champion, why=""),
    )
    if judgement.missing is not None or difference is None:
        verdict = replace(judgement.verdict, why=f"{judgement.missing}")
        return replace(judgement, verdict=verdict)
    own, reference = (
        gates.Evidence(coverage, probed)
        for coverage, probed in zip((held, champion_held), probe(), strict=True)
    )
    return replace(
        judgement,
        gates=tuple(_gates(difference, pair, own, reference, parameters)),
        verdict=judge_pair(pair, champion, parameters, lambda: own, lambda: reference),
    )


_BANDS = (("shadow_p10", "shadow_p90"), ("expected_power_p10", "expected_power_p90"))


def _coverage(pairs: pd.DataFrame, low: str, high: str) -> float:
    if pairs.empty:
        return float("nan")
    bottom, top, power = (pairs[name].to_numpy(np.float64) for name in (low, high, "power"))
    return interval_coverage(bottom, top, power)


def _missing(
    stamps: np.ndarray, days: int, parameters: TrainingParameters, now: int
) -> Missing | None:
    rows = max(0, parameters.least_rows - len(stamps))
    lacking_days = max(0, parameters.shadow.least_days - days)
    if not rows and not lacking_days:
        return None
    if not days:
        return Missing(rows, lacking_days, None)
    pace = len(stamps) / max(now - int(stamps.min()), 1)
    wait = max(rows / pace, lacking_days * DAY)
    return Missing(rows, lacking_days, round(now + wait))


def _gates(
    difference: PairedDifference,
    pair: Pair,
    own: gates.Evidence,
    reference: gates.Evidence,
    parameters: TrainingParameters,
) -> list[Gate]:
    limits = parameters.gates
    parts = gates.worse_parts(pair.rows, pair.error, pair.reference_error, limits)
    band = gates.coverage_off(own.coverage, reference.coverage, limits)
    return [
        _gate(
            "better beyond noise",
            difference.high < 0,
            f"MAE {difference.mean:+.2f} kW, 95 %: {difference.low:+.2f} to {difference.high:+.2f}",
        ),
        _gate(
            f"at least {parameters.margin:.0%} better",
            difference.relative <= -parameters.margin,
            f"{difference.relative:+.1%}",
        ),
        _gate(
            "no turbine and no wind bin pays",
            not parts,
            parts or f"none is more than {limits.part_margin:.0%} worse",
        ),
        _gate(
            "its band holds",
            not band,
            f"{own.coverage:.1%} of the rows (the champion's {reference.coverage:.1%})",
        ),
        _fault_gate(own.sensitivity, reference.sensitivity, parameters),
    ]


def _fault_gate(own: Sensitivity, reference: Sensitivity, parameters: TrainingParameters) -> Gate:
    name = "faults are found"
    if own.trials.empty:
        return Gate(name, UNKNOWN, "the rows are too few days to put faults into")
    return _gate(
        name,
        not gates.hides_faults(own, reference, parameters.gates),
        f"{own.found} of {len(own.trials)}, {own.hours:.0f} h to the first alarm in the mean "
        f"(the champion's {reference.found}, {reference.hours:.0f} h)",
    )


def _gate(name: str, is_kept: bool, said: str) -> Gate:
    return Gate(name, KEPT if is_kept else REFUSED, said)
