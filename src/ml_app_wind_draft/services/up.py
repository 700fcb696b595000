"""`wind up`: starts the services, keeps them running, stops them all."""

import logging
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from signal import SIGKILL, Signals

import psutil

from ml_app_wind_draft.core.config import PROJECT_ROOT, Settings
from ml_app_wind_draft.core.errors import ConfigurationError, PortInUseError, StorageError
from ml_app_wind_draft.core.site import load_site
from ml_app_wind_draft.services import log as log_format
from ml_app_wind_draft.services.loop import Stop
from ml_app_wind_draft.services.processes import (
    SUPERVISOR_VARIABLE,
    adopt_orphans,
    has_ended,
    kill_descendants,
    signal_groups,
    stop_groups,
)
from ml_app_wind_draft.services.roster import Service, address, answers, probe_url, select

log = logging.getLogger(__name__)

LOOK_EVERY = 0.1
PROBE_EVERY = 0.3
FIRST_BACK_OFF = 1.0
LONGEST_BACK_OFF = 30.0
HEALTHY_AFTER = 60.0
MLFLOW_PATIENCE = 45.0
GRACE = 3.5
OWN_LINE = re.compile(r"\d\d:\d\d:\d\d ")


def run(settings: Settings, names: list[str]) -> int:
    """Run the services called `names` (all without any) until SIGTERM or SIGINT.

    Returns the exit code: 0 after a stop that was asked for, 1 when training failed before there
    was any model, or failed and nothing else was to run. Raises `ConfigurationError` before
    anything starts where a setting cannot work.
    """
    services = select(names)
    load_site(settings.site, settings)
    check_ports(services, settings)
    return Supervisor(settings, services).run()


def check_ports(services: list[Service], settings: Settings) -> None:
    """Raise `PortInUseError` where a port is taken, or wanted twice."""
    wanted: dict[int, Service] = {}
    for service in services:
        port = service.port(settings)
        if port is None:
            continue
        if port in wanted or not _is_free(settings.bind_address, port):
            raise PortInUseError(port, service.variable, service.name)
        wanted[port] = service


