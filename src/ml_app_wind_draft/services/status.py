"""`wind status` and `wind check`: how everything is, for a person to read."""

from collections.abc import Generator
from contextlib import contextmanager

from rich import box
from rich.console import Console
from rich.table import Table

from ml_app_wind_draft.core import clock
from ml_app_wind_draft.core.config import Settings
from ml_app_wind_draft.core.errors import RegistryError, StorageError
from ml_app_wind_draft.core.site import load_site
from ml_app_wind_draft.models.forecast.series import HOUR
from ml_app_wind_draft.models.forecast.units import farm_name
from ml_app_wind_draft.registry.client import ModelRegistry
from ml_app_wind_draft.registry.forecasters import ForecasterRegistry
from ml_app_wind_draft.registry.records import ModelVersion
from ml_app_wind_draft.services.alarm_watch import wrong_alarms
from ml_app_wind_draft.services.roster import SERVICE_NAMES
from ml_app_wind_draft.storage.data_manager import DataManager, Heartbeat

FRESH = 15  # s, three heartbeats
ENDED = {"stopped", "failed", "done"}
ASIDE = "set_aside:"


def show(settings: Settings, console: Console | None = None) -> None:
    """Print three tables: services, data, model. What is out of reach is said, never raised."""
    console = console or Console()
    try:
        with stored(settings) as manager:
            console.print(_services_table(manager), _data_table(manager, settings))
            newest = None if manager is None else newest_forecast(manager, settings)
    except StorageError as error:
        console.print(f"[red]The database cannot be read.[/] {error}")
        newest = None
    console.print(_model_table(settings), _forecast_table(settings, newest))


def check(settings: Settings, console: Console | None = None) -> bool:
    """Print every disagreement of rows, work, outcomes, sums and alarms; true where none is."""
    console = console or Console()
    with stored(settings) as manager:
        faults: list[str] = []
        if manager:
            faults = manager.check() + wrong_alarms(manager, load_site(settings.site, settings))
    for fault in faults:
        console.print(f"[red]✗[/] {fault}")
    if not faults:
        console.print("[green]✓[/] Rows, waiting work, outcomes, sums, counters and alarms agree.")
    return not faults


@contextmanager
def stored(settings: Settings) -> Generator[DataManager | None]:
    """The database, or `None` where nothing was ever stored; a look creates no file."""
    if settings.sqlite_path is not None and not settings.sqlite_path.exists():
        yield None
        return
    with DataManager(settings.database_url) as manager:
        manager.init_raw_db_table()
        yield manager


def is_up(heartbeat: Heartbeat, now: int) -> bool:
    """Whether a service runs: it beat lately, and its last word was not its end."""
    return heartbeat.status not in ENDED and now - heartbeat.beat_at <= FRESH


def running_services(settings: Settings) -> list[str]:
    """The services that run now, by their heartbeats."""
    with stored(settings) as manager:
        beats = manager.heartbeats() if manager else []
    now = clock.wall_now()
    return [beat.service for beat in beats if is_up(beat, now)]


def say_age(seconds: float) -> str:
    """A span of time for a person: `8 s`, `5 min`, `3 h`, `2 d`."""
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(seconds, 0):.0f} s"


def _services_table(manager: DataManager | None) -> Table:
    table = _table("Services", "service", "state", "since (UTC)", "beat", "says")
    now = clock.wall_now()
    beats = {beat.service: beat for beat in manager.heartbeats()} if manager else {}
    for name in [*SERVICE_NAMES, *sorted(set(beats) - set(SERVICE_NAMES))]:
        beat = beats.get(name)
        if beat is None:
            table.add_row(name, "[dim]not yet[/]")
            continue
        table.add_row(
            name,
            _say_state(beat, now),
            f"{clock.from_epoch(beat.started_at):%m-%d %H:%M}" if is_up(beat, now) else "",
            f"{say_age(now - beat.beat_at)} ago",
            beat.message or beat.status,
        )
    return table


def _say_state(beat: Heartbeat, now: int) -> str:
    if is_up(beat, now):
        return f"[green]up[/], {beat.status}"
    if beat.status in ENDED:
        colour = "red" if beat.status == "failed" else "dim"
        return f"[{colour}]{beat.status}[/]"
    return "[red]down[/]"


