"""The other turbines of a site at the same instant, as a reference for one turbine's wind.

Only what the others' sensors say of the wind is used, never their power: that would make the error
smaller, and hide a good part of every loss that all turbines share (docs/model.md). The median over
several makes one faulty sensor harmless.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ml_app_wind_draft.core.site import Site, Turbine
from ml_app_wind_draft.models.turbines import codes_in

OTHERS = "others_wind_speed"  # the feature: their median, m/s at 1.225 kg/m³
REFERENCES = 6  # the nearest others that a turbine is compared with


def references(site: Site) -> dict[str, list[str]]:
    """Each turbine's nearest `REFERENCES` others; without positions in the site's order."""
    chosen = {}
    for turbine_id, turbine in site.turbines.items():
        others = [each for each in site.turbines if each != turbine_id]
        distance = [_distance(turbine, site.turbines[each]) for each in others]
        nearest = np.argsort(np.round(distance, 6), kind="stable")[:REFERENCES]
        chosen[turbine_id] = [others[place] for place in nearest]
    return chosen


def places_of_others(rows: pd.DataFrame, site: Site) -> NDArray[np.int64]:
    """Where in `rows` each row's references stand at its own instant, int64 [references, n].

    -1 where there is no such row; the newest of several revisions is taken.
    """
    turbines = site.turbine_ids
    nearest = references(site)
    most = max(len(each) for each in nearest.values())
    table = np.full((len(turbines) + 1, most), -1, dtype=np.int64)  # the last: unknown turbines
    for code, turbine_id in enumerate(turbines):
        own = nearest[turbine_id]
        table[code, : len(own)] = codes_in(pd.Series(own, dtype=object), turbines)
    if not len(rows):
        return np.empty((most, 0), dtype=np.int64)
    code = codes_in(rows["turbine_id"], turbines)
    seconds = rows["timestamp"].to_numpy(np.int64)
    seconds = seconds - seconds.min()
    span = int(seconds.max()) + 1
    key = code * span + seconds
    order = newest_last(rows, key)
    wanted_turbine = table[code].T
    place = look_up(key[order], wanted_turbine * span + seconds)
    return np.where((wanted_turbine >= 0) & (place >= 0), order[place], -1)


def newest_last(rows: pd.DataFrame, key: NDArray[np.int64]) -> NDArray[np.int64]:
    """The rows' order by key and, within a key, by revision."""
    if "revision" in rows:
        return np.lexsort((rows["revision"].to_numpy(np.int64), key))
    return np.argsort(key, kind="stable")


def look_up(ordered: NDArray[np.int64], wanted: NDArray[np.int64]) -> NDArray[np.int64]:
    """The last place of each of `wanted` in `ordered`, -1 where it is not there."""
    place = np.searchsorted(ordered, wanted, side="right") - 1
    return np.where((place >= 0) & (ordered[place] == wanted), place, -1)


def median_of(values: NDArray[np.float64], places: NDArray[np.int64]) -> NDArray[np.float64]:
    """The median over the references that have a value, float64 [n]; NaN where none has."""
    if not places.size:
        return np.full(places.shape[1], np.nan)
    ordered = np.sort(np.where(places >= 0, values[places], np.nan), axis=0)  # NaN comes last
    count = np.isfinite(ordered).sum(axis=0)
    column = np.arange(ordered.shape[1])
    lower, upper = (
        ordered[np.maximum(count - 1, 0) // 2, column],
        ordered[count // 2 % len(ordered), column],
    )
    return np.where(count > 0, (lower + upper) / 2, np.nan)


def _distance(one: Turbine, other: Turbine) -> float:
    """In degrees of latitude, good enough to sort by; 0 where a position is missing."""
    positions: Sequence[float | None] = (
        one.latitude,
        one.longitude,
        other.latitude,
        other.longitude,
    )
    if any(each is None for each in positions):
        return 0.0
    north, east, other_north, other_east = (float(each) for each in positions if each is not None)
    return float(np.hypot(north - other_north, (east - other_east) * np.cos(np.deg2rad(north))))
