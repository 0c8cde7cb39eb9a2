"""A lock between processes, held while a file stays open: the system lets go of it when its holder dies."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Final

_PAUSE: Final = 0.05


@contextlib.contextmanager
def file_lock(path: Path, *, patience: float, waiting: Callable[[], None]) -> Generator[bool]:
    """Hold the lock that `path` stands for, or go on without it when that cannot be or takes too long.

    Gives whether it is held; where the file system knows no locks it counts as held.

    Args:
        path: a file made for this; it stays.
        patience: seconds to wait for another holder.
        waiting: called once if another holds the lock.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
    except OSError:
        yield False
        return
    try:
        yield _wait(descriptor, patience, waiting)
    finally:
        os.close(descriptor)


def _wait(descriptor: int, patience: float, waiting: Callable[[], None]) -> bool:
    waited = False
    until = time.monotonic() + patience
    while not _try(descriptor):
        if not waited:
            waited = True
            waiting()
        if time.monotonic() >= until:
            return False
        time.sleep(_PAUSE)  # Ctrl-C surfaces here; a blocking lock would hide it on some systems
    return True


def _try(descriptor: int) -> bool:
    """Take the lock; True also where the file system knows no locks."""
    if sys.platform == "win32":
        import msvcrt

        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True
