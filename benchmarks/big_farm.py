"""A made-up farm with any number of rows in every big table, and the sums that belong to them."""

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.storage.data_manager import ChampionChange, DataManager

END = 1_451_606_400  # 2016-01-01: the newest row ends here, however many there are
STEP, HOUR, DAY = 600, 3600, 86_400
FLAGGED_EVERY = 100  # a stuck vane in one row of so many
SIGNAL = "wind_direction"


def fill(manager: DataManager, path: Path, site: Site, rows: int) -> None:
    """`rows` in `raw_data`, its history and `predictions`; a tenth set aside, some flagged."""
    manager.record_champion(ChampionChange("wind_power_predictor", 1, "bench", "the only one", 0))
    manager.close()
    steps = rows // len(site.turbine_ids)
    first = END - steps * STEP
    total = steps * len(site.turbine_ids)
    with _bulk_loading(path) as connection:
        for turbine_id in site.turbine_ids:
            for statement in _statements(turbine_id, first, steps):
                connection.execute(statement)
        connection.execute(_set_aside(site, rows // 10, first, steps))
        connection.execute(
            'INSERT INTO rejected_days (site, day, turbine_id, reason, "rows")'
            f" SELECT site, timestamp / {DAY} * {DAY}, turbine_id, reason, count(*)"
            " FROM rejected_rows GROUP BY 1, 2, 3, 4"
        )
        connection.execute(
            "INSERT INTO counters (name, value) VALUES"
            f" ('raw_rows', {total}), ('revisions', {2 * total}), ('predictions', {total}),"
            f" ('waiting', 0), ('set_aside', {rows // 10})"
        )
        connection.execute(f"INSERT INTO replays VALUES ('{site.name}', {END})")


@contextmanager
def _bulk_loading(path: Path) -> Generator[sqlite3.Connection]:
    """Alone with the database, without journal or sync: a crash here leaves only rubbish.

    The indexes of what is set aside are made at the end, in the order of their keys.
    """
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode = off", "synchronous = off", "cache_size = -400000"):
        connection.execute(f"PRAGMA {pragma}")
    indexes = connection.execute(
        "SELECT name, sql FROM sqlite_master"
        " WHERE type = 'index' AND tbl_name = 'rejected_rows' AND sql IS NOT NULL"
    ).fetchall()
    try:
        connection.execute("BEGIN")
        for name, _ in indexes:
            connection.execute(f"DROP INDEX {name}")
        yield connection
        for _, statement in indexes:
            connection.execute(statement)
        connection.execute("COMMIT")
        connection.execute("PRAGMA journal_mode = wal")
    finally:
        connection.close()


def _series(steps: int) -> str:
    return f"WITH RECURSIVE s(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM s WHERE i + 1 < {steps})"


def _statements(turbine_id: str, first: int, steps: int) -> list[str]:
    series, when = _series(steps), f"{first} + i * {STEP}"
    power = "400 + i % 700"
    expected = "450 + i % 700"
    rows = (
        "INSERT INTO raw_data (turbine_id, timestamp, revision, ingested_at, power, wind_speed,"
        f" pitch_angle, flags) {series} SELECT '{turbine_id}', {when}, 1, {when}, {power},"
        " 6.5 + (i % 97) / 30.0, 0.5, 0 FROM s"
    )
    history = (
        f"INSERT INTO raw_data_history SELECT * FROM raw_data WHERE turbine_id = '{turbine_id}'"
    )
    outcome = (
        "INSERT INTO predictions (turbine_id, timestamp, revision, model_version, issued_at,"
        " status, expected_power, expected_power_p10, expected_power_p90, state, in_sample,"
        f" backfilled) {series} SELECT '{turbine_id}', {when}, 1, 1, {when}, 'predicted',"
        f" {expected}, {expected} - 60, {expected} + 60, 'full_performance', 0, 0 FROM s"
    )
    flagged = (
        "INSERT INTO flagged_values (turbine_id, timestamp, revision, signal, reason, value)"
        f" {series} SELECT '{turbine_id}', {when}, 1, '{SIGNAL}', 'stuck', 180.0 FROM s"
        f" WHERE i % {FLAGGED_EVERY} < 10"
    )
    return [rows, history, outcome, flagged, *_sums(turbine_id)]


def _sums(turbine_id: str) -> list[str]:
    def spans(table: str, seconds: int) -> str:
        return (
            f"INSERT INTO {table} (turbine_id, start, state, rows, measured, power_sum, compared,"
            f" compared_power_sum, expected_sum, abs_error_sum) SELECT turbine_id,"
            f" timestamp / {seconds} * {seconds}, 'full_performance', count(*), count(*),"
            " sum(power), count(*), sum(power), sum(power + 50), 50 * count(*) FROM raw_data"
            f" WHERE turbine_id = '{turbine_id}' GROUP BY 1, 2"
        )

    raw_days = f"""INSERT INTO raw_days (turbine_id, day, accepted, updated)
        SELECT turbine_id, timestamp / {DAY} * {DAY}, count(*), count(*) FROM raw_data
        WHERE turbine_id = '{turbine_id}' GROUP BY 1, 2"""
    flagged_days = f"""INSERT INTO flagged_days (turbine_id, day, signal, reason, "rows")
        SELECT turbine_id, timestamp / {DAY} * {DAY}, signal, reason, count(*) FROM flagged_values
        WHERE turbine_id = '{turbine_id}' GROUP BY 1, 2, 3, 4"""
    alarms = f"""INSERT INTO alarms
        (turbine_id, rule, start_time, end_time, peak, energy_below_expectation)
        SELECT turbine_id, 'under_performance', start, start + {12 * HOUR}, 0.08, 900 FROM daily
        WHERE turbine_id = '{turbine_id}' AND start / {DAY} % 5 = 0"""
    return [spans("hourly", HOUR), spans("daily", DAY), raw_days, flagged_days, alarms]


def _set_aside(site: Site, rows: int, first: int, steps: int) -> str:
    turbines = ", ".join(f"({i}, '{each}')" for i, each in enumerate(site.turbine_ids))
    count = len(site.turbine_ids)
    return (
        f"WITH RECURSIVE t(n, turbine_id) AS (VALUES {turbines}),"
        f" s(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM s WHERE i + 1 < {rows})"
        " INSERT INTO rejected_rows (fingerprint, site, reason, detail, turbine_id, timestamp,"
        f" original, source, line, rejected_at) SELECT printf('%032x', i), '{site.name}',"
        " 'off_grid', 'not on the grid', turbine_id,"
        f" {first} + (i % {steps}) * {STEP} + 60,"
        ' \'{"Date_time": "00:01", "P_avg": "\' || (i % 997) || \'"}\','
        f" 'bench.csv', i, {END} - i FROM s JOIN t ON n = i % {count}"
    )
