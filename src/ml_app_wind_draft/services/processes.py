"""Process groups: tie a process to its parent, and stop everything below one."""

import contextlib
import ctypes
import os
import signal
import sys
import time
from collections.abc import Collection

import psutil

from ml_app_wind_draft.core.errors import ConfigurationError

SUPERVISOR_VARIABLE = "WIND_SUPERVISOR"
PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36


def die_with_supervisor() -> None:
    """Ask Linux for a SIGTERM when the supervisor dies, even by `kill -9`.

    Does nothing in a process that `wind up` did not start. Other systems cannot do it.
    """
    supervisor = os.environ.pop(SUPERVISOR_VARIABLE, "")
    if not supervisor:
        return
    _prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != int(supervisor):  # it died before the line above
        sys.exit(1)


def adopt_orphans() -> None:
    """Become the parent of descendants whose own parent dies, so that they can be found (Linux)."""
    _prctl(PR_SET_CHILD_SUBREAPER, 1)


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux" and ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0):
        message = f"prctl({option}) was refused: {os.strerror(ctypes.get_errno())}."
        raise ConfigurationError(message)


def has_ended(pid: int) -> bool:
    """Whether a child has ended; it stays a zombie, so that its group's number is not reused."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def stop_groups(leaders: Collection[int], grace: float) -> None:
    """SIGTERM to whole process groups; SIGKILL to what still runs after `grace` seconds."""
    signal_groups(leaders, signal.SIGTERM)
    deadline = time.monotonic() + grace
    while time.monotonic() < deadline and _any_alive(leaders):
        time.sleep(0.05)
    signal_groups(leaders, signal.SIGKILL)


def signal_groups(leaders: Collection[int], number: signal.Signals) -> None:
    """Send a signal to the process groups of `leaders`; a group that is gone is no error."""
    for leader in leaders:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(leader, number)


def kill_descendants(*, spare: Collection[int] = (), grace: float = 1.0) -> None:
    """Kill what runs below this process, in whichever group, but for `spare` and all below those.

    Waits up to `grace` seconds for the end, so that ports are free afterwards.
    """
    rest = []
    for child in psutil.Process().children():
        if child.pid not in spare:
            with contextlib.suppress(psutil.NoSuchProcess):
                rest += [child, *child.children(recursive=True)]
    for process in rest:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(rest, timeout=grace)


def _any_alive(leaders: Collection[int]) -> bool:
    for pid in psutil.pids():
        with contextlib.suppress(ProcessLookupError, psutil.NoSuchProcess):
            if os.getpgid(pid) in leaders and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
                return True
    return False
