"""Forecasts by issue time."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

QUANTILES = [f"q{level:02d}" for level in range(5, 100, 5)]


def upgrade() -> None:
    op.create_table('forecasts',
    sa.Column('unit', sa.Text(), nullable=False, comment='turbine, or farm:SITE'),
    sa.Column('resolution', sa.BigInteger(), nullable=False, comment='length of the interval, s'),
    sa.Column('issued_at', sa.BigInteger(), nullable=False, comment='event time of issue, s UTC'),
    sa.Column('start', sa.BigInteger(), nullable=False, comment='of the interval, s UTC'),
    sa.Column('model_version', sa.BigInteger(), nullable=False, comment='of wind_power_forecaster'),
    sa.Column('weather', sa.Text(), nullable=False, comment='none, forecast, or perfect'),
    *(sa.Column(name, sa.Double(), nullable=False, comment=f'{int(name[1:])} % quantile of power, kW')
      for name in QUANTILES),
    sa.Column('measured', sa.Double(), comment='what came, kW; empty: not yet known'),
    sa.PrimaryKeyConstraint('unit', 'resolution', 'issued_at', 'start'),
    comment='forecasts of power by issue time, and what came',
    sqlite_with_rowid=False
    )


def downgrade() -> None:
    op.drop_table("forecasts")
