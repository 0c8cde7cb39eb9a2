"""One build of a project at a time: a second process waits for the first and then finds everything done."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def locked(file: Path) -> Iterator[None]:
    """Hold a lock on a file, which is made if it is missing and stays. Waiting can be interrupted.

    Where the system has no such locks two builds may run side by side: slower, but each one's result is whole.

    Raises:
        OSError: the file cannot be made.
    """
    if sys.platform == "win32":
        yield
        return
    import fcntl

    with file.open("a") as opened:
        fcntl.flock(opened, fcntl.LOCK_EX)
        yield  # closing the file gives the lock back, also when the process dies
