"""Rows that were set aside, with their reason and what they said."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
from sqlalchemy.engine import Connection

from ml_app_wind_draft.core.digests import digest_of
from ml_app_wind_draft.core.rows import RejectedRow
from ml_app_wind_draft.storage import bulk, counters, days
from ml_app_wind_draft.storage.statements import fetch

READ_COLUMNS = (
    "reason",
    "detail",
    "turbine_id",
    "timestamp",
    "original",
    "source",
    "line",
    "rejected_at",
)
COLUMNS = ("fingerprint", "site", *READ_COLUMNS)
SEARCHED = 5000  # the newest rows that a text is looked for in, so that a search costs the same


@dataclass(frozen=True, slots=True)
class Search:
    """Which rows set aside; `None` and "" leave a field out. `text` is looked for as it stands."""

    site: str | None = None
    reason: str | None = None
    turbine_id: str | None = None
    text: str = ""


def write(
    connection: Connection, site: str, source: str, rejected: Sequence[RejectedRow], now: int
) -> None:
    """Keep each row once, however often its file is imported."""
    rows = {}
    for each in rejected:
        original = json.dumps(each.original, ensure_ascii=False, sort_keys=True)
        said = f"{site}\x1f{each.reason}\x1f{original}".encode("utf-8", "surrogatepass")
        fingerprint = digest_of(said)
        rows[fingerprint] = (
            fingerprint,
            site,
            each.reason,
            _storable(each.detail),
            _storable(each.turbine_id),
            each.timestamp if each.timestamp is None or abs(each.timestamp) < 2**62 else None,
            _storable(original),
            source,
            each.line,
            now,
        )
    known = _known(connection, list(rows))
    new = [row for fingerprint, row in rows.items() if fingerprint not in known]
    bulk.insert(connection, "rejected_rows", COLUMNS, new, ignore_known=True)
    amounts: dict[str, int] = {"set_aside": len(new)}
    for row in new:
        name = f"set_aside:{row[2]}"
        amounts[name] = amounts.get(name, 0) + 1
    counters.add(connection, amounts)
    days.add_rejected(connection, site, [(row[5], row[4], row[2]) for row in new])


def read(connection: Connection, search: Search, limit: int) -> pd.DataFrame:
    """The newest rows set aside that `search` asks for; columns as `READ_COLUMNS`."""
    names = ", ".join(READ_COLUMNS)
    wanted = {"site": search.site, "reason": search.reason, "turbine_id": search.turbine_id}
    given = {name: asked for name, asked in wanted.items() if asked is not None}
    condition = " AND ".join(f"{name} = ?" for name in given) or "1 = 1"
    statement = f"""
        SELECT {names} FROM (
            SELECT {names}, fingerprint FROM rejected_rows WHERE {condition}
            ORDER BY rejected_at DESC, fingerprint DESC LIMIT ?) newest
        WHERE {_says(search.text)} ORDER BY rejected_at DESC, fingerprint DESC LIMIT ?"""
    looked_at = SEARCHED if search.text else limit
    text = [f"%{_escaped(search.text)}%"] * 3 if search.text else []
    rows = fetch(connection, statement, (*given.values(), looked_at, *text, limit))
    return pd.DataFrame(rows, columns=list(READ_COLUMNS))


def _says(text: str) -> str:
    """The condition that a row says `text` somewhere, without regard to case."""
    fields = ("original", "detail", "source")
    parts = (f"lower({name}) LIKE ? ESCAPE '!'" for name in fields)
    return f"({' OR '.join(parts)})" if text else "1 = 1"


def _escaped(text: str) -> str:
    lowered = text.lower()
    for special in "!%_":
        lowered = lowered.replace(special, f"!{special}")
    return lowered


def _known(connection: Connection, fingerprints: Sequence[str]) -> set[str]:
    known: set[str] = set()
    for at in range(0, len(fingerprints), 500):
        some = fingerprints[at : at + 500]
        marks = ", ".join("?" * len(some))
        statement = f"SELECT fingerprint FROM rejected_rows WHERE fingerprint IN ({marks})"
        known.update(row[0] for row in fetch(connection, statement, some))
    return known


def _storable(text: str | None) -> str | None:
    """Text that both databases take: no NUL, no lone surrogates."""
    if text is None:
        return None
    return text.replace("\x00", "\\x00").encode("utf-8", "backslashreplace").decode("utf-8")