def _data_table(manager: DataManager | None, settings: Settings) -> Table:
    table = _table("Data", "what", "value")
    if manager is None:
        table.add_row("rows", "none yet: `wind up` or `wind data import` brings them")
        return table
    counts = manager.counters()
    table.add_row("rows", f"{counts.get('raw_rows', 0):,}")
    for turbine_id, when in manager.newest_rows().items():
        table.add_row(f"newest row of {turbine_id}", clock.say(when))
    table.add_row("waiting for a prediction", f"{counts.get('waiting', 0):,}")
    table.add_row("predictions", f"{counts.get('predictions', 0):,}")
    table.add_row("without input", f"{counts.get('no_input', 0):,}")
    table.add_row("set aside", f"{counts.get('set_aside', 0):,}")
    for name in sorted(counts):
        if name.startswith(ASIDE) and counts[name]:
            table.add_row(f"  {name.removeprefix(ASIDE)}", f"{counts[name]:,}")
    replayed = manager.replayed_until(settings.site)
    if replayed is not None:
        table.add_row("replayed until", clock.say(replayed))
    table.add_row("size of the database", f"{manager.database_bytes() / 1e6:,.1f} MB")
    return table


def _model_table(settings: Settings) -> Table:
    table = _table("Model", "what", "value")
    with ModelRegistry(settings) as registry:
        try:
            champion = registry.champion()
            challenger = registry.challenger()
            shadow = registry.shadow()
        except RegistryError as error:
            copy = registry.champion_on_disk()
            champion, challenger, shadow = (copy.version if copy else None), None, None
            table.add_row("MLflow", f"[yellow]{error}[/]")
    table.add_row("champion", say_version(champion) if champion else "none yet: `wind train`")
    if champion:
        table.add_row("age", say_age(clock.wall_now() - champion.created_at))
        first, last = _say_day(champion.training_start), _say_day(champion.training_end)
        table.add_row("trained on", f"{first} to {last}")
        table.add_row("score", say_score(champion))
    if challenger:
        table.add_row("challenger", f"{say_version(challenger)}, {say_score(challenger)}")
    if shadow:
        table.add_row("in shadow", f"{say_version(shadow)}, {_say_shadow(settings, shadow)}")
    return table


def newest_forecast(manager: DataManager, settings: Settings) -> int | None:
    """When the farm's newest forecast was issued, s UTC; `None` without any."""
    site = load_site(settings.site, settings)
    return manager.newest_forecast(farm_name(site), HOUR)


def _forecast_table(settings: Settings, newest: int | None) -> Table:
    table = _table("Forecasts", "what", "value")
    with ForecasterRegistry(settings) as registry:
        try:
            said = say_forecaster(registry.champion())
        except RegistryError as error:
            said = f"[yellow]{error}[/]"
    table.add_row("forecaster", said)
    table.add_row("newest forecast", "none yet" if newest is None else clock.say(newest))
    return table


def say_forecaster(version: ModelVersion | None) -> str:
    """A forecaster's version and what it learnt from."""
    if version is None:
        return "none yet: `wind train`"
    return f"{say_version(version)}, trained on rows to {_say_day(version.training_end)}"


def _say_shadow(settings: Settings, shadow: ModelVersion) -> str:
    """How far it has come, or what is wrong."""
    try:
        with stored(settings) as manager:
            state = manager.shadow_state(shadow.version) if manager else None
    except StorageError as error:
        return f"[red]the database cannot be read[/]: {error}"
    if state is None:
        return "no row scored yet"
    newest = "" if state.newest is None else f", the newest {clock.say(state.newest)}"
    trouble = f"; [red]does not score[/]: {state.trouble}" if state.trouble else ""
    return f"{state.scored:,} rows scored{newest}{trouble}"


def say_version(version: ModelVersion) -> str:
    """A version's number and kind."""
    return f"version {version.version} ({version.kind})"


def say_score(version: ModelVersion) -> str:
    """A version's score: MAE on normal rows of the window it was judged on."""
    score = version.metrics.get("score")
    return "unknown" if score is None else f"MAE {score:.1f} kW, normal operation"


def _say_day(seconds: int) -> str:
    return f"{clock.from_epoch(seconds):%Y-%m-%d}"


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    first, *others = columns
    table.add_column(first, no_wrap=True)
    for column in others:
        table.add_column(column)
    return table
