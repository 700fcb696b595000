"""How good quantiles are. Everything is in the unit of its input.

Pinball loss after Koenker & Bassett (1978). CRPS after Gneiting & Raftery (2007): twice the
pinball loss integrated over all levels; here over the levels that there are.
"""

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]


def pinball(quantiles: Values, measured: Values, levels: Values) -> Values:
    """Pinball loss of each row, mean over `levels` [k]; `quantiles` [n, k], `measured` [n]."""
    short = measured[:, None] - quantiles
    return np.mean(np.maximum(levels * short, (levels - 1) * short), axis=1)


def crps(quantiles: Values, measured: Values, levels: Values) -> Values:
    """Continuous ranked probability score of each row from its quantiles [n, k].

    Trapezoids between the levels; beyond the outermost the loss is carried on to 0 and 1.
    """
    short = measured[:, None] - quantiles
    loss = 2 * np.maximum(levels * short, (levels - 1) * short)
    edges = np.concatenate([[0.0], (levels[1:] + levels[:-1]) / 2, [1.0]])
    return loss @ np.diff(edges)


def median(quantiles: Values, levels: Values) -> Values:
    """The median of each row [n], between the two nearest levels where 0.5 is none of them."""
    right = int(np.clip(np.searchsorted(levels, 0.5), 1, len(levels) - 1))
    if len(levels) == 1:
        return quantiles[:, 0]
    low, high = levels[right - 1], levels[right]
    share = np.clip((0.5 - low) / (high - low), 0.0, 1.0)
    return quantiles[:, right - 1] * (1 - share) + quantiles[:, right] * share


def central_intervals(levels: Values) -> list[tuple[float, int, int]]:
    """(nominal share, index of the low level, of the high level) of every central interval."""
    found = []
    for low, level in enumerate(levels):
        high = int(np.argmin(np.abs(levels - (1 - level))))
        if level < 0.5 and abs(levels[high] - (1 - level)) < 1e-9:  # noqa: PLR2004 - rounding
            found.append((float(round(1 - 2 * level, 6)), low, high))
    return found


def coverage(quantiles: Values, measured: Values, levels: Values) -> dict[float, float]:
    """Nominal share of each central interval -> the share of rows inside; both ends count."""
    return {
        nominal: float(np.mean((measured >= quantiles[:, low]) & (measured <= quantiles[:, high])))
        for nominal, low, high in central_intervals(levels)
    }
