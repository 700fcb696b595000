"""The boosted model: the IEC curve corrected by CatBoost. Kept as `.cbm`, CatBoost's own format."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from catboost import CatBoostError, CatBoostRegressor
from numpy.typing import NDArray

from ml_app_wind_draft.core.errors import ModelError, TrainingError
from ml_app_wind_draft.models.corrected import CorrectedCurve, load_curve

_FILE = "correction.cbm"


@dataclass(frozen=True, slots=True)
class Boosted(CorrectedCurve):
    """The IEC curve and a `CatBoostRegressor` for what it misses."""

    kind: ClassVar[str] = "catboost"
    regressor: CatBoostRegressor

    def _save_regressor(self, folder: Path) -> str:
        self.regressor.save_model(str(folder / _FILE), format="cbm")
        return _FILE

    def _shares(self) -> NDArray[np.float64]:
        return np.asarray(self.regressor.get_feature_importance(), np.float64)


corrected = Boosted  # what `fitting` builds a model of this kind with


def load(folder: Path, features: list[str], turbines: list[str]) -> Boosted:
    """Read what `Boosted.save` wrote."""
    return Boosted(load_curve(folder, turbines), load_regressor(folder / _FILE), features)


def load_regressor(path: Path) -> CatBoostRegressor:
    """Read a `.cbm` file. Raises `ModelError` for one that CatBoost cannot read."""
    regressor = CatBoostRegressor()
    try:
        return regressor.load_model(str(path), format="cbm")
    except CatBoostError as error:
        message = f"{path} is no CatBoost model: {error}."
        raise ModelError(message) from error


def fit_regressor(
    data: NDArray[np.float32],
    target: NDArray[np.float64],
    parameters: dict[str, Any],
    *,
    threads: int,
    held_out: tuple[NDArray[np.float32], NDArray[np.float64]] | None = None,
) -> CatBoostRegressor:
    """Fit CatBoost with exactly `parameters`; `held_out` (input, target) decides when to stop.

    Writes no files and sets no signal handler. Raises `TrainingError` for parameters that CatBoost
    does not take.
    """
    try:
        regressor = CatBoostRegressor(
            **parameters, thread_count=threads, allow_writing_files=False, verbose=False
        )
        return regressor.fit(data, target, eval_set=held_out)
    except (CatBoostError, TypeError) as error:
        message = f"CatBoost refuses {parameters}: {error}."
        raise TrainingError(message, remedy="Correct parameters_training.yml.") from error
