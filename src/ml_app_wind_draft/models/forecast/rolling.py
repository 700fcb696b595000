"""Keeps forecasts calibrated while outcomes come in; the models themselves stay as they are.

Each week the outcomes that were known by then join the errors that quantiles are made of. And the
intervals follow (adaptive conformal inference, Gibbs & Candes 2021): where more than a fifth of the
week's outcomes lay outside the central 80 %, levels further out stand for its ends from then on. So
a year with more wind than the one learnt from is met within months. The median stays: to move it
after each week's wind costs as much as it gains.
"""

from collections.abc import Sequence

import numpy as np

from ml_app_wind_draft.models.forecast.distribution import LEVELS as KNOWN
from ml_app_wind_draft.models.forecast.folds import DAY
from ml_app_wind_draft.models.forecast.model import Forecaster
from ml_app_wind_draft.models.forecast.series import History, Instants, Values

WEEK = 7 * DAY
ROUNDING = 1e-9
STEP = 0.05  # of what the week was off by; chosen on the halves of 2014


def rolling_quantiles(
    forecaster: Forecaster,
    history: History,
    issue: Instants,
    center: Values,
    leads: Sequence[int],
    levels: Values,
) -> Values:
    """Quantiles [issue times, leads, levels] around `center` [issue times, leads].

    `issue` ascends.
    """
    resolution = forecaster.options.resolution
    measured = np.column_stack(
        [history.mean_power(issue + lead - resolution, resolution) for lead in leads]
    )
    found = np.empty((*center.shape, len(levels)))
    distribution, seen = forecaster.distribution, int(issue[0])
    asked = np.tile(levels, (len(leads), 1))
    for begin in range(int(issue[0]), int(issue[-1]) + 1, WEEK):
        rows = (issue >= begin) & (issue < begin + WEEK)
        for number, lead in enumerate(leads):
            new = (issue + lead > seen) & (issue + lead <= begin)
            came = measured[new, number]
            distribution = distribution.extended(int(lead), center[new, number], came)
            asked[number] = followed(asked[number], levels, found[new, number], came)
        for number, lead in enumerate(leads):
            own = np.full(np.count_nonzero(rows), lead)
            found[rows, number] = distribution.quantiles(center[rows, number], own, asked[number])
        seen = begin
    return found


def followed(
    asked: Values, levels: Values, quantiles: Values, measured: Values, step: float = STEP
) -> Values:
    """The levels to ask for next, [levels], ascending, so that intervals hold what they should.

    `quantiles` [n, levels] were made at the levels `asked`; `measured` [n] came, NaN where nothing
    did. What came in part counts in part. A level moves as the one opposite does (0.9 as 0.1), or
    alone where `levels` has none.
    """
    known = np.isfinite(measured)
    if not known.any():
        return asked
    came, quantiles = measured[known, None], quantiles[known]
    # what equals a quantile counts half: power stands still at one value
    reached = ((came < quantiles).mean(axis=0) + (came <= quantiles).mean(axis=0)) / 2
    short = levels - reached
    opposite = np.abs(levels[:, None] + levels[None, :] - 1) < ROUNDING
    mirrored = np.where(opposite.any(axis=1), short[opposite.argmax(axis=1)], -short)
    moved = asked + step * known.mean() * (short - mirrored) / 2
    # beyond its outermost levels the distribution says nothing more
    return np.maximum.accumulate(np.clip(moved, KNOWN[0], KNOWN[-1]))
