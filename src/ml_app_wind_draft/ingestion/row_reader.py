"""From a file's columns to turbine rows: names, time and units as the site file describes them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from ml_app_wind_draft.core.errors import ImportFileError, SiteError
from ml_app_wind_draft.core.rows import RejectedRow, TurbineRows
from ml_app_wind_draft.core.signals import CONVERSIONS, SIGNAL_INDEX, SIGNALS, signal
from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.ingestion.chunks import Chunk, Column, cell_text, storable
from ml_app_wind_draft.ingestion.csv_file import CsvFile
from ml_app_wind_draft.ingestion.local_time import Clock, RepeatedHour, to_utc
from ml_app_wind_draft.ingestion.numbers import to_numbers
from ml_app_wind_draft.ingestion.parquet_file import ParquetFile, is_parquet
from ml_app_wind_draft.ingestion.time_stamps import ClockReadings, read_stamps

TableFile = CsvFile | ParquetFile

UNKNOWN = -1
EVER = (-(2**62), 2**62)
ARCHIVES = {b"PK\x03\x04": "a zip archive or a spreadsheet", b"\x1f\x8b": "gzip-compressed"}
LONGEST_MAGIC = 4


@dataclass(frozen=True, slots=True)
class FileRows:
    """A chunk in the app's own terms, row by row as in the file, [n] each.

    `turbine`: number in `RowReader.turbine_ids`, -1 if unknown. `local`: local clock readings.
    `first`, `second`: the instants (UTC s, interval start) that a reading may mean; `shows`: how
    often the local clock shows it (`Clock`). `readable`: whether the stamp says a time.
    `values`: [n, len(SIGNALS)], in the signals' units. `unreadable`: (row, signal) -> text.
    """

    chunk: Chunk
    turbine: NDArray[np.int64]
    local: NDArray[np.int64]
    first: NDArray[np.int64]
    second: NDArray[np.int64]
    shows: NDArray[np.uint8]
    readable: NDArray[np.bool_]
    values: NDArray[np.float64]
    unreadable: dict[tuple[int, int], str]
    stamps: ClockReadings

    @property
    def twice(self) -> NDArray[np.bool_]:
        """Rows of a known turbine in autumn's repeated hour."""
        return (self.shows == Clock.TWICE) & self.readable & (self.turbine != UNKNOWN)


@dataclass(frozen=True, slots=True)
class ReadyRows:
    """Rows ready for the intake, by turbine, and those set aside on the way."""

    rows: list[TurbineRows]
    rejected: list[RejectedRow]


