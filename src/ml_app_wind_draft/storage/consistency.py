"""Is all that the fast paths say also true? Slow and thorough: it reads every table whole."""

from typing import cast

from sqlalchemy.engine import Connection

from ml_app_wind_draft.storage import counters, sums
from ml_app_wind_draft.storage.statements import value

REVISIONS = """
SELECT turbine_id, timestamp, revision FROM raw_data
UNION ALL SELECT turbine_id, timestamp, revision FROM raw_data_history
"""
DAY_OF = "timestamp - ((timestamp % 86400) + 86400) % 86400"
OWN_OUTCOMES = "SELECT turbine_id, timestamp, revision FROM predictions WHERE backfilled = 0"
TRAINED_UNTIL = "SELECT coalesce(max(training_end), -1) FROM champion_history"

# what must be empty -> how to say it
QUESTIONS = {
    f"""SELECT count(*) FROM ({REVISIONS}) r
    WHERE r.timestamp > ({TRAINED_UNTIL})
    AND NOT EXISTS (SELECT 1 FROM predictions p WHERE p.turbine_id = r.turbine_id
        AND p.timestamp = r.timestamp AND p.revision = r.revision AND p.backfilled = 0)
    AND NOT EXISTS (SELECT 1 FROM to_score w WHERE w.turbine_id = r.turbine_id
        AND w.timestamp = r.timestamp AND w.revision = r.revision)""": (
        "row revisions have no outcome and do not wait for one"
    ),
    f"""SELECT count(*) FROM (SELECT turbine_id, timestamp, revision FROM ({OWN_OUTCOMES}) o
    GROUP BY turbine_id, timestamp, revision HAVING count(*) > 1) twice""": (
        "row revisions have more than one outcome"
    ),
    """SELECT count(*) FROM to_score w WHERE EXISTS (SELECT 1 FROM predictions p
    WHERE p.turbine_id = w.turbine_id AND p.timestamp = w.timestamp
    AND p.revision = w.revision AND p.backfilled = 0)""": (
        "row revisions wait although they have their outcome"
    ),
    f"""SELECT count(*) FROM to_score w WHERE NOT EXISTS (SELECT 1 FROM ({REVISIONS}) r
    WHERE r.turbine_id = w.turbine_id AND r.timestamp = w.timestamp
    AND r.revision = w.revision)""": "waiting rows are not stored",
    f"""SELECT count(*) FROM predictions p WHERE NOT EXISTS (SELECT 1 FROM ({REVISIONS}) r
    WHERE r.turbine_id = p.turbine_id AND r.timestamp = p.timestamp
    AND r.revision = p.revision)""": "outcomes belong to no stored row",
    f"""SELECT count(*) FROM shadow_predictions p WHERE NOT EXISTS (SELECT 1 FROM ({REVISIONS}) r
    WHERE r.turbine_id = p.turbine_id AND r.timestamp = p.timestamp
    AND r.revision = p.revision)""": "outcomes of a model in shadow belong to no stored row",
    """SELECT count(*) FROM shadows s WHERE s.scored <> (SELECT count(*) FROM shadow_predictions p
    WHERE p.model_version = s.model_version)""": "models in shadow are counted wrongly",
}
# what is summed by day -> (the sums counted anew, the sums that are kept)
BY_DAY = {
    "rows": (
        f"SELECT turbine_id, {DAY_OF} AS day, count(*) AS n FROM raw_data GROUP BY 1, 2",
        "SELECT turbine_id, day, accepted AS n FROM raw_days WHERE accepted <> 0",
    ),
    "corrections": (
        f"SELECT turbine_id, {DAY_OF} AS day, count(*) AS n FROM raw_data_history GROUP BY 1, 2",
        "SELECT turbine_id, day, updated AS n FROM raw_days WHERE updated <> 0",
    ),
    "flagged values": (
        f"""SELECT turbine_id, {DAY_OF} AS day, signal, reason, count(*) AS n
        FROM flagged_values GROUP BY 1, 2, 3, 4""",
        'SELECT turbine_id, day, signal, reason, "rows" AS n FROM flagged_days WHERE "rows" <> 0',
    ),
    "rows set aside": (
        f"""SELECT site, coalesce({DAY_OF}, -1) AS day, coalesce(turbine_id, '') AS turbine_id,
        reason, count(*) AS n FROM rejected_rows GROUP BY 1, 2, 3, 4""",
        'SELECT site, day, turbine_id, reason, "rows" AS n FROM rejected_days WHERE "rows" <> 0',
    ),
}
# hours with a waiting row are summed up with its outcome
NO_WAITING = """NOT EXISTS (SELECT 1 FROM to_score w WHERE w.turbine_id = h.turbine_id
    AND w.timestamp >= h.start AND w.timestamp < h.start + 3600)"""
