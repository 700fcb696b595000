"""One way to fit any kind of model, and its predictions out of fold."""

import importlib
from collections.abc import Callable
from typing import Any
from zlib import crc32

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ml_app_wind_draft.models.bundle import KINDS, Model
from ml_app_wind_draft.models.calibration import Band, fit_band
from ml_app_wind_draft.models.corrected import matrix
from ml_app_wind_draft.models.neighbours import OTHERS
from ml_app_wind_draft.models.power_curve import CORRECTED_WIND, PowerCurve, fit_power_curve
from ml_app_wind_draft.pipelines.feature_eng.nodes import LEARNED
from ml_app_wind_draft.pipelines.training.split import Blocks

HIDDEN_PERCENT = 10  # of the rows that a model is fitted on
_MIX = np.uint64(0x9E3779B97F4A7C15)  # 2^64 over the golden ratio: spreads neighbouring numbers


def fraction_of(table: pd.DataFrame) -> NDArray[np.float64]:
    """Measured power over rated, [n]."""
    return (table["power"] / table["rated_power"]).to_numpy(np.float64)


def band_of(predicted: NDArray[np.float64], rows: pd.DataFrame, turbines: list[str]) -> Band:
    """The band of predictions, over rated [n], of `rows` that the fit behind them did not see."""
    return fit_band(predicted, fraction_of(rows) - predicted, rows, turbines)


def fit_curve(table: pd.DataFrame, step: int) -> PowerCurve:
    """The curve that a learned model corrects: over the wind as the corrected sensor says it."""
    return fit_power_curve(table, fraction_of(table), step, CORRECTED_WIND)


def without_some_neighbours(table: pd.DataFrame) -> pd.DataFrame:
    """`table` as if in some rows the other turbines had not arrived, so that models learn to do it.

    A row's turbine and time alone decide whether it is one of them.
    """
    codes, names = pd.factorize(table["turbine_id"])
    turbine = np.array([crc32(str(each).encode()) for each in names], np.uint64)[codes]
    mixed = (turbine ^ table["timestamp"].to_numpy(np.uint64)) * _MIX >> np.uint64(32)
    hidden = mixed % np.uint64(100) < HIDDEN_PERCENT
    return table.assign(**{OTHERS: table[OTHERS].mask(hidden)})


def fit_model(
    kind: str, table: pd.DataFrame, parameters: dict[str, Any], *, step: int, threads: int
) -> Model:
    """Fit `kind` on all rows of `table` with exactly `parameters`; `power_curve` has none."""
    if kind == PowerCurve.kind:
        return fit_power_curve(table, fraction_of(table), step)
    table = without_some_neighbours(table)
    curve = fit_curve(table, step)
    features = list(LEARNED)
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
    folds: list[list[int]],
    *,
    step: int,
    threads: int,
) -> NDArray[np.float64]:
    """Each fold's blocks predicted by a fit on the rows well apart from them, [n]; else NaN."""
    timestamp = table["timestamp"].to_numpy(np.int64)
    block_of = blocks.of(timestamp)
    fraction = np.full(len(table), np.nan)
    for fold in folds:
        inside = np.isin(block_of, fold)
        if not inside.any():
            continue
        apart = np.all([blocks.is_apart(timestamp, block) for block in fold], axis=0)
        model = fit_model(kind, table[apart], parameters, step=step, threads=threads)
        fraction[inside] = model.predict(table[inside])
    return fraction
