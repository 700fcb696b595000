"""From the local clock to UTC, across the two days a year on which that is not plain."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import IntEnum
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray


class Clock(IntEnum):
    """How often the local clock shows a reading."""

    ONCE = 0
    TWICE = 1  # autumn: the repeated hour
    NEVER = 2  # spring: the hour that is skipped


def to_utc(
    local: NDArray[np.int64], zone: ZoneInfo
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint8]]:
    """Turn local clock readings [n] into UTC.

    Returns the earlier and the later instant that each may mean (int64 [n], equal where there is
    only one), and how often the clock shows it (`Clock`, [n]).
    """
    readings, place = np.unique(local, return_inverse=True)
    offsets = np.array([_offsets(int(each), zone) for each in readings], dtype=np.int64)
    offsets = offsets.reshape(-1, 2)[place]
    first, second = offsets[:, 0], offsets[:, 1]
    shows = np.full(len(local), Clock.ONCE, dtype=np.uint8)
    shows[first > second] = Clock.TWICE
    shows[first < second] = Clock.NEVER
    return local - first, local - second, shows


def _offsets(local: int, zone: ZoneInfo) -> tuple[int, int]:
    """Seconds ahead of UTC if the reading is the first, and if it is the second, of its kind."""
    reading = datetime.fromtimestamp(local, UTC)
    return _offset(reading.replace(tzinfo=zone)), _offset(reading.replace(tzinfo=zone, fold=1))


def _offset(reading: datetime) -> int:
    ahead = reading.utcoffset()
    if ahead is None:  # a ZoneInfo always knows
        raise ValueError(reading)
    return round(ahead.total_seconds())


@dataclass(slots=True)
class RepeatedHour:
    """Tells the two passes of autumn's repeated hour apart, by the order of rows within a file.

    First `count` every chunk of the file, then `resolve` them all again in the same order. A
    reading that a turbine has exactly twice is resolved; once or more often, it cannot be.
    Memory: one entry for each turbine and reading in a repeated hour.
    """

    _seen: Counter[tuple[int, int]] = field(default_factory=Counter)
    _met: Counter[tuple[int, int]] = field(default_factory=Counter)
    _last: dict[int, int] = field(default_factory=dict)
    _rising: int = 0

    def count(
        self, turbine: NDArray[np.int64], local: NDArray[np.int64], twice: NDArray[np.bool_]
    ) -> None:
        """Note a chunk: turbine numbers, local readings, and which of them are shown twice."""
        self._seen.update(_keys(turbine, local, twice))
        self._note_direction(turbine, local)

    def resolve(
        self, turbine: NDArray[np.int64], local: NDArray[np.int64], twice: NDArray[np.bool_]
    ) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """For each row [n]: whether it is the later of its pair, and whether that is unknown."""
        later = np.zeros(len(local), dtype=bool)
        unknown = np.zeros(len(local), dtype=bool)
        newest_first = self._rising < 0
        rows = np.flatnonzero(twice).tolist()
        for row, key in zip(rows, _keys(turbine, local, twice), strict=True):
            if self._seen[key] != 2:  # noqa: PLR2004 - one for each pass
                unknown[row] = True
                continue
            later[row] = (self._met[key] == 1) != newest_first
            self._met[key] += 1
        return later, unknown

    def _note_direction(self, turbine: NDArray[np.int64], local: NDArray[np.int64]) -> None:
        """Whether the file runs forward or, as some exports do, backward in time."""
        for number in np.unique(turbine).tolist():
            own = local[turbine == number]
            own = np.concatenate([[self._last.get(number, own[0])], own])
            self._rising += int(np.sign(np.diff(own)).sum())
            self._last[number] = int(own[-1])


def _keys(
    turbine: NDArray[np.int64], local: NDArray[np.int64], twice: NDArray[np.bool_]
) -> list[tuple[int, int]]:
    return list(zip(turbine[twice].tolist(), local[twice].tolist(), strict=True))
