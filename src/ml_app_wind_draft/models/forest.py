"""The random forest: the IEC curve corrected by scikit-learn. Kept by skops, without pickle."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar
from zipfile import BadZipFile

import numpy as np
import skops.io
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestRegressor
from skops.io.exceptions import UntrustedTypesFoundException

from ml_app_wind_draft.core.errors import ModelError, TrainingError
from ml_app_wind_draft.models.corrected import CorrectedCurve, load_curve

_FILE = "correction.skops"
# the one type beyond skops' defaults that a forest holds; `_check_trees` bounds its contents
TRUSTED: tuple[str, ...] = ("sklearn.tree._tree.Tree",)

# what skops raises for a file that is damaged, or made by someone else
_UNREADABLE = (UntrustedTypesFoundException, BadZipFile, ValueError, KeyError, TypeError, OSError)


@dataclass(frozen=True, slots=True)
class Forest(CorrectedCurve):
    """The IEC curve and a `RandomForestRegressor` for what it misses."""

    kind: ClassVar[str] = "random_forest"
    regressor: RandomForestRegressor

    def _save_regressor(self, folder: Path) -> str:
        skops.io.dump(self.regressor, folder / _FILE)
        return _FILE

    def _shares(self) -> NDArray[np.float64]:
        return self.regressor.feature_importances_


corrected = Forest  # what `fitting` builds a model of this kind with


def load(folder: Path, features: list[str], turbines: list[str]) -> Forest:
    """Read what `Forest.save` wrote. Raises `ModelError` for anything but a forest."""
    try:
        regressor = skops.io.load(folder / _FILE, trusted=list(TRUSTED))
    except _UNREADABLE as error:
        message = f"{folder / _FILE} holds what a random forest does not need: {error}."
        raise ModelError(message, remedy="Do not use this file.") from error
    if not isinstance(regressor, RandomForestRegressor):
        message = f"{folder / _FILE} holds a {type(regressor).__name__}, not a random forest."
        raise ModelError(message)
    _check_trees(regressor, columns=len(features) + 1)
    return Forest(load_curve(folder, turbines), regressor, features)


def _check_trees(regressor: RandomForestRegressor, columns: int) -> None:
    """Refuse trees that point outside their arrays: scikit-learn follows indices unchecked."""
    for estimator in regressor.estimators_:
        tree = estimator.tree_
        leaf = tree.children_left < 0
        nodes = np.arange(tree.node_count)
        children = np.stack([tree.children_left, tree.children_right])
        sound = (((children > nodes) & (children < tree.node_count)) | leaf).all() and (
            (tree.feature >= 0) & (tree.feature < columns) | leaf
        ).all()
        if not sound:
            message = "The random forest's trees point outside themselves."
            raise ModelError(message, remedy="Do not use this file.")


def fit_regressor(
    data: NDArray[np.float32],
    target: NDArray[np.float64],
    parameters: dict[str, Any],
    *,
    threads: int,
) -> RandomForestRegressor:
    """Fit a forest with exactly `parameters`. It predicts on one thread, always in one order.

    Raises `TrainingError` for parameters that scikit-learn does not take.
    """
    try:
        regressor = RandomForestRegressor(**parameters, n_jobs=threads).fit(data, target)
    except (TypeError, ValueError) as error:
        message = f"The random forest refuses {parameters}: {error}."
        raise TrainingError(message, remedy="Correct parameters_training.yml.") from error
    return regressor.set_params(n_jobs=1)
