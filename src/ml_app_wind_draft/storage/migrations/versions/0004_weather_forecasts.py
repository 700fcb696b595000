"""Weather forecasts by issue time."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('weather_forecasts',
    sa.Column('site', sa.Text(), nullable=False),
    sa.Column('source', sa.Text(), nullable=False, comment='who foresaw it'),
    sa.Column('issued_at', sa.BigInteger(), nullable=False, comment='when it could be known, s UTC'),
    sa.Column('valid_at', sa.BigInteger(), nullable=False, comment='the instant it is for, s UTC'),
    sa.Column('variable', sa.Text(), nullable=False, comment='as the source calls it'),
    sa.Column('value', sa.Double(), nullable=False, comment='in the unit it was asked for in'),
    sa.PrimaryKeyConstraint('site', 'source', 'issued_at', 'valid_at', 'variable'),
    comment='weather forecasts by issue time, never replaced',
    sqlite_with_rowid=False
    )


def downgrade() -> None:
    op.drop_table("weather_forecasts")
