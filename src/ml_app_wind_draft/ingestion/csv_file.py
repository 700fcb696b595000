"""CSV files as the world writes them: any delimiter, encoding, decimal mark, and broken lines."""

import csv
import difflib
import io
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np

from ml_app_wind_draft.core.errors import ImportFileError
from ml_app_wind_draft.core.rows import RejectedRow
from ml_app_wind_draft.core.site import CsvFormat
from ml_app_wind_draft.ingestion.chunks import CHUNK_ROWS, Chunk, Column, storable
from ml_app_wind_draft.ingestion.encodings import recognise_encoding
from ml_app_wind_draft.ingestion.numbers import recognise_decimal

HEADER_WITHIN = 100  # lines; exports often begin with a few lines about themselves
LONGEST_LINE = 1 << 20
MOST_MORE_LINES = 8  # a quoted field may hold line breaks
DECIMAL_SAMPLE = 2_000
QUOTE = '"'
SPELLED_DELIMITERS = {"\\t": "\t", "tab": "\t", "space": " ", "comma": ",", "semicolon": ";"}
_Row = tuple[int, tuple[str, ...]]  # its line number and the fields that are wanted
NO_DELIMITERS = "_\"' \r\n\ufeff"


@dataclass(frozen=True, slots=True)
class Header:
    """Where a file's table begins and how its lines are cut."""

    line: int
    names: list[str]
    delimiter: str


@dataclass(frozen=True, slots=True)
class CsvFile:
    """One CSV file. `columns` are the names that are wanted, `numbers` those that hold numbers."""

    path: Path
    size: int
    encoding: str
    header: Header
    decimal: str
    columns: list[str]

    @classmethod
    def open(cls, path: Path, columns: list[str], numbers: list[str], form: CsvFormat) -> "CsvFile":
        """Recognise the file's form. Raises `ImportFileError` where it does not fit the site's."""
        delimiter = _given_delimiter(path, form)

        def fits(text: str) -> bool:
            found = _find_header(io.StringIO(text), columns, delimiter)
            return found is not None and set(columns) <= set(found.names)

        encoding = form.encoding or recognise_encoding(path, fits)
        _check_encoding(path, encoding)
        with path.open("rb") as raw, _text_of(raw, encoding) as file:
            header = _find_header((line for _, line in _lines(file)), columns, delimiter)
        if header is None:
            raise ImportFileError(str(path), "the file is empty", remedy="Nothing was imported.")
        _check_columns(path, header, columns)
        found = cls(path, path.stat().st_size, encoding, header, form.decimal or ".", columns)
        return found if form.decimal else found._with_decimal(numbers)

    def chunks(self, rows: int = CHUNK_ROWS) -> Iterator[Chunk]:
        """All rows, `rows` lines at a time."""
        cutter = _Cutter.of(self.header, self.columns)
        with self.path.open("rb") as raw, _text_of(raw, self.encoding) as file:
            records = cutter.records(_lines(file))
            while block := list(islice(records, rows)):
                good = [each for each in block if not isinstance(each, RejectedRow)]
                yield Chunk(
                    lines=np.array([line for line, _ in good], dtype=np.int64),
                    columns=self._transposed([fields for _, fields in good]),
                    position=raw.tell(),
                    malformed=[each for each in block if isinstance(each, RejectedRow)],
                )

    def _transposed(self, rows: list[tuple[str, ...]]) -> dict[str, Column]:
        cells = zip(*rows, strict=True) if rows else [()] * len(self.columns)
        return {name: list(cell) for name, cell in zip(self.columns, cells, strict=True)}

    def _with_decimal(self, numbers: list[str]) -> "CsvFile":
        sample = next(self.chunks(DECIMAL_SAMPLE), None)
        columns = [] if sample is None else [sample.columns[name] for name in numbers]
        decimal = recognise_decimal([t for c in columns if isinstance(c, list) for t in c])
        return replace(self, decimal=decimal)


@dataclass(frozen=True, slots=True)
class _Cutter:
    """Cuts lines into rows of as many fields as the header has, and takes the `wanted` ones."""

    header: Header
    wanted: list[int]

    @classmethod
    def of(cls, header: Header, columns: list[str]) -> "_Cutter":
        return cls(header, [header.names.index(name) for name in columns])

    def records(self, lines: Iterator[tuple[int, str]]) -> Iterator[_Row | RejectedRow]:
        """Rows, and lines that are none; blank lines are neither."""
        ahead: deque[tuple[int, str]] = deque()
        while numbered := ahead.popleft() if ahead else next(lines, None):
            number, line = numbered
            if number <= self.header.line or not line.strip():
                continue
            if QUOTE not in line:
                yield self._row(number, line, line.rstrip("\r\n").split(self.header.delimiter))
                continue
            yield self._quoted_row(number, line, ahead, lines)

    def _quoted_row(
        self,
        number: int,
        line: str,
        ahead: deque[tuple[int, str]],
        lines: Iterator[tuple[int, str]],
    ) -> _Row | RejectedRow:
        """A row with quotation marks, which may go on in the lines that follow.

        Where it makes no sense so, only this line is lost; those after it stay in `ahead`.
        """
        text = line
        for taken in range(MOST_MORE_LINES + 1):
            try:
                fields = _cut(text, self.header.delimiter)
            except csv.Error as error:
                return self._malformed(number, line, str(error))
            if not fields[-1].endswith("\n"):
                row = self._row(number, text, fields)
                if taken and (isinstance(row, RejectedRow) or "\n" in "".join(row[1])):
                    break
                for _ in range(taken):
                    ahead.popleft()
                return row
            if len(ahead) <= taken:
                ahead.extend(islice(lines, 1))
            if len(ahead) <= taken:
                break
            text += ahead[taken][1]
        return self._malformed(number, line, "a quotation mark is not closed")

    def _row(self, number: int, text: str, fields: list[str]) -> _Row | RejectedRow:
        width = len(self.header.names)
        if len(fields) > width and not any(field.strip() for field in fields[width:]):
            fields = fields[:width]  # a delimiter at the end of each line
        if len(fields) != width:
            fault = f"{len(fields)} fields where the header has {width}"
            return self._malformed(number, text, fault)
        return number, tuple([fields[at] for at in self.wanted])

    def _malformed(self, number: int, text: str, fault: str) -> RejectedRow:
        original = {"line": storable(text.rstrip("\r\n"))}
        return RejectedRow("malformed_line", fault, original, line=number)


