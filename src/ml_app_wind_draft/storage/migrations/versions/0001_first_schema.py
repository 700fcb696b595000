"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Newest revision first; the loop's own outcome before one that was asked for afterwards.
CURRENT_PREDICTIONS = """
CREATE VIEW predictions_current AS
SELECT * FROM predictions p
WHERE NOT EXISTS (
    SELECT 1 FROM predictions better
    WHERE better.turbine_id = p.turbine_id AND better.timestamp = p.timestamp
    AND (better.revision, -better.backfilled, better.model_version)
        > (p.revision, -p.backfilled, p.model_version))
"""


def upgrade() -> None:
    op.create_table('champion_history',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('model_name', sa.Text(), nullable=False),
    sa.Column('version', sa.BigInteger(), nullable=False, comment='in the registry'),
    sa.Column('from_time', sa.BigInteger(), nullable=False, comment='wall clock, s UTC'),
    sa.Column('to_time', sa.BigInteger(), nullable=True, comment='wall clock, s UTC; empty: in force'),
    sa.Column('by', sa.Text(), nullable=False, comment='who moved the alias'),
    sa.Column('why', sa.Text(), nullable=False),
    sa.Column('training_end', sa.BigInteger(), nullable=False, comment='last training row, s UTC'),
    sa.PrimaryKeyConstraint('id'),
    comment='which model was champion when, and why'
    )
    op.create_table('counters',
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('value', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('name'),
    comment='kept in the same transactions as what they count'
    )
    op.create_table('flagged_values',
    sa.Column('turbine_id', sa.Text(), nullable=False, comment='turbine, unique over all sites'),
    sa.Column('timestamp', sa.BigInteger(), nullable=False, comment='start of the interval, s UTC'),
    sa.Column('revision', sa.BigInteger(), nullable=False),
    sa.Column('signal', sa.Text(), nullable=False, comment="the signal's name"),
    sa.Column('reason', sa.Text(), nullable=False, comment='why the value was set to missing'),
    sa.Column('value', sa.Double(), nullable=True, comment="the value as it came, in the signal's unit"),
    sa.Column('text', sa.Text(), nullable=True, comment='what stood there where it was no number'),
    sa.PrimaryKeyConstraint('turbine_id', 'timestamp', 'revision', 'signal'),
    comment='original values of signals that were set to missing',
    sqlite_with_rowid=False
    )
    op.create_table('heartbeats',
    sa.Column('service', sa.Text(), nullable=False),
    sa.Column('pid', sa.BigInteger(), nullable=False),
    sa.Column('started_at', sa.BigInteger(), nullable=False, comment='wall clock, s UTC'),
    sa.Column('beat_at', sa.BigInteger(), nullable=False, comment='wall clock, s UTC'),
    sa.Column('worked_at', sa.BigInteger(), nullable=True, comment='last time there was work, wall clock, s UTC'),
    sa.Column('status', sa.Text(), nullable=False),
    sa.Column('message', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('service'),
    comment='what each service last said of itself'
    )
    op.create_table('predictions',
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
    sa.Column('state', sa.Text(), nullable=True, comment='inferred operating state of the row'),
    sa.Column('in_sample', sa.BigInteger(), nullable=False, comment='1: the model had seen the row'),
    sa.Column('backfilled', sa.BigInteger(), nullable=False, comment='1: asked for by hand, afterwards'),
    sa.PrimaryKeyConstraint('turbine_id', 'timestamp', 'revision', 'model_version'),
    comment='one outcome a row revision; append-only',
    sqlite_with_rowid=False
    )
    op.create_table('raw_data',
    sa.Column('turbine_id', sa.Text(), nullable=False, comment='turbine, unique over all sites'),
    sa.Column('timestamp', sa.BigInteger(), nullable=False, comment='start of the interval, s UTC'),
    sa.Column('revision', sa.BigInteger(), nullable=False, comment='1, 2, ... by correction'),
    sa.Column('ingested_at', sa.BigInteger(), nullable=False, comment='arrival, wall clock, s UTC'),
    sa.Column('power', sa.Double(), nullable=True, comment='active power, kW'),
    sa.Column('wind_speed', sa.Double(), nullable=True, comment='nacelle wind speed, m/s'),
    sa.Column('wind_direction', sa.Double(), nullable=True, comment='wind direction from north, deg'),
    sa.Column('wind_direction_relative', sa.Double(), nullable=True, comment='wind direction relative to the nacelle, deg'),
    sa.Column('nacelle_direction', sa.Double(), nullable=True, comment='nacelle direction from north, deg'),
    sa.Column('pitch_angle', sa.Double(), nullable=True, comment='blade pitch angle, deg'),
    sa.Column('rotor_speed', sa.Double(), nullable=True, comment='rotor speed, rpm'),
    sa.Column('generator_speed', sa.Double(), nullable=True, comment='generator speed, rpm'),
    sa.Column('ambient_temperature', sa.Double(), nullable=True, comment='outdoor temperature, °C'),
    sa.Column('air_pressure', sa.Double(), nullable=True, comment='outdoor air pressure, hPa'),
    sa.Column('flags', sa.BigInteger(), nullable=False, comment='bit i: signal i (in column order) was implausible and set to missing'),
    sa.PrimaryKeyConstraint('turbine_id', 'timestamp'),
    comment='accepted rows, newest revision',
    sqlite_with_rowid=False
    )
    op.create_table('raw_data_history',
    sa.Column('turbine_id', sa.Text(), nullable=False, comment='turbine, unique over all sites'),
    sa.Column('timestamp', sa.BigInteger(), nullable=False, comment='start of the interval, s UTC'),
    sa.Column('revision', sa.BigInteger(), nullable=False),
    sa.Column('ingested_at', sa.BigInteger(), nullable=False, comment='arrival, wall clock, s UTC'),
    sa.Column('power', sa.Double(), nullable=True, comment='active power, kW'),
    sa.Column('wind_speed', sa.Double(), nullable=True, comment='nacelle wind speed, m/s'),
    sa.Column('wind_direction', sa.Double(), nullable=True, comment='wind direction from north, deg'),
    sa.Column('wind_direction_relative', sa.Double(), nullable=True, comment='wind direction relative to the nacelle, deg'),
    sa.Column('nacelle_direction', sa.Double(), nullable=True, comment='nacelle direction from north, deg'),
    sa.Column('pitch_angle', sa.Double(), nullable=True, comment='blade pitch angle, deg'),
    sa.Column('rotor_speed', sa.Double(), nullable=True, comment='rotor speed, rpm'),
    sa.Column('generator_speed', sa.Double(), nullable=True, comment='generator speed, rpm'),
    sa.Column('ambient_temperature', sa.Double(), nullable=True, comment='outdoor temperature, °C'),
    sa.Column('air_pressure', sa.Double(), nullable=True, comment='outdoor air pressure, hPa'),
    sa.Column('flags', sa.BigInteger(), nullable=False, comment='bit i: signal i (in column order) was implausible and set to missing'),
    sa.PrimaryKeyConstraint('turbine_id', 'timestamp', 'revision'),
    comment='accepted rows that a correction replaced',
    sqlite_with_rowid=False
    )
    op.create_table('rejected_rows',
    sa.Column('fingerprint', sa.Text(), nullable=False, comment='digest: the same row is kept once'),
    sa.Column('site', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False, comment='one word, see docs/contract.md'),
    sa.Column('detail', sa.Text(), nullable=False, comment='the reason for a person to read'),
    sa.Column('turbine_id', sa.Text(), nullable=True, comment='where it could be read'),
    sa.Column('timestamp', sa.BigInteger(), nullable=True, comment='start of the interval, s UTC, where readable'),
    sa.Column('original', sa.Text(), nullable=False, comment='JSON: column -> text as it came'),
    sa.Column('source', sa.Text(), nullable=False, comment='file or stream'),
    sa.Column('line', sa.BigInteger(), nullable=True, comment='line in the file'),
    sa.Column('rejected_at', sa.BigInteger(), nullable=False, comment='wall clock, s UTC'),
    sa.PrimaryKeyConstraint('fingerprint'),
    comment='rows that were set aside'
    )
    op.create_index(op.f('ix_rejected_rows_reason'), 'rejected_rows', ['reason'], unique=False)
    op.create_index(op.f('ix_rejected_rows_rejected_at'), 'rejected_rows', ['rejected_at'], unique=False)
    op.create_table('replays',
    sa.Column('site', sa.Text(), nullable=False),
    sa.Column('replayed_until', sa.BigInteger(), nullable=False, comment='end of the newest interval, s'),
    sa.PrimaryKeyConstraint('site'),
    comment='the event clock of a replay'
    )
    op.create_table('to_score',
    sa.Column('timestamp', sa.BigInteger(), nullable=False, comment='start of the interval, s UTC'),
    sa.Column('turbine_id', sa.Text(), nullable=False),
    sa.Column('revision', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('timestamp', 'turbine_id', 'revision'),
    comment='row revisions that wait for their outcome',
    sqlite_with_rowid=False
    )
    op.create_table('turbines',
    sa.Column('turbine_id', sa.Text(), nullable=False),
    sa.Column('site', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('turbine_id'),
    comment='which site a turbine belongs to'
    )
    op.execute(CURRENT_PREDICTIONS)


def downgrade() -> None:
    op.execute("DROP VIEW predictions_current")
    op.drop_table("turbines")
    op.drop_table("to_score")
    op.drop_table("replays")
    op.drop_table("rejected_rows")
    op.drop_table("raw_data_history")
    op.drop_table("raw_data")
    op.drop_table("predictions")
    op.drop_table("heartbeats")
    op.drop_table("flagged_values")
    op.drop_table("counters")
    op.drop_table("champion_history")
