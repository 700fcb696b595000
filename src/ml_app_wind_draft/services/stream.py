"""The data stream: replays a site's recording into the database as if it were live."""

import logging
import math
from datetime import UTC, datetime

import pyarrow as pa

from ml_app_wind_draft.core import clock
from ml_app_wind_draft.core.config import Settings
from ml_app_wind_draft.core.errors import ConfigurationError
from ml_app_wind_draft.core.site import Replay as ReplaySettings
from ml_app_wind_draft.core.site import Site, load_site
from ml_app_wind_draft.ingestion.history import load_history
from ml_app_wind_draft.ingestion.intake import IngestReport, ingest
from ml_app_wind_draft.ingestion.recording import Recording
from ml_app_wind_draft.ingestion.replay import Replay
from ml_app_wind_draft.services.loop import Tick, run_loop
from ml_app_wind_draft.storage.data_manager import DataManager

SERVICE = "app-stream-data"
DEFAULT_INTERVAL_S = 5.0
DAY_S = 86_400

log = logging.getLogger(__name__)


def run(
    settings: Settings,
    *,
    interval: float | None = None,
    speed: float | None = None,
    start: datetime | None = None,
) -> None:
    """Run the service until it is asked to stop.

    `interval`: wall seconds a step (default 5); `speed`: the same said as a multiple of real time.
    `start`: where a new replay begins in place of the site's `replay.start`; one that has got
    further already goes on from where it is. Raises `ConfigurationError` and `SiteError`.
    """
    site = load_site(settings.site, settings)
    pause = wall_seconds_a_step(site, interval, speed)
    # A service that reads a little now and then: Arrow's own pool would keep what it once needed.
    pa.set_memory_pool(pa.system_memory_pool())
    with DataManager(settings.database_url) as manager:
        run_loop(SERVICE, manager, Stream(manager, site, start).tick, interval=pause)


def wall_seconds_a_step(site: Site, interval: float | None, speed: float | None) -> float:
    """How long a step of the replay takes. Raises `ConfigurationError` if said twice or wrong."""
    if interval is not None and speed is not None:
        message = "--interval and --speed say the same thing in two ways."
        raise ConfigurationError(message, remedy="Give only one of them.")
    if interval is not None and not (math.isfinite(interval) and interval >= 0):
        message = f"--interval {interval} is not a number of seconds."
        raise ConfigurationError(message, remedy="Give 0 or more; 5 is the default.")
    if speed is not None and not (math.isfinite(speed) and speed > 0):
        message = f"--speed {speed} is not a multiple of real time."
        raise ConfigurationError(
            message, remedy="Give a number above 0; 120 is the default's pace."
        )
    if speed is not None:
        return site.step / speed
    return DEFAULT_INTERVAL_S if interval is None else interval


class Stream:
    """What the service does each tick: history, then the first fortnight, then step by step."""

    def __init__(self, manager: DataManager, site: Site, start: datetime | None = None) -> None:
        self._manager = manager
        self._site = site
        self._from = None if start is None else _moment(start)
        self._replay: Replay | None = None
        self._ended = False
        _check_start(site, self._from)

    def tick(self) -> Tick:
        """Store what is due."""
        if self._site.replay is None:
            return Tick(message=f"site {self._site.name} has no recording; its rows come by import")
        if self._replay is None:
            return self._begin(self._site.replay)
        step = self._replay.next_step()
        if step is None:
            return self._at_the_end()
        report = ingest(
            self._manager,
            self._site,
            step.rows,
            source=self._recording_name,
            rejected=step.rejected,
            replayed_until=step.until,
        )
        self._replay.done()
        if step.until % DAY_S == 0:
            log.info("replayed up to %s", clock.say(step.until))
        return Tick(done=report.rows_in, message=f"replayed up to {clock.say(step.until)}")

    @property
    def _recording_name(self) -> str:
        return "" if self._site.replay is None else self._site.replay.path.name

    def _begin(self, replay: ReplaySettings) -> Tick:
        """Load the history where there is none, and begin or take up the replay."""
        self._manager.init_raw_db_table()
        history = load_history(self._manager, self._site)
        if history.rows_in:
            log.info("history loaded: %s", summary(history))
        recording = Recording(self._site)
        position = self._manager.replayed_until(self._site.name)
        if position is None:
            start = clock.to_epoch(replay.start) if self._from is None else self._from
            position = self._preload(recording, start, start + round(replay.preload_days * DAY_S))
        else:
            position = max(position, self._from or 0)
            log.info("replay goes on from %s", clock.say(position))
        self._replay = Replay(self._site, recording, position)
        return Tick(more=True, message=f"replayed up to {clock.say(position)}")

    def _preload(self, recording: Recording, start: int, end: int) -> int:
        """Store the first stretch in one transaction; gives the end of its newest interval."""
        ready = recording.rows_between(start, end)
        newest = max((int(rows.timestamp.max()) for rows in ready.rows), default=None)
        until = start if newest is None else min(newest + self._site.step, end)
        report = ingest(
            self._manager,
            self._site,
            ready.rows,
            source=self._recording_name,
            rejected=ready.rejected,
            replayed_until=until,
        )
        log.info("first stretch up to %s loaded: %s", clock.say(until), summary(report))
        return until

    def _at_the_end(self) -> Tick:
        message = "the recording is at its end; nothing more will come"
        if not self._ended:
            self._ended = True
            log.info(message)
        return Tick(message=message)


def summary(report: IngestReport) -> str:
    """A report in one line."""
    aside = ", ".join(f"{count} {reason}" for reason, count in sorted(report.set_aside.items()))
    counts = f"{report.accepted} accepted, {report.updated} updated, {report.unchanged} unchanged"
    return f"{counts}, set aside: {aside or 'none'}"


def _moment(start: datetime) -> int:
    """A moment without a time zone is UTC, as all event time is."""
    return clock.to_epoch(start if start.tzinfo else start.replace(tzinfo=UTC))


def _check_start(site: Site, start: int | None) -> None:
    if site.replay is None or start is None:
        return
    earliest = clock.to_epoch(site.replay.start)
    if start < earliest:
        message = f"--from {clock.say(start)} lies in the history, which is loaded at once."
        raise ConfigurationError(message, remedy=f"Choose {clock.say(earliest)} or later.")
