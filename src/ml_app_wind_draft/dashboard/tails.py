"""Series in tails: a refresh sends only what follows the part that the browser has and is true."""

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ml_app_wind_draft.dashboard import figures
from ml_app_wind_draft.dashboard.figures import Series
from ml_app_wind_draft.dashboard.words import Zone


@dataclass(frozen=True, slots=True)
class Held:
    """What the browser has: points from `start` (s); those before `cursor` have the sum `crc`."""

    key: str
    start: int
    cursor: int
    crc: int


def held_of(data: Any) -> Held | None:
    """What the browser says it has; it may say anything."""
    try:
        return Held(str(data["key"]), *(int(data[each]) for each in ("start", "cursor", "crc")))
    except (KeyError, TypeError, ValueError):
        return None


def tail(columns: Series, key: str, start: int, held: Held | None, *, still_open: int = 1) -> dict:
    """`columns` from `start` on, or only their tail where the browser's part before it is true.

    `columns` reach back to `held.start` where it has the same key. Late rows, corrections and late
    outcomes change the checksum, and then everything is sent. The last `still_open` points may
    change yet, and are sent again.
    """
    is_same = held is not None and held.key == key
    known = is_same and held.crc == checksum(figures.cut(columns, before=held.cursor))
    columns = figures.cut(columns, since=start)
    times = columns["t"]
    cursor = int(times[-min(still_open, len(times))]) if times else start
    since = held.cursor if known else None
    return {
        "key": key,
        "start": start,
        "since": since,
        "series": figures.cut(columns, since=since),
        "held": {
            "key": key,
            "start": start,
            "cursor": cursor,
            "crc": checksum(figures.cut(columns, before=cursor)),
        },
    }


def zone_of(zone: Zone, instant: int) -> dict[str, str]:
    """A zone for the browser: what the address calls it, its name, what stands beside times."""
    return {"key": zone.key, "name": zone.name, "label": zone.label(instant)}


def start_for(key: str, start: int, held: Held | None, longest: int) -> int:
    """From where to read: `start`, or `held.start` where that is not over `longest` s earlier."""
    if held is None or held.key != key:
        return start
    return max(min(held.start, start), start - longest)


def checksum(columns: Mapping[str, Any]) -> int:
    """Tells whether two series are the same."""
    return zlib.crc32(json.dumps(columns).encode())
