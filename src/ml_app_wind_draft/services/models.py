"""`wind models`: list the registered versions, promote one, roll back."""

import getpass

import pandas as pd
from rich.console import Console
from rich.table import Table

from ml_app_wind_draft.core import clock
from ml_app_wind_draft.core.config import Settings
from ml_app_wind_draft.core.errors import RegistryError
from ml_app_wind_draft.registry.client import ModelRegistry
from ml_app_wind_draft.services.status import say_score, stored


def show(settings: Settings, console: Console | None = None) -> None:
    """Print every version with its aliases, and who was champion when and why."""
    console = console or Console()
    with ModelRegistry(settings) as registry:
        versions = registry.versions()
    table = Table("version", "kind", "alias", "registered", "score", title="Models")
    for each in versions:
        aliases = ", ".join(each.aliases)
        table.add_row(
            str(each.version), each.kind, aliases, clock.say(each.created_at), say_score(each)
        )
    if versions:
        console.print(table)
    else:
        console.print("No model is registered yet: `wind train` makes the first.")
    _show_history(settings, console)


def promote(settings: Settings, version: int, why: str, console: Console | None = None) -> None:
    """Make a version the champion. Raises `RegistryError` where it does not exist."""
    with ModelRegistry(settings) as registry:
        registry.promote(version, by=getpass.getuser(), why=why)
    (console or Console()).print(f"Version {version} is champion.")


def rollback(settings: Settings, version: int, why: str, console: Console | None = None) -> None:
    """Promote a version that was champion before. Raises `RegistryError` where it never was."""
    with stored(settings) as manager:
        reigns = [] if manager is None else manager.champion_history()["version"].tolist()
    if version not in reigns:
        message = f"Version {version} was never champion."
        known = ", ".join(str(each) for each in sorted(set(reigns))) or "none"
        remedy = f"Former champions: {known}. `wind models promote` takes any version."
        raise RegistryError(message, remedy=remedy)
    promote(settings, version, why, console)


def _show_history(settings: Settings, console: Console) -> None:
    with stored(settings) as manager:
        if manager is None or (history := manager.champion_history()).empty:
            return
    table = Table("version", "from", "to", "by", "why", title="Champions")
    for reign in history.to_dict("records"):
        until = "in force" if pd.isna(reign["to_time"]) else clock.say(int(reign["to_time"]))
        since = clock.say(int(reign["from_time"]))
        table.add_row(str(int(reign["version"])), since, until, reign["by"], reign["why"])
    console.print(table)
