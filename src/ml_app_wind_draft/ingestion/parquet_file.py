"""Parquet files, read batch by batch; with statistics, only the row groups of a stretch of time."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from ml_app_wind_draft.core.errors import ImportFileError
from ml_app_wind_draft.ingestion.chunks import CHUNK_ROWS, Chunk, Column, Instants
from ml_app_wind_draft.ingestion.csv_file import missing_column
from ml_app_wind_draft.ingestion.numbers import recognise_decimal

MAGIC = b"PAR1"
DECIMAL_SAMPLE = 2_000


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of a file's own clock: `start <= stamp < end`, s; rows without a stamp stay."""

    column: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class ParquetFile:
    """One Parquet file. `columns` are the names that are wanted, `numbers` those of signals."""

    path: Path
    size: int
    columns: list[str]
    numbers: list[str]
    decimal: str

    @classmethod
    def open(
        cls, path: Path, columns: list[str], numbers: list[str], decimal: str | None = None
    ) -> "ParquetFile":
        """Look at the schema. Raises `ImportFileError` for a missing column or a damaged file."""
        with _readable(path), pq.ParquetFile(path) as file:
            names = file.schema_arrow.names
            for name in columns:
                if name not in names:
                    raise missing_column(path, name, names)
                if names.count(name) > 1:
                    raise ImportFileError(str(path), "two columns have this name", column=name)
        found = cls(path, path.stat().st_size, columns, numbers, decimal or ".")
        return found if decimal else found._with_decimal()

    def chunks(self, rows: int = CHUNK_ROWS, window: Window | None = None) -> Iterator[Chunk]:
        """All rows, or those in `window`, at most `rows` at a time."""
        with _readable(self.path), pq.ParquetFile(self.path) as file:
            total = max(file.metadata.num_rows, 1)
            done = 0
            for group in range(file.num_row_groups):
                held = file.metadata.row_group(group).num_rows
                if window and not _may_hold(file, group, window):
                    done += held
                    continue
                for batch in file.iter_batches(rows, [group], self.columns, use_threads=False):
                    yield self._chunk(batch, done, total, window)
                    done += batch.num_rows

    def _with_decimal(self) -> "ParquetFile":
        sample = next(self.chunks(DECIMAL_SAMPLE), None)
        columns = [] if sample is None else [sample.columns[name] for name in self.numbers]
        decimal = recognise_decimal([t for c in columns if isinstance(c, list) for t in c])
        return replace(self, decimal=decimal)

    def _chunk(self, batch: pa.RecordBatch, done: int, total: int, window: Window | None) -> Chunk:
        position = self.size * (done + batch.num_rows) // total
        lines = np.arange(done + 1, done + batch.num_rows + 1, dtype=np.int64)
        if window:
            inside = _inside(batch, window)
            batch, lines = batch.filter(pa.array(inside)), lines[inside]
        columns = {name: _column(batch.column(name), name in self.numbers) for name in self.columns}
        return Chunk(lines, columns, position)


def is_parquet(path: Path) -> bool:
    """Whether the file begins as a Parquet file does."""
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def stamps_end(path: Path, column: str) -> int | None:
    """The file's newest stamp in `column` by its own clock, seconds; `None` if it has none.

    Raises `ImportFileError` if the column is missing or holds no time stamps.
    """
    newest: list[int] = []
    with _readable(path), pq.ParquetFile(path) as file:
        if column not in file.schema_arrow.names:
            raise missing_column(path, column, file.schema_arrow.names)
        kind = file.schema_arrow.field(column).type
        if not pa.types.is_timestamp(kind):
            raise ImportFileError(
                str(path),
                f"recorded data need time stamps, and the column's type is {kind}",
                column=column,
                remedy="Store the column as a Parquet timestamp.",
            )
        for batch in file.iter_batches(columns=[column], use_threads=False):
            stamps = _instants(batch.column(0))
            if stamps.valid.any():
                newest.append(int(stamps.seconds[stamps.valid].max()))
    return max(newest, default=None)


@contextmanager
def _readable(path: Path) -> Generator[None]:
    """Turn what pyarrow raises on a damaged file into an `ImportFileError`."""
    try:
        yield
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise ImportFileError(
            str(path),
            f"the Parquet file cannot be read: {error}",
            remedy="Write it again, or convert it to CSV.",
        ) from error


def _may_hold(file: pq.ParquetFile, group: int, window: Window) -> bool:
    """Whether the group's statistics leave room for rows of the window."""
    meta = file.metadata.row_group(group)
    place = file.schema_arrow.names.index(window.column)
    if meta.num_columns != len(file.schema_arrow.names):  # nested columns shift the places
        return True
    statistics = meta.column(place).statistics
    if statistics is None or not statistics.has_min_max or statistics.null_count:
        return True
    kind = file.schema_arrow.field(window.column).type
    ends = _instants(pa.array([statistics.min, statistics.max]).cast(kind))
    return bool(ends.seconds[1] >= window.start and ends.seconds[0] < window.end)


def _inside(batch: pa.RecordBatch, window: Window) -> NDArray[np.bool_]:
    stamps = _column(batch.column(window.column))
    if not isinstance(stamps, Instants):
        return np.ones(batch.num_rows, dtype=bool)
    return ~stamps.valid | ((stamps.seconds >= window.start) & (stamps.seconds < window.end))


def _column(array: pa.Array, number: bool = False) -> Column:
    kind = array.type
    if pa.types.is_dictionary(kind):
        array = array.dictionary_decode()
        kind = array.type
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return _instants(array)
    if pa.types.is_floating(kind) or (
        number and (pa.types.is_integer(kind) or pa.types.is_decimal(kind))
    ):
        return array.cast(pa.float64()).to_numpy(zero_copy_only=False)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        # As bytes first: what is not UTF-8 shall cost its cell, not the file.
        cells = array.cast(pa.large_binary()).to_pylist()
        return ["" if cell is None else cell.decode("utf-8", "replace") for cell in cells]
    return ["" if value is None else str(value) for value in array.to_pylist()]


def _instants(array: pa.Array) -> Instants:
    aware = pa.types.is_timestamp(array.type) and array.type.tz is not None
    valid = array.is_valid().to_numpy(zero_copy_only=False)
    if pa.types.is_date(array.type):
        array = array.cast(pa.timestamp("s"))
    per_second = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[array.type.unit]
    counts = pc.fill_null(array.cast(pa.int64()), 0).to_numpy(zero_copy_only=False)
    rounded = counts // per_second + (2 * (counts % per_second) >= max(per_second, 2))
    return Instants(rounded.astype(np.int64), valid, aware)
