import os
import signal
import subprocess
import sys
import time

import psutil

from ml_app_wind_draft.services.processes import has_ended, kill_descendants, stop_groups

STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True);"


def start(code: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", code], start_new_session=True, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    process.stdout.readline()
    return process


def end_of(process: subprocess.Popen[str]) -> int:
    with process:
        return process.wait(timeout=10)


def test_a_group_that_ignores_sigterm_is_killed() -> None:
    process = start(STUBBORN + "time.sleep(60)")
    stop_groups([process.pid], grace=0.2)
    assert end_of(process) == -signal.SIGKILL


def test_a_group_that_is_gone_is_no_error() -> None:
    process = start("print()")
    end_of(process)
    stop_groups([process.pid], grace=0.2)


def test_an_ended_child_is_seen_without_being_reaped() -> None:
    process = start("print()")
    while not has_ended(process.pid):
        time.sleep(0.01)
    assert psutil.Process(process.pid).status() == psutil.STATUS_ZOMBIE
    assert end_of(process) == 0


def test_descendants_in_other_groups_are_killed_and_the_spared_one_lives() -> None:
    leave_group = (
        "import subprocess, sys, time;"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'],"
        " start_new_session=True); print(child.pid, flush=True); time.sleep(60)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", leave_group], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    grandchild = int(process.stdout.readline())
    spared = start("import time; print(flush=True); time.sleep(60)")
    others = {child.pid for child in psutil.Process(os.getpid()).children()} - {process.pid}
    kill_descendants(spare=others)
    assert not psutil.pid_exists(grandchild) or (
        psutil.Process(grandchild).status() == psutil.STATUS_ZOMBIE
    )
    end_of(process)
    assert spared.poll() is None
    spared.kill()
    end_of(spared)
