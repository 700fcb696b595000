"""What waits for an outcome, read together with all that its features look at."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.models import wind_sensor
from ml_app_wind_draft.models.neighbours import places_of_others, references
from ml_app_wind_draft.models.turbines import codes_in
from ml_app_wind_draft.pipelines.feature_eng.nodes import LAGS, lag_seconds
from ml_app_wind_draft.storage.data_manager import DataManager

MOST_STRETCHES = 64
MOST_DAYS = 400  # kept beyond those needed just now
DAYS_AT_ONCE = 35


class SensorDays:
    """The sums of whole days that tell the state of the wind sensors, each day read once.

    A day is forgotten as soon as one of its rows waits for an outcome, new or corrected, and read
    again when a later row needs it: who keeps an instance scores as one who begins anew.
    """

    def __init__(self, manager: DataManager, site: Site) -> None:
        self._manager = manager
        self._site = site
        self._sums: dict[int, wind_sensor.Sums | None] = {}

    def refreshed(self, waiting: pd.DataFrame) -> pd.DataFrame:
        """As `of`, with the days of `waiting` forgotten before, unless it holds them whole."""
        day = waiting["timestamp"].to_numpy(np.int64) // wind_sensor.DAY
        days, count = np.unique(day, return_counts=True)
        whole = len(self._site.turbines) * wind_sensor.DAY // self._site.step
        for each in days.tolist():
            self._sums.pop(each, None)
        if (count == whole).any() and (waiting["revision"] == 1).all():
            rows = waiting[np.isin(day, days[count == whole])]
            self._sums.update(wind_sensor.day_sums(rows, self._site))
        return self.of(waiting)

    def of(self, rows: pd.DataFrame) -> pd.DataFrame:
        """`rows` with the state of their turbines' sensors on the day of each row."""
        days = np.unique(rows["timestamp"].to_numpy(np.int64) // wind_sensor.DAY).tolist()
        needed = {day - back for day in days for back in range(1, wind_sensor.WINDOW_DAYS + 1)}
        for first, last in _runs(sorted(needed - self._sums.keys())):
            self._read(first, last)
        if len(self._sums) > len(needed) + MOST_DAYS:
            self._sums = {day: sums for day, sums in self._sums.items() if day in needed}
        known = {day: sums for day, sums in self._sums.items() if sums is not None}
        return wind_sensor.with_responses(rows, self._site, known)

    def learn(self, rows: pd.DataFrame, start: int, end: int) -> None:
        """Take in `rows`, which hold all of the site's rows of the days in [start, end), s."""
        inside = rows[(rows["timestamp"] >= start) & (rows["timestamp"] < end)]
        found = wind_sensor.day_sums(inside, self._site)
        for day in range(start // wind_sensor.DAY, end // wind_sensor.DAY):
            self._sums[day] = found.get(day)

    def _read(self, first: int, last: int) -> None:
        """The days from `first` to `last`, a few at a time."""
        for begin in range(first, last + 1, DAYS_AT_ONCE):
            end = min(begin + DAYS_AT_ONCE, last + 1)
            span = (begin * wind_sensor.DAY, end * wind_sensor.DAY)
            self.learn(self._manager.raw_range(*span, self._site.turbine_ids), *span)


def read_work(
    manager: DataManager, site: Site, training_end: int, limit: int, sensors: SensorDays
) -> pd.DataFrame:
    """The oldest `limit` waiting row revisions and what their features look at.

    Raw columns, the state of the wind sensors and `waiting` (bool): false marks context. Rows up to
    `training_end` (s UTC) are the champion's training data; they are struck off and not returned.
    """
    waiting = manager.open_work(limit)
    if (waiting["timestamp"] <= training_end).any():
        manager.drop_work_up_to(training_end)
        waiting = manager.open_work(limit)
    return with_context(manager, site, sensors.refreshed(waiting))


def with_context(manager: DataManager, site: Site, waiting: pd.DataFrame) -> pd.DataFrame:
    """`waiting` after the stored rows that its features look at; index 0 to n - 1."""
    nearest = references(site)
    turbines = set(waiting["turbine_id"].unique())
    turbines.update(other for each in turbines & set(nearest) for other in nearest[each])
    read = [
        manager.raw_range(start, end, sorted(turbines)).assign(waiting=False)
        for start, end in context_stretches(waiting, site)
    ]
    return pd.concat([*read, waiting.assign(waiting=True)], ignore_index=True)


def context_stretches(waiting: pd.DataFrame, site: Site) -> list[tuple[int, int]]:
    """The spans of time, s UTC, end not included, with lags and others that do not wait themselves.

    Late rows scattered over years get a span each and not one that holds everything in between - up
    to `MOST_STRETCHES`; beyond that the narrowest gaps are read along.
    """
    lag = lag_seconds(site)
    times = np.union1d(_missing_lags(waiting, lag), _times_without_others(waiting, site))
    if not len(times):
        return []
    gaps = np.diff(times)
    widest = np.argsort(gaps, kind="stable")[::-1][: MOST_STRETCHES - 1]
    cuts = np.sort(widest[gaps[widest] > LAGS * lag]) + 1
    return [(int(part[0]), int(part[-1]) + 1) for part in np.split(times, cuts)]


def _times_without_others(waiting: pd.DataFrame, site: Site) -> NDArray[np.int64]:
    """Times of waiting rows whose references do not all wait with them."""
    seconds = waiting["timestamp"].to_numpy(np.int64)
    if not len(seconds):
        return seconds
    found = (places_of_others(waiting, site) >= 0).sum(axis=0)
    wanted = np.array([*(len(each) for each in references(site).values()), 0])
    code = codes_in(waiting["turbine_id"], site.turbine_ids)
    return np.unique(seconds[found < wanted[code]])


def _runs(days: list[int]) -> list[tuple[int, int]]:
    """First and last of each run of days without a gap."""
    cuts = np.flatnonzero(np.diff(days) > 1) + 1
    return [(int(part[0]), int(part[-1])) for part in np.split(np.array(days), cuts) if len(part)]


def _missing_lags(waiting: pd.DataFrame, lag: int) -> NDArray[np.int64]:
    """Times of lags that `waiting` does not hold, each once, in order."""
    seconds = waiting["timestamp"].to_numpy(np.int64)
    if not len(seconds):
        return seconds
    turbine = pd.factorize(waiting["turbine_id"])[0].astype(np.int64)
    span = int(seconds.max() - seconds.min()) + (LAGS + 1) * lag
    # lags are subtracted, so a turbine's keys start LAGS * lag above the one before it ends
    key = turbine * span + (seconds - seconds.min()) + LAGS * lag
    present = np.sort(key)
    missing = [wanted[~_contains(present, wanted)] for wanted in _lags_of(key, lag)]
    return np.unique(np.concatenate(missing) % span) + seconds.min() - LAGS * lag


def _lags_of(key: NDArray[np.int64], lag: int) -> list[NDArray[np.int64]]:
    return [key - lag * number for number in range(1, LAGS + 1)]


def _contains(present: NDArray[np.int64], wanted: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether each of `wanted` is in the sorted `present`; no key lies above the last of those."""
    return present[np.searchsorted(present, wanted)] == wanted
