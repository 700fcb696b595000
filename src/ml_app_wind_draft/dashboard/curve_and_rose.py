"""A turbine's power curve and wind rose from the rows of a view. Pure."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.core.states import HELD_BACK, ICED
from ml_app_wind_draft.dashboard.words import HOUR
from ml_app_wind_draft.models.density import air_density, normalised_wind_speed
from ml_app_wind_draft.models.power_curve import BIN_WIDTH, SECONDS_PER_BIN

MOST_POINTS = 700
SECTORS = 16
SPEEDS = (5.0, 8.0, 12.0)  # m/s; a class of its own below, between and above


def power_curve(rows: pd.DataFrame, turbine_id: str, site: Site, *, points: bool) -> dict[str, Any]:
    """Bins after IEC 61400-12-1 on nacelle wind speed, over rows that are not held back.

    `bins`: [m/s, kW, whole: 3 h or more]; `model`: [m/s, kW], mean expectation of each whole bin;
    `maker`: as in the site file; `factor`: from nacelle wind speed to that at 1.225 kg/m³, in the
    mean; with `points` also some of the rows: [m/s, kW, s].
    """
    turbine = site.turbines[turbine_id]
    rows = rows[rows[["power", "wind_speed"]].notna().all(axis=1)]
    wind = rows["wind_speed"].to_numpy(np.float64)
    density = air_density(rows.assign(turbine_id=turbine_id), site)
    normalised = normalised_wind_speed(wind, density)
    normal = ~rows["state"].isin([*HELD_BACK, ICED]).to_numpy()
    curve = {
        **_binned(rows[normal], normalised[normal], site.step),
        "maker": [list(each) for each in turbine.power_curve],
        "factor": round(float(normalised.sum() / wind.sum()), 4) if wind.sum() > 0 else 1.0,
    }
    return {**curve, "points": _some(rows, normalised)} if points else curve


def _binned(rows: pd.DataFrame, wind: NDArray[np.float64], step: int) -> dict[str, Any]:
    place = np.floor(np.maximum(wind, 0.0) / BIN_WIDTH + 0.5).astype(np.int64)
    power = rows["power"].to_numpy(np.float64)
    expected = rows["expected_power"].to_numpy(np.float64)
    whole = -(-SECONDS_PER_BIN // step)
    bins, model = [], []
    for each in np.unique(place):
        here = place == each
        speed = round(float(wind[here].mean()), 2)
        is_whole = int(here.sum() >= whole)
        bins.append([speed, round(float(power[here].mean())), is_whole])
        known = here & np.isfinite(expected)
        if is_whole and known.sum() >= whole:
            speed = round(float(wind[known].mean()), 2)
            model.append([speed, round(float(expected[known].mean()))])
    return {"bins": bins, "model": model}


def _some(rows: pd.DataFrame, wind: NDArray[np.float64]) -> list[list[float]]:
    """Every so many rows, evenly over time."""
    chosen = slice(None, None, max(1, -(-len(rows) // MOST_POINTS)))
    power = rows["power"].to_numpy(np.float64)[chosen]
    stamps = rows["timestamp"].to_numpy(np.int64)[chosen]
    return [
        [round(float(v), 1), round(float(p)), int(t)]
        for v, p, t in zip(wind[chosen], power, stamps, strict=True)
    ]


def wind_rose(rows: pd.DataFrame) -> dict[str, Any]:
    """How often the wind blew from each of 16 sectors, by class of speed, % of the rows.

    `share` [sectors][classes], the first sector centred on north; `from`: which direction it is,
    `rows`: how many were counted. Wind direction where there is one, else the nacelle's.
    """
    source = "wind" if rows["wind_direction"].notna().any() else "nacelle"
    direction = rows[f"{source}_direction"].to_numpy(np.float64)
    speed = rows["wind_speed"].to_numpy(np.float64)
    known = np.isfinite(direction) & np.isfinite(speed)
    sector = np.floor(direction[known] / (360 / SECTORS) + 0.5).astype(np.int64) % SECTORS
    kind = np.searchsorted(SPEEDS, speed[known], side="right")
    classes = len(SPEEDS) + 1
    count = np.bincount(sector * classes + kind, minlength=SECTORS * classes)
    share = 100 * count.reshape(SECTORS, classes) / max(1, known.sum())
    return {"share": share.round(1).tolist(), "from": source, "rows": int(known.sum())}


def up_to(rows: pd.DataFrame, start: int, now: int, bucket: int) -> pd.DataFrame:
    """The whole hours of the view's rows: not every refresh changes what they say."""
    whole = max(HOUR, bucket)
    first, end = -(-start // whole) * whole, now // whole * whole
    return rows[(rows["timestamp"] >= first) & (rows["timestamp"] < end)]
