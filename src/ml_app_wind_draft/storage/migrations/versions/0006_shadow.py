"""What a model in shadow says of the rows that the champion scores."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('shadow_predictions',
    sa.Column('turbine_id', sa.Text(), nullable=False, comment='turbine, unique over all sites'),
    sa.Column('timestamp', sa.BigInteger(), nullable=False, comment='start of the interval, s UTC'),
    sa.Column('revision', sa.BigInteger(), nullable=False, comment='of the row that was scored'),
    sa.Column('model_version', sa.BigInteger(), nullable=False, comment='in the registry'),
    sa.Column('issued_at', sa.BigInteger(), nullable=False, comment='wall clock, s UTC'),
    sa.Column('status', sa.Text(), nullable=False, comment='predicted or no_input'),
    sa.Column('reason', sa.Text(), nullable=True, comment='what was missing, for no_input'),
    sa.Column('expected_power', sa.Double(), nullable=True, comment='kW'),
    sa.Column('expected_power_p10', sa.Double(), nullable=True, comment='kW, lower end of the 80 % band'),
    sa.Column('expected_power_p90', sa.Double(), nullable=True, comment='kW, upper end of the 80 % band'),
    sa.PrimaryKeyConstraint('turbine_id', 'timestamp', 'revision', 'model_version'),
    comment='what a model in shadow said of rows that no fit has seen; to judge it by, never used',
    sqlite_with_rowid=False
    )
    op.create_table('shadows',
    sa.Column('model_version', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('since', sa.BigInteger(), nullable=False, comment='first seen in shadow, wall clock, s UTC'),
    sa.Column('scored', sa.BigInteger(), nullable=False, comment='its rows in shadow_predictions'),
    sa.Column('newest', sa.BigInteger(), nullable=True, comment='interval start of the newest of them, s UTC'),
    sa.Column('trouble', sa.Text(), nullable=False, comment='why it does not score; empty: it does'),
    sa.PrimaryKeyConstraint('model_version'),
    comment='how each model in shadow fares, kept in the transactions that store what it said'
    )


def downgrade() -> None:
    op.drop_table("shadows")
    op.drop_table("shadow_predictions")
