"""Secrets come from files: what stands in the environment is shown by `docker inspect` and `ps`.

The health check reads them too, so nothing is imported here but a little of the standard library.
"""

import os
from collections.abc import Mapping

from ml_app_wind_draft.core.errors import ConfigurationError


def read_secret(name: str, environ: Mapping[str, str]) -> str:
    """The setting `name` (`UI_PASSWORD`, say), empty where it is nowhere.

    Looked for in this order: the variable itself; the file that `name`_FILE names; a file called
    like the variable in small letters in the folder SECRETS_DIR, as Docker mounts its secrets.
    Raises `ConfigurationError` for a file that is named but missing, unreadable or empty: a typing
    error must not leave a door open.
    """
    if environ.get(name):
        return environ[name]
    if named := environ.get(f"{name}_FILE"):
        return _content(named, f"{name}_FILE={named}")
    folder = environ.get("SECRETS_DIR")
    path = os.path.join(folder, name.lower()) if folder else ""  # noqa: PTH118 - as in health.py
    return _content(path, path) if path and os.path.lexists(path) else ""


def _content(path: str, said: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123 - as in health.py
            content = file.read().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        message = f"{said} cannot be read ({reason})."
        raise ConfigurationError(message, remedy="Make it a file of one line.") from error
    if not content:
        message = f"{said} is empty."
        raise ConfigurationError(message, remedy="Write the secret into it.")
    return content
