"""What a forecast has to beat: two methods without a model.

Both learn from the same rows as the forecaster and are scored on the same rows.
"""

import numpy as np

from ml_app_wind_draft.models.forecast.distribution import Samples, error_table, level_values
from ml_app_wind_draft.models.forecast.series import HOUR, History, Instants, Values


def persistence(
    history: History, training_end: int, issue: Instants, lead: int, levels: Values, resolution: int
) -> Values:
    """As now, with the quantiles of the error that this made in training, [issue, levels]."""
    now, target = _pairs(history, training_end, lead, resolution)
    errors = np.quantile(target - now, levels)
    current = history.mean_power(issue - resolution, resolution)
    return np.clip(current[:, None] + errors, min(0.0, float(target.min())), 1.0)


def climatology(
    history: History, training_end: int, issue: Instants, lead: int, levels: Values, resolution: int
) -> Values:
    """What followed in training on power like that of now (nearest neighbours), [issue, levels]."""
    now, target = _pairs(history, training_end, lead, resolution)
    table = error_table(Samples(now, target))
    current = history.mean_power(issue - resolution, resolution)
    found = level_values(table.at(np.nan_to_num(current)), levels)
    return np.where(np.isfinite(current)[:, None], found, np.nan)


def _pairs(
    history: History, training_end: int, lead: int, resolution: int
) -> tuple[Values, Values]:
    first = -(-history.start // HOUR) * HOUR + resolution
    issue = np.arange(first, training_end - lead + 1, HOUR)
    now = history.mean_power(issue - resolution, resolution)
    target = history.mean_power(issue + lead - resolution, resolution)
    known = np.isfinite(now) & np.isfinite(target)
    return now[known], target[known]
