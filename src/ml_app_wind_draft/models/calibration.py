"""The P10-P90 band: split-conformal from residuals that no fit behind the prediction saw.

Residuals are binned by predicted power; within a bin the band's ends are the conformal quantiles of
the residual (the ceil((n + 1) q)-th smallest for the upper end, mirrored for the lower), per
turbine where a bin holds at least 500 of its rows and over all turbines elsewhere. Everything is in
fractions of rated power. The lowest bins are narrow: below cut-in a turbine draws a kilowatt or two
with hardly any scatter, just above it the scatter is tenfold.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ml_app_wind_draft.core.errors import TrainingError
from ml_app_wind_draft.models.turbines import codes_in

LOWEST, HIGHEST = -0.02, 1.05  # of rated power: where the band is clipped
TAIL = 0.1  # outside each end of P10-P90
ROWS_PER_BIN = 500
_EDGES = (
    -0.0008,
    -0.0004,
    0.0,
    0.0005,
    0.0015,
    0.003,
    0.005,
    0.015,
    0.03,
    0.05,
    0.08,
    0.12,
    0.17,
    0.23,
    0.3,
    0.4,
    0.5,
    0.6,
    0.7,
    0.8,
    0.9,
    0.97,
)


@dataclass(frozen=True, slots=True)
class Band:
    """Offsets of the band's ends from the prediction, in fractions of rated power.

    `edges` [k - 1] cut predicted power into k bins; `low` and `high` [turbines + 1, k] hold the
    offsets, the last row those of all turbines together.
    """

    edges: NDArray[np.float64]
    turbines: list[str]
    low: NDArray[np.float64]
    high: NDArray[np.float64]

    def around(
        self, fraction: NDArray[np.float64], turbine_id: pd.Series
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Prediction, lower and upper end, float64 [n] each, clipped; NaN where `fraction` is."""
        expected = np.clip(fraction, LOWEST, HIGHEST)
        code = codes_in(turbine_id, self.turbines)
        bin_of = np.searchsorted(self.edges, expected, side="right").clip(max=len(self.edges))
        low = np.clip(expected + self.low[code, bin_of], LOWEST, HIGHEST)
        high = np.clip(expected + self.high[code, bin_of], LOWEST, HIGHEST)
        return expected, low, high

    def as_json(self) -> dict[str, Any]:
        """For the bundle's description."""
        return {
            "edges": self.edges.tolist(),
            "turbines": self.turbines,
            "low": self.low.tolist(),
            "high": self.high.tolist(),
        }

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> "Band":
        """What `as_json` gave."""
        edges, low, high = (np.array(content[key], float) for key in ("edges", "low", "high"))
        return cls(edges, content["turbines"], low, high)


def fit_band(
    fraction: NDArray[np.float64],
    residual: NDArray[np.float64],
    turbine_id: pd.Series,
    turbines: list[str],
) -> Band:
    """The band from out-of-sample predictions and their residuals (measured - predicted).

    Raises `TrainingError` when there are no residuals at all.
    """
    known = np.isfinite(fraction) & np.isfinite(residual)
    if not known.any():
        message = "The P10-P90 band needs out-of-sample residuals, and there are none."
        raise TrainingError(message, remedy="Train on more rows of normal operation.")
    fraction = np.clip(fraction[known], LOWEST, HIGHEST)
    residual = residual[known]
    code = codes_in(turbine_id[known], turbines)
    edges = _edges_with_enough(fraction)
    bin_of = np.searchsorted(edges, fraction, side="right")
    low, high = np.empty((2, len(turbines) + 1, len(edges) + 1))
    for place in range(len(edges) + 1):
        inside = bin_of == place
        pooled = _conformal_ends(residual[inside])
        for turbine in range(len(turbines)):
            own = residual[inside & (code == turbine)]
            ends = _conformal_ends(own) if len(own) >= ROWS_PER_BIN else pooled
            low[turbine, place], high[turbine, place] = ends
        low[-1, place], high[-1, place] = pooled
    return Band(edges, turbines, low, high)


def _edges_with_enough(fraction: NDArray[np.float64]) -> NDArray[np.float64]:
    """`_EDGES` without those that would leave a bin with fewer than `ROWS_PER_BIN` rows."""
    ordered = np.sort(fraction)
    kept: list[float] = []
    below = 0
    for edge in _EDGES:
        count = int(np.searchsorted(ordered, edge, side="left"))
        if count - below >= ROWS_PER_BIN and len(ordered) - count >= ROWS_PER_BIN:
            kept.append(edge)
            below = count
    return np.array(kept)


def _conformal_ends(residual: NDArray[np.float64]) -> tuple[float, float]:
    """The ends that hold a further residual at least 80 % of the time, 0 between them."""
    ordered = np.sort(residual)
    rank = min(int(np.ceil((len(ordered) + 1) * (1 - TAIL))), len(ordered)) - 1
    return min(float(ordered[len(ordered) - 1 - rank]), 0.0), max(float(ordered[rank]), 0.0)
