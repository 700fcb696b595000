"""Alarms, and sums by hour and day.

Rows that are there already are summed up here, and their alarms are worked out by the inference
service afterwards.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# As in `storage.sums` at the time of this migration.
SUM_UP_HOURS = """
INSERT INTO hourly (turbine_id, start, state, "rows", measured, power_sum, compared, compared_power_sum, expected_sum, abs_error_sum)
SELECT r.turbine_id, r.timestamp / 3600 * 3600, coalesce(p.state, ''), count(*), count(r.power), coalesce(sum(r.power), 0),
    count(*) FILTER (WHERE r.power IS NOT NULL AND r.wind_speed IS NOT NULL AND p.expected_power IS NOT NULL),
    coalesce(sum(r.power) FILTER (WHERE r.wind_speed IS NOT NULL AND p.expected_power IS NOT NULL), 0),
    coalesce(sum(p.expected_power) FILTER (WHERE r.power IS NOT NULL AND r.wind_speed IS NOT NULL), 0),
    coalesce(sum(abs(p.expected_power - r.power)) FILTER (WHERE r.wind_speed IS NOT NULL), 0)
FROM raw_data r LEFT JOIN predictions p ON p.turbine_id = r.turbine_id AND p.timestamp = r.timestamp
    AND p.revision = r.revision AND p.in_sample = 0 AND NOT EXISTS (
        SELECT 1 FROM predictions better WHERE better.turbine_id = p.turbine_id AND better.timestamp = p.timestamp
        AND better.revision = p.revision AND (-better.backfilled, better.model_version) > (-p.backfilled, p.model_version))
GROUP BY 1, 2, 3
"""
SUM_UP_DAYS = """
INSERT INTO daily SELECT turbine_id, start / 86400 * 86400, state, sum("rows"), sum(measured), sum(power_sum), sum(compared),
    sum(compared_power_sum), sum(expected_sum), sum(abs_error_sum)
FROM hourly GROUP BY 1, 2, 3
"""
JUDGE_ALL = """
INSERT INTO judging (turbine_id, changes, since, until, rules)
SELECT turbine_id, 1, min(timestamp), max(timestamp), '' FROM raw_data GROUP BY turbine_id
"""


def upgrade() -> None:
    for table, span in (("hourly", "hour"), ("daily", "day")):
        op.create_table(
            table,
            sa.Column("turbine_id", sa.Text(), nullable=False, comment="turbine, unique over all sites"),
            sa.Column("start", sa.BigInteger(), nullable=False, comment=f"of the {span}, s UTC"),
            sa.Column("state", sa.Text(), nullable=False, comment="inferred operating state; empty: no outcome"),
            sa.Column("rows", sa.BigInteger(), nullable=False, comment="accepted rows"),
            sa.Column("measured", sa.BigInteger(), nullable=False, comment="rows with power"),
            sa.Column("power_sum", sa.Double(), nullable=False, comment="of measured rows, kW; times the interval in hours: kWh"),
            sa.Column("compared", sa.BigInteger(), nullable=False, comment="rows with power, wind speed and an out-of-sample prediction"),
            sa.Column("compared_power_sum", sa.Double(), nullable=False, comment="of compared rows, kW"),
            sa.Column("expected_sum", sa.Double(), nullable=False, comment="expected power of compared rows, kW"),
            sa.Column("abs_error_sum", sa.Double(), nullable=False, comment="|expected - power| of compared rows, kW"),
            sa.PrimaryKeyConstraint("turbine_id", "start", "state"),
            comment=f"sums over each {span}, kept in the transaction that stores an outcome",
            sqlite_with_rowid=False,
        )
    op.create_table(
        "alarms",
        sa.Column("turbine_id", sa.Text(), nullable=False, comment="turbine, unique over all sites"),
        sa.Column("rule", sa.Text(), nullable=False, comment="under_performance or model_doubt"),
        sa.Column("start_time", sa.BigInteger(), nullable=False, comment="first interval in alarm, s UTC"),
        sa.Column("end_time", sa.BigInteger(), nullable=True, comment="first interval no longer in alarm, s UTC; empty: still on"),
        sa.Column("peak", sa.Double(), nullable=False, comment="highest measure, a fraction"),
        sa.Column("energy_below_expectation", sa.Double(), nullable=False, comment="of normal rows in the alarm, kWh"),
        sa.PrimaryKeyConstraint("turbine_id", "rule", "start_time"),
        comment="what the alarm rules say of all stored rows",
        sqlite_with_rowid=False,
    )
    op.create_index("alarms_by_end", "alarms", ["turbine_id", "end_time"])
    op.create_table(
        "alarm_states",
        sa.Column("turbine_id", sa.Text(), nullable=False, comment="turbine, unique over all sites"),
        sa.Column("timestamp", sa.BigInteger(), nullable=False, comment="the state before the rows from here on, s UTC"),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("is_on", sa.BigInteger(), nullable=False, comment="1: in alarm"),
        sa.Column("held", sa.BigInteger(), nullable=False, comment="s of rows in a row that speak for a change"),
        sa.Column("start_time", sa.BigInteger(), nullable=False, comment="of the alarm that is on, s UTC"),
        sa.Column("peak", sa.Double(), nullable=False, comment="of the alarm that is on"),
        sa.Column("lost", sa.BigInteger(), nullable=False, comment="expected - power of the alarm that is on, W summed over rows"),
        sa.PrimaryKeyConstraint("turbine_id", "timestamp", "rule"),
        comment="where each alarm rule stood at each midnight, so that a late row costs little",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "judging",
        sa.Column("turbine_id", sa.Text(), nullable=False, comment="turbine, unique over all sites"),
        sa.Column("changes", sa.BigInteger(), nullable=False, comment="counts up with each change"),
        sa.Column("since", sa.BigInteger(), nullable=True, comment="first changed row, s UTC; empty: all is judged"),
        sa.Column("until", sa.BigInteger(), nullable=True, comment="last changed row, s UTC"),
        sa.Column("rules", sa.Text(), nullable=False, comment="digest of the limits that alarms were judged by"),
        sa.PrimaryKeyConstraint("turbine_id"),
        comment="rows whose alarms are still to be worked out",
    )
    op.execute(SUM_UP_HOURS)
    op.execute(SUM_UP_DAYS)
    op.execute(JUDGE_ALL)


def downgrade() -> None:
    for table in ("judging", "alarm_states", "alarms", "daily", "hourly"):
        op.drop_table(table)
