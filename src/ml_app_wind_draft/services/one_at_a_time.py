"""Work that no two processes may do at once."""

import fcntl
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def one_at_a_time(path: Path, when_waiting: Callable[[], None]) -> Generator[None]:
    """Hold the file `path` locked meanwhile; wait while another process holds it.

    `when_waiting` is called once before waiting. The lock ends with its process, however it ends,
    and holds between containers too that share the folder.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            when_waiting()
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