HOURS_ANEW = f"SELECT * FROM ({sums.HOURS_OF_ROWS} GROUP BY 1, 2, 3) h WHERE {NO_WAITING}"
COUNTS = 'turbine_id, start, state, "rows", measured, compared'
# what is summed by hour and day -> (counted anew, as kept)
BY_HOUR = {
    "hourly": (
        f"SELECT {COUNTS} FROM ({HOURS_ANEW}) anew",
        f"SELECT {COUNTS} FROM hourly h WHERE {NO_WAITING}",
    ),
    "daily": (
        """SELECT turbine_id, start / 86400 * 86400, state, sum("rows"), sum(measured),
        sum(compared) FROM hourly GROUP BY 1, 2, 3""",
        f"SELECT {COUNTS} FROM daily",
    ),
}
POWERS = ("power_sum", "compared_power_sum", "expected_sum", "abs_error_sum")
NEAR = 1e-3  # kW; the order of adding differs
OTHER_POWERS = f"""SELECT count(*) FROM ({HOURS_ANEW}) a JOIN hourly h
ON h.turbine_id = a.turbine_id AND h.start = a.start AND h.state = a.state
WHERE {" OR ".join(f"abs(h.{name} - a.{name}) > {NEAR}" for name in POWERS)}"""
COUNTED = {
    "raw_rows": "SELECT count(*) FROM raw_data",
    "revisions": f"SELECT count(*) FROM ({REVISIONS}) r",
    "waiting": "SELECT count(*) FROM to_score",
    "predictions": (
        "SELECT count(*) FROM predictions WHERE backfilled = 0 AND status = 'predicted'"
    ),
    "no_input": "SELECT count(*) FROM predictions WHERE backfilled = 0 AND status <> 'predicted'",
    "backfilled": "SELECT count(*) FROM predictions WHERE backfilled = 1",
    "set_aside": "SELECT count(*) FROM rejected_rows",
}


def inconsistencies(connection: Connection) -> list[str]:
    """A sentence for each disagreement between rows, work, outcomes and counters."""
    found = []
    for statement, complaint in QUESTIONS.items():
        count = value(connection, statement)
        if count:
            found.append(f"{count:,} {complaint}")
    counted = counters.read(connection)
    for name, statement in COUNTED.items():
        truth = value(connection, statement) or 0
        if truth != counted.get(name, 0):
            found.append(f"the counter '{name}' says {counted.get(name, 0):,}, counted {truth:,}")
    found += _wrong_sums(connection)
    if connection.dialect.name == "sqlite":
        verdict = value(connection, "PRAGMA integrity_check")
        if verdict != "ok":
            found.append(f"SQLite's integrity check says: {verdict}")
    return found


def _wrong_sums(connection: Connection) -> list[str]:
    """The same for what is summed by hour and day."""
    found = []
    for name, (counted_anew, kept) in BY_DAY.items():
        wrong = _differing(connection, counted_anew, kept)
        if wrong:
            found.append(f"{wrong:,} daily sums of {name} are wrong")
    for name, (counted_anew, kept) in BY_HOUR.items():
        wrong = _differing(connection, counted_anew, kept)
        if wrong:
            found.append(f"{wrong:,} {name} sums of outcomes are wrong")
    wrong = value(connection, OTHER_POWERS)
    if wrong:
        found.append(f"{wrong:,} hourly sums of power are wrong")
    return found


def _differing(connection: Connection, one: str, other: str) -> int:
    """How many rows only one of two queries gives."""
    sides = ((one, other), (other, one))
    counts = [
        value(
            connection,
            f"SELECT count(*) FROM (SELECT * FROM ({a}) a EXCEPT SELECT * FROM ({b}) b) alone",
        )
        for a, b in sides
    ]
    return sum(cast("int", count) for count in counts)
