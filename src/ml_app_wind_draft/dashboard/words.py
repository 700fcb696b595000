"""Numbers, times and states in the words of the page. Missing values are a dash, never zero."""

import math
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

MISSING = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"
MINUTE, HOUR, DAY = 60, 3600, 86400


def is_missing(value: float | None) -> bool:
    """`None`, NaN or infinite."""
    return value is None or not math.isfinite(value)


def number(value: float | None, decimals: int = 0) -> str:
    """`1,895`; thousands are separated and the minus sign is a real one."""
    if value is None or not math.isfinite(value):
        return MISSING
    text = f"{abs(value):,.{decimals}f}"
    is_zero = not text.strip("0.,")
    return f"{MINUS}{text}" if value < 0 and not is_zero else text


def signed(value: float | None, decimals: int = 0) -> str:
    """`+12` or `\N{MINUS SIGN}12`; zero has no sign."""
    text = number(value, decimals)
    is_positive = value is not None and value > 0 and text.strip("0.,") != ""
    return f"+{text}" if is_positive and text != MISSING else text


def percent(part: float | None, whole: float, decimals: int = 0) -> str:
    """`part` of `whole` as `95 %`."""
    return (
        MISSING if part is None or is_missing(part) else f"{number(100 * part / whole, decimals)} %"
    )


def decimals_of(rated_power: float) -> int:
    """Decimals of a power in kW that give at least three digits near rated power."""
    return 0 if rated_power >= 1000 else 1 if rated_power >= 100 else 2  # noqa: PLR2004 - kW


def duration(seconds: float) -> str:
    """`12 s`, `4 min`, `3 h 10 min`, `2 d 4 h`."""
    whole = int(seconds)
    if whole < MINUTE:
        return f"{whole} s"
    if whole < HOUR:
        return f"{whole // MINUTE} min"
    if whole < DAY:
        return _two(whole // HOUR, "h", whole % HOUR // MINUTE, "min")
    return _two(whole // DAY, "d", whole % DAY // HOUR, "h")


def length_of(seconds: int) -> str:
    """A mean's length: `10-minute`, `6-hour`, `7-day`."""
    for size, name in ((DAY, "day"), (HOUR, "hour")):
        if seconds >= size and seconds % size == 0:
            return f"{seconds // size}-{name}"
    return f"{seconds // MINUTE}-minute"


def _two(large: int, unit: str, small: int, small_unit: str) -> str:
    return f"{large} {unit} {small} {small_unit}" if small else f"{large} {unit}"


@dataclass(frozen=True, slots=True)
class Zone:
    """A time zone by its IANA name; `key` is what the address calls it, `utc` or `site`."""

    key: str
    name: str

    def at(self, instant: float) -> datetime:
        """The instant on a clock of this zone."""
        return datetime.fromtimestamp(instant, ZoneInfo(self.name))

    def label(self, instant: float) -> str:
        """What stands beside a time: `UTC`, `CET`; `UTC+3` where the zone has no letters."""
        said = self.at(instant).strftime("%Z")
        return said if said.isalpha() else f"UTC{said}"


UTC_ZONE = Zone("utc", "UTC")


def clock_time(instant: float, zone: Zone = UTC_ZONE) -> str:
    """`10:10 UTC`."""
    return _said(instant, zone, "%H:%M")


def day_time(instant: float, zone: Zone = UTC_ZONE) -> str:
    """`14 Jan, 10:10 UTC`."""
    return _said(instant, zone, "%d %b, %H:%M")


def moment(instant: float, zone: Zone = UTC_ZONE) -> str:
    """`14 Jan 2015, 10:10 UTC`."""
    return _said(instant, zone, "%d %b %Y, %H:%M")


def day(instant: float, zone: Zone = UTC_ZONE) -> str:
    """`14 Jan 2015`."""
    return zone.at(instant).strftime("%d %b %Y").lstrip("0")


def month(instant: float) -> str:
    """`Jan 2015`, of the UTC month."""
    return UTC_ZONE.at(instant).strftime("%b %Y")


def _said(instant: float, zone: Zone, how: str) -> str:
    text = zone.at(instant).strftime(how)
    return f"{text.removeprefix('0') if how.startswith('%d') else text} {zone.label(instant)}"
