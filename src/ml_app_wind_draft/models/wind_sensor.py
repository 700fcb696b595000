"""How a turbine's wind sensor answers to the direction of the flow, and when that changed.

A nacelle anemometer stands behind the rotor: when the wind comes from one side of the nacelle it
reads differently than from the other. Re-aligning vane or anemometer, or another one, changes that
answer, and with it all that a model has learned of this turbine. At La Haute Borne it changed sign
at all four turbines in November 2014, and the error of models fitted before doubled.

The answer is measured without any power, by regression over the 30 days before a day:

    ln(v / v_others) = level + own response x yaw + other response x yaw_others

v and yaw: the turbine's wind speed and relative wind direction, the others': their median. A ridge
of 50 rows holds the responses near 0 where yaw hardly varied. A day's rows enter as sums, so that
a state is cheap to keep; a row sees whole days before its own only.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.models.neighbours import median_of, places_of_others
from ml_app_wind_draft.models.turbines import codes_in

DAY = 86_400
WINDOW_DAYS = 30
COLUMNS = ("yaw_response", "yaw_response_of_site")

_LEAST_ROWS = 300
_LEAST_WIND = 4.0  # m/s; below, the ratio of two sensors is mostly noise
_WIDEST_YAW = 20.0  # deg
_FARTHEST = 0.4  # of ln(v / v_others): beyond, one of the two does not measure the wind
_SCALE = 10.0  # deg
_RIDGE = np.diag([0.0, 50.0, 50.0])

Sums = NDArray[np.float64]


def day_sums(rows: pd.DataFrame, site: Site) -> dict[int, Sums]:
    """What the regression needs of each UTC day, number of the day -> float64 [turbines, 4, 4].

    Turbines in the site's order. `rows`: raw columns of whole days; `revision` is optional.
    """
    if rows.empty:
        return {}
    wind = rows["wind_speed"].to_numpy(np.float64)
    wind = np.where(wind > _LEAST_WIND, wind, np.nan)
    yaw = rows["wind_direction_relative"].to_numpy(np.float64)
    yaw = np.where(np.abs(yaw) < _WIDEST_YAW, yaw, np.nan) / _SCALE
    places = places_of_others(rows, site)
    ratio = np.log(wind / median_of(wind, places))
    others = median_of(yaw, places)
    code = codes_in(rows["turbine_id"], site.turbine_ids)
    known = (code >= 0) & np.isfinite(yaw) & np.isfinite(others) & (np.abs(ratio) < _FARTHEST)
    terms = np.stack([np.ones(int(known.sum())), yaw[known], others[known], ratio[known]])
    day = rows["timestamp"].to_numpy(np.int64) // DAY
    first, last = int(day.min()), int(day.max())
    turbines, days = len(site.turbine_ids), last - first + 1
    group = (day[known] - first) * turbines + code[known]
    sums = np.empty((days * turbines, 4, 4))
    for one in range(4):
        for other in range(one, 4):
            total = np.bincount(group, terms[one] * terms[other], minlength=days * turbines)
            sums[:, one, other] = sums[:, other, one] = total
    by_day = sums.reshape(days, turbines, 4, 4)
    return {int(each): by_day[each - first] for each in np.unique(day)}


def responses(sums: Mapping[int, Sums], days: Iterable[int]) -> dict[int, NDArray[np.float64]]:
    """Each turbine's response on each of `days`, ln(v) in thousandths per degree, [turbines].

    From the `WINDOW_DAYS` before the day; NaN with too few rows in them.
    """
    found = {}
    for day in days:
        window = [sums[each] for each in range(day - WINDOW_DAYS, day) if each in sums]
        if window:
            found[day] = _solve(np.sum(window, axis=0))
    return found


def with_responses(rows: pd.DataFrame, site: Site, sums: Mapping[int, Sums]) -> pd.DataFrame:
    """`rows` with `COLUMNS`: their turbine's response and the mean over the site's turbines."""
    day = rows["timestamp"].to_numpy(np.int64) // DAY
    days, place = np.unique(day, return_inverse=True)
    turbines = len(site.turbine_ids)
    table = np.full((len(days), turbines + 2), np.nan)  # the turbines, a stranger, the site
    measured = responses(sums, days.tolist())
    for row, each in zip(table, days.tolist(), strict=True):
        own = measured.get(each)
        if own is not None and np.isfinite(own).any():
            row[:turbines], row[-1] = own, np.nanmean(own)
    code = codes_in(rows["turbine_id"], site.turbine_ids)
    code = np.where(code < 0, turbines, code)
    return rows.assign(**{COLUMNS[0]: table[place, code], COLUMNS[1]: table[place, -1]})


def corrected(
    wind_speed: NDArray[np.float64], yaw: NDArray[np.float64], response: NDArray[np.float64]
) -> NDArray[np.float64]:
    """`wind_speed` [n] as the sensor would have read it in a flow from straight ahead.

    `yaw`: relative wind direction, deg; `response` as from `responses`. Without either nothing is
    corrected; beyond the directions that the response was measured on it is held.
    """
    within = np.clip(yaw, -_WIDEST_YAW, _WIDEST_YAW)
    return wind_speed * np.exp(-np.nan_to_num(response * within / 1000))


@dataclass(frozen=True, slots=True)
class Step:
    """A change of a sensor's response: by `day` (number, UTC) it was noticed, and by how much."""

    turbine_id: str
    day: int
    before: float
    after: float


def steps(sums: Mapping[int, Sums], site: Site) -> list[Step]:
    """Where a turbine's response moved by more than `LEAST_STEP` against the window before.

    Compares the window that ends on a day with the one that ended `WINDOW_DAYS` before it; of days
    that lie less than a window apart the one with the largest change is named.
    """
    days = sorted(sums)
    at = responses(sums, days)
    found: list[Step] = []
    for code, turbine_id in enumerate(site.turbine_ids):
        runs: list[list[Step]] = []
        for step in filter(None, (_step(at, day, code, turbine_id) for day in days)):
            if runs and step.day - runs[-1][-1].day < WINDOW_DAYS:
                runs[-1].append(step)
            else:
                runs.append([step])
        found += [max(run, key=lambda each: abs(each.after - each.before)) for run in runs]
    return sorted(found, key=lambda each: (each.day, each.turbine_id))


LEAST_STEP = 2.0  # thousandths per degree; four times the scatter of a month's estimate


def _step(
    at: Mapping[int, NDArray[np.float64]], day: int, code: int, turbine_id: str
) -> Step | None:
    now, before = at.get(day), at.get(day - WINDOW_DAYS)
    if now is None or before is None or not abs(now[code] - before[code]) > LEAST_STEP:
        return None
    return Step(turbine_id, day, float(before[code]), float(now[code]))


def _solve(sums: Sums) -> NDArray[np.float64]:
    enough = sums[:, 0, 0] >= _LEAST_ROWS
    result = np.full(len(sums), np.nan)
    if enough.any():
        normal, right = sums[enough, :3, :3] + _RIDGE, sums[enough, :3, 3:]
        result[enough] = np.linalg.solve(normal, right)[:, 1, 0] * 1000 / _SCALE
    return result
