"""Who may change the champion from the dashboard, and the change itself."""

from collections.abc import Callable
from dataclasses import dataclass

from ml_app_wind_draft.core.config import Settings
from ml_app_wind_draft.core.errors import StorageError, WindError
from ml_app_wind_draft.dashboard.guard import LOOPBACK
from ml_app_wind_draft.registry.client import ModelRegistry

SHORTEST_REASON = 5
LONGEST_REASON = 500
LONGEST_NAME = 60


@dataclass(frozen=True, slots=True)
class Outcome:
    """Whether the champion changed, and what to tell who asked."""

    done: bool
    said: str


def why_read_only(settings: Settings) -> str:
    """Why promote and roll back are off; empty where they are on.

    Whoever reaches an open address without a login could change what all predictions come from.
    """
    if settings.ui_password or settings.reachable_at in LOOPBACK:
        return ""
    return (
        f"Read-only: the dashboard is open to the network ({settings.reachable_at}) without a"
        " login. Set a password (UI_PASSWORD_FILE) or bind it to 127.0.0.1 to promote and roll back"
        " here; `wind models promote` works on the machine itself."
    )


def promote(
    settings: Settings,
    version: int,
    who: str,
    why: str,
    open_registry: Callable[[Settings], ModelRegistry] = ModelRegistry,
) -> Outcome:
    """Make `version` champion for the reason `why`, and write down that `who` did it."""
    who, why = " ".join(who.split()), why.strip()
    refusal = why_read_only(settings) or _lacking(who, why)
    if refusal:
        return Outcome(done=False, said=refusal)
    try:
        with open_registry(settings) as registry:
            before = registry.champion()
            if before is not None and before.version == version:
                return Outcome(done=False, said=f"Version {version} is champion already.")
            registry.promote(version, by=f"{who} (dashboard)", why=why)
    except StorageError as error:
        said = f"MLflow has moved the alias, but the trail could not be written: {error}"
        return Outcome(done=False, said=said)
    except WindError as error:
        return Outcome(done=False, said=f"Nothing was changed. {error}")
    return Outcome(done=True, said=f"Version {version} is champion. New rows are scored with it.")


def _lacking(who: str, why: str) -> str:
    if not who or len(who) > LONGEST_NAME:
        return "Say who you are: the trail names everybody who changed the champion."
    if not SHORTEST_REASON <= len(why) <= LONGEST_REASON:
        return "Say why, in a few words: the next reader of the trail will want to know."
    return ""
