"""Rows in the form that moves through the house: columns of numbers, no names repeated."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ml_app_wind_draft.core.signals import SIGNALS


@dataclass(frozen=True, slots=True)
class TurbineRows:
    """Rows of one turbine.

    `timestamp`: int64 [n], seconds since the epoch, UTC, the interval's start.
    `values`: float64 [n, len(SIGNALS)], in the signals' units, NaN where missing.
    `unreadable`: (row, signal) -> the text that stood where a number belongs.
    """

    turbine_id: str
    timestamp: NDArray[np.int64]
    values: NDArray[np.float64]
    unreadable: dict[tuple[int, int], str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.values.shape != (len(self.timestamp), len(SIGNALS)):
            message = f"values {self.values.shape} do not fit {len(self.timestamp)} timestamps"
            raise ValueError(message)

    def __len__(self) -> int:
        return len(self.timestamp)


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row that was set aside: why, and what it said. `original` maps column to text."""

    reason: str
    detail: str
    original: dict[str, str]
    turbine_id: str | None = None
    timestamp: int | None = None
    line: int | None = None
