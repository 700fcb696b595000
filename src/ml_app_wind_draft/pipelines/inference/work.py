"""What waits for an outcome, read together with the earlier rows that its features look at."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.pipelines.feature_eng.nodes import LAGS, lag_seconds
from ml_app_wind_draft.storage.data_manager import DataManager

MOST_STRETCHES = 64


def read_work(manager: DataManager, site: Site, training_end: int, limit: int) -> pd.DataFrame:
    """The oldest `limit` waiting row revisions and their history.

    Raw columns and `waiting` (bool): false marks history. Rows up to `training_end` (s UTC) are the
    champion's training data; they are struck off and not returned.
    """
    waiting = manager.open_work(limit)
    if (waiting["timestamp"] <= training_end).any():
        manager.drop_work_up_to(training_end)
        waiting = manager.open_work(limit)
    return with_history(manager, site, waiting)


def with_history(manager: DataManager, site: Site, waiting: pd.DataFrame) -> pd.DataFrame:
    """`waiting` after the stored rows that its features look back at; index 0 to n - 1."""
    turbines = sorted(set(waiting["turbine_id"]))
    read = [
        manager.raw_range(start, end, turbines).assign(waiting=False)
        for start, end in history_stretches(waiting, site)
    ]
    return pd.concat([*read, waiting.assign(waiting=True)], ignore_index=True)


def history_stretches(waiting: pd.DataFrame, site: Site) -> list[tuple[int, int]]:
    """The spans of time, s UTC, end not included, that hold the lags not among `waiting` itself.

    Late rows scattered over years get a span each and not one that holds everything in between - up
    to `MOST_STRETCHES`; beyond that the narrowest gaps are read along.
    """
    times = _missing_lags(waiting, lag_seconds(site))
    if not len(times):
        return []
    gaps = np.diff(times)
    widest = np.argsort(gaps, kind="stable")[::-1][: MOST_STRETCHES - 1]
    cuts = np.sort(widest[gaps[widest] > LAGS * lag_seconds(site)]) + 1
    return [(int(part[0]), int(part[-1]) + 1) for part in np.split(times, cuts)]


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
