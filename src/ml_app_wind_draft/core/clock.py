"""The two clocks: wall time, and the event time that the data live in.

Event time is wall time for a live site and, for a replay, the end of the newest replayed interval.
Inside the app an instant is a whole number of seconds since 1970-01-01 UTC.
"""

import time
from datetime import UTC, datetime

FOR_EVER = 2**62  # an instant after all others


def wall_now() -> int:
    """Seconds since the epoch, now."""
    return int(time.time())


def now(replayed_until: int | None) -> int:
    """Event time: `replayed_until` for a replay that has begun, else wall time."""
    return wall_now() if replayed_until is None else replayed_until


def to_epoch(moment: datetime) -> int:
    """Seconds since the epoch of an aware datetime; naive ones are refused with a `ValueError`."""
    if moment.tzinfo is None:
        message = f"{moment.isoformat()} has no time zone"
        raise ValueError(message)
    return int(moment.timestamp())


def from_epoch(seconds: float) -> datetime:
    """The UTC datetime of an instant."""
    return datetime.fromtimestamp(seconds, UTC)


def stamp(seconds: float) -> str:
    """An instant as it stands in addresses and files: `2015-01-14T10:10Z`."""
    return from_epoch(seconds).strftime("%Y-%m-%dT%H:%MZ")


def say(seconds: int) -> str:
    """An instant for a person to read: `2015-01-14 23:50 UTC`."""
    return from_epoch(seconds).strftime("%Y-%m-%d %H:%M UTC")
