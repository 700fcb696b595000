"""An installation in a folder of its own, used as a person would: by commands in that folder."""

import json
import os
import re
import secrets
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

from ml_app_wind_draft.core.config import PROJECT_ROOT
from tests.postgresql import free_port

LASTING = ("mlflow", "app-ml-inference", "app-stream-data", "app-ui", "kedro-viz")
ENGINE_TRIES = 3
FLEETING = re.compile(r"OCI runtime exec failed.* init-p: |No such container: \w{64}", re.DOTALL)
COUNT = """
from ml_app_wind_draft.core.config import load_settings
from ml_app_wind_draft.storage.data_manager import DataManager
counters = DataManager(load_settings().database_url).counters()
print(counters.get("predictions", 0) + counters.get("no_input", 0))
"""
JOURNAL = """
import sqlite3
print(sqlite3.connect("/app/data/sqlite/app.db").execute("PRAGMA journal_mode").fetchone()[0])
"""
QUICK_TRAINING = {
    "parameters_training.yml": """
training:
  search: {trials: 1, rows: 4000}
  catboost: {fixed: {iterations: 30}}
""",
    "parameters_forecast.yml": """
forecast: {enabled: false}
""",
}


class Installation:
    """A project name, ports and a folder that nobody else uses."""

    def __init__(self, folder: Path, **environ: str) -> None:
        self.folder = folder
        self.name = f"wind-test-{secrets.token_hex(3)}"
        self.ports = {name: free_port() for name in ("MLFLOW", "UI", "VIZ")}
        self.environ = {
            "COMPOSE_PROJECT_NAME": self.name,
            "STREAM_INTERVAL": "1",
            **{f"{name}_PORT": str(port) for name, port in self.ports.items()},
            **environ,
        }

    def sh(self, command: str, *, fails: bool = False, timeout: float = 400) -> str:
        """Run a command as it is typed; gives what it printed."""
        done = self._done(command, timeout)
        assert fails == (done.returncode != 0), f"{command}\n{done.stdout}{done.stderr}"
        return (done.stdout + done.stderr).strip()

    def succeeds(self, command: str) -> bool:
        """Whether a command does what it should, where it may well not do so yet."""
        return self._done(command).returncode == 0

    def _done(self, command: str, timeout: float = 400) -> subprocess.CompletedProcess[str]:
        """Ask again where a busy engine lost the process of an `exec`, or a container of a list."""
        for _ in range(ENGINE_TRIES):
            done = subprocess.run(
                self._words(command),
                cwd=self.folder,
                env=os.environ | self.environ,
                capture_output=True,
                text=True,
                check=False,
                timeout=timeout,
            )
            if not FLEETING.search(done.stderr + done.stdout):
                break
            time.sleep(1)
        return done

    def attended(
        self, command: str, until: Callable[[], bool] | str, *, patience: float = 180
    ) -> str:
        """Run a command that stays, and press Ctrl-C once `until` holds, or is printed."""
        with tempfile.TemporaryFile("w+") as output:
            # Whoever starts the tests in the background has them ignore Ctrl-C.
            process = subprocess.Popen(
                ["env", "--default-signal=INT", *self._words(command)],
                cwd=self.folder,
                env=os.environ | self.environ,
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
            )

            def printed() -> str:
                output.seek(0)
                return output.read()

            def reached() -> bool:
                return until in printed() if isinstance(until, str) else until()

            try:
                wait_for(command, lambda: reached() or process.poll() is not None, patience)
            finally:
                process.send_signal(signal.SIGINT)
                process.wait(timeout=60)
            return printed()

    def as_somebody(self, user: int, script: str) -> None:
        """Run a script in the folder, on this machine, as `user`."""
        done = subprocess.run(
            ["sh", "-ec", script],
            cwd=self.folder,
            user=user,
            group=user,
            extra_groups=[],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr

    @contextmanager
    def watching(self) -> Generator[Callable[[], str]]:
        """Let Compose watch the sources meanwhile; gives what it has printed so far."""
        with (
            tempfile.NamedTemporaryFile() as printed,
            subprocess.Popen(
                self._words("docker compose --profile watch watch"),
                cwd=self.folder,
                env=os.environ | self.environ,
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=subprocess.STDOUT,
            ) as process,
        ):
            try:
                yield Path(printed.name).read_text
            finally:
                process.send_signal(signal.SIGINT)
                process.wait(60)

    def ps(self) -> dict[str, dict]:
        """Compose's own account of every container, by service."""
        lines = self.sh("docker compose ps -a --format json").splitlines()
        return {each["Service"]: each for each in map(json.loads, lines)}

    def health(self) -> dict[str, str]:
        return {name: each["Health"] for name, each in self.ps().items()}

    def all_well(self, *names: str) -> bool:
        health = self.health()
        return all(health.get(name) == "healthy" for name in names or LASTING)

    def inspect(self, service: str) -> dict:
        identity = self.sh(f"docker compose ps -aq {service}")
        return json.loads(self.sh(f"docker inspect {identity}"))[0]

    def inside(self, service: str, *words: str, fails: bool = False) -> str:
        """Run a command in a service's container; gives what it printed."""
        return self.sh(
            shlex.join(["docker", "compose", "exec", "-T", service, *words]), fails=fails
        )

    def outcomes(self) -> int:
        """How many rows have their outcome."""
        return int(self.inside("app-ui", "python", "-c", COUNT).splitlines()[-1])

    def journal_mode(self) -> str:
        """How SQLite keeps what a transaction changes."""
        return self.inside("app-ui", "python", "-c", JOURNAL)

    def wait_for_outcomes(self, more: int = 1) -> None:
        """Wait until there are more than now."""
        before = self.outcomes()
        wait_for("no new predictions", lambda: self.outcomes() >= before + more)

    def remove(self) -> None:
        self.sh("docker compose --profile '*' down --volumes --remove-orphans --timeout 5")

    @staticmethod
    def _words(command: str) -> list[str]:
        words = shlex.split(command)
        if words[0] == "docker-compose" and not shutil.which("docker-compose"):
            words[:1] = ["docker", "compose"]  # the same program, as a plugin
        return words


def wait_for(what: str, reached: Callable[[], bool], patience: float = 120) -> None:
    give_up_at = time.monotonic() + patience
    while not reached():
        assert time.monotonic() < give_up_at, what
        time.sleep(0.5)


def clone(target: Path) -> None:
    """The project's files as a clone has them, with what is not committed yet."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in listed.stdout.split("\0"):
        if name and (PROJECT_ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(PROJECT_ROOT / name, target / name)


def give_to(owner: int, folder: Path) -> None:
    """Make a folder and all that is in it somebody's."""
    for path in (folder, *folder.rglob("*")):
        os.chown(path, owner, owner)


@contextmanager
def folder_of(owner: int) -> Generator[Path]:
    """An empty folder where its owner can reach it, as nobody can below pytest's own."""
    with tempfile.TemporaryDirectory(prefix="wind-test-") as name:
        os.chown(name, owner, owner)
        yield Path(name)


def train_quickly(folder: Path) -> None:
    """Lay configuration files beside the defaults that make training short."""
    place = folder / "conf/local"
    place.mkdir(parents=True, exist_ok=True)
    for name, text in QUICK_TRAINING.items():
        (place / name).write_text(text)
