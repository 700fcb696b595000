"""The P10-P90 band: split-conformal from residuals that no fit behind the prediction saw.

Residuals are sorted into cells: by predicted power, and by wind speed below cut-in and near rated
power, where many winds share one prediction but not one scatter. Within a cell the band's ends are
conformal quantiles of the residual (Lei et al., 2018), per turbine where a cell holds at least 500
of its rows and over all turbines elsewhere.

Rows of one week err alike, so a plain quantile of some weeks holds too little in the weeks to come.
Each cell therefore takes the level at which its weeks, each judged by the ends that the other weeks
give, lie inside four times in five (leave one block out; Barber et al., 2021). Everything is in
fractions of rated power.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ml_app_wind_draft.core.errors import TrainingError
from ml_app_wind_draft.models.turbines import codes_in

LOWEST, HIGHEST = -0.02, 1.05  # of rated power: where the band is clipped
INSIDE = 0.8
TAILS = np.linspace(0.1, 0.02, 17)  # outside each end: P10-P90 among the cell's own rows, or wider
ROWS_PER_CELL = 100
ROWS_PER_TURBINE = 500
WEEK = 7 * 86_400
CALM, STRONG = 0.03, 0.9  # of rated power: below and from here on the wind tells the cell
_FAR = 1000.0  # puts the cells of calm before those by power, and those of strong wind behind them
_EDGES = np.array(
    [
        *(np.arange(0.5, 5.0, 0.5) - _FAR),  # m/s
        *(CALM, 0.05, 0.08, 0.12, 0.17, 0.23, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, STRONG),
        *(np.arange(12.0, 16.0) + _FAR),
    ]
)

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Band:
    """Offsets of the band's ends from the prediction, in fractions of rated power.

    `edges` [k - 1] cut the places of rows (`_places`) into k cells; `low` and `high`
    [turbines + 1, k] hold the offsets, the last row those of all turbines together. A band from
    before cells went by wind, too (`by_wind` false), has edges of predicted power alone.
    """

    edges: Values
    turbines: list[str]
    low: Values
    high: Values
    by_wind: bool = True

    def around(self, fraction: Values, rows: pd.DataFrame) -> tuple[Values, Values, Values]:
        """Prediction, lower and upper end, float64 [n] each, clipped; NaN where `fraction` is.

        `rows` [n]: `turbine_id` and `wind_speed` (m/s).
        """
        expected = np.clip(fraction, LOWEST, HIGHEST)
        code = codes_in(rows["turbine_id"], self.turbines)
        place = _places(expected, rows) if self.by_wind else expected
        cell = np.searchsorted(self.edges, place, side="right").clip(max=len(self.edges))
        low = np.clip(expected + self.low[code, cell], LOWEST, HIGHEST)
        high = np.clip(expected + self.high[code, cell], LOWEST, HIGHEST)
        return expected, low, high

    def as_json(self) -> dict[str, Any]:
        """For the bundle's description."""
        return {
            "edges": self.edges.tolist(),
            "turbines": self.turbines,
            "low": self.low.tolist(),
            "high": self.high.tolist(),
            "by_wind": self.by_wind,
        }

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> "Band":
        """What `as_json` gave."""
        edges, low, high = (np.array(content[key], float) for key in ("edges", "low", "high"))
        return cls(edges, content["turbines"], low, high, content.get("by_wind", False))


def fit_band(fraction: Values, residual: Values, rows: pd.DataFrame, turbines: list[str]) -> Band:
    """The band from out-of-sample predictions and their residuals (measured - predicted).

    `rows` [n]: `turbine_id`, `timestamp` (s) and `wind_speed` (m/s). Raises `TrainingError` when
    there are no residuals at all.
    """
    known = np.isfinite(fraction) & np.isfinite(residual)
    if not known.any():
        message = "The P10-P90 band needs out-of-sample residuals, and there are none."
        raise TrainingError(message, remedy="Train on more rows of normal operation.")
    fraction = np.clip(fraction[known], LOWEST, HIGHEST)
    residual, rows = residual[known], rows[known]
    code = codes_in(rows["turbine_id"], turbines)
    timestamp = rows["timestamp"].to_numpy(np.int64)
    week = (timestamp - timestamp.min()) // WEEK
    places = _places(fraction, rows)
    edges = _edges_with_enough(places)
    cell_of = np.searchsorted(edges, places, side="right")
    low, high = np.empty((2, len(turbines) + 1, len(edges) + 1))
    for cell in range(len(edges) + 1):
        inside = cell_of == cell
        tail = _tail_that_lasts(residual[inside], week[inside])
        pooled = _conformal_ends(residual[inside], tail)
        for turbine in range(len(turbines)):
            own = residual[inside & (code == turbine)]
            ends = _conformal_ends(own, tail) if len(own) >= ROWS_PER_TURBINE else pooled
            low[turbine, cell], high[turbine, cell] = ends
        low[-1, cell], high[-1, cell] = pooled
    return Band(edges, turbines, low, high)


def _places(fraction: Values, rows: pd.DataFrame) -> Values:
    """Where rows lie among the edges: by wind in calms and strong wind, by power in between."""
    wind = rows["wind_speed"].to_numpy(np.float64)
    calm_or_strong = np.where(fraction < CALM, wind - _FAR, wind + _FAR)
    return np.where((fraction >= CALM) & (fraction < STRONG), fraction, calm_or_strong)


def _edges_with_enough(places: Values) -> Values:
    """`_EDGES` without those that would leave a cell with fewer than `ROWS_PER_CELL` rows."""
    counts = np.searchsorted(np.sort(places), _EDGES, side="left")
    kept: list[float] = []
    below = 0
    for edge, count in zip(_EDGES.tolist(), counts.tolist(), strict=True):
        if count - below >= ROWS_PER_CELL and len(places) - count >= ROWS_PER_CELL:
            kept.append(edge)
            below = count
    return np.array(kept)


def _tail_that_lasts(residual: Values, week: NDArray[np.int64]) -> float:
    """The share to leave outside each end so that the weeks hold each other's rows."""
    weeks = np.unique(week)
    if len(weeks) < 2:  # noqa: PLR2004 - nothing to hold one against
        return float(TAILS[0])
    inside = np.zeros(len(TAILS))
    for each in weeks:
        others, own = np.sort(residual[week != each]), residual[week == each]
        for place, tail in enumerate(TAILS):
            low, high = _ends_of_sorted(others, tail)
            inside[place] += np.count_nonzero((own >= low) & (own <= high))
    enough = np.flatnonzero(inside >= INSIDE * len(residual))
    return float(TAILS[enough[0] if len(enough) else -1])


def _conformal_ends(residual: Values, tail: float) -> tuple[float, float]:
    return _ends_of_sorted(np.sort(residual), tail)


def _ends_of_sorted(ordered: Values, tail: float) -> tuple[float, float]:
    """The ends that a further residual misses with at most `tail` on each side, 0 between them.

    The ceil((n + 1) (1 - tail))-th smallest for the upper end, mirrored for the lower.
    """
    rank = min(int(np.ceil((len(ordered) + 1) * (1 - tail))), len(ordered)) - 1
    return min(float(ordered[len(ordered) - 1 - rank]), 0.0), max(float(ordered[rank]), 0.0)
