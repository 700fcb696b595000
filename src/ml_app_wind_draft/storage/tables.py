"""Every table, with units. Instants are whole seconds since 1970-01-01 UTC."""

import sqlalchemy as sa

from ml_app_wind_draft.core.signals import SIGNALS

metadata = sa.MetaData()
INSTANT = sa.BigInteger
Text, Real, Whole = sa.Text, sa.Double, sa.BigInteger


def _key_columns(*more: sa.Column) -> list[sa.Column]:
    return [
        sa.Column("turbine_id", Text, primary_key=True, comment="turbine, unique over all sites"),
        sa.Column("timestamp", INSTANT, primary_key=True, comment="start of the interval, s UTC"),
        *more,
    ]


def _row_columns() -> list[sa.Column]:
    return [
        sa.Column("ingested_at", INSTANT, nullable=False, comment="arrival, wall clock, s UTC"),
        *(sa.Column(each.name, Real, comment=f"{each.title}, {each.unit}") for each in SIGNALS),
        sa.Column(
            "flags",
            Whole,
            nullable=False,
            comment="bit i: signal i (in column order) was implausible and set to missing",
        ),
    ]


def _outcome_columns() -> list[sa.Column]:
    return _key_columns(
        sa.Column("revision", Whole, primary_key=True, comment="of the row that was scored"),
        sa.Column("model_version", Whole, primary_key=True, comment="in the registry"),
        sa.Column("issued_at", INSTANT, nullable=False, comment="wall clock, s UTC"),
        sa.Column("status", Text, nullable=False, comment="predicted or no_input"),
        sa.Column("reason", Text, comment="what was missing, for no_input"),
        sa.Column("expected_power", Real, comment="kW"),
        sa.Column("expected_power_p10", Real, comment="kW, lower end of the 80 % band"),
        sa.Column("expected_power_p90", Real, comment="kW, upper end of the 80 % band"),
    )


turbines = sa.Table(
    "turbines",
    metadata,
    sa.Column("turbine_id", Text, primary_key=True),
    sa.Column("site", Text, nullable=False),
    comment="which site a turbine belongs to",
)

raw_data = sa.Table(
    "raw_data",
    metadata,
    *_key_columns(sa.Column("revision", Whole, nullable=False, comment="1, 2, ... by correction")),
    *_row_columns(),
    comment="accepted rows, newest revision",
    sqlite_with_rowid=False,
)

raw_data_history = sa.Table(
    "raw_data_history",
    metadata,
    *_key_columns(sa.Column("revision", Whole, primary_key=True)),
    *_row_columns(),
    comment="accepted rows that a correction replaced",
    sqlite_with_rowid=False,
)

flagged_values = sa.Table(
    "flagged_values",
    metadata,
    *_key_columns(
        sa.Column("revision", Whole, primary_key=True),
        sa.Column("signal", Text, primary_key=True, comment="the signal's name"),
        sa.Column("reason", Text, nullable=False, comment="why the value was set to missing"),
        sa.Column("value", Real, comment="the value as it came, in the signal's unit"),
        sa.Column("text", Text, comment="what stood there where it was no number"),
    ),
    comment="original values of signals that were set to missing",
    sqlite_with_rowid=False,
)

rejected_rows = sa.Table(
    "rejected_rows",
    metadata,
    sa.Column("fingerprint", Text, primary_key=True, comment="digest: the same row is kept once"),
    sa.Column("site", Text, nullable=False),
    sa.Column("reason", Text, nullable=False, comment="one word, see docs/contract.md"),
    sa.Column("detail", Text, nullable=False, comment="the reason for a person to read"),
    sa.Column("turbine_id", Text, comment="where it could be read"),
    sa.Column("timestamp", INSTANT, comment="start of the interval, s UTC, where readable"),
    sa.Column("original", Text, nullable=False, comment="JSON: column -> text as it came"),
    sa.Column("source", Text, nullable=False, comment="file or stream"),
    sa.Column("line", Whole, comment="line in the file"),
    sa.Column("rejected_at", INSTANT, nullable=False, comment="wall clock, s UTC"),
    # The newest of all, of a reason, of a turbine, of both: each is the end of an index.
    sa.Index("rejected_newest", "site", "rejected_at", "fingerprint"),
    sa.Index("rejected_of_reason", "site", "reason", "rejected_at", "fingerprint"),
    sa.Index("rejected_of_turbine", "site", "turbine_id", "rejected_at", "fingerprint"),
    sa.Index("rejected_of_both", "site", "turbine_id", "reason", "rejected_at", "fingerprint"),
    comment="rows that were set aside",
)

raw_days = sa.Table(
    "raw_days",
    metadata,
    sa.Column("turbine_id", Text, primary_key=True),
    sa.Column("day", INSTANT, primary_key=True, comment="start of the day, s UTC"),
    sa.Column("accepted", Whole, nullable=False, comment="rows of that day in raw_data"),
    sa.Column("updated", Whole, nullable=False, comment="corrections of rows of that day"),
    comment="rows by day, kept in the same transactions as raw_data",
    sqlite_with_rowid=False,
)

