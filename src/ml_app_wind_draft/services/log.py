"""One log line format for the whole house: `HH:MM:SS service level message`."""

import logging
import os
import sys
import warnings
import zlib
from typing import TextIO

LEVEL_COLOURS = {"debug": "2", "info": "32", "warning": "33", "error": "31", "critical": "1;31"}
SERVICE_COLOURS = ("36", "35", "34", "94", "95", "96")
SERVICE_WIDTH = 16
COLOUR_VARIABLE = "WIND_COLOUR"  # says to a service that its lines end on a terminal
# They say at every step what our own services say in one line, or what only their authors need.
QUIET_LIBRARIES = ("alembic", "botocore", "httpx", "kedro", "matplotlib", "mlflow", "urllib3")


def configure(service: str, *, stream: TextIO | None = None, level: int = logging.INFO) -> None:
    """Send this process's log lines and warnings to `stream` (default: stderr) in the one format.

    The variable `LOG_LEVEL` (debug, info, warning, error) overrides `level`.
    """
    stream = stream or sys.stderr
    handler = logging.StreamHandler(stream)
    handler.setFormatter(LineFormatter(service, coloured=wants_colour(stream)))
    chosen = logging.getLevelNamesMapping().get(os.environ.get("LOG_LEVEL", "").upper(), level)
    logging.basicConfig(handlers=[handler], level=chosen, force=True)
    for library in QUIET_LIBRARIES:
        logging.getLogger(library).setLevel(max(chosen, logging.WARNING))
        warnings.filterwarnings("ignore", module=rf"{library}\b")
    logging.captureWarnings(capture=True)


class LineFormatter(logging.Formatter):
    """Formats a record so that each of its lines, a traceback's too, starts the same way."""

    def __init__(self, service: str, *, coloured: bool) -> None:
        super().__init__("%(message)s", "%H:%M:%S")
        self._service = service
        self._coloured = coloured

    def format(self, record: logging.LogRecord) -> str:
        """One or more lines `HH:MM:SS service level message`."""
        clock = self.formatTime(record, self.datefmt)
        level = record.levelname.lower()
        text = super().format(record)
        return "\n".join(
            compose(clock, self._service, level, line, coloured=self._coloured)
            for line in text.splitlines() or [""]
        )


def compose(clock: str, service: str, level: str, message: str, *, coloured: bool) -> str:
    """One line of the format; colours mark the service and the level."""
    name = f"{service:<{SERVICE_WIDTH}}"
    tag = f"{level:<7}"
    if coloured:
        name = _paint(name, SERVICE_COLOURS[zlib.crc32(service.encode()) % len(SERVICE_COLOURS)])
        tag = _paint(tag, LEVEL_COLOURS.get(level, "0"))
    return f"{clock} {name} {tag} {message}"


def wants_colour(stream: TextIO) -> bool:
    """Whether to colour: on a terminal, unless `NO_COLOR`; anywhere with `FORCE_COLOR`."""
    if os.environ.get("NO_COLOR"):
        return False
    return any(map(os.environ.get, ("FORCE_COLOR", COLOUR_VARIABLE))) or stream.isatty()


def _paint(text: str, colour: str) -> str:
    return f"\x1b[{colour}m{text}\x1b[0m"
