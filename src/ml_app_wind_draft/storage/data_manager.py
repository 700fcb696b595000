"""`DataManager`, the one door to the database."""

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy.engine import Connection

from ml_app_wind_draft.core import clock
from ml_app_wind_draft.core.alarms import Judgement, JudgingWork
from ml_app_wind_draft.core.errors import SiteError
from ml_app_wind_draft.core.rows import RejectedRow, RowChanges, StoredRows
from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.core.weather import WeatherRun
from ml_app_wind_draft.storage import (
    alarms,
    consistency,
    counters,
    days,
    forecasts,
    frames,
    heartbeats,
    raw_rows,
    services,
    set_aside,
    shadow,
    sums,
    weather,
    work,
)
from ml_app_wind_draft.storage.door import Door
from ml_app_wind_draft.storage.engine import reading, writing
from ml_app_wind_draft.storage.frames import OUTCOME_COLUMNS
from ml_app_wind_draft.storage.heartbeats import Heartbeat
from ml_app_wind_draft.storage.raw_rows import RAW_COLUMNS
from ml_app_wind_draft.storage.services import ChampionChange
from ml_app_wind_draft.storage.set_aside import Search
from ml_app_wind_draft.storage.shadow import Duel, ShadowState
from ml_app_wind_draft.storage.statements import execute, fetch, value

MODEL_NAME = "wind_power_predictor"
ROWS_LOCK = 7_302_015  # any number, the same in every process; PostgreSQL's advisory lock
LATER_STATES = 15 * 86_400  # s beyond a change in which the alarm rules look for their old track


class IntakeTransaction:
    """What the intake may do between the begin and the commit of one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def stored_between(self, turbine_id: str, spans: Sequence[tuple[int, int]]) -> StoredRows:
        """The turbine's stored rows in these spans of time (s UTC, both ends included)."""
        return raw_rows.stored_between(self._connection, turbine_id, spans)

    def write(self, changes: RowChanges) -> None:
        """Store one turbine's new, corrected and newly flagged rows, and queue them for scoring."""
        raw_rows.write(self._connection, changes, clock.wall_now())
        # those were summed up and judged with other values; new rows come with their outcome
        for rows in (changes.updated, changes.reflagged):
            if len(rows):
                sums.sum_up(self._connection, changes.turbine_id, rows.timestamp)
                alarms.mark(self._connection, changes.turbine_id, rows.timestamp)

    def set_aside(self, site: str, source: str, rejected: Sequence[RejectedRow]) -> None:
        """Keep rows that may not enter."""
        if rejected:
            set_aside.write(self._connection, site, source, rejected, clock.wall_now())

    def replayed_until(self, site: str) -> int | None:
        """The replay's clock."""
        return services.replayed_until(self._connection, site)

    def advance_replay(self, site: str, until: int) -> None:
        """Move the replay's clock forward."""
        services.advance_replay(self._connection, site, until)


