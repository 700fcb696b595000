"""CSV files as the world writes them: any delimiter, encoding, decimal mark, and broken lines."""

import csv
import difflib
import io
import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np

from ml_app_wind_draft.core.errors import ImportFileError
from ml_app_wind_draft.core.rows import RejectedRow
from ml_app_wind_draft.core.site import CsvFormat
from ml_app_wind_draft.ingestion.chunks import CHUNK_ROWS, Chunk, storable
from ml_app_wind_draft.ingestion.encodings import recognise_encoding
from ml_app_wind_draft.ingestion.numbers import recognise_decimal

HEADER_WITHIN = 100  # lines; exports often begin with a few lines about themselves
LONGEST_LINE = 1 << 20
MOST_MORE_LINES = 8  # a quoted field may hold line breaks
DECIMAL_SAMPLE = 2_000
QUOTE = '"'
SPELLED_DELIMITERS = {"\\t": "\t", "tab": "\t", "space": " ", "comma": ",", "semicolon": ";"}
WORD = re.compile(r"[\w\s\"]")


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
        places = {name: self.header.names.index(name) for name in self.columns}
        with self.path.open("rb") as raw, _text_of(raw, self.encoding) as file:
            records = _records(_lines(file), self.header, list(places.values()))
            while block := list(islice(records, rows)):
                good = [(each.line, each.fields) for each in block if each.fields is not None]
                yield Chunk(
                    lines=np.array([line for line, _ in good], dtype=np.int64),
                    columns={name: [row[at] for _, row in good] for name, at in places.items()},
                    position=raw.tell(),
                    malformed=[_malformed(r, self.header) for r in block if r.fields is None],
                )

    def _with_decimal(self, numbers: list[str]) -> "CsvFile":
        sample = next(self.chunks(DECIMAL_SAMPLE), None)
        columns = [] if sample is None else [sample.columns[name] for name in numbers]
        decimal = recognise_decimal([t for c in columns if isinstance(c, list) for t in c])
        return replace(self, decimal=decimal)


@dataclass(frozen=True, slots=True)
class _Record:
    """A row's first line, its text, and its fields unless it is malformed."""

    line: int
    text: str
    fields: list[str] | None
    fault: str = ""


def _records(
    lines: Iterator[tuple[int, str]], header: Header, wanted: list[int]
) -> Iterator[_Record]:
    """Cut lines into rows of as many fields as the header has; blank lines are no rows."""
    ahead: deque[tuple[int, str]] = deque()

    def can_see(count: int) -> bool:
        ahead.extend(islice(lines, max(0, count - len(ahead))))
        return len(ahead) >= count

    while can_see(1):
        number, line = ahead.popleft()
        if number <= header.line or not line.strip():
            continue
        if QUOTE not in line:
            yield _fit(number, line, line.rstrip("\r\n").split(header.delimiter), header)
            continue
        record, text, taken = _quoted(number, line, header), line, 0
        while record is None and taken < MOST_MORE_LINES and can_see(taken + 1):
            text += ahead[taken][1]
            taken += 1
            record = _quoted(number, text, header)
        if record is None or (taken and not _holds_together(record, wanted)):
            # Only this line is lost to its stray quotation mark; those after it are read anew.
            yield _Record(number, line, None, "a quotation mark is not closed")
            continue
        for _ in range(taken):
            ahead.popleft()
        yield record


def _quoted(number: int, text: str, header: Header) -> _Record | None:
    """A row of fields in quotes; `None` if the last one's quotation mark is still open."""
    try:
        fields = _cut(text, header.delimiter)
    except csv.Error as error:
        return _Record(number, text, None, str(error))
    return None if fields[-1].endswith("\n") else _fit(number, text, fields, header)


def _cut(text: str, delimiter: str) -> list[str]:
    """Fields of a row; the last one ends in a line break if its quotation mark is not closed."""
    whole = io.StringIO(text.rstrip("\r\n") + "\n", newline="\n")
    return next(csv.reader(whole, delimiter=delimiter), [""])


def _holds_together(record: _Record, wanted: list[int]) -> bool:
    """Whether a row of several lines is one: nothing the app reads has a line break in it."""
    fields = record.fields
    return fields is not None and not any("\n" in fields[at] for at in wanted)


def _fit(number: int, text: str, fields: list[str], header: Header) -> _Record:
    width = len(header.names)
    if len(fields) > width and not any(field.strip() for field in fields[width:]):
        fields = fields[:width]  # a delimiter at the end of each line
    if len(fields) != width:
        return _Record(number, text, None, f"{len(fields)} fields where the header has {width}")
    return _Record(number, text, fields)


def _malformed(record: _Record, header: Header) -> RejectedRow:
    original = {header.delimiter.join(header.names): storable(record.text.rstrip("\r\n"))}
    return RejectedRow("malformed_line", record.fault, original, line=record.line)


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
    others = [mark for mark in dict.fromkeys(line) if not WORD.match(mark) and mark not in usual]
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