def _cut(text: str, delimiter: str) -> list[str]:
    """Fields of a row; the last one ends in a line break if its quotation mark is not closed."""
    whole = io.StringIO(text.rstrip("\r\n") + "\n", newline="\n")
    return next(csv.reader(whole, delimiter=delimiter), [""])


def _lines(file: io.TextIOWrapper) -> Iterator[tuple[int, str]]:
    """(line number from 1, text); what is longer than any row could be is cut short."""
    number = 0
    while line := file.readline(LONGEST_LINE):
        number += 1
        if not line.endswith("\n") and len(line) == LONGEST_LINE:
            while (rest := file.readline(LONGEST_LINE)) and not rest.endswith("\n"):
                pass
        yield number, line


def _find_header(file: Iterable[str], columns: list[str], delimiter: str | None) -> Header | None:
    """The first line that has all wanted columns, however it is cut; else the one that has most."""
    best: Header | None = None
    best_score = (-1, 0)
    for number, line in enumerate(islice(file, HEADER_WITHIN), start=1):
        if not line.strip():
            continue
        for mark in [delimiter] if delimiter else _possible_delimiters(line):
            names = _names(line, mark)
            score = (len(set(columns) & set(names)), len(names))
            if score > best_score:
                best, best_score = Header(number, names, mark), score
        if best_score[0] == len(set(columns)):
            break
    return best


def _possible_delimiters(line: str) -> list[str]:
    """The usual ones first, then every other sign in the line."""
    usual = [mark for mark in (";", "\t", ",", "|") if mark in line]
    others = [m for m in dict.fromkeys(line) if not m.isalnum() and m not in NO_DELIMITERS]
    others = [mark for mark in others if mark not in usual]
    return [*usual, *others, *([" "] if " " in line.strip() else [])] or [","]


def _names(line: str, delimiter: str) -> list[str]:
    try:
        names = [name.strip() for name in _cut(line.lstrip("\ufeff"), delimiter)]
    except csv.Error:
        return []
    while len(names) > 1 and not names[-1]:
        names = names[:-1]
    return names


def _given_delimiter(path: Path, form: CsvFormat) -> str | None:
    if form.delimiter is None:
        return None
    delimiter = SPELLED_DELIMITERS.get(form.delimiter.lower(), form.delimiter)
    if len(delimiter) != 1 or delimiter in "\r\n" + QUOTE:
        raise ImportFileError(
            str(path),
            "the site file's csv.delimiter is not a single character",
            example=form.delimiter,
            remedy='Name one character, or "tab", or leave it out to have it recognised.',
        )
    return delimiter


def _check_encoding(path: Path, encoding: str) -> None:
    try:
        b"a".decode(encoding, "replace")
    except (LookupError, UnicodeError) as error:
        raise ImportFileError(
            str(path),
            "no text encoding has the name that the site file gives at csv.encoding",
            example=encoding,
            remedy="Use a name such as utf-8, cp1252, latin-1, utf-16, or leave it out.",
        ) from error


def _check_columns(path: Path, header: Header, columns: list[str]) -> None:
    for name in columns:
        if name not in header.names:
            raise missing_column(path, name, header.names)
        if header.names.count(name) > 1:
            raise ImportFileError(
                str(path),
                "two columns of the file have this name",
                column=name,
                remedy="Rename one of them in the file.",
            )


def missing_column(path: Path, name: str, found: list[str]) -> ImportFileError:
    """The error for a column that the site file names and the file does not have."""
    alike = [each for each in found if each.casefold().split() == name.casefold().split()]
    alike = alike or difflib.get_close_matches(name, found, n=1)
    hint = f"Did you mean '{alike[0]}'? " if alike else ""
    return ImportFileError(
        str(path),
        "the file has no such column",
        column=name,
        example=", ".join(found)[:500],
        remedy=f"{hint}Name the right column under `columns` in the site file.",
    )


def _text_of(raw: io.BufferedReader, encoding: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(raw, encoding=encoding, errors="replace", newline=None)
