"""The figures that models are judged by. Errors are expected - measured; power in kW.

No MAPE: power is near zero for a third of the time.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Values = NDArray[np.float64]

DAY = 86_400
RESAMPLES = 2000
CONFIDENCE = 0.95


def mae(expected: Values, measured: Values) -> float:
    """Mean absolute error, in the unit of its input."""
    return float(np.mean(np.abs(expected - measured)))


def rmse(expected: Values, measured: Values) -> float:
    """Root mean square error, in the unit of its input."""
    return float(np.sqrt(np.mean((expected - measured) ** 2)))


def bias(expected: Values, measured: Values) -> float:
    """Mean error, in the unit of its input; positive where the model expects too much."""
    return float(np.mean(expected - measured))


def nmae(expected: Values, measured: Values, rated_power: Values) -> float:
    """MAE as a fraction of each row's rated power."""
    return mae(expected / rated_power, measured / rated_power)


def nrmse(expected: Values, measured: Values, rated_power: Values) -> float:
    """RMSE as a fraction of each row's rated power."""
    return rmse(expected / rated_power, measured / rated_power)


def pinball_loss(quantile: Values, measured: Values, level: float) -> float:
    """Mean pinball loss of a predicted quantile at `level` (0 to 1), in the unit of its input."""
    short = measured - quantile
    return float(np.mean(np.maximum(level * short, (level - 1) * short)))


def interval_coverage(low: Values, high: Values, measured: Values) -> float:
    """The share of measured values within [low, high]; both ends count as inside."""
    return float(np.mean((measured >= low) & (measured <= high)))


def skill(error: float, reference: float) -> float:
    """1 - error / reference: 0 as good as the reference, 1 perfect; NaN for a perfect reference."""
    return 1 - error / reference if reference else float("nan")


def scores(predictions: pd.DataFrame, measured: Values, rated_power: Values) -> dict[str, float]:
    """All figures of a model's predictions (as `Bundle.predict` gives them) against measured power.

    Rows that have no prediction are left out; without any row the result is empty.
    """
    expected = predictions["expected_power"].to_numpy(np.float64)
    known = np.isfinite(expected) & np.isfinite(measured)
    if not known.any():
        return {}
    expected, measured, rated = expected[known], measured[known], rated_power[known]
    low = predictions["expected_power_p10"].to_numpy(np.float64)[known]
    high = predictions["expected_power_p90"].to_numpy(np.float64)[known]
    return {
        "mae": mae(expected, measured),
        "rmse": rmse(expected, measured),
        "bias": bias(expected, measured),
        "nmae": nmae(expected, measured, rated),
        "nrmse": nrmse(expected, measured, rated),
        "pinball_loss_p10": pinball_loss(low, measured, 0.1),
        "pinball_loss_p90": pinball_loss(high, measured, 0.9),
        "interval_coverage": interval_coverage(low, high, measured),
        "interval_width": float(np.mean(high - low)),
    }


@dataclass(frozen=True, slots=True)
class PairedDifference:
    """MAE of a model minus that of its reference on the same rows (kW), with its 95 % interval.

    `relative` is the difference over the reference's MAE: -0.05 is 5 % better.
    """

    rows: int
    days: int
    mean: float
    low: float
    high: float
    relative: float


def paired_difference(
    error: Values,
    reference: Values,
    timestamp: NDArray[np.int64],
    *,
    block: int = DAY,
    seed: int = 0,
) -> PairedDifference:
    """Block bootstrap by day (UTC) of the difference in mean absolute error.

    `error` and `reference` [n] are the two models' errors on rows that start at `timestamp` (s);
    whole days, or `block`s of so many seconds, are drawn, because errors within one go together.
    Needs at least one row.
    """
    _, day = np.unique(timestamp // block, return_inverse=True)
    own, others = (np.bincount(day, np.abs(x)).astype(np.float64) for x in (error, reference))
    return difference_of_days(own, others, np.bincount(day), seed=seed)


def difference_of_days(
    error: Values, reference: Values, count: NDArray[np.int64], *, seed: int = 0
) -> PairedDifference:
    """The same from each day's sums of absolute errors and number of rows, all [days]."""
    total = error - reference
    drawn = np.random.default_rng(seed).multinomial(
        len(count), np.full(len(count), 1 / len(count)), size=RESAMPLES
    )
    means = (drawn @ total) / (drawn @ count)
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    rows, against = int(count.sum()), float(reference.sum())
    relative = float(total.sum()) / against if against else 0.0
    mean = float(total.sum()) / rows
    return PairedDifference(rows, len(count), mean, float(low), float(high), relative)
