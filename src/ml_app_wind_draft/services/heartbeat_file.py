"""The heartbeat as a file, for health checks that must not wait for a database.

`health.py` reads it. Written only where `WIND_HEARTBEAT_DIR` names a folder, as the image does.
"""

import json
import os
from pathlib import Path

from ml_app_wind_draft.core import clock

VARIABLE = "WIND_HEARTBEAT_DIR"


class HeartbeatFile:
    """`SERVICE.json`: status, message, and when the service last beat and last worked (s UTC)."""

    def __init__(self, service: str, interval: float) -> None:
        folder = os.environ.get(VARIABLE)
        self._path = Path(folder) / f"{service}.json" if folder else None
        self._interval = interval
        self._worked_at: int | None = None

    def worked(self) -> None:
        """Note that a turn came through: it did what there was to do, be it nothing."""
        self._worked_at = clock.wall_now()

    def write(self, status: str, message: str) -> None:
        """Write the file; it appears complete or not at all."""
        if self._path is None:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        said = {
            "status": status,
            "message": message,
            "beat_at": clock.wall_now(),
            "worked_at": self._worked_at,
            "interval": self._interval,
        }
        temporary = self._path.with_suffix(".new")
        temporary.write_text(json.dumps(said), encoding="utf-8")
        temporary.replace(self._path)
