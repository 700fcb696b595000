"""Splits by time: the judging window at the end, and contiguous blocks before it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml_app_wind_draft.core.errors import TrainingError
from ml_app_wind_draft.pipelines.training.parameters import DAY, TrainingParameters

BLOCK = 30 * DAY
SHORTEST_BLOCK = 3 * DAY
LARGEST_WINDOW_SHARE = 0.25

Mask = NDArray[np.bool_]
Seconds = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Split:
    """Instants in seconds: fit on [start, fit_end), judge on [window_start, end)."""

    start: int
    fit_end: int
    window_start: int
    end: int

    def is_fitted(self, timestamp: Seconds) -> Mask:
        """Rows that models may be fitted on."""
        return (timestamp >= self.start) & (timestamp < self.fit_end)

    def is_judged(self, timestamp: Seconds) -> Mask:
        """Rows of the judging window."""
        return (timestamp >= self.window_start) & (timestamp < self.end)


def split_by_time(timestamp: Seconds, step: int, parameters: TrainingParameters) -> Split:
    """The judging window and what lies at least the gap before it.

    A window longer than a quarter of the history is cut to a quarter, so that short histories can
    be learned from too. Raises `TrainingError` when nothing is left to fit on.
    """
    if not len(timestamp):
        message = "There is no history to train on."
        raise TrainingError(message, remedy="Load some: wind data import FILE --site NAME.")
    start, end = int(timestamp.min()), int(timestamp.max()) + step
    window = min(parameters.window, round(LARGEST_WINDOW_SHARE * (end - start)))
    split = Split(start, end - window - parameters.gap, end - window, end)
    if split.fit_end <= start:
        days = (end - start) / DAY
        message = f"{days:.1f} days of history are too few to fit and to judge a model."
        raise TrainingError(message, remedy="Load more history.")
    return split


@dataclass(frozen=True, slots=True)
class Blocks:
    """Contiguous blocks of about a month: the search sees the even ones, the band the odd ones.

    So the band's residuals come from rows that neither their fit nor the search saw.
    """

    edges: Seconds
    gap: int

    def __len__(self) -> int:
        return len(self.edges) - 1

    def of(self, timestamp: Seconds) -> NDArray[np.int64]:
        """Each row's block, [n]."""
        return np.clip(np.searchsorted(self.edges, timestamp, side="right") - 1, 0, len(self) - 1)

    def is_searched(self, timestamp: Seconds) -> Mask:
        """Rows that the search may see."""
        return self.of(timestamp) % 2 == 0

    def held_out(self, folds: int) -> list[list[int]]:
        """The blocks that the search never sees, taking turns in `folds` folds."""
        unseen = list(range(1, len(self), 2))
        return [unseen[fold::folds] for fold in range(min(folds, len(unseen)))]

    def each(self) -> list[list[int]]:
        """Every block a fold of its own."""
        return [[block] for block in range(len(self))]

    def fold(self, timestamp: Seconds, folds: int) -> NDArray[np.int64]:
        """The inner fold of rows that the search sees, 0 to folds - 1; blocks take turns."""
        return self.of(timestamp) // 2 % folds

    def is_apart(self, timestamp: Seconds, block: int) -> Mask:
        """Rows outside `block` and at least `gap` (s) away from it."""
        before, after = self.edges[block] - self.gap, self.edges[block + 1] + self.gap
        return (timestamp < before) | (timestamp >= after)


def blocks_of(split: Split, parameters: TrainingParameters) -> Blocks:
    """Cut the rows to fit on into blocks: months, or shorter ones where `folds` would lack blocks.

    Raises `TrainingError` when they would be shorter than three days.
    """
    folds = parameters.search.folds
    length = split.fit_end - split.start
    count = max(2 * folds, round(length / BLOCK))
    if length < count * SHORTEST_BLOCK:
        needed = count * SHORTEST_BLOCK / DAY / (1 - LARGEST_WINDOW_SHARE)
        message = f"{length / DAY:.1f} days are too few to search and calibrate on {folds} folds."
        raise TrainingError(message, remedy=f"Load at least {needed:.0f} days of history.")
    edges = np.linspace(split.start, split.fit_end, count + 1).astype(np.int64)
    return Blocks(edges, gap=parameters.gap)
