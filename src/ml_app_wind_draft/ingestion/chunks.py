"""What every file reader yields: some rows of a file, column by column, with their line numbers."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ml_app_wind_draft.core.rows import RejectedRow

CHUNK_ROWS = 50_000
LONGEST_TEXT = 2_000  # characters of a bad value or line that are kept


@dataclass(frozen=True, slots=True)
class Instants:
    """A column of typed time stamps.

    `seconds`: int64 [n] since the epoch, in UTC if `aware`, else by the file's own clock.
    `valid`: bool [n], false where the file has no value.
    """

    seconds: NDArray[np.int64]
    valid: NDArray[np.bool_]
    aware: bool


Column = list[str] | NDArray[np.float64] | Instants


@dataclass(frozen=True, slots=True)
class Chunk:
    """Rows of a file.

    `lines`: int64 [n], each row's line (CSV) or row number (Parquet), counted from 1.
    `columns`: name -> [n] values: text, numbers (NaN where missing) or `Instants`.
    `malformed`: lines between these rows that are no rows.
    `position`: how many of the file's bytes have been read.
    """

    lines: NDArray[np.int64]
    columns: dict[str, Column]
    position: int
    malformed: list[RejectedRow] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.lines)

    def original(self, row: int) -> dict[str, str]:
        """What row `row` of this chunk said, column by column."""
        return {name: storable(cell_text(column, row)) for name, column in self.columns.items()}


def cell_text(column: Column, row: int) -> str:
    """The cell as text; empty where the file has no value."""
    if isinstance(column, list):
        return column[row]
    if isinstance(column, Instants):
        return str(np.datetime64(int(column.seconds[row]), "s")) if column.valid[row] else ""
    value = float(column[row])
    return "" if np.isnan(value) else repr(value)


def storable(text: str) -> str:
    """Text that any database takes: no NUL, no half characters, not longer than need be."""
    clean = text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")
    return clean if len(clean) <= LONGEST_TEXT else clean[:LONGEST_TEXT] + "…"