flagged_days = sa.Table(
    "flagged_days",
    metadata,
    sa.Column("turbine_id", Text, primary_key=True),
    sa.Column("day", INSTANT, primary_key=True, comment="start of the day, s UTC"),
    sa.Column("signal", Text, primary_key=True),
    sa.Column("reason", Text, primary_key=True, comment="why the value was set to missing"),
    sa.Column("rows", Whole, nullable=False),
    comment="flagged values by day, kept in the same transactions as flagged_values",
    sqlite_with_rowid=False,
)

rejected_days = sa.Table(
    "rejected_days",
    metadata,
    sa.Column("site", Text, primary_key=True),
    sa.Column("day", INSTANT, primary_key=True, comment="start of the day, s UTC; -1: unreadable"),
    sa.Column("turbine_id", Text, primary_key=True, comment="empty: unreadable"),
    sa.Column("reason", Text, primary_key=True, comment="one word, see docs/contract.md"),
    sa.Column("rows", Whole, nullable=False),
    comment="rows set aside by day, kept in the same transactions as rejected_rows",
    sqlite_with_rowid=False,
)

to_score = sa.Table(
    "to_score",
    metadata,
    # time first, so that the oldest work is the first stretch of the table
    sa.Column("timestamp", INSTANT, primary_key=True, comment="start of the interval, s UTC"),
    sa.Column("turbine_id", Text, primary_key=True),
    sa.Column("revision", Whole, primary_key=True),
    comment="row revisions that wait for their outcome",
    sqlite_with_rowid=False,
)

predictions = sa.Table(
    "predictions",
    metadata,
    *_outcome_columns(),
    sa.Column("state", Text, comment="inferred operating state of the row"),
    sa.Column("in_sample", Whole, nullable=False, comment="1: the model had seen the row"),
    sa.Column("backfilled", Whole, nullable=False, comment="1: asked for by hand, afterwards"),
    comment="one outcome a row revision; append-only",
    sqlite_with_rowid=False,
)

shadow_predictions = sa.Table(
    "shadow_predictions",
    metadata,
    *_outcome_columns(),
    comment="what a model in shadow said of rows that no fit has seen; to judge it by, never used",
    sqlite_with_rowid=False,
)

shadows = sa.Table(
    "shadows",
    metadata,
    sa.Column("model_version", Whole, primary_key=True, autoincrement=False),
    sa.Column("since", INSTANT, nullable=False, comment="first seen in shadow, wall clock, s UTC"),
    sa.Column("scored", Whole, nullable=False, comment="its rows in shadow_predictions"),
    sa.Column("newest", INSTANT, comment="interval start of the newest of them, s UTC"),
    sa.Column("trouble", Text, nullable=False, comment="why it does not score; empty: it does"),
    comment="how each model in shadow fares, kept in the transactions that store what it said",
)

counters = sa.Table(
    "counters",
    metadata,
    sa.Column("name", Text, primary_key=True),
    sa.Column("value", Whole, nullable=False),
    comment="kept in the same transactions as what they count",
)

replays = sa.Table(
    "replays",
    metadata,
    sa.Column("site", Text, primary_key=True),
    sa.Column("replayed_until", INSTANT, nullable=False, comment="end of the newest interval, s"),
    comment="the event clock of a replay",
)

heartbeats = sa.Table(
    "heartbeats",
    metadata,
    sa.Column("service", Text, primary_key=True),
    sa.Column("pid", Whole, nullable=False),
    sa.Column("started_at", INSTANT, nullable=False, comment="wall clock, s UTC"),
    sa.Column("beat_at", INSTANT, nullable=False, comment="wall clock, s UTC"),
    sa.Column("worked_at", INSTANT, comment="last time there was work, wall clock, s UTC"),
    sa.Column("status", Text, nullable=False),
    sa.Column("message", Text, nullable=False),
    comment="what each service last said of itself",
)

champion_history = sa.Table(
    "champion_history",
    metadata,
    sa.Column("id", Whole().with_variant(sa.Integer, "sqlite"), primary_key=True),
    sa.Column("model_name", Text, nullable=False),
    sa.Column("version", Whole, nullable=False, comment="in the registry"),
    sa.Column("from_time", INSTANT, nullable=False, comment="wall clock, s UTC"),
    sa.Column("to_time", INSTANT, comment="wall clock, s UTC; empty: in force"),
    sa.Column("by", Text, nullable=False, comment="who moved the alias"),
    sa.Column("why", Text, nullable=False),
    sa.Column("training_end", INSTANT, nullable=False, comment="last training row, s UTC"),
    comment="which model was champion when, and why",
)


