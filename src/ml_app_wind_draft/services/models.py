"""`wind models`: list the registered versions, promote one, roll back, put one into shadow."""

import getpass

import pandas as pd
from rich.console import Console
from rich.table import Table

from ml_app_wind_draft.core import clock
from ml_app_wind_draft.core.config import Settings
from ml_app_wind_draft.core.errors import RegistryError
from ml_app_wind_draft.registry.client import ModelRegistry
from ml_app_wind_draft.registry.forecasters import REGISTRIES
from ml_app_wind_draft.registry.records import ModelVersion
from ml_app_wind_draft.services.status import say_score, stored
from ml_app_wind_draft.storage.data_manager import MODEL_NAME


def show(settings: Settings, console: Console | None = None, model: str = MODEL_NAME) -> None:
    """Print every version with its aliases, and who was champion when and why."""
    console = console or Console()
    with REGISTRIES[model](settings) as registry:
        versions = registry.versions()
    table = Table("version", "kind", "alias", "registered", "score", title=model)
    for each in versions:
        aliases = ", ".join(each.aliases)
        table.add_row(
            str(each.version), each.kind, aliases, clock.say(each.created_at), _score(each, model)
        )
    if versions:
        console.print(table)
    else:
        console.print("No model is registered yet: `wind train` makes the first.")
    _show_history(settings, console, model)


def promote(
    settings: Settings,
    version: int,
    why: str,
    console: Console | None = None,
    model: str = MODEL_NAME,
) -> None:
    """Make a version the champion. Raises `RegistryError` where it does not exist."""
    with REGISTRIES[model](settings) as registry:
        registry.promote(version, by=getpass.getuser(), why=why)
    (console or Console()).print(f"Version {version} is champion.")


def rollback(
    settings: Settings,
    version: int,
    why: str,
    console: Console | None = None,
    model: str = MODEL_NAME,
) -> None:
    """Promote a version that was champion before. Raises `RegistryError` where it never was."""
    with stored(settings) as manager:
        reigns = [] if manager is None else manager.champion_history(model)["version"].tolist()
    if version not in reigns:
        message = f"Version {version} was never champion."
        known = ", ".join(str(each) for each in sorted(set(reigns))) or "none"
        remedy = f"Former champions: {known}. `wind models promote` takes any version."
        raise RegistryError(message, remedy=remedy)
    promote(settings, version, why, console, model)


def show_champion_at(
    settings: Settings, instant: int, console: Console | None = None, model: str = MODEL_NAME
) -> None:
    """Print which version was champion at `instant` (wall clock, s UTC), since when and why."""
    console = console or Console()
    with stored(settings) as manager:
        version = None if manager is None else manager.champion_at(instant, model)
        history = None if manager is None else manager.champion_history(model)
    if version is None or history is None:
        console.print(f"At {clock.say(instant)} there was no champion.")
        return
    reigns = history[(history["version"] == version) & (history["from_time"] <= instant)]
    reign = reigns.iloc[-1]
    since = clock.say(int(reign["from_time"]))
    console.print(
        f"At {clock.say(instant)} version {version} was champion, since {since}, by "
        f"{reign['by']}: {reign['why']}"
    )


def start_shadow(settings: Settings, version: int, console: Console | None = None) -> None:
    """Have a version scored in shadow. Raises `RegistryError` for the champion, and for none."""
    with ModelRegistry(settings) as registry:
        found = registry.start_shadow(version)
    (console or Console()).print(
        f"Version {version} ({found.kind}) is in shadow: it is scored beside the champion and not "
        "used. `wind models judge` says how it does."
    )


def stop_shadow(settings: Settings, console: Console | None = None) -> None:
    """End the shadow; what it said is kept."""
    with ModelRegistry(settings) as registry:
        version = registry.stop_shadow()
    said = "No version was in shadow." if version is None else f"Version {version} is not in shadow"
    (console or Console()).print(said if version is None else f"{said} any more.")


def _score(version: ModelVersion, model: str) -> str:
    if model == MODEL_NAME:
        return say_score(version)
    score = version.metrics.get("score")
    return "unknown" if score is None else f"pinball loss {score:.2f} % of rated"


def _show_history(settings: Settings, console: Console, model: str) -> None:
    with stored(settings) as manager:
        if manager is None or (history := manager.champion_history(model)).empty:
            return
    table = Table("version", "from", "to", "by", "why", title="Champions")
    for reign in history.to_dict("records"):
        until = "in force" if pd.isna(reign["to_time"]) else clock.say(int(reign["to_time"]))
        since = clock.say(int(reign["from_time"]))
        table.add_row(str(int(reign["version"])), since, until, reign["by"], reign["why"])
    console.print(table)