class RowReader:
    """Reads chunks of one file of a site. `turbine_id` names the turbine of a one-turbine file."""

    def __init__(self, site: Site, turbine_id: str | None = None) -> None:
        self.site = site
        self.turbine_ids = site.turbine_ids
        self.turbine_column = site.columns.turbine_id if turbine_id is None else None
        self._only = self._whose_file(turbine_id)
        self._numbers = _numbers_by_name(site)
        self._zone = ZoneInfo(site.columns.timestamp.time_zone)
        self.repeated_hour = RepeatedHour()

    @property
    def columns(self) -> list[str]:
        """The file's columns that are read, each once."""
        names = [self.turbine_column, self.site.columns.timestamp.column, *self.number_columns]
        return list(dict.fromkeys(name for name in names if name is not None))

    @property
    def number_columns(self) -> list[str]:
        """The columns that hold signals."""
        return [column.column for column in self.site.columns.signals.values()]

    def open(self, path: Path) -> TableFile:
        """Open a data file, whatever its format. Raises `ImportFileError`."""
        try:
            with path.open("rb") as file:
                head = file.read(LONGEST_MAGIC)
            kind = next((kind for magic, kind in ARCHIVES.items() if head.startswith(magic)), "")
            if is_parquet(path):
                return ParquetFile.open(
                    path, self.columns, self.number_columns, self.site.csv.decimal
                )
            if kind:
                raise ImportFileError(
                    str(path), f"the file is {kind}", remedy="Unpack it, or save it as CSV."
                )
            return CsvFile.open(path, self.columns, self.number_columns, self.site.csv)
        except OSError as error:
            reason = error.strerror or str(error)
            raise ImportFileError(str(path), f"the file cannot be read: {reason}") from error

    def read(self, chunk: Chunk, decimal: str) -> FileRows:
        """Read a chunk's cells. Bad ones are marked, not raised."""
        described = self.site.columns.timestamp
        stamps = read_stamps(chunk.columns[described.column], described)
        first, second, shows = (
            stamps.seconds.copy(),
            stamps.seconds.copy(),
            np.zeros(len(chunk), np.uint8),
        )
        by_clock = stamps.readable & ~stamps.absolute
        first[by_clock], second[by_clock], shows[by_clock] = to_utc(
            stamps.seconds[by_clock], self._zone
        )
        if described.stamp == "end":
            first -= self.site.step
            second -= self.site.step
        values, unreadable = self._values(chunk, decimal)
        return FileRows(
            chunk=chunk,
            turbine=self._turbines(chunk),
            local=stamps.seconds,
            first=first,
            second=second,
            shows=shows,
            readable=stamps.readable,
            values=values,
            unreadable=unreadable,
            stamps=stamps,
        )

    def count_repeated_hour(self, rows: FileRows) -> None:
        """First pass: note what autumn's repeated hour holds."""
        known = rows.readable & (rows.turbine != UNKNOWN)
        self.repeated_hour.count(rows.turbine[known], rows.local[known], rows.twice[known])

    def ready(
        self,
        rows: FileRows,
        conflicting: NDArray[np.bool_] | None = None,
        between: tuple[int, int] = EVER,
    ) -> ReadyRows:
        """Second pass: settle each row's instant; what has none is set aside with the reason.

        So are rows that are marked as `conflicting` with others of the file. Only rows with
        `start <= instant < end` of `between` count; those without an instant belong to `EVER`.
        """
        later, untold = self.repeated_hour.resolve(rows.turbine, rows.local, rows.twice)
        instant = np.where(later, rows.second, rows.first)
        good = (instant >= between[0]) & (instant < between[1]) & rows.readable
        good |= ~rows.readable & (between[0] == EVER[0])
        faults = (
            ("unknown_turbine", rows.turbine == UNKNOWN),
            ("bad_timestamp", ~rows.readable),
            ("nonexistent_local_time", rows.shows == Clock.NEVER),
            ("ambiguous_local_time", untold),
            ("conflicting_duplicate", _none(rows) if conflicting is None else conflicting),
        )
        rejected = list(rows.chunk.malformed)
        for reason, fault in faults:
            bad = np.flatnonzero(fault & good).tolist()
            rejected += [self._set_aside(rows, i, reason, int(instant[i])) for i in bad]
            good &= ~fault
        return ReadyRows(self._by_turbine(rows, instant, good), rejected)

    def _set_aside(self, rows: FileRows, row: int, reason: str, instant: int) -> RejectedRow:
        """Row `row` as it stood in the file, with the reason why it cannot enter."""
        number = int(rows.turbine[row])
        return RejectedRow(
            reason=reason,
            detail=self._detail(reason, rows, row),
            original=rows.chunk.original(row),
            turbine_id=None if number == UNKNOWN else self.turbine_ids[number],
            timestamp=instant if rows.readable[row] else None,
            line=int(rows.chunk.lines[row]),
        )

    def _detail(self, reason: str, rows: FileRows, row: int) -> str:
        zone = self.site.columns.timestamp.time_zone
        stamp = cell_text(rows.chunk.columns[self.site.columns.timestamp.column], row)
        name = (
            cell_text(rows.chunk.columns[self.turbine_column], row) if self.turbine_column else ""
        )
        details = {
            "unknown_turbine": f"site {self.site.name} has no turbine {name!r}",
            "bad_timestamp": f"{stamp!r} says no time",
            "nonexistent_local_time": f"{zone} skips {stamp} as the clocks go forward",
            "ambiguous_local_time": f"{zone} shows {stamp} twice, and the file does not tell which",
            "conflicting_duplicate": f"the file has different rows for {stamp}",
        }
        return storable(details[reason])

    def _by_turbine(
        self, rows: FileRows, instant: NDArray[np.int64], good: NDArray[np.bool_]
    ) -> list[TurbineRows]:
        found = []
        for number in np.unique(rows.turbine[good]).tolist():
            own = np.flatnonzero(good & (rows.turbine == number))
            taken = TurbineRows(self.turbine_ids[number], instant, rows.values, rows.unreadable)
            found.append(pick(taken, own))
        return found

    def _turbines(self, chunk: Chunk) -> NDArray[np.int64]:
        if self.turbine_column is None:
            return np.full(len(chunk), self._only, dtype=np.int64)
        names = _names(chunk.columns[self.turbine_column])
        numbers = {name: self._numbers.get(name.strip(), UNKNOWN) for name in set(names)}
        return np.fromiter((numbers[name] for name in names), np.int64, len(names))

    def _values(
        self, chunk: Chunk, decimal: str
    ) -> tuple[NDArray[np.float64], dict[tuple[int, int], str]]:
        values = np.full((len(chunk), len(SIGNALS)), np.nan)
        unreadable: dict[tuple[int, int], str] = {}
        for name, described in self.site.columns.signals.items():
            place = SIGNAL_INDEX[name]
            numbers, texts = _numbers(chunk.columns[described.column], decimal)
            factor, offset = CONVERSIONS[signal(name).unit][described.unit]
            values[:, place] = numbers * factor + offset
            unreadable |= {(row, place): text for row, text in texts.items()}
        return values, unreadable

    def _whose_file(self, turbine_id: str | None) -> int:
        known = ", ".join(self.turbine_ids)
        if turbine_id is not None and turbine_id not in self.turbine_ids:
            message = f"Site {self.site.name} has no turbine {turbine_id!r}."
            raise SiteError(message, remedy=f"Its turbines: {known}.")
        if turbine_id is not None:
            return self.turbine_ids.index(turbine_id)
        if self.turbine_column is None and len(self.turbine_ids) > 1:
            message = f"Site {self.site.name} names no column for the turbine, and it has several."
            raise SiteError(message, remedy=f"Say whose file it is: --turbine with one of {known}.")
        return 0


