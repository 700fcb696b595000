"""Keeps a distribution calibrated: its errors are renewed from outcomes as they become known."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ml_app_wind_draft.models.forecast.folds import DAY
from ml_app_wind_draft.models.forecast.model import Forecaster
from ml_app_wind_draft.models.forecast.series import History, Instants, Values

WEEK = 7 * DAY


def rolling_quantiles(
    forecaster: Forecaster,
    history: History,
    issue: Instants,
    center: Values,
    leads: Sequence[int],
    levels: Values,
    every: int = WEEK,
) -> Values:
    """Quantiles [issue times, leads, levels] around `center` [issue times, leads].

    `issue` ascends. Every `every` seconds the outcomes that were known by then replace the oldest
    errors; the models themselves stay as they are.
    """
    resolution = forecaster.options.resolution
    own = np.asarray(leads)
    targets = np.column_stack(
        [history.mean_power(issue + lead - resolution, resolution) for lead in leads]
    )
    found = np.empty((*center.shape, len(levels)))
    current, seen = forecaster, int(issue[0])
    for begin in range(int(issue[0]), int(issue[-1]) + 1, every):
        distribution = current.distribution
        for number, lead in enumerate(own):
            new = (issue + lead > seen) & (issue + lead <= begin)
            distribution = distribution.extended(
                int(lead), center[new, number], targets[new, number]
            )
        current, seen = replace(current, distribution=distribution), begin
        rows = (issue >= begin) & (issue < begin + every)
        found[rows] = current.around(center[rows], leads, levels)
    return found
