"""The dashboard's only door to storage and registry: reads, and nothing else."""

import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ml_app_wind_draft.core import clock
from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.core.states import NORMAL
from ml_app_wind_draft.dashboard import figures
from ml_app_wind_draft.dashboard.brief import Brief
from ml_app_wind_draft.dashboard.models_watch import Models, ModelsWatch
from ml_app_wind_draft.dashboard.words import DAY, HOUR
from ml_app_wind_draft.monitoring import alarms, residuals
from ml_app_wind_draft.storage.heartbeats import Heartbeat
from ml_app_wind_draft.storage.set_aside import Search
from ml_app_wind_draft.storage.shadow import Duel, ShadowState

FRESH_SECONDS = 1.0
REPLAY_ARRIVES_EVERY = 5.0
ARRIVALS = 8
SPARK_POINTS = 36
STREAM = "app-stream-data"
OUTCOMES = ["expected_power", "expected_power_p10", "expected_power_p90"]
ROW_COLUMNS = [
    "timestamp",
    "power",
    "wind_speed",
    "wind_direction",
    "nacelle_direction",
    "ambient_temperature",
    "air_pressure",
]
NEWEST_COLUMNS = ["turbine_id", "timestamp", "ingested_at", "power", "wind_speed"]
LONG_BUCKET = HOUR  # views of such means need not be as fresh
LONG_SECONDS = 30.0
DAILY_SECONDS = 1800.0
T = TypeVar("T")


class Storage(Protocol):
    """The part of `DataManager` that is read."""

    def init_raw_db_table(self) -> None:
        """Bring the schema to head."""

    def raw_range(
        self,
        start: int,
        end: int,
        turbine_ids: Sequence[str] | None = None,
        *,
        columns: Sequence[str] = ...,
        every: int = ...,
    ) -> pd.DataFrame:
        """Rows in a span of time."""

    def raw_last(
        self,
        count: int,
        turbine_ids: Sequence[str] | None = None,
        *,
        columns: Sequence[str] = ...,
    ) -> pd.DataFrame:
        """The newest rows."""

    def predictions_range(
        self,
        start: int,
        end: int,
        turbine_ids: Sequence[str] | None = None,
        *,
        columns: Sequence[str] = ...,
        every: int = ...,
    ) -> pd.DataFrame:
        """Outcomes in a span of time."""

    def predictions_last(
        self, count: int, turbine_ids: Sequence[str] | None = None
    ) -> pd.DataFrame:
        """The newest outcomes."""

    def newest_forecast(self, unit: str, resolution: int) -> int | None:
        """When the newest forecast was issued."""

    def forecasts(
        self, unit: str, resolution: int, start: int, end: int, *, leads: Sequence[int] = ()
    ) -> pd.DataFrame:
        """Forecasts by issue time."""

    def hourly_power(
        self, start: int, end: int, turbine_ids: Sequence[str] | None = None
    ) -> pd.DataFrame:
        """Measured power by hour."""

    def heartbeats(self) -> list[Heartbeat]:
        """Every service's last word."""

    def replayed_until(self, site: str) -> int | None:
        """The replay's clock."""

    def champion_history(self) -> pd.DataFrame:
        """Every reign."""

    def alarms(
        self, start: int, end: int, turbine_ids: Sequence[str] | None = None
    ) -> pd.DataFrame:
        """Alarms that were on."""

    def hourly(
        self, start: int, end: int, turbine_ids: Sequence[str] | None = None
    ) -> pd.DataFrame:
        """Sums by hour and state."""

    def daily(self, start: int, end: int, turbine_ids: Sequence[str] | None = None) -> pd.DataFrame:
        """Sums by day and state."""

    def worst_hours(
        self,
        start: int,
        end: int,
        count: int = 10,
        turbine_ids: Sequence[str] | None = None,
    ) -> pd.DataFrame:
        """The hours with the most energy below expectation."""

    def shadow_state(self, version: int) -> ShadowState | None:
        """How a model in shadow fares."""

    def shadow_days(self, duel: Duel, turbine_ids: Sequence[str] | None = None) -> pd.DataFrame:
        """Errors of shadow and champion by day."""

    def normal_rows(self, turbine_id: str, start: int, end: int, state: str) -> pd.DataFrame:
        """What the alarm rules look at."""

    def newest_rows(self) -> dict[str, int]:
        """Each turbine's newest timestamp."""

    def raw_days(
        self, start: int, end: int, turbine_ids: Sequence[str] | None = None
    ) -> pd.DataFrame:
        """Rows and corrections by day."""

    def flagged_days(
        self, start: int, end: int, turbine_ids: Sequence[str] | None = None
    ) -> pd.DataFrame:
        """Values set to missing by day."""

    def rejected_days(self, site: str, start: int, end: int) -> pd.DataFrame:
        """Rows set aside by day."""

    def stamps(self, turbine_id: str, spans: Sequence[tuple[int, int]]) -> NDArray[np.int64]:
        """The timestamps of rows in spans of time."""

    def flagged_values(
        self, turbine_id: str, signal: str, reason: str, spans: Sequence[tuple[int, int]]
    ) -> list[tuple[int, float | None, str | None]]:
        """Values that were set to missing in spans of time."""

    def rejected_rows(self, limit: int = 1000, search: Search | None = None) -> pd.DataFrame:
        """The newest rows set aside."""

    def counters(self) -> dict[str, int]:
        """Counts of everything."""

    def database_bytes(self) -> int:
        """The database's size."""


