"""Keys (turbine and time) that a file has more than once, and whether their rows agree."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

PAGE = 1 << 12  # steps; a month of 10-minute rows
MULTIPLIERS = np.random.default_rng(20150101).integers(1, 2**63, 64, dtype=np.uint64) | np.uint64(1)


@dataclass(slots=True)
class RepeatedKeys:
    """Finds contradictions within a file, whatever its order and size.

    Remembers a 64-bit digest of the first row for each turbine and step: 8 bytes a row.
    """

    step: int
    _pages: dict[tuple[int, int], NDArray[np.uint64]] = field(default_factory=dict)
    _conflicts: set[tuple[int, int]] = field(default_factory=set)

    def note(
        self, turbine: NDArray[np.int64], instant: NDArray[np.int64], values: NDArray[np.float64]
    ) -> None:
        """Note rows [n]: turbine numbers, instants (s) and values [n, signals].

        Instants between two steps are passed over: the contract sets those rows aside anyway.
        """
        on_grid = np.flatnonzero(instant % self.step == 0)
        turbine, slot = turbine[on_grid], instant[on_grid] // self.step
        digest = digests(values[on_grid])
        order = np.lexsort((slot, turbine))
        turbine, slot, digest = turbine[order], slot[order], digest[order]
        same_key = np.zeros(len(order), dtype=bool)
        same_key[1:] = (turbine[1:] == turbine[:-1]) & (slot[1:] == slot[:-1])
        unlike = np.flatnonzero(same_key[1:] & (digest[1:] != digest[:-1])) + 1
        self._remember_conflicts(turbine[unlike], slot[unlike])
        once = ~same_key
        self._compare(turbine[once], slot[once], digest[once])

    def conflicting(
        self, turbine: NDArray[np.int64], instant: NDArray[np.int64]
    ) -> NDArray[np.bool_]:
        """Which rows [n] have a key whose rows in the file contradict each other."""
        found = np.zeros(len(turbine), dtype=bool)
        if self._conflicts:
            keys = zip(turbine.tolist(), instant.tolist(), strict=True)
            found[:] = [key in self._conflicts for key in keys]
        return found

    def _compare(
        self, turbine: NDArray[np.int64], slot: NDArray[np.int64], digest: NDArray[np.uint64]
    ) -> None:
        """Compare rows, one a key and sorted, with what was seen before."""
        page = slot // PAGE
        cuts = np.flatnonzero((np.diff(turbine) != 0) | (np.diff(page) != 0)) + 1
        for part in np.split(np.arange(len(slot)), cuts) if len(slot) else []:
            key = int(turbine[part[0]]), int(page[part[0]])
            seen = self._pages.setdefault(key, np.zeros(PAGE, dtype=np.uint64))
            place = slot[part] % PAGE
            before = seen[place]
            unlike = part[(before != 0) & (before != digest[part])]
            self._remember_conflicts(turbine[unlike], slot[unlike])
            seen[place] = np.where(before == 0, digest[part], before)

    def _remember_conflicts(self, turbine: NDArray[np.int64], slot: NDArray[np.int64]) -> None:
        self._conflicts.update(zip(turbine.tolist(), (slot * self.step).tolist(), strict=True))


def digests(values: NDArray[np.float64]) -> NDArray[np.uint64]:
    """A 64-bit digest of each row, never 0; equal for equal values, missing ones included."""
    plain = np.where(np.isnan(values), np.nan, values + 0.0)  # one NaN, one zero
    bits = np.ascontiguousarray(plain).view(np.uint64)
    digest = np.zeros(len(values), dtype=np.uint64)
    for column in range(bits.shape[1]):
        digest = (digest ^ bits[:, column]) * MULTIPLIERS[column]
        digest ^= digest >> np.uint64(29)
    return digest | np.uint64(1)
