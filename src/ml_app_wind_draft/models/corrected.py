"""A power curve and a learned correction to it: what boosted model and forest have in common.

Learning the residual of a curve, not the power itself, leaves the physics to the curve and
generalises better to another year. The curve is that of the method of bins, over the wind speed as
the corrected sensor says it (`models.wind_sensor`).
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ml_app_wind_draft.models import power_curve
from ml_app_wind_draft.models.power_curve import PowerCurve
from ml_app_wind_draft.models.turbines import codes_in

CALM, STIRRING = 2.5, 3.5  # m/s: below the first no turbine makes power, from the second on some do


class Regressor(Protocol):
    """A fitted CatBoost model or forest."""

    def predict(self, data: NDArray[np.float32], /) -> NDArray[np.float64]:
        """The target for rows of numbers [n, columns]."""
        ...


@dataclass(frozen=True, slots=True)
class CorrectedCurve(ABC):
    """`curve` + `regressor`, in fractions of rated power. Subclasses know the regressor's file.

    `features` are the regressor's columns in order; the wind that the curve reads is among them.
    """

    kind: ClassVar[str]
    curve: PowerCurve
    regressor: Regressor
    features: list[str]

    @property
    def turbines(self) -> list[str]:
        """Those that the model was fitted on."""
        return self.curve.turbines

    def predict(self, features: pd.DataFrame) -> NDArray[np.float64]:
        """Expected power as a fraction of rated, float64 [n].

        An unknown turbine gets the pooled curve and the mean of the known ones' corrections.
        """
        data = matrix(features, self.features, self.turbines)
        share = self._share(features)
        fraction = self.curve.predict(features) + share * self.regressor.predict(data)
        unknown = data[:, -1] < 0
        if unknown.any():
            fraction[unknown] = self._as_if_each(features[unknown], data[unknown])
        return fraction

    def _share(self, features: pd.DataFrame) -> NDArray[np.float64]:
        """How much of the correction counts: nothing in a calm, where the curve knows best."""
        wind = features[self.curve.wind].to_numpy(np.float64)
        return np.clip((wind - CALM) / (STIRRING - CALM), 0.0, 1.0)

    def _as_if_each(self, features: pd.DataFrame, data: NDArray[np.float32]) -> NDArray[np.float64]:
        corrections = np.zeros(len(data))
        for code in range(len(self.turbines)):
            data[:, -1] = code
            corrections += self.regressor.predict(data)
        share = self._share(features) / len(self.turbines)
        return self.curve.predict(features) + share * corrections

    def importance(self) -> dict[str, float]:
        """How much the correction uses each input, in percent."""
        shares = self._shares()
        names = [*self.features, "turbine"]
        return dict(zip(names, (100 * shares / max(shares.sum(), 1e-12)).tolist(), strict=True))

    def save(self, folder: Path) -> list[str]:
        """Write the curve's file and the regressor's."""
        return [*self.curve.save(folder), self._save_regressor(folder)]

    @abstractmethod
    def _save_regressor(self, folder: Path) -> str:
        """Write the regressor into `folder`; the file's name."""

    @abstractmethod
    def _shares(self) -> NDArray[np.float64]:
        """The importance of each column, [columns]."""


def matrix(features: pd.DataFrame, names: list[str], turbines: list[str]) -> NDArray[np.float32]:
    """The regressor's input, float32 [n, names + 1]; last the turbine's place in `turbines`."""
    data = np.empty((len(features), len(names) + 1), np.float32)
    for place, name in enumerate(names):
        data[:, place] = features[name].to_numpy()
    data[:, -1] = codes_in(features["turbine_id"], turbines)
    return data


def load_curve(folder: Path, turbines: list[str]) -> PowerCurve:
    """The curve that `CorrectedCurve.save` wrote."""
    return power_curve.load(folder, [], turbines)
