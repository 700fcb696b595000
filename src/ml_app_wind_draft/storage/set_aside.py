"""Rows that were set aside, with their reason and what they said."""

import hashlib
import json
from collections.abc import Sequence

import pandas as pd
from sqlalchemy.engine import Connection

from ml_app_wind_draft.core.rows import RejectedRow
from ml_app_wind_draft.storage import bulk, counters
from ml_app_wind_draft.storage.statements import fetch

COLUMNS = (
    "fingerprint",
    "site",
    "reason",
    "detail",
    "turbine_id",
    "timestamp",
    "original",
    "source",
    "line",
    "rejected_at",
)


def write(
    connection: Connection, site: str, source: str, rejected: Sequence[RejectedRow], now: int
) -> None:
    """Keep each row once, however often its file is imported."""
    rows = {}
    for each in rejected:
        original = json.dumps(each.original, ensure_ascii=False, sort_keys=True)
        said = f"{site}\x1f{each.reason}\x1f{original}".encode("utf-8", "surrogatepass")
        fingerprint = hashlib.sha256(said).hexdigest()
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


def read(connection: Connection, limit: int, reason: str | None) -> pd.DataFrame:
    """The newest rows set aside: reason, detail, turbine_id, timestamp, original, source, line."""
    columns = ("reason", "detail", "turbine_id", "timestamp", "original", "source", "line")
    names = ", ".join((*columns, "rejected_at"))
    condition, parameters = ("WHERE reason = ?", (reason,)) if reason else ("", ())
    statement = f"""
        SELECT {names} FROM rejected_rows {condition}
        ORDER BY rejected_at DESC, fingerprint LIMIT ?"""
    rows = fetch(connection, statement, (*parameters, limit))
    return pd.DataFrame(rows, columns=[*columns, "rejected_at"])


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