@dataclass(frozen=True, slots=True)
class TurbineView:
    """One turbine's rows with errors (kW), from before `start` (s) to before `now`.

    `below` and `mae` are the measures of the alarm rules, %. `is_past`: `now` is not event time,
    but the end of what was asked for.
    """

    turbine_id: str
    rows: pd.DataFrame
    start: int
    now: int
    coverage: float
    is_past: bool = False


@dataclass(frozen=True, slots=True)
class Current:
    """A turbine's newest state: kW, m/s; NaN where missing, `timestamp` `None` without any row.

    `scored` says whether the row has an outcome; `status`, `reason` and `state` are the outcome's.
    `spark` is the power of the last 24 h in whole slots, oldest first, kW.
    """

    turbine_id: str
    timestamp: int | None
    power: float
    wind_speed: float
    expected: float
    p10: float
    p90: float
    scored: bool
    status: str
    reason: str
    state: str
    spark: list[float]


@dataclass(frozen=True, slots=True)
class Farm:
    """All turbines now. `now` is event time, arrivals are wall clock; s.

    `replayed_year` is `None` for a live site; `arrives_every` is the time between arrivals.
    """

    now: int
    replayed_year: int | None
    turbines: dict[str, Current]
    arrived_at: int | None
    arrives_every: float
    feed_ended: bool


@dataclass(frozen=True, slots=True)
class Reign:
    """The champion in force as the database has it; `since` is wall clock, s."""

    version: int
    since: int
    by: str
    why: str
    training_end: int


