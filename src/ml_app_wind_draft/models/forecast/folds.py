"""Folds for data in time: blocks of days in turn, and a gap on both sides of what is held out."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ml_app_wind_draft.models.forecast.series import Instants

DAY = 86_400
BLOCK_DAYS = 8
GAP = 2 * DAY
Rows = NDArray[np.bool_]


def time_folds(instant: Instants, count: int) -> Iterator[tuple[Rows, Rows]]:
    """(rows to fit on, rows held out), `count` times; every row is held out once.

    Weather lasts for days: rows within `GAP` of a block that is held out are fitted on in no fold
    that holds it out.
    """
    block = (instant - instant.min()) // (BLOCK_DAYS * DAY)
    for fold in range(count):
        held_out = block % count == fold
        begins = instant.min() + np.unique(block[held_out]) * BLOCK_DAYS * DAY
        into = instant[:, None] - (begins[None, :] - GAP)
        near = ((into >= 0) & (into < BLOCK_DAYS * DAY + 2 * GAP)).any(axis=1)
        yield ~near, held_out