def read_all(reader: RowReader, file: TableFile, chunk_rows: int) -> Iterator[FileRows]:
    """The whole file, `chunk_rows` lines at a time."""
    for chunk in file.chunks(chunk_rows):
        yield reader.read(chunk, file.decimal)


def _none(rows: FileRows) -> NDArray[np.bool_]:
    return np.zeros(len(rows.chunk), dtype=bool)


def _numbers_by_name(site: Site) -> dict[str, int]:
    """Each name that a turbine has in files -> its number."""
    numbers: dict[str, int] = {}
    for number, (turbine_id, turbine) in enumerate(site.turbines.items()):
        for name in {turbine_id.strip(), turbine.name_in_files.strip()} - {""}:
            if name in numbers:
                message = f"Two turbines of site {site.name} are called {name!r} in files."
                raise SiteError(message, remedy="Change name_in_files in the site file.")
            numbers[name] = number
    return numbers


def _names(column: Column) -> list[str]:
    if isinstance(column, np.ndarray):
        return ["" if np.isnan(value) else f"{value:.15g}" for value in column]
    if isinstance(column, list):
        return column
    return [cell_text(column, row) for row in range(len(column.seconds))]


def _numbers(column: Column, decimal: str) -> tuple[NDArray[np.float64], dict[int, str]]:
    if isinstance(column, np.ndarray):
        endless = np.flatnonzero(np.isinf(column)).tolist()
        if not endless:
            return column, {}
        return np.where(np.isinf(column), np.nan, column), {
            i: repr(float(column[i])) for i in endless
        }
    if isinstance(column, list):
        return to_numbers(column, decimal)
    texts = {row: cell_text(column, row) for row in np.flatnonzero(column.valid).tolist()}
    return np.full(len(column.seconds), np.nan), texts


def pick(rows: TurbineRows, chosen: NDArray[np.int64]) -> TurbineRows:
    """These rows of a turbine's, in this order."""
    new = {old: i for i, old in enumerate(chosen.tolist())} if rows.unreadable else {}
    unreadable = {
        (new[row], place): text for (row, place), text in rows.unreadable.items() if row in new
    }
    return TurbineRows(rows.turbine_id, rows.timestamp[chosen], rows.values[chosen], unreadable)