class Reader:
    """Reads what the page shows. Every answer is at most a second old and shared between pages."""

    def __init__(self, site: Site, storage: Storage, models: ModelsWatch) -> None:
        self._site = site
        self._storage = storage
        self._models = models
        self._views: Brief[TurbineView] = Brief(FRESH_SECONDS)
        self._long_views: Brief[TurbineView] = Brief(LONG_SECONDS)
        self._farm: Brief[Farm] = Brief(FRESH_SECONDS)
        self._reign: Brief[Reign | None] = Brief(FRESH_SECONDS)
        self._remembered: Brief[object] = Brief(FRESH_SECONDS)
        self._kept: Brief[object] = Brief(LONG_SECONDS)
        self._of_the_day: Brief[object] = Brief(DAILY_SECONDS)
        self._schema_is_ready = False

    def view(
        self, turbine_id: str, span: int, since: int | None = None, end: int | None = None
    ) -> TurbineView:
        """A turbine's `span` seconds before `end` (`None`: event time), as far as event time, s.

        From `since` on where that is a little earlier. Raises `StorageError` when the database does
        not answer.
        """
        is_long = figures.bucket_of(span, self._site.step) >= LONG_BUCKET
        return (self._long_views if is_long else self._views).get(
            (turbine_id, span, since, end), lambda: self._view(turbine_id, span, since, end)
        )

    def farm(self) -> Farm:
        """All turbines' newest state. Raises `StorageError` when the database does not answer."""
        return self._farm.get("farm", self._read_farm)

    def reign(self) -> Reign | None:
        """The champion in force. Raises `StorageError` when the database does not answer."""
        return self._reign.get("reign", self._read_reign)

    def models(self) -> Models:
        """What MLflow last said; never waits for it."""
        return self._models.seen

    def ask_mlflow_soon(self) -> None:
        """The registry has changed: do not wait for the next turn."""
        self._models.ask_soon()
        self._reign.forget()
        self._remembered.forget()

    def remembered(self, key: Hashable, ask: Callable[[Storage], T]) -> T:
        """What `ask` reads from storage for `key`, shared like every other answer.

        Raises `StorageError` when the database does not answer.
        """
        return cast("T", self._remembered.get(key, lambda: ask(self._open())))

    def kept(self, key: Hashable, ask: Callable[[Storage], T]) -> T:
        """As `remembered`, for what changes by the hour: an answer up to half a minute old."""
        return cast("T", self._kept.get(key, lambda: ask(self._open())))

    def of_the_day(self, key: Hashable, ask: Callable[[Storage], T]) -> T:
        """As `remembered`, for what changes by the day: an answer up to half an hour old."""
        return cast("T", self._of_the_day.get(key, lambda: ask(self._open())))

    def read(self, ask: Callable[[Storage], T]) -> T:
        """What `ask` reads from storage now; `StorageError` when the database does not answer."""
        return ask(self._open())

    def ping(self) -> int | None:
        """The newest row's timestamp, read now. Raises `StorageError` when that fails."""
        newest = self._open().raw_last(1, self._site.turbine_ids, columns=["timestamp"])
        return None if newest.empty else int(newest["timestamp"].max())

    def _open(self) -> Storage:
        if not self._schema_is_ready:
            self._storage.init_raw_db_table()
            self._schema_is_ready = True
        return self._storage

    def _view(self, turbine_id: str, span: int, since: int | None, end: int | None) -> TurbineView:
        storage, step = self._open(), self._site.step
        now = self._end_of_view(storage, turbine_id, span)
        is_past = end is not None and end < now
        now = end if is_past else now
        bucket = figures.bucket_of(span, step)
        start = ((now if end is None else end) - span) // bucket * bucket
        first = start if since is None else max(min(since, start), start - DAY)
        window = round(self._site.alarms.window_hours * HOUR)
        read_from = first - max(residuals.ROLLING_SECONDS, window)
        raw = storage.raw_range(read_from, now, [turbine_id], columns=ROW_COLUMNS)
        outcomes = storage.predictions_range(
            read_from, now, [turbine_id], columns=["timestamp", *OUTCOMES, "state"]
        )
        rows = residuals.with_errors(_joined(raw, outcomes), step)
        rows = _with_measures(rows, turbine_id, self._site)
        rows = rows[rows["timestamp"] >= first - residuals.ROLLING_SECONDS]
        seen = rows.loc[rows["timestamp"] >= start, "power"].notna().sum()
        coverage = float(seen) / max(1, (now - start) // step)
        return TurbineView(turbine_id, rows, start, now, coverage, is_past)

    def _end_of_view(self, storage: Storage, turbine_id: str, span: int) -> int:
        """Event time; the end of the newest row where that lies a whole view back."""
        now = clock.now(storage.replayed_until(self._site.name))
        newest = storage.raw_last(1, [turbine_id], columns=["timestamp"])
        if newest.empty:
            return now
        end = int(newest["timestamp"].iloc[-1]) + self._site.step
        return end if end < now - span else max(now, min(end, now + self._site.step))

    def _read_farm(self) -> Farm:
        storage, site = self._open(), self._site
        replayed_until = storage.replayed_until(site.name)
        count = max(ARRIVALS, (DAY + _spark_width(site.step)) // site.step)
        raw = storage.raw_last(count, site.turbine_ids, columns=NEWEST_COLUMNS)
        rows = _of_each(raw, site.turbine_ids)
        outcomes = _of_each(storage.predictions_last(4, site.turbine_ids), site.turbine_ids)
        is_replay = site.replay is not None and replayed_until is not None
        now = clock.now(replayed_until)
        return Farm(
            now=now,
            replayed_year=clock.from_epoch(now - 1).year if is_replay else None,
            turbines={
                each: _current(each, rows[each], outcomes[each], site.step)
                for each in site.turbine_ids
            },
            arrived_at=None if raw.empty else int(raw["ingested_at"].max()),
            arrives_every=_arrives_every(raw, REPLAY_ARRIVES_EVERY if is_replay else site.step),
            feed_ended=any(
                each.service == STREAM and each.status == "done" for each in storage.heartbeats()
            ),
        )

    def _read_reign(self) -> Reign | None:
        history = self._open().champion_history()
        in_force = history[history["to_time"].isna()]
        if in_force.empty:
            return None
        last = in_force.iloc[-1]
        return Reign(
            version=int(last["version"]),
            since=int(last["from_time"]),
            by=str(last["by"]),
            why=str(last["why"]),
            training_end=int(last["training_end"]),
        )


def _joined(raw: pd.DataFrame, outcomes: pd.DataFrame) -> pd.DataFrame:
    """One turbine's rows with the powers that its outcomes expect (NaN: none), by time."""
    stamps, scored = raw["timestamp"].to_numpy(), outcomes["timestamp"].to_numpy()
    place = np.searchsorted(scored, stamps)
    found = place < len(scored)
    found[found] = scored[place[found]] == stamps[found]
    columns = {name: raw[name].to_numpy() for name in ROW_COLUMNS}
    for name in OUTCOMES:
        values = np.full(len(raw), np.nan)
        values[found] = outcomes[name].to_numpy()[place[found]]
        columns[name] = values
    state = np.full(len(raw), "", dtype=object)
    state[found] = outcomes["state"].to_numpy()[place[found]]
    return pd.DataFrame({**columns, "state": state})


def _with_measures(rows: pd.DataFrame, turbine_id: str, site: Site) -> pd.DataFrame:
    """`rows` with `below` and `mae`, the alarm rules' measures, %.

    The rules look at normal rows alone; between them a measure stays, as the rule does.
    """
    compared = rows[["power", "wind_speed", "expected_power"]].notna().all(axis=1)
    normal = rows[(compared & (rows["state"] == NORMAL)).to_numpy()]
    found = alarms.measures(normal, turbine_id, site)
    measured = pd.DataFrame(
        {
            "below": 100 * found[alarms.UNDER_PERFORMANCE],
            "mae": 100 * found[alarms.MODEL_DOUBT],
        },
        index=normal.index,
    )
    most = max(1, DAY // site.step)
    return rows.join(measured.reindex(rows.index).ffill(limit=most))


def nothing_of(turbine_id: str) -> Current:
    """The state of a turbine without any row."""
    return Current(
        turbine_id=turbine_id,
        timestamp=None,
        power=math.nan,
        wind_speed=math.nan,
        expected=math.nan,
        p10=math.nan,
        p90=math.nan,
        scored=False,
        status="",
        reason="",
        state="",
        spark=[],
    )


def _current(turbine_id: str, raw: pd.DataFrame, outcomes: pd.DataFrame, step: int) -> Current:
    """The newest scored row, or the newest row where scoring lags more than two steps behind."""
    if raw.empty:
        return nothing_of(turbine_id)
    stamps = raw["timestamp"].to_numpy()
    recent = outcomes["timestamp"].to_numpy()
    recent = recent[(recent >= stamps[-1] - 2 * step) & np.isin(recent, stamps)]
    shown = int(recent[-1] if len(recent) else stamps[-1])
    row = raw.iloc[int(np.searchsorted(stamps, shown))]
    current = replace(
        nothing_of(turbine_id),
        timestamp=shown,
        power=float(row["power"]),
        wind_speed=float(row["wind_speed"]),
        spark=_spark(stamps, raw["power"].to_numpy(np.float64), step),
    )
    if not len(recent):
        return current
    outcome = outcomes.iloc[int(np.searchsorted(outcomes["timestamp"].to_numpy(), shown))]
    return replace(
        current,
        expected=float(outcome["expected_power"]),
        p10=float(outcome["expected_power_p10"]),
        p90=float(outcome["expected_power_p90"]),
        scored=True,
        status=_text(outcome["status"]),
        reason=_text(outcome["reason"]),
        state=_text(outcome["state"]),
    )


def _spark_width(step: int) -> int:
    return max(step, DAY // SPARK_POINTS // step * step)


def _spark(stamps: NDArray[np.int64], power: NDArray[np.float64], step: int) -> list[float]:
    """Power in means over the last whole slots of 24 h; NaN where there is none.

    Slots lie fast in time and the running one is left out: not every refresh changes the line.
    """
    width = _spark_width(step)
    count = DAY // width
    slots = (stamps[-1] + step) // width - 1 - stamps // width
    wanted = np.isfinite(power) & (slots >= 0) & (slots < count)
    found = np.bincount(slots[wanted], minlength=count)
    total = np.bincount(slots[wanted], weights=power[wanted], minlength=count)
    means = np.divide(total, found, out=np.full(count, np.nan), where=found > 0)
    return [float(each) for each in means[::-1]]


def _of_each(rows: pd.DataFrame, turbine_ids: Sequence[str]) -> dict[str, pd.DataFrame]:
    """Each turbine's part of `rows`, which are by turbine."""
    names = rows["turbine_id"].to_numpy()
    return {each: rows.iloc[np.flatnonzero(names == each)] for each in turbine_ids}


def _arrives_every(raw: pd.DataFrame, otherwise: float) -> float:
    """Seconds between arrivals: the median of the last few, `otherwise` before there are any."""
    arrivals = np.unique(raw["ingested_at"].to_numpy(np.int64))[-ARRIVALS:]
    return float(np.median(np.diff(arrivals))) if len(arrivals) > 2 else float(otherwise)  # noqa: PLR2004


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
