"""One way to fit any kind of model, and its predictions out of fold."""

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ml_app_wind_draft.models.bundle import KINDS, Model
from ml_app_wind_draft.models.corrected import matrix
from ml_app_wind_draft.models.power_curve import PowerCurve, fit_power_curve
from ml_app_wind_draft.pipelines.feature_eng.nodes import FEATURES
from ml_app_wind_draft.pipelines.training.split import Blocks


def fraction_of(table: pd.DataFrame) -> NDArray[np.float64]:
    """Measured power over rated, [n]."""
    return (table["power"] / table["rated_power"]).to_numpy(np.float64)


def fit_curve(table: pd.DataFrame, step: int) -> PowerCurve:
    """The IEC curve of the table's rows."""
    return fit_power_curve(table, fraction_of(table), step)


def fit_model(
    kind: str, table: pd.DataFrame, parameters: dict[str, Any], *, step: int, threads: int
) -> Model:
    """Fit `kind` on all rows of `table` with exactly `parameters`; `power_curve` has none."""
    curve = fit_curve(table, step)
    if kind == curve.kind:
        return curve
    features = list(FEATURES)
    data = matrix(table, features, curve.turbines)
    target = fraction_of(table) - curve.predict(table)
    regressor = regressor_fit(kind)(data, target, parameters, threads=threads)
    return _module(kind).corrected(curve, regressor, features)


def regressor_fit(kind: str) -> Callable[..., Any]:
    """`fit_regressor` of the kind's module."""
    return _module(kind).fit_regressor


def _module(kind: str) -> Any:
    """The kind's module, imported only when such a model is fitted."""
    return importlib.import_module(KINDS[kind])


def out_of_fold(
    kind: str,
    table: pd.DataFrame,
    parameters: dict[str, Any],
    blocks: Blocks,
    held_out: list[int],
    *,
    step: int,
    threads: int,
) -> NDArray[np.float64]:
    """Each held-out block predicted by a fit on the rows well apart from it, [n], NaN elsewhere."""
    timestamp = table["timestamp"].to_numpy(np.int64)
    block_of = blocks.of(timestamp)
    fraction = np.full(len(table), np.nan)
    for block in held_out:
        inside = block_of == block
        if not inside.any():
            continue
        others = table[blocks.is_apart(timestamp, block)]
        model = fit_model(kind, others, parameters, step=step, threads=threads)
        fraction[inside] = model.predict(table[inside])
    return fraction
