"""Replaying a recording as if it were live: the rows of one interval at a time."""

from collections import defaultdict, deque
from dataclasses import dataclass, field

import numpy as np

from ml_app_wind_draft.core.rows import RejectedRow, TurbineRows
from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.ingestion.recording import Recording
from ml_app_wind_draft.ingestion.row_reader import ReadyRows, pick

READ_AHEAD_S = 7 * 86_400


@dataclass(slots=True)
class Step:
    """The rows of one interval that ends at `until` (s UTC), at most one entry a turbine."""

    until: int
    rows: list[TurbineRows] = field(default_factory=list)
    rejected: list[RejectedRow] = field(default_factory=list)


class Replay:
    """Walks through a recording from `position` (s UTC) on; intervals without rows are skipped."""

    def __init__(self, site: Site, recording: Recording, position: int) -> None:
        self._step = site.step
        self._recording = recording
        self._read_up_to = position
        self._waiting: deque[Step] = deque()

    def next_step(self) -> Step | None:
        """The step that is due, the same until `done` is called; `None` at the end of the data."""
        while not self._waiting and self._read_up_to < self._recording.end:
            end = self._read_up_to + READ_AHEAD_S
            ready = self._recording.rows_between(self._read_up_to, end)
            self._waiting.extend(_steps(ready, self._step))
            self._read_up_to = end
        return self._waiting[0] if self._waiting else None

    def done(self) -> None:
        """The step has been stored: go on to the one after it."""
        self._waiting.popleft()


def _steps(ready: ReadyRows, length: int) -> list[Step]:
    """Rows by interval, in order of time. Rows without a time are not part of a replay."""
    steps: dict[int, Step] = {}
    by_slot: dict[int, list[TurbineRows]] = defaultdict(list)
    for rows in ready.rows:
        slots = rows.timestamp // length
        for slot in np.unique(slots).tolist():
            by_slot[slot].append(pick(rows, np.flatnonzero(slots == slot)))
    for slot, parts in by_slot.items():
        steps[slot] = Step((slot + 1) * length, parts)
    for each in ready.rejected:
        if each.timestamp is not None:
            slot = each.timestamp // length
            steps.setdefault(slot, Step((slot + 1) * length)).rejected.append(each)
    return [steps[slot] for slot in sorted(steps)]
