"""Starts `wind up` or `make up` as a user would, and watches every process that comes of it."""

import os
import re
import signal
import subprocess
import threading
import time
import urllib.request
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil
import pytest

from ml_app_wind_draft.core.config import PROJECT_ROOT, Settings

MARK = "WIND_TEST_MARK"
WIND = PROJECT_ROOT / ".venv" / "bin" / "wind"


class House:
    """A command that starts services, with what it says and every process that comes of it."""

    def __init__(self, command: Sequence[str | Path], settings: Settings) -> None:
        self.settings = settings
        self.mark = uuid.uuid4().hex
        self.environment = {
            **os.environ,
            MARK: self.mark,
            "NO_COLOR": "1",
            "DO_NOT_TRACK": "true",
            "DATA_DIR": str(settings.data_dir),
            "MLFLOW_DIR": str(settings.mlflow_dir),
            "MLFLOW_PORT": str(settings.mlflow_port),
            "UI_PORT": str(settings.ui_port),
            "VIZ_PORT": str(settings.viz_port),
        }
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            command,
            cwd=PROJECT_ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        for line in self.process.stdout or ():
            self.lines.append(line.rstrip())

    def said(self, pattern: str) -> list[re.Match[str]]:
        return [found for line in self.lines if (found := re.search(pattern, line))]

    def wait_for_line(self, pattern: str, *, times: int = 1, seconds: float = 150) -> re.Match[str]:
        """The `times`th line that matches."""
        until(lambda: len(self.said(pattern)) >= times, seconds, f"{pattern!r} in", self.lines)
        return self.said(pattern)[times - 1]

    def run(self, *command: str | Path) -> subprocess.CompletedProcess[str]:
        """Run another command beside it, with the same settings."""
        return subprocess.run(
            command,
            cwd=PROJECT_ROOT,
            env={**self.environment, MARK: ""},
            capture_output=True,
            text=True,
            check=False,
        )

    def family(self) -> list[psutil.Process]:
        """Every living process that it started, in whichever group and under whichever parent."""
        found = []
        for process in psutil.process_iter():
            try:
                ours = process.environ().get(MARK) == self.mark
                if ours and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
            except psutil.Error:
                continue
        return found

    def wait_until_nothing_is_left(self, seconds: float = 10) -> None:
        until(lambda: not self.family(), seconds, "nothing left but", self.family())

    def end(self) -> int:
        """Ask it to stop, as a service manager does; gives its exit code."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout=20)
        finally:
            for process in self.family():
                process.kill()
            self._reader.join()
            if self.process.stdout is not None:
                self.process.stdout.close()


def until(holds: Callable[[], object], seconds: float, what: str, seen: object) -> None:
    give_up_at = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > give_up_at:
            pytest.fail(f"waited {seconds} s for: {what} {seen}")
        time.sleep(0.1)


def fetch(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as response:  # noqa: S310 - our own address
        return response.read().decode()
