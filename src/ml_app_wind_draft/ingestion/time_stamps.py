"""Time stamps from text: which instant, or which clock reading, does it say?"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from ml_app_wind_draft.core.site import TimeColumn
from ml_app_wind_draft.ingestion.chunks import Column, Instants

DAY_S = 86_400
EPOCH_DAY = datetime(1970, 1, 1).toordinal()  # noqa: DTZ001 - a calendar day, no instant
EARLIEST, LATEST = 0, 4_102_444_800  # 1970 to 2100
UNREADABLE = None
FARTHEST_OFFSET = timedelta(hours=15)
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

_CLOCK = (
    r"(?:(?:[T ,_]|\s)\s*(?P<hour>\d{1,2})[:.h](?P<minute>\d{2})"
    r"(?:[:.](?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?\s*(?P<half>[AaPp]\.?[Mm]\.?)?)?"
)
_OFFSET = r"\s*(?P<offset>Z|z|UTC|GMT|(?:UTC|GMT)?[+-]\d{2}(?::?\d{2}(?::?\d{2})?)?)?"
YEAR_FIRST = re.compile(
    r"(?P<year>\d{4})(?P<mark>[-/. ])(?P<month>\d{1,2})(?P=mark)(?P<day>\d{1,2})"
    + _CLOCK
    + _OFFSET,
    re.ASCII,
)
YEAR_LAST = re.compile(
    r"(?P<one>\d{1,2})(?P<mark>[-/. ])(?P<two>\d{1,2})(?P=mark)(?P<year>\d{4})" + _CLOCK + _OFFSET,
    re.ASCII,
)
NAMED_MONTH = re.compile(
    r"(?P<day>\d{1,2})[-/. ]+(?P<name>[A-Za-z]{3})[a-z]*\.?[-/. ]+(?P<year>\d{4})"
    + _CLOCK
    + _OFFSET,
    re.ASCII,
)
COMPACT = re.compile(
    r"(?P<year>(?:19|20)\d{2})(?P<month>\d{2})(?P<day>\d{2})"
    r"(?:[T _]?(?P<hour>\d{2})(?P<minute>\d{2})(?P<second>\d{2})?)?" + _OFFSET,
    re.ASCII,
)
SINCE_EPOCH = re.compile(r"(?P<whole>\d{9,10}|\d{13}|\d{16}|\d{19})(?:\.\d*)?", re.ASCII)
EPOCH_UNITS = {9: 1, 10: 1, 13: 10**3, 16: 10**6, 19: 10**9}


@dataclass(frozen=True, slots=True)
class ClockReadings:
    """What stamps say, before a time zone is applied.

    `seconds`: int64 [n]: since the epoch in UTC where `absolute`, else the same count by the local
    clock. `readable`: bool [n]. `other_order`: how many can only be read with day and month the
    other way round; `this_order`: how many only this way; `misread`: an example of the former.
    """

    seconds: NDArray[np.int64]
    absolute: NDArray[np.bool_]
    readable: NDArray[np.bool_]
    this_order: int = 0
    other_order: int = 0
    misread: str = ""


def read_stamps(column: Column, described: TimeColumn) -> ClockReadings:
    """Read a column of stamps: text, `Instants`, or seconds (or ms, us, ns) since 1970."""
    if isinstance(column, Instants):
        absolute = np.full(len(column.seconds), column.aware)
        return ClockReadings(column.seconds, absolute, column.valid & _plausible(column.seconds))
    if not isinstance(column, list):
        column = ["" if np.isnan(value) else f"{value:.0f}" for value in column]
    return _read_texts(column, described)


def _read_texts(texts: list[str], described: TimeColumn) -> ClockReadings:
    # A farm's turbines share their stamps: each text is read once.
    known = {text: read_stamp(text, described) for text in dict.fromkeys(texts)}
    count = len(texts)
    seconds = np.zeros(count, dtype=np.int64)
    absolute = np.zeros(count, dtype=bool)
    readable = np.zeros(count, dtype=bool)
    for row, text in enumerate(texts):
        stamp = known[text]
        if stamp is not None:
            seconds[row], absolute[row] = stamp
            readable[row] = True
    this_order, other_order, misread = _which_order(known, described)
    return ClockReadings(seconds, absolute, readable, this_order, other_order, misread)


def read_stamp(text: str, described: TimeColumn) -> tuple[int, bool] | None:
    """(seconds, whether they are UTC) of one stamp, or `None` if it says no time.

    Without an offset the seconds count the local clock. Fractions are rounded to the second.
    """
    bare = text.strip()
    try:
        stamp = (
            _by_format(bare, described.format) if described.format else _recognise(bare, described)
        )
    except (ValueError, OverflowError):
        return UNREADABLE
    if stamp is None or not EARLIEST <= stamp[0] < LATEST:
        return UNREADABLE
    return stamp


def _by_format(text: str, layout: str) -> tuple[int, bool]:
    moment = datetime.strptime(text, layout)  # noqa: DTZ007 - the site file says which zone
    return _count(moment, moment.utcoffset())


def _recognise(text: str, described: TimeColumn) -> tuple[int, bool] | None:
    if found := YEAR_FIRST.fullmatch(text) or COMPACT.fullmatch(text):
        return _build(found, int(found["month"]), int(found["day"]))
    if found := YEAR_LAST.fullmatch(text):
        one, two = int(found["one"]), int(found["two"])
        return _build(found, two, one) if described.day_first else _build(found, one, two)
    if found := NAMED_MONTH.fullmatch(text):
        return _build(found, MONTHS.index(found["name"].lower()) + 1, int(found["day"]))
    if found := SINCE_EPOCH.fullmatch(text):
        whole = found["whole"]
        return round(int(whole) / EPOCH_UNITS[len(whole)]), True
    return None


def _build(found: re.Match[str], month: int, day: int) -> tuple[int, bool]:
    parts = found.groupdict()
    hour = _hour(int(parts["hour"] or 0), parts.get("half"))
    minute, second = int(parts["minute"] or 0), int(parts["second"] or 0)
    next_day = hour == 24 and minute == second == 0  # noqa: PLR2004 - ISO 8601's end of a day
    moment = datetime(int(parts["year"]), month, day, 0 if next_day else hour, minute, second)  # noqa: DTZ001
    moment += timedelta(days=next_day, microseconds=int(f"{parts.get('fraction') or 0:0<6}"[:6]))
    return _count(moment, _offset(parts["offset"]))


def _hour(hour: int, half: str | None) -> int:
    if not half:
        return hour
    if not 1 <= hour <= 12:  # noqa: PLR2004 - of a 12-hour clock
        raise ValueError
    return hour % 12 + (12 if half[0] in "Pp" else 0)


def _offset(text: str | None) -> timedelta | None:
    if not text:
        return None
    digits = re.sub(r"[^0-9]", "", text)
    if not digits:
        return timedelta(0)
    ahead = timedelta(
        hours=int(digits[:2]), minutes=int(digits[2:4] or 0), seconds=int(digits[4:6] or 0)
    )
    if ahead > FARTHEST_OFFSET or int(digits[2:4] or 0) >= 60:  # noqa: PLR2004 - minutes
        raise ValueError
    return -ahead if "-" in text else ahead


def _count(moment: datetime, offset: timedelta | None) -> tuple[int, bool]:
    days = moment.toordinal() - EPOCH_DAY
    seconds = days * DAY_S + moment.hour * 3600 + moment.minute * 60 + moment.second
    seconds += moment.microsecond >= 500_000  # noqa: PLR2004 - half a second
    return (seconds, False) if offset is None else (seconds - round(offset.total_seconds()), True)


def _which_order(
    known: dict[str, tuple[int, bool] | None], described: TimeColumn
) -> tuple[int, int, str]:
    """How many different stamps tell day from month, for and against what the site file says."""
    if described.format:
        return 0, 0, ""
    this_order = other_order = 0
    misread = ""
    swapped = described.model_copy(update={"day_first": not described.day_first})
    for text, stamp in known.items():
        if not YEAR_LAST.fullmatch(text.strip()):
            continue
        other = read_stamp(text, swapped)
        if stamp is not None and other is None:
            this_order += 1
        elif stamp is None and other is not None:
            other_order += 1
            misread = misread or text
    return this_order, other_order, misread


def _plausible(seconds: NDArray[np.int64]) -> NDArray[np.bool_]:
    return (seconds >= EARLIEST) & (seconds < LATEST)