def _is_free(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except PermissionError as error:
            message = f"This user may not listen on port {port}."
            raise ConfigurationError(message, remedy="Choose a port above 1023.") from error
        except socket.gaierror as error:
            message = f"BIND_ADDRESS={host} is no address of this machine."
            raise ConfigurationError(message, remedy="Use 127.0.0.1 or 0.0.0.0.") from error
        except OSError:
            return False
    return True


@dataclass
class Child:
    """One service's process, and what is known of its starts."""

    service: Service
    process: subprocess.Popen[str] | None = None
    started_at: float = 0.0
    back_off: float = FIRST_BACK_OFF
    start_at: float | None = 0.0
    answered: threading.Event = field(default_factory=threading.Event)

    @property
    def finished(self) -> bool:
        """Whether it ended and is not to be started again."""
        return self.process is None and self.start_at is None


class Supervisor:
    """Starts children in order, passes on their lines, restarts those that die."""

    def __init__(self, settings: Settings, services: list[Service]) -> None:
        self._settings = settings
        self._children = {service.name: Child(service) for service in services}
        self._stop = Stop()
        self._began = time.monotonic()
        self._exit_code = 0

    def run(self) -> int:
        """Supervise until asked to stop, or until nothing is left to run."""
        adopt_orphans()
        with self._stop:
            try:
                while not self._stop.requested:
                    for child in self._children.values():
                        self._look_after(child)
                    if self._all_finished():
                        break
                    self._stop.wait(LOOK_EVERY)
            finally:
                self._stop_all()
        return self._exit_code

    def _all_finished(self) -> bool:
        return all(child.finished for child in self._children.values())

    def _look_after(self, child: Child) -> None:
        if child.process is not None and has_ended(child.process.pid):
            self._bury(child, child.process)
        if child.process is None and child.start_at is not None and self._may_start(child):
            self._start(child)

    def _may_start(self, child: Child) -> bool:
        now = time.monotonic()
        mlflow = self._children.get("mlflow")
        held_back = (
            child.service.waits_for_mlflow
            and mlflow is not None
            and not mlflow.answered.is_set()
            and now < self._began + MLFLOW_PATIENCE
        )
        return not held_back and now >= (child.start_at or 0.0)

    def _start(self, child: Child) -> None:
        child.start_at = None
        child.started_at = time.monotonic()
        child.answered.clear()
        child.process = subprocess.Popen(
            [sys.executable, "-m", "ml_app_wind_draft", child.service.command],
            cwd=PROJECT_ROOT,
            env=_child_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            text=True,
            errors="replace",
        )
        started = psutil.Process(child.process.pid)
        started.nice(max(started.nice(), child.service.niceness))  # lowering needs root
        log.info("starting %s (process %d)", child.service.name, child.process.pid)
        _in_background(self._pass_on, child.service.name, child.process)
        if child.service.port_field:
            _in_background(self._announce, child, child.process)

    def _bury(self, child: Child, process: subprocess.Popen[str]) -> None:
        # Its own children may live on and hold the port: MLflow's workers would.
        signal_groups([process.pid], SIGKILL)
        exit_code = process.wait()
        child.process = None
        kill_descendants(spare=self._running_pids())
        if child.service.one_shot:
            self._note_end_of(child, exit_code)
            return
        if time.monotonic() - child.started_at > HEALTHY_AFTER:
            child.back_off = FIRST_BACK_OFF
        log.error(
            "%s ended (%s), starting it again in %.0f s",
            child.service.name,
            _say_exit(exit_code),
            child.back_off,
        )
        child.start_at = time.monotonic() + child.back_off
        child.back_off = min(2 * child.back_off, LONGEST_BACK_OFF)

    def _note_end_of(self, child: Child, exit_code: int) -> None:
        if exit_code == 0:
            log.info("%s is done", child.service.name)
        elif _any_champion(self._settings):
            log.error(
                "%s failed (%s); the champion it has stays in place. The reason is above and in "
                "`wind status`",
                child.service.name,
                _say_exit(exit_code),
            )
            self._exit_code = int(self._all_finished())  # it was started alone
        else:
            log.error(
                "%s failed (%s) before there was any model: stopping. The reason is above",
                child.service.name,
                _say_exit(exit_code),
            )
            self._exit_code = 1
            self._stop.request()

    def _pass_on(self, name: str, process: subprocess.Popen[str]) -> None:
        if process.stdout is None:
            return
        with process.stdout as lines:
            for line in lines:
                self._emit(_in_format(name, line.rstrip()))

    def _emit(self, line: str) -> None:
        try:
            sys.stderr.write(line + "\n")
            sys.stderr.flush()
        except OSError:  # the reader of our output is gone, as after `wind up | head`
            self._stop.request()

    def _announce(self, child: Child, process: subprocess.Popen[str]) -> None:
        url = probe_url(child.service, self._settings)
        login = self._settings.mlflow_login if child.service.name == "mlflow" else None
        while not answers(url, login):
            if child.process is not process:
                return
            time.sleep(PROBE_EVERY)
        child.answered.set()
        log.info(
            "%s answers at %s (%.1f s after the start)",
            child.service.title,
            address(child.service, self._settings),
            time.monotonic() - self._began,
        )

    def _running_pids(self) -> list[int]:
        return [child.process.pid for child in self._children.values() if child.process is not None]

    def _stop_all(self) -> None:
        running = [child.process for child in self._children.values() if child.process is not None]
        if running:
            log.info("stopping %d services", len(running))
        stop_groups([process.pid for process in running], GRACE)
        kill_descendants()
        for process in running:
            process.poll()
        log.info("stopped")


def _child_environment() -> dict[str, str]:
    environment = {
        **os.environ,
        SUPERVISOR_VARIABLE: str(os.getpid()),
        "PYTHONUNBUFFERED": "1",
        "DO_NOT_TRACK": "true",
    }
    # FORCE_COLOR would make progress bars believe in a terminal and redraw themselves into the log.
    if environment.pop("FORCE_COLOR", "") or log_format.wants_colour(sys.stderr):
        environment[log_format.COLOUR_VARIABLE] = "1"
    return environment


def _in_format(name: str, line: str) -> str:
    """The line as it is where it has the format already, else put into it."""
    if OWN_LINE.match(line):
        return line
    clock = time.strftime("%H:%M:%S")
    return log_format.compose(
        clock, name, "info", line, coloured=log_format.wants_colour(sys.stderr)
    )


def _in_background(task: Callable[..., None], *arguments: object) -> None:
    threading.Thread(target=task, args=arguments, daemon=True).start()


def _say_exit(code: int) -> str:
    return f"exit code {code}" if code >= 0 else f"killed by {Signals(-code).name}"


def _any_champion(settings: Settings) -> bool:
    from ml_app_wind_draft.storage.data_manager import DataManager  # noqa: PLC0415 - rarely needed, slow

    with DataManager(settings.database_url) as manager:
        try:
            return not manager.champion_history().empty
        except StorageError as error:
            log.warning("whether there is a champion is unknown: %s", error)
            return False
