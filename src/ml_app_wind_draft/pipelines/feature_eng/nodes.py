"""Features of a row: its own measurements, and its turbine's wind in the steps before it.

Nothing here is an effect of power (rotor and generator speed, pitch, earlier power), and nothing
looks past the row's own time stamp. Left out after measurement at La Haute Borne (training to
October 2014, MAE on 2015 in kW): the sign of the yaw error, because vanes get re-aligned (32.9
becomes 38.4), the season, because one year cannot teach it (30.4 becomes 30.7), and the neighbours'
wind speed, which gains 1 % and would tie every row to the arrival of the others.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.models.density import air_density, normalised_wind_speed
from ml_app_wind_draft.models.turbines import per_turbine

FEATURES: tuple[str, ...] = (
    "wind_speed",
    "wind_speed_normalised",
    "wind_speed_lag_1",
    "wind_speed_mean",
    "wind_speed_std",
    "ambient_temperature",
    "wind_direction_sin",
    "wind_direction_cos",
    "yaw_misalignment",
    "hour_sin",
    "hour_cos",
)
CARRIED: tuple[str, ...] = ("turbine_id", "timestamp", "rated_power")
LAGS = 5
_SHORTEST_LAG = 600
_DAY = 86_400.0


def lag_seconds(site: Site) -> int:
    """The time between two lags: ten minutes, or the sampling interval where that is longer."""
    return max(_SHORTEST_LAG, site.step)


def history_seconds(site: Site) -> int:
    """How far back the features of a row look."""
    return LAGS * lag_seconds(site)


def build_features(rows: pd.DataFrame, site: Site) -> pd.DataFrame:
    """Features of every row, in the order and with the index of `rows`.

    `rows` has the raw columns; of two revisions of one key the newer serves as the others' history,
    and each row keeps its own values. Columns: `CARRIED` and `FEATURES`, NaN where not known.
    """
    wind = rows["wind_speed"].to_numpy(np.float64)
    history = _history(rows, wind, lag_seconds(site))
    trailing = np.vstack([wind, history])
    direction = np.deg2rad(rows["wind_direction"].to_numpy(np.float64))
    seconds = rows["timestamp"].to_numpy(np.int64)
    hour = 2 * np.pi * seconds / _DAY
    columns = {
        "turbine_id": rows["turbine_id"],
        "timestamp": seconds,
        "rated_power": per_turbine(rows["turbine_id"], site, lambda each: each.rated_power),
        "wind_speed": wind,
        "wind_speed_normalised": normalised_wind_speed(wind, air_density(rows, site)),
        "wind_speed_lag_1": history[0],
        **_mean_and_std(trailing),
        "ambient_temperature": rows["ambient_temperature"].to_numpy(np.float64),
        "wind_direction_sin": np.sin(direction),
        "wind_direction_cos": np.cos(direction),
        "yaw_misalignment": np.abs(rows["wind_direction_relative"].to_numpy(np.float64)),
        "hour_sin": np.sin(hour),
        "hour_cos": np.cos(hour),
    }
    return pd.DataFrame(columns, index=rows.index)


def missing_input(features: pd.DataFrame) -> pd.Series:
    """Why a row cannot be predicted, "" where it can. Every model needs the wind speed."""
    missing = features["wind_speed"].isna()
    return pd.Series(np.where(missing, "wind_speed is missing", ""), index=features.index)


def _history(rows: pd.DataFrame, wind: NDArray[np.float64], lag: int) -> NDArray[np.float64]:
    """Wind speed 1 to `LAGS` lags before each row, [LAGS, n], looked up by turbine and time."""
    if not len(rows):
        return np.empty((LAGS, 0))
    key = _keys(rows, lag)
    order = _key_order(rows, key)
    key_sorted, wind_sorted = key[order], wind[order]
    wanted = key_sorted - lag * np.arange(1, LAGS + 1)[:, None]
    place = np.searchsorted(key_sorted, wanted, side="right") - 1
    found = (place >= 0) & (key_sorted[place] == wanted)
    history = np.empty((LAGS, len(rows)))
    history[:, order] = np.where(found, wind_sorted[place], np.nan)
    return history


def _keys(rows: pd.DataFrame, lag: int) -> NDArray[np.int64]:
    """One integer for each turbine and time; turbines lie further apart than any lag reaches."""
    turbine = pd.factorize(rows["turbine_id"])[0].astype(np.int64)
    seconds = rows["timestamp"].to_numpy(np.int64)
    first = seconds.min()
    span = int(seconds.max() - first) + (LAGS + 1) * lag
    return turbine * span + (seconds - first)


def _key_order(rows: pd.DataFrame, key: NDArray[np.int64]) -> NDArray[np.int64]:
    """The rows' order by key and, within a key, by revision."""
    if "revision" in rows:
        return np.lexsort((rows["revision"].to_numpy(np.int64), key))
    return np.argsort(key, kind="stable")


def _mean_and_std(trailing: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """Mean and standard deviation over what is known of [LAGS + 1, n]."""
    known = np.isfinite(trailing)
    count = known.sum(axis=0)
    with np.errstate(invalid="ignore"):
        mean = np.where(known, trailing, 0.0).sum(axis=0) / count
        spread = np.where(known, trailing - mean, 0.0)
        std = np.sqrt((spread**2).sum(axis=0) / count)
    return {"wind_speed_mean": mean, "wind_speed_std": std}
