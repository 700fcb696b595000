"""Features of a row: its own measurements, its turbine's wind before it, the others' wind at it.

Nothing here is an effect of power (rotor and generator speed, pitch, any turbine's power), and
nothing looks past the row's own time stamp. The sign of the yaw error is worth much, but only
together with the state of the sensors (`models.wind_sensor`): without it a re-aligned vane misleads
the model. docs/model.md lists what was tried and left out, with figures.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.models import wind_sensor
from ml_app_wind_draft.models.density import air_density, normalised_wind_speed
from ml_app_wind_draft.models.neighbours import (
    OTHERS,
    look_up,
    median_of,
    newest_last,
    places_of_others,
)
from ml_app_wind_draft.models.power_curve import CORRECTED_WIND, WIND
from ml_app_wind_draft.models.sun import sine_of_elevation
from ml_app_wind_draft.models.turbines import per_turbine

# What the learned models read. The wind as measured is for the IEC curve: a learned model gets it
# corrected for the sensor's answer to the direction of the flow.
LEARNED: tuple[str, ...] = (
    CORRECTED_WIND,
    "wind_speed_lag_1",
    "wind_speed_mean",
    "wind_speed_std",
    OTHERS,
    "ambient_temperature",
    "wind_direction_sin",
    "wind_direction_cos",
    "wind_direction_spread",
    "yaw_error",
    "yaw_misalignment",
    *wind_sensor.COLUMNS,
    "hour_sin",
    "hour_cos",
    "sun_elevation_sin",
)
FEATURES: tuple[str, ...] = ("wind_speed", WIND, *LEARNED)
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

    `rows` has the raw columns; of two revisions of one key the newer serves as history and for the
    other turbines, and each row keeps its own values. The state of the wind sensors is taken from
    `wind_sensor.COLUMNS` where `rows` has them, and measured on `rows` where not. Columns:
    `CARRIED` and `FEATURES`, NaN where not known.
    """
    if wind_sensor.COLUMNS[0] not in rows:
        rows = wind_sensor.with_responses(rows, site, wind_sensor.day_sums(rows, site))
    wind = rows["wind_speed"].to_numpy(np.float64)
    normalised = normalised_wind_speed(wind, air_density(rows, site))
    direction = np.deg2rad(rows["wind_direction"].to_numpy(np.float64))
    sine, cosine = np.sin(direction), np.cos(direction)
    places = _history_places(rows, lag_seconds(site))
    history = _at(wind, places)
    yaw = rows["wind_direction_relative"].to_numpy(np.float64)
    seconds = rows["timestamp"].to_numpy(np.int64)
    hour = 2 * np.pi * seconds / _DAY
    columns = {
        "turbine_id": rows["turbine_id"],
        "timestamp": seconds,
        "rated_power": per_turbine(rows["turbine_id"], site, lambda each: each.rated_power),
        "wind_speed": wind,
        WIND: normalised,
        CORRECTED_WIND: wind_sensor.corrected(
            normalised, yaw, rows[wind_sensor.COLUMNS[0]].to_numpy(np.float64)
        ),
        "wind_speed_lag_1": history[0],
        **_mean_and_std(np.vstack([wind, history])),
        OTHERS: median_of(normalised, places_of_others(rows, site)),
        "ambient_temperature": rows["ambient_temperature"].to_numpy(np.float64),
        "wind_direction_sin": sine,
        "wind_direction_cos": cosine,
        "wind_direction_spread": _spread(
            np.vstack([sine, _at(sine, places)]), np.vstack([cosine, _at(cosine, places)])
        ),
        "yaw_error": yaw,
        "yaw_misalignment": np.abs(yaw),
        **{name: rows[name].to_numpy(np.float64) for name in wind_sensor.COLUMNS},
        "hour_sin": np.sin(hour),
        "hour_cos": np.cos(hour),
        "sun_elevation_sin": sine_of_elevation(rows, site, site.step),
    }
    return pd.DataFrame(columns, index=rows.index)


def missing_input(features: pd.DataFrame) -> pd.Series:
    """Why a row cannot be predicted, "" where it can. Every model needs the wind speed."""
    missing = features["wind_speed"].isna()
    return pd.Series(np.where(missing, "wind_speed is missing", ""), index=features.index)


def _history_places(rows: pd.DataFrame, lag: int) -> NDArray[np.int64]:
    """Where the rows 1 to `LAGS` lags before each row stand, [LAGS, n]; -1 where there is none."""
    if not len(rows):
        return np.empty((LAGS, 0), dtype=np.int64)
    key = _keys(rows, lag)
    order = newest_last(rows, key)
    place = look_up(key[order], key - lag * np.arange(1, LAGS + 1)[:, None])
    return np.where(place >= 0, order[place], -1)


def _at(values: NDArray[np.float64], places: NDArray[np.int64]) -> NDArray[np.float64]:
    """`values` at `places`, NaN where there is no such row."""
    return np.where(places >= 0, values[places], np.nan)


def _keys(rows: pd.DataFrame, lag: int) -> NDArray[np.int64]:
    """One integer for each turbine and time; turbines lie further apart than any lag reaches."""
    turbine = pd.factorize(rows["turbine_id"])[0].astype(np.int64)
    seconds = rows["timestamp"].to_numpy(np.int64)
    first = seconds.min()
    span = int(seconds.max() - first) + (LAGS + 1) * lag
    return turbine * span + (seconds - first)


def _mean_and_std(trailing: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """Mean and standard deviation over what is known of [LAGS + 1, n]."""
    known = np.isfinite(trailing)
    count = known.sum(axis=0)
    with np.errstate(invalid="ignore"):
        mean = np.where(known, trailing, 0.0).sum(axis=0) / count
        spread = np.where(known, trailing - mean, 0.0)
        std = np.sqrt((spread**2).sum(axis=0) / count)
    return {"wind_speed_mean": mean, "wind_speed_std": std}


def _spread(sine: NDArray[np.float64], cosine: NDArray[np.float64]) -> NDArray[np.float64]:
    """Root of the circular variance over what is known of [LAGS + 1, n]: 0 steady, 1 all around."""
    known = np.isfinite(sine)
    count = known.sum(axis=0)
    with np.errstate(invalid="ignore"):
        east = np.where(known, sine, 0.0).sum(axis=0) / count
        north = np.where(known, cosine, 0.0).sum(axis=0) / count
    return np.sqrt(np.maximum(1 - np.hypot(east, north), 0.0))