class DataManager(Door):
    """Everything the app reads from and writes to the database `database_url`.

    Instants are whole seconds since 1970-01-01 UTC. Every method raises `StorageBusyError` or
    `StorageFullError` where trying again may help, and `StorageError` where it will not.
    """

    # the schema

    def init_predictions_db_table(self) -> None:
        """The same as `init_raw_db_table`: one schema holds both."""
        self.init_raw_db_table()

    def register_site(self, site: Site) -> None:
        """Say which turbines are the site's. Raises `SiteError` where another site has one."""
        with writing(self._engine) as connection:
            owners = dict(fetch(connection, "SELECT turbine_id, site FROM turbines"))
            for turbine_id in site.turbine_ids:
                owner = owners.get(turbine_id, site.name)
                if owner != site.name:
                    message = f"Turbine {turbine_id} of site {site.name} belongs to {owner}."
                    remedy = "Give it another turbine_id in the site file, with `name_in_files`."
                    raise SiteError(message, remedy=remedy)
                if turbine_id not in owners:
                    statement = "INSERT INTO turbines (turbine_id, site) VALUES (?, ?)"
                    execute(connection, statement, (turbine_id, site.name))

    # rows

    @contextmanager
    def writing(self) -> Generator[IntakeTransaction]:
        """One transaction for the intake: all of it is stored, or nothing.

        Who writes rows or outcomes takes turns, as all writers do on SQLite: each must see the rows
        of the one before.
        """
        with self._taking_turns() as connection:
            yield IntakeTransaction(connection)

    def raw_range(
        self,
        start: int,
        end: int,
        turbine_ids: Sequence[str] | None = None,
        *,
        columns: Sequence[str] = RAW_COLUMNS,
        every: int = 1,
    ) -> pd.DataFrame:
        """Rows with start <= timestamp < end, by turbine and time.

        Columns: `turbine_id`, `timestamp`, `revision`, `ingested_at`, the signals (float64, NaN
        where missing) and `flags` (bit i: signal i was implausible), or those of `columns`.
        With `every` only rows whose timestamp is a multiple of so many seconds.
        """
        with reading(self._engine) as connection:
            chosen = self._chosen(connection, turbine_ids)
            return frames.raw_range(connection, start, end, chosen, columns, every)

    def raw_last(
        self,
        count: int,
        turbine_ids: Sequence[str] | None = None,
        *,
        columns: Sequence[str] = RAW_COLUMNS,
    ) -> pd.DataFrame:
        """The newest `count` rows of each turbine; columns as in `raw_range`."""
        with reading(self._engine) as connection:
            chosen = self._chosen(connection, turbine_ids)
            return frames.raw_last(connection, count, chosen, columns)

    def newest_rows(self) -> dict[str, int]:
        """The newest timestamp of each turbine that has rows."""
        statement = "SELECT max(timestamp) FROM raw_data WHERE turbine_id = ?"
        with reading(self._engine) as connection:
            newest = {
                turbine_id: value(connection, statement, (turbine_id,))
                for turbine_id in self._chosen(connection, None)
            }
        return {turbine: cast("int", when) for turbine, when in newest.items() if when is not None}

    def oldest_row(self, turbine_ids: Sequence[str]) -> int | None:
        """The oldest timestamp of these turbines, `None` where they have no rows."""
        statement = "SELECT min(timestamp) FROM raw_data WHERE turbine_id = ?"
        with reading(self._engine) as connection:
            oldest = [value(connection, statement, (each,)) for each in turbine_ids]
        return min((cast("int", each) for each in oldest if each is not None), default=None)

    def fingerprint(self, until: int, turbine_ids: Sequence[str]) -> str:
        """Says whether these turbines' rows before `until` are those of another time.

        It rests on what every write changes: how many rows there are, their revisions, flags and
        times of arrival. It reads no values, so it is quick, and says nothing about another
        database with the same values: that is what a digest is for.
        """
        with reading(self._engine) as connection:
            return raw_rows.fingerprint(connection, until, sorted(turbine_ids))

    def rejected_rows(self, limit: int = 1000, search: Search | None = None) -> pd.DataFrame:
        """The newest rows that were set aside, with reason, detail and what they said (JSON).

        A text is looked for in the newest 5,000 rows of the search.
        """
        with reading(self._engine) as connection:
            return set_aside.read(connection, search or Search(), limit)

    # sums by day, which never read a big table; days are their starts, s UTC

    def raw_days(
        self, start: int, end: int, turbine_ids: Sequence[str] | None = None
    ) -> pd.DataFrame:
        """`turbine_id`, `day`, `accepted`, `updated` with start <= day < end; days with rows."""
        with reading(self._engine) as connection:
            return days.raw_days(connection, start, end, self._chosen(connection, turbine_ids))

    def flagged_days(
        self, start: int, end: int, turbine_ids: Sequence[str] | None = None
    ) -> pd.DataFrame:
        """`turbine_id`, `day`, `signal`, `reason`, `rows`: values that were set to missing."""
        with reading(self._engine) as connection:
            return days.flagged_days(connection, start, end, self._chosen(connection, turbine_ids))

    def rejected_days(self, site: str, start: int, end: int) -> pd.DataFrame:
        """`turbine_id`, `day`, `reason`, `rows`; "" and day -1 where it could not be read."""
        with reading(self._engine) as connection:
            return days.rejected_days(connection, site, start, end)

    def stamps(self, turbine_id: str, spans: Sequence[tuple[int, int]]) -> NDArray[np.int64]:
        """The timestamps of a turbine's rows in these spans (start <= timestamp < end)."""
        with reading(self._engine) as connection:
            found = [days.stamps(connection, turbine_id, *span) for span in spans]
        return np.concatenate(found) if found else np.empty(0, dtype=np.int64)

    def flagged_values(
        self, turbine_id: str, signal: str, reason: str, spans: Sequence[tuple[int, int]]
    ) -> list[tuple[int, float | None, str | None]]:
        """(timestamp, value as it came, text) of values that were set to missing, oldest first."""
        with reading(self._engine) as connection:
            return [
                each
                for span in spans
                for each in days.flagged_values(connection, turbine_id, signal, reason, *span)
            ]

    # work and outcomes

    def open_work(self, limit: int) -> pd.DataFrame:
        """The oldest `limit` row revisions without an outcome; columns as in `raw_range`."""
        with reading(self._engine) as connection:
            return work.open_work(connection, limit)

    def save_outcomes(self, outcomes: pd.DataFrame, *, backfill: bool = False) -> int:
        """Store outcomes in one transaction and strike their rows off the work; gives how many.

        Columns: `turbine_id`, `timestamp`, `revision`, `model_version`, `status` (`predicted` or
        `no_input`), `reason`, `expected_power`, `expected_power_p10`, `expected_power_p90` (kW),
        `state`, `in_sample`. A row that another scorer finished meanwhile is left out. With
        `backfill` the work is not touched: rows that wait are left out, and known outcomes stay.
        """
        with self._taking_turns() as connection:
            return work.save_outcomes(connection, outcomes, clock.wall_now(), backfill=backfill)

    def drop_work_up_to(self, training_end: int) -> int:
        """Strike off waiting rows that the champion was trained on; gives how many."""
        with self._taking_turns() as connection:
            return work.drop_up_to(connection, training_end)

    def predictions_range(
        self,
        start: int,
        end: int,
        turbine_ids: Sequence[str] | None = None,
        *,
        in_sample: bool = False,
        columns: Sequence[str] = OUTCOME_COLUMNS,
        every: int = 1,
    ) -> pd.DataFrame:
        """Current outcomes with start <= timestamp < end, by turbine and time; as `raw_range`."""
        with reading(self._engine) as connection:
            chosen = self._chosen(connection, turbine_ids)
            return frames.predictions_range(
                connection, start, end, chosen, columns, every, in_sample=in_sample
            )

    def predictions_last(
        self, count: int, turbine_ids: Sequence[str] | None = None
    ) -> pd.DataFrame:
        """The newest `count` current outcomes of each turbine."""
        with reading(self._engine) as connection:
            return frames.predictions_last(connection, count, self._chosen(connection, turbine_ids))

    # models in shadow: what they say is kept apart, and nothing above reads it

    def save_shadow_outcomes(self, outcomes: pd.DataFrame) -> int:
        """Store what one model in shadow said of rows; gives how many are new.

        Columns as in `save_outcomes`; what is stored already stays as it is.
        """
        with self._taking_turns() as connection:
            return shadow.save(connection, outcomes, clock.wall_now())

    def note_shadow_trouble(self, version: int, trouble: str) -> None:
        """Say why a model in shadow does not score; the next row that it scores takes it back."""
        with writing(self._engine) as connection:
            shadow.note_trouble(connection, version, trouble)

    def shadow_state(self, version: int) -> ShadowState | None:
        """How a version fares in shadow, `None` where it never was in one."""
        with reading(self._engine) as connection:
            return shadow.state(connection, version)

    def shadow_pairs(self, duel: Duel, turbine_ids: Sequence[str] | None = None) -> pd.DataFrame:
        """Rows that both versions of `duel` scored as they came, by turbine and time.

        Columns: `turbine_id`, `timestamp`, `power` (kW), `wind_speed` (m/s), `shadow_power`,
        `shadow_p10`, `shadow_p90` (kW), and the champion's `expected_power`, `expected_power_p10`,
        `expected_power_p90`. Newest revisions with power, in the duel's states, predicted by both.
        """
        with reading(self._engine) as connection:
            return shadow.pairs(connection, duel, self._chosen(connection, turbine_ids))

    def shadow_days(self, duel: Duel, turbine_ids: Sequence[str] | None = None) -> pd.DataFrame:
        """The rows of `shadow_pairs` summed up by day (UTC), oldest first.

        Columns: `day` (s UTC), `rows`, `abs_error` (kW summed up) and `inside` (rows within the
        band) of the shadow; `champion_abs_error` and `champion_inside`.
        """
        with reading(self._engine) as connection:
            return shadow.days(connection, duel, self._chosen(connection, turbine_ids))

    # alarms and sums

    def alarms(
        self, start: int, end: int, turbine_ids: Sequence[str] | None = None
    ) -> pd.DataFrame:
        """Alarms that were on at any time in [start, end), whole, by turbine and start.

        Columns: `turbine_id`, `rule` (`under_performance` or `model_doubt`), `start` (int64) and
        `end` (float64, NaN while on): a row is in alarm where start <= timestamp < end; `peak`, the
        rule's highest measure, a fraction; `energy_below_expectation`, kWh of its normal rows.
        """
        with reading(self._engine) as connection:
            return alarms.read(connection, start, end, self._chosen(connection, turbine_ids))

    def hourly(
        self, start: int, end: int, turbine_ids: Sequence[str] | None = None
    ) -> pd.DataFrame:
        """Sums over each hour of each turbine with start <= hour < end, by turbine, time and state.

        Columns: `turbine_id`, `start` (s UTC), `state` (empty: no outcome yet, or in-sample),
        `rows`, `measured` (rows with power), `power_sum` (kW summed over them), `compared` (rows
        with power, wind speed and an out-of-sample prediction) and their `compared_power_sum`,
        `expected_sum`, `abs_error_sum` (kW). A sum times the site's interval in hours is kWh:
        `monitoring.losses` does it. Rows enter once they no longer wait for their outcome.
        """
        with reading(self._engine) as connection:
            chosen = self._chosen(connection, turbine_ids)
            return sums.read(connection, "hourly", start, end, chosen)

    def daily(self, start: int, end: int, turbine_ids: Sequence[str] | None = None) -> pd.DataFrame:
        """Sums over each UTC day; columns as in `hourly`. For months and long ranges."""
        with reading(self._engine) as connection:
            return sums.read(connection, "daily", start, end, self._chosen(connection, turbine_ids))

    def worst_hours(
        self,
        start: int,
        end: int,
        count: int = 10,
        turbine_ids: Sequence[str] | None = None,
        *,
        state: str | None = None,
    ) -> pd.DataFrame:
        """The hours with the most energy below expectation first; columns as in `hourly`.

        Without `state` an hour's states are added up, with it only rows in that state count.
        """
        with reading(self._engine) as connection:
            chosen = self._chosen(connection, turbine_ids)
            return sums.worst_hours(connection, (start, end), count, chosen, state)

    def normal_rows(self, turbine_id: str, start: int, end: int, state: str) -> pd.DataFrame:
        """What the alarm rules look at: `timestamp`, `power`, `expected_power` (kW), by time.

        Rows in `state` with wind speed, power and an out-of-sample prediction of their newest
        revision, start <= timestamp < end.
        """
        with reading(self._engine) as connection:
            return alarms.normal_rows(connection, turbine_id, start, end, state)

    def judging_work(self, turbine_ids: Sequence[str]) -> list[JudgingWork]:
        """The turbines with rows that the alarm rules have not seen, or not as they are now."""
        with reading(self._engine) as connection:
            return alarms.open_work(connection, turbine_ids, LATER_STATES)

    def save_judgements(self, judgements: Sequence[Judgement]) -> int:
        """Store what the alarm rules say; gives how many were stored.

        Left out are those on rows that have changed since; they come up as work again.
        """
        with writing(self._engine) as connection:
            return sum(alarms.save(connection, each) for each in judgements)

    def set_alarm_rules(self, digests: Mapping[str, str]) -> None:
        """Judge a turbine's rows anew where it was judged by limits of another digest."""
        with self._taking_turns() as connection:
            for turbine_id, digest in digests.items():
                alarms.set_rules(connection, turbine_id, digest)

    # weather

    def save_weather(self, site: str, run: WeatherRun) -> None:
        """Store a weather forecast; one of the same issue time that is there stays as it is."""
        with writing(self._engine) as connection:
            weather.save(connection, site, run)

    def weather_span(self, site: str, source: str) -> tuple[int, int] | None:
        """When the oldest and the newest stored forecast were issued, s UTC; `None` without."""
        with reading(self._engine) as connection:
            return weather.issue_span(connection, site, source)

    def weather_runs(self, site: str, source: str, start: int, end: int) -> pd.DataFrame:
        """Forecasts with start <= issued_at < end, by issue time and instant.

        Columns: `issued_at`, `valid_at` (s UTC), and one a variable, NaN where missing.
        """
        with reading(self._engine) as connection:
            return weather.runs(connection, site, source, start, end)

    # forecasts

    def save_forecasts(self, issued: pd.DataFrame) -> int:
        """Store forecasts; those that are there stay. Gives how many rows were handed in.

        Columns: `unit` (turbine, or farm:SITE), `resolution` (s), `issued_at`, `start` (s UTC),
        `model_version`, `weather` (none, forecast, perfect), `q05` ... `q95` (kW).
        """
        with writing(self._engine) as connection:
            return forecasts.save(connection, issued)

    def newest_forecast(self, unit: str, resolution: int) -> int | None:
        """When a unit's newest forecast was issued (s UTC), `None` without any."""
        with reading(self._engine) as connection:
            return forecasts.newest_issue(connection, unit, resolution)

    def forecasts(
        self, unit: str, resolution: int, start: int, end: int, *, leads: Sequence[int] = ()
    ) -> pd.DataFrame:
        """A unit's forecasts with start <= issued_at < end; `measured` is NaN until it came.

        Only those with one of `leads` (s, from issue to the interval's end), if there are any.
        """
        with reading(self._engine) as connection:
            return forecasts.read(connection, unit, resolution, start, end, leads)

    def hourly_power(
        self, start: int, end: int, turbine_ids: Sequence[str] | None = None
    ) -> pd.DataFrame:
        """Measured power by hour with start <= timestamp < end, scored or not, by turbine and time.

        Columns: `turbine_id`, `start` (s UTC), `measured` (rows with power), `power_sum` (kW).
        """
        with reading(self._engine) as connection:
            chosen = self._chosen(connection, turbine_ids)
            return forecasts.hourly_power(connection, start, end, chosen)

    def fill_forecasts(self, came: pd.DataFrame) -> None:
        """Write what came beside the forecasts of it.

        Columns: `unit`, `resolution` (s), `start` (s UTC), `power` (kW).
        """
        with writing(self._engine) as connection:
            forecasts.fill(connection, came)

    # services, clock and champions

    def beat(self, service: str, *, status: str, message: str = "", worked: bool = False) -> None:
        """Say that `service` is alive, and how it fares."""
        with writing(self._engine) as connection:
            heartbeats.beat(connection, service, status, message, worked=worked)

    def heartbeats(self) -> list[Heartbeat]:
        """Every service's last word."""
        with reading(self._engine) as connection:
            return heartbeats.heartbeats(connection)

    def replayed_until(self, site: str) -> int | None:
        """The end of the newest replayed interval, or `None` for a live site."""
        with reading(self._engine) as connection:
            return services.replayed_until(connection, site)

    def record_champion(self, change: ChampionChange) -> bool:
        """Write down who became champion and why; gives False where it is in force already."""
        with writing(self._engine) as connection:
            return services.record_champion(connection, change)

    def champion_history(self, model_name: str = MODEL_NAME) -> pd.DataFrame:
        """Every reign, oldest first; `to_time` is NaN for the one in force."""
        with reading(self._engine) as connection:
            return services.champion_history(connection, model_name)

    def champion_at(self, instant: int, model_name: str = MODEL_NAME) -> int | None:
        """The version that was champion at `instant` (wall clock)."""
        with reading(self._engine) as connection:
            return services.champion_at(connection, model_name, instant)

    # looking after it

    def counters(self) -> dict[str, int]:
        """Counts kept in the transactions they count: `raw_rows`, `waiting`, `set_aside:...`."""
        with reading(self._engine) as connection:
            return counters.read(connection)

    def check(self) -> list[str]:
        """A sentence for each disagreement between rows, work, outcomes and counters."""
        with reading(self._engine) as connection:
            return consistency.inconsistencies(connection)

    def database_bytes(self) -> int:
        """The database's size on disk."""
        with reading(self._engine) as connection:
            if connection.dialect.name == "postgresql":
                statement = "SELECT pg_database_size(current_database())"
                return cast("int", value(connection, statement))
            pages = cast("int", value(connection, "PRAGMA page_count"))
            return pages * cast("int", value(connection, "PRAGMA page_size"))

    @contextmanager
    def _taking_turns(self) -> Generator[Connection]:
        with writing(self._engine) as connection:
            if connection.dialect.name == "postgresql":
                execute(connection, "SELECT pg_advisory_xact_lock(?)", (ROWS_LOCK,))
            yield connection

    def _chosen(self, connection: Connection, turbine_ids: Sequence[str] | None) -> Sequence[str]:
        if turbine_ids is not None:
            return turbine_ids
        rows = fetch(connection, "SELECT turbine_id FROM turbines ORDER BY turbine_id")
        return [row[0] for row in rows]
