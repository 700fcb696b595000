"""The nodes of `inference`. `fetch_work` alone touches the database; the others are pure."""

import logging
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ml_app_wind_draft.core.signals import SIGNAL_INDEX
from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.core.states import UNAVAILABLE
from ml_app_wind_draft.models.bundle import PREDICTION_COLUMNS
from ml_app_wind_draft.models.calibration import HIGHEST, LOWEST
from ml_app_wind_draft.models.operating_state import states_of
from ml_app_wind_draft.pipelines.feature_eng.nodes import build_features, missing_input
from ml_app_wind_draft.pipelines.inference.work import SensorDays, read_work
from ml_app_wind_draft.registry.records import LoadedModel
from ml_app_wind_draft.storage.data_manager import DataManager

log = logging.getLogger(__name__)

ROUNDING = 1e-6  # of rated power


def fetch_work(
    manager: DataManager, champion: LoadedModel, site: Site, parameters: dict[str, Any]
) -> pd.DataFrame:
    """The rows that wait for an outcome and the other rows that their features look at.

    Brings the schema up to date first. `parameters`: `rows_at_most`, the most rows to score at
    once. Raw columns, the state of the wind sensors and `waiting` (bool): false marks context.
    """
    manager.init_predictions_db_table()
    version, limit = champion.version, int(parameters["rows_at_most"])
    rows = read_work(manager, site, version.training_end, limit, SensorDays(manager, site))
    found = int(rows["waiting"].sum())
    if not found:
        log.info("Nothing to score: every row has its outcome.")
    else:
        log.info("Scoring %d rows with version %d (%s).", found, version.version, version.kind)
    return rows


def select_features(rows: pd.DataFrame, site: Site) -> pd.DataFrame:
    """Features of the waiting rows whose turbine is the site's; index and order of `rows`."""
    ours = rows[rows["turbine_id"].isin(site.turbine_ids)]
    return build_features(ours, site)[ours["waiting"].to_numpy(bool)]


def predict(features: pd.DataFrame, champion: LoadedModel) -> pd.DataFrame:
    """Expected power and P10-P90 band in kW, rows as in `features`."""
    return champion.bundle.predict(features)


def conclude(
    rows: pd.DataFrame,
    features: pd.DataFrame,
    estimates: pd.DataFrame,
    champion: LoadedModel,
    site: Site,
) -> pd.DataFrame:
    """One outcome for each waiting row: `predicted`, or `no_input` with the reason.

    An estimate that is not finite, not within its band or beyond what the turbine can do is not
    stored: such a row is `no_input`, too. Columns as `DataManager.save_outcomes` wants them.
    """
    waiting = rows[rows["waiting"].to_numpy(bool)]
    ours = waiting.index.isin(features.index)
    reason = np.full(len(waiting), "the turbine is not in the site file", dtype=object)
    reason[ours] = _reasons(waiting[ours], features, estimates)
    predicted = reason == ""
    values = np.full((len(waiting), len(PREDICTION_COLUMNS)), np.nan)
    values[ours] = estimates[list(PREDICTION_COLUMNS)].to_numpy(np.float64)
    values[~predicted] = np.nan
    reason[predicted] = None
    return pd.DataFrame(
        {
            "turbine_id": waiting["turbine_id"],
            "timestamp": waiting["timestamp"],
            "revision": waiting["revision"],
            "model_version": champion.version.version,
            "status": np.where(predicted, "predicted", "no_input"),
            "reason": reason,
            **dict(zip(PREDICTION_COLUMNS, values.T, strict=True)),
            "state": _states(waiting, site),
            "in_sample": waiting["timestamp"] <= champion.version.training_end,
        }
    )


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows as `fetch_work` gives them and their features, for all models that score them."""

    rows: pd.DataFrame
    features: pd.DataFrame

    @classmethod
    def of(cls, rows: pd.DataFrame, site: Site) -> "Batch":
        """`rows` with their features."""
        return cls(rows, select_features(rows, site))


def score(batch: Batch, model: LoadedModel, site: Site) -> pd.DataFrame:
    """The pure nodes in a row, for a loop that does not pay for Kedro at each turn."""
    return conclude(batch.rows, batch.features, predict(batch.features, model), model, site)


def _reasons(
    waiting: pd.DataFrame, features: pd.DataFrame, estimates: pd.DataFrame
) -> NDArray[np.object_]:
    """Why each row cannot have a prediction, "" where it can."""
    missing = missing_input(features).to_numpy(object)
    implausible = (waiting["flags"].to_numpy(np.int64) >> SIGNAL_INDEX["wind_speed"]) & 1
    missing[(missing != "") & (implausible == 1)] = "wind_speed was implausible"
    usable = _is_usable(estimates, features["rated_power"].to_numpy(np.float64))
    return np.where((missing == "") & ~usable, "the model's estimate cannot be used", missing)


def _is_usable(estimates: pd.DataFrame, rated: NDArray[np.float64]) -> NDArray[np.bool_]:
    expected, low, high = (
        estimates[name].to_numpy(np.float64) / rated for name in PREDICTION_COLUMNS
    )
    ordered = (low <= expected + ROUNDING) & (expected <= high + ROUNDING)  # false for NaN
    return ordered & (low >= LOWEST - ROUNDING) & (high <= HIGHEST + ROUNDING)


def _states(waiting: pd.DataFrame, site: Site) -> NDArray[np.object_]:
    """What the row's own signals say of the turbine: see `models.operating_state`."""
    states = np.full(len(waiting), UNAVAILABLE, dtype=object)
    ours = waiting["turbine_id"].isin(site.turbine_ids).to_numpy()
    states[ours] = states_of(waiting[ours], site)
    return states
