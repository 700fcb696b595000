"""The measured power curve per turbine: IEC 61400-12-1, method of bins, on nacelle wind speed.

Nacelle wind speed makes it neither a 12-1 nor a 12-2 certificate: it is a reference for this
turbine with this anemometer. Wind speed is normalised to 1.225 kg/m³; a bin is 0.5 m/s wide,
centred on multiples of 0.5 m/s, and stands for the mean wind speed and mean power of its rows.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ml_app_wind_draft.core.errors import TrainingError
from ml_app_wind_draft.models.turbines import codes_in

BIN_WIDTH = 0.5  # m/s
SECONDS_PER_BIN = 3 * 3600  # of data, below which a bin is interpolated
WIND = "wind_speed_normalised"  # as the nacelle anemometer says, at 1.225 kg/m³
CORRECTED_WIND = "wind_speed_corrected"  # and corrected: models.wind_sensor
_FILE = "power_curve.json"


@dataclass(frozen=True, slots=True)
class Curve:
    """One turbine's bins, from the lowest to the highest that holds rows.

    `wind_speed` (m/s at 1.225 kg/m³) and `fraction` (of rated power) are the bins' means,
    `count` their rows; `interpolated` marks bins with less than 3 h of data, whose power comes from
    their neighbours.
    """

    wind_speed: NDArray[np.float64]
    fraction: NDArray[np.float64]
    count: NDArray[np.int64]
    interpolated: NDArray[np.bool_]

    def at(self, wind_speed: NDArray[np.float64]) -> NDArray[np.float64]:
        """Power at `wind_speed`, linear between bins, constant beyond the first and last."""
        return np.interp(wind_speed, self.wind_speed, self.fraction)


@dataclass(frozen=True, slots=True)
class PowerCurve:
    """The curves of some turbines; `pooled`, of all rows together, serves any other turbine.

    `wind`: the column that it is a curve over.
    """

    kind: ClassVar[str] = "power_curve"
    curves: dict[str, Curve]
    pooled: Curve
    wind: str = WIND

    @property
    def features(self) -> list[str]:
        """What `predict` reads."""
        return ["wind_speed", self.wind]

    @property
    def turbines(self) -> list[str]:
        """Those with a curve of their own."""
        return list(self.curves)

    def predict(self, features: pd.DataFrame) -> NDArray[np.float64]:
        """Expected power as a fraction of rated, float64 [n]."""
        wind = features[self.wind].to_numpy(np.float64)
        code = codes_in(features["turbine_id"], self.turbines)
        fraction = np.empty(len(wind))
        for place, curve in enumerate((*self.curves.values(), self.pooled)):
            rows = code == (place if place < len(self.curves) else -1)
            fraction[rows] = curve.at(wind[rows])
        return fraction

    def save(self, folder: Path) -> list[str]:
        """Write `power_curve.json`."""
        content = {
            "wind": self.wind,
            "pooled": _curve_json(self.pooled),
            "curves": {name: _curve_json(curve) for name, curve in self.curves.items()},
        }
        (folder / _FILE).write_text(json.dumps(content), encoding="utf-8")
        return [_FILE]


def load(folder: Path, _features: list[str], turbines: list[str]) -> PowerCurve:
    """Read what `PowerCurve.save` wrote."""
    content = json.loads((folder / _FILE).read_text(encoding="utf-8"))
    curves = {name: _curve_from_json(content["curves"][name]) for name in turbines}
    pooled = _curve_from_json(content["pooled"])
    return PowerCurve(curves, pooled, content.get("wind", WIND))


def fit_power_curve(
    features: pd.DataFrame,
    fraction: NDArray[np.float64],
    seconds_per_row: int,
    wind_column: str = WIND,
) -> PowerCurve:
    """Curves from rows of normal operation: `fraction` [n] is measured power over rated.

    A turbine without a single complete bin shares the pooled curve. Raises `TrainingError` when no
    turbine has one.
    """
    needed = -(-SECONDS_PER_BIN // seconds_per_row)
    wind = features[wind_column].to_numpy(np.float64)
    pooled = _fit_curve(wind, fraction, needed)
    if pooled is None:
        message = "No wind speed bin holds 3 h of normal operation, so there is no power curve."
        raise TrainingError(message, remedy="Load more history.")
    codes, names = pd.factorize(features["turbine_id"], sort=True)
    curves = {}
    for code, name in enumerate(names):
        own = codes == code
        curves[str(name)] = _fit_curve(wind[own], fraction[own], needed) or pooled
    return PowerCurve(curves, pooled, wind_column)


def _fit_curve(
    wind: NDArray[np.float64], fraction: NDArray[np.float64], needed: int
) -> Curve | None:
    """The method of bins; `None` without a bin of `needed` rows."""
    bin_of = np.floor(np.maximum(wind, 0.0) / BIN_WIDTH + 0.5).astype(np.int64)
    count = np.bincount(bin_of) if len(bin_of) else np.zeros(0, np.int64)
    complete = count >= needed
    if not complete.any():
        return None
    centre = np.arange(len(count)) * BIN_WIDTH
    held = np.maximum(count, 1)
    mean_wind = np.where(complete, np.bincount(bin_of, wind) / held, centre)
    mean_fraction = np.bincount(bin_of, fraction) / held
    mean_fraction = np.interp(mean_wind, mean_wind[complete], mean_fraction[complete])
    return Curve(mean_wind, mean_fraction, count, ~complete)


def _curve_json(curve: Curve) -> dict[str, list]:
    return {
        "wind_speed": curve.wind_speed.tolist(),
        "fraction": curve.fraction.tolist(),
        "count": curve.count.tolist(),
        "interpolated": curve.interpolated.tolist(),
    }


def _curve_from_json(content: dict[str, list]) -> Curve:
    return Curve(
        np.array(content["wind_speed"], float),
        np.array(content["fraction"], float),
        np.array(content["count"], np.int64),
        np.array(content["interpolated"], bool),
    )
