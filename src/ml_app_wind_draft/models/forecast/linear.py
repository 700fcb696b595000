"""Ridge regression for every lead at once: the part of a forecast that fades evenly with lead."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ml_app_wind_draft.models.forecast.folds import Rows
from ml_app_wind_draft.models.forecast.series import Values

PENALTIES = (10.0, 100.0, 300.0, 1000.0, 3000.0, 10_000.0)


@dataclass(frozen=True, slots=True)
class Ridge:
    """Coefficients on standardised inputs; a missing input counts as its mean."""

    mean: Values
    scale: Values
    weights: Values
    intercept: float

    def predict(self, inputs: Values) -> Values:
        """[n] for `inputs` [n, features]."""
        standard = np.nan_to_num((inputs - self.mean) / self.scale)
        return standard @ self.weights + self.intercept

    def as_json(self) -> dict[str, object]:
        """What `from_json` reads."""
        return {
            "mean": self.mean.tolist(),
            "scale": self.scale.tolist(),
            "weights": self.weights.tolist(),
            "intercept": self.intercept,
        }

    @classmethod
    def from_json(cls, content: dict) -> "Ridge":
        """Read what `as_json` wrote."""
        arrays = (np.asarray(content[name], np.float64) for name in ("mean", "scale", "weights"))
        return cls(*arrays, float(content["intercept"]))


def fit_ridge(
    inputs: Values, target: Values, folds: Sequence[tuple[Rows, Rows]]
) -> tuple[Ridge, Values]:
    """The regression with the penalty that is best on held-out blocks, and its held-out values.

    `inputs` [n, features], `target` [n] without missing values; rows that no fold holds out get
    NaN.
    """
    mean, scale = _moments(inputs)
    standard = np.nan_to_num((inputs - mean) / scale)
    best, held_out = PENALTIES[-1], np.full(len(target), np.nan)
    lowest = np.inf
    fits = [_solve(standard[fitted], target[fitted], PENALTIES) for fitted, _ in folds]
    for number, penalty in enumerate(PENALTIES):
        values = np.full(len(target), np.nan)
        for (_, out), solved in zip(folds, fits, strict=True):
            weights, intercept = solved[number]
            values[out] = standard[out] @ weights + intercept
        error = np.nanmean((values - target) ** 2)
        if error < lowest:
            best, lowest, held_out = penalty, error, values
    weights, intercept = _solve(standard, target, (best,))[0]
    return Ridge(mean, scale, weights, intercept), held_out


def _moments(inputs: Values) -> tuple[Values, Values]:
    known = np.isfinite(inputs)
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, inputs, 0.0).sum(axis=0) / count
    spread = np.sqrt((np.where(known, inputs - mean, 0.0) ** 2).sum(axis=0) / count)
    return mean, np.where(spread > 0, spread, 1.0)


def _solve(
    standard: Values, target: Values, penalties: Sequence[float]
) -> list[tuple[Values, float]]:
    center, middle = standard.mean(axis=0), float(target.mean())
    shifted = standard - center
    values, vectors = np.linalg.eigh(shifted.T @ shifted)
    turned = vectors.T @ (shifted.T @ (target - middle))
    solved = []
    for penalty in penalties:
        weights = vectors @ (turned / (np.maximum(values, 0.0) + penalty))
        solved.append((weights, middle - float(center @ weights)))
    return solved
