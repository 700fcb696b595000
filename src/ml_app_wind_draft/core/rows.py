"""Rows in the form that moves through the house: columns of numbers, no names repeated."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ml_app_wind_draft.core.signals import SIGNALS


@dataclass(frozen=True, slots=True)
class TurbineRows:
    """Rows of one turbine as a source gives them.

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
class StoredRows:
    """Rows of one turbine as the database holds them, by time, with their values as they came.

    `revision`: int64 [n]. `reasons`: uint8 [n, len(SIGNALS)], the `Flag` of each value.
    """

    timestamp: NDArray[np.int64]
    revision: NDArray[np.int64]
    values: NDArray[np.float64]
    reasons: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Revisions:
    """Row revisions of one turbine to be written: values as they came and the flag of each."""

    timestamp: NDArray[np.int64]
    revision: NDArray[np.int64]
    values: NDArray[np.float64]
    reasons: NDArray[np.uint8]
    unreadable: dict[tuple[int, int], str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.timestamp)


@dataclass(frozen=True, slots=True)
class RowChanges:
    """What one turbine's rows change in the database.

    `accepted` are new keys, `updated` are corrections, `reflagged` are stored rows whose flags a
    neighbour changed (same revision).
    """

    turbine_id: str
    accepted: Revisions
    updated: Revisions
    reflagged: Revisions


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row that was set aside: why, and what it said. `original` maps column to text."""

    reason: str
    detail: str
    original: dict[str, str]
    turbine_id: str | None = None
    timestamp: int | None = None
    line: int | None = None
