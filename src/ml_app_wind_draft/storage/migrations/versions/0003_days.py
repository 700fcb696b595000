"""Sums by day of what came in, and rows set aside by site, reason and turbine."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

DAY_OF = "timestamp - ((timestamp % 86400) + 86400) % 86400"
FILL = (
    f"""INSERT INTO raw_days (turbine_id, day, accepted, updated)
    SELECT turbine_id, day, sum(accepted), sum(updated) FROM (
        SELECT turbine_id, {DAY_OF} AS day, 1 AS accepted, 0 AS updated FROM raw_data
        UNION ALL SELECT turbine_id, {DAY_OF}, 0, 1 FROM raw_data_history) each
    GROUP BY turbine_id, day""",
    f"""INSERT INTO flagged_days (turbine_id, day, signal, reason, "rows")
    SELECT turbine_id, {DAY_OF}, signal, reason, count(*) FROM flagged_values
    GROUP BY 1, 2, 3, 4""",
    f"""INSERT INTO rejected_days (site, day, turbine_id, reason, "rows")
    SELECT site, coalesce({DAY_OF}, -1), coalesce(turbine_id, ''), reason, count(*)
    FROM rejected_rows GROUP BY 1, 2, 3, 4""",
)
INDEXES = {
    "rejected_newest": ["site", "rejected_at", "fingerprint"],
    "rejected_of_reason": ["site", "reason", "rejected_at", "fingerprint"],
    "rejected_of_turbine": ["site", "turbine_id", "rejected_at", "fingerprint"],
    "rejected_of_both": ["site", "turbine_id", "reason", "rejected_at", "fingerprint"],
}


def upgrade() -> None:
    op.create_table('raw_days',
    sa.Column('turbine_id', sa.Text(), nullable=False),
    sa.Column('day', sa.BigInteger(), nullable=False, comment='start of the day, s UTC'),
    sa.Column('accepted', sa.BigInteger(), nullable=False, comment='rows of that day in raw_data'),
    sa.Column('updated', sa.BigInteger(), nullable=False, comment='corrections of rows of that day'),
    sa.PrimaryKeyConstraint('turbine_id', 'day'),
    comment='rows by day, kept in the same transactions as raw_data',
    sqlite_with_rowid=False
    )
    op.create_table('flagged_days',
    sa.Column('turbine_id', sa.Text(), nullable=False),
    sa.Column('day', sa.BigInteger(), nullable=False, comment='start of the day, s UTC'),
    sa.Column('signal', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False, comment='why the value was set to missing'),
    sa.Column('rows', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('turbine_id', 'day', 'signal', 'reason'),
    comment='flagged values by day, kept in the same transactions as flagged_values',
    sqlite_with_rowid=False
    )
    op.create_table('rejected_days',
    sa.Column('site', sa.Text(), nullable=False),
    sa.Column('day', sa.BigInteger(), nullable=False, comment='start of the day, s UTC; -1: unreadable'),
    sa.Column('turbine_id', sa.Text(), nullable=False, comment='empty: unreadable'),
    sa.Column('reason', sa.Text(), nullable=False, comment='one word, see docs/contract.md'),
    sa.Column('rows', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('site', 'day', 'turbine_id', 'reason'),
    comment='rows set aside by day, kept in the same transactions as rejected_rows',
    sqlite_with_rowid=False
    )
    op.drop_index(op.f('ix_rejected_rows_reason'), 'rejected_rows')
    op.drop_index(op.f('ix_rejected_rows_rejected_at'), 'rejected_rows')
    for name, columns in INDEXES.items():
        op.create_index(name, 'rejected_rows', columns)
    for statement in FILL:
        op.execute(statement)


def downgrade() -> None:
    for name in INDEXES:
        op.drop_index(name, 'rejected_rows')
    op.create_index(op.f('ix_rejected_rows_reason'), 'rejected_rows', ['reason'])
    op.create_index(op.f('ix_rejected_rows_rejected_at'), 'rejected_rows', ['rejected_at'])
    op.drop_table("rejected_days")
    op.drop_table("flagged_days")
    op.drop_table("raw_days")