def _sums(name: str, span: str) -> sa.Table:
    return sa.Table(
        name,
        metadata,
        sa.Column("turbine_id", Text, primary_key=True, comment="turbine, unique over all sites"),
        sa.Column("start", INSTANT, primary_key=True, comment=f"of the {span}, s UTC"),
        sa.Column(
            "state",
            Text,
            primary_key=True,
            comment="inferred operating state; empty: no outcome",
        ),
        sa.Column("rows", Whole, nullable=False, comment="accepted rows"),
        sa.Column("measured", Whole, nullable=False, comment="rows with power"),
        sa.Column(
            "power_sum",
            Real,
            nullable=False,
            comment="of measured rows, kW; times the interval in hours: kWh",
        ),
        sa.Column(
            "compared",
            Whole,
            nullable=False,
            comment="rows with power, wind speed and an out-of-sample prediction",
        ),
        sa.Column("compared_power_sum", Real, nullable=False, comment="of compared rows, kW"),
        sa.Column(
            "expected_sum", Real, nullable=False, comment="expected power of compared rows, kW"
        ),
        sa.Column(
            "abs_error_sum", Real, nullable=False, comment="|expected - power| of compared rows, kW"
        ),
        comment=f"sums over each {span}, kept in the transaction that stores an outcome",
        sqlite_with_rowid=False,
    )


hourly = _sums("hourly", "hour")
daily = _sums("daily", "day")

alarms = sa.Table(
    "alarms",
    metadata,
    sa.Column("turbine_id", Text, primary_key=True, comment="turbine, unique over all sites"),
    sa.Column("rule", Text, primary_key=True, comment="under_performance or model_doubt"),
    sa.Column("start_time", INSTANT, primary_key=True, comment="first interval in alarm, s UTC"),
    sa.Column(
        "end_time",
        INSTANT,
        comment="first interval no longer in alarm, s UTC; empty: still on",
    ),
    sa.Column("peak", Real, nullable=False, comment="highest measure, a fraction"),
    sa.Column(
        "energy_below_expectation",
        Real,
        nullable=False,
        comment="of normal rows in the alarm, kWh",
    ),
    sa.Index("alarms_by_end", "turbine_id", "end_time"),
    comment="what the alarm rules say of all stored rows",
    sqlite_with_rowid=False,
)

alarm_states = sa.Table(
    "alarm_states",
    metadata,
    sa.Column("turbine_id", Text, primary_key=True, comment="turbine, unique over all sites"),
    sa.Column(
        "timestamp",
        INSTANT,
        primary_key=True,
        comment="the state before the rows from here on, s UTC",
    ),
    sa.Column("rule", Text, primary_key=True),
    sa.Column("is_on", Whole, nullable=False, comment="1: in alarm"),
    sa.Column("held", Whole, nullable=False, comment="s of rows in a row that speak for a change"),
    sa.Column("start_time", INSTANT, nullable=False, comment="of the alarm that is on, s UTC"),
    sa.Column("peak", Real, nullable=False, comment="of the alarm that is on"),
    sa.Column(
        "lost",
        Whole,
        nullable=False,
        comment="expected - power of the alarm that is on, W summed over rows",
    ),
    comment="where each alarm rule stood at each midnight, so that a late row costs little",
    sqlite_with_rowid=False,
)

weather_forecasts = sa.Table(
    "weather_forecasts",
    metadata,
    sa.Column("site", Text, primary_key=True),
    sa.Column("source", Text, primary_key=True, comment="who foresaw it"),
    sa.Column("issued_at", INSTANT, primary_key=True, comment="when it could be known, s UTC"),
    sa.Column("valid_at", INSTANT, primary_key=True, comment="the instant it is for, s UTC"),
    sa.Column("variable", Text, primary_key=True, comment="as the source calls it"),
    sa.Column("value", Real, nullable=False, comment="in the unit it was asked for in"),
    comment="weather forecasts by issue time, never replaced",
    sqlite_with_rowid=False,
)

FORECAST_QUANTILES = tuple(f"q{level:02d}" for level in range(5, 100, 5))

forecasts = sa.Table(
    "forecasts",
    metadata,
    sa.Column("unit", Text, primary_key=True, comment="turbine, or farm:SITE"),
    sa.Column("resolution", Whole, primary_key=True, comment="length of the interval, s"),
    sa.Column("issued_at", INSTANT, primary_key=True, comment="event time of issue, s UTC"),
    sa.Column("start", INSTANT, primary_key=True, comment="of the interval, s UTC"),
    sa.Column("model_version", Whole, nullable=False, comment="of wind_power_forecaster"),
    sa.Column("weather", Text, nullable=False, comment="none, forecast, or perfect"),
    *(
        sa.Column(name, Real, nullable=False, comment=f"{int(name[1:])} % quantile of power, kW")
        for name in FORECAST_QUANTILES
    ),
    sa.Column("measured", Real, comment="what came, kW; empty: not yet known"),
    comment="forecasts of power by issue time, and what came",
    sqlite_with_rowid=False,
)

judging = sa.Table(
    "judging",
    metadata,
    sa.Column("turbine_id", Text, primary_key=True, comment="turbine, unique over all sites"),
    sa.Column("changes", Whole, nullable=False, comment="counts up with each change"),
    sa.Column("since", INSTANT, comment="first changed row, s UTC; empty: all is judged"),
    sa.Column("until", INSTANT, comment="last changed row, s UTC"),
    sa.Column(
        "rules",
        Text,
        nullable=False,
        comment="digest of the limits that alarms were judged by",
    ),
    comment="rows whose alarms are still to be worked out",
)
