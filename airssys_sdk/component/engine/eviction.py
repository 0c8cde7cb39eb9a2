"""What goes from the folder of a compile cache, and when: what was not used for long, and what nobody finished or needs.

Nothing outside the folder is ever touched: a symbolic link in it is left alone, as is everything that is no regular file. The files of
locks stay, since others may wait for them.
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from . import known
from .filelock import file_lock

CODE: Final = ".code"
UNFINISHED: Final = ".part"
NOTE: Final = ".note"
STALE: Final = 3600.0
"""Seconds after which nobody writes a file any more that is not finished."""

_FORGOTTEN: Final = 90 * 86400.0
_PASSING: Final = {UNFINISHED: STALE, NOTE: _FORGOTTEN, known.SUFFIX: _FORGOTTEN}
"""What goes after so many seconds: files that nobody finished, notes, and digests."""


@dataclasses.dataclass(frozen=True, slots=True)
class Entry:
    """Something that a cache keeps.

    Attributes:
        path: its file.
        size: bytes.
        used: when it was last used or made, in seconds since the epoch.
    """

    path: Path
    size: int
    used: float


@dataclasses.dataclass(frozen=True, slots=True)
class Pruned:
    """What pruning did.

    Attributes:
        removed: what is gone.
        busy: what stays for now, since another process compiles something or the system does not let it go.
    """

    removed: tuple[Entry, ...]
    busy: tuple[Entry, ...] = ()


def regular_files(folder: Path, *suffixes: str) -> list[Entry]:
    """The regular files of a folder, with these endings if any; links are none. Empty where the folder cannot be read."""
    found = list[Entry]()
    with contextlib.suppress(OSError), os.scandir(folder) as files:
        for file in files:
            if not suffixes or Path(file.name).suffix in suffixes:
                with contextlib.suppress(OSError):  # another process may remove it first
                    status = file.stat(follow_symlinks=False)
                    if stat.S_ISREG(status.st_mode):
                        found.append(Entry(Path(file.path), status.st_size, status.st_mtime))
    return found


def remove(entries: list[Entry], unused_for: float) -> Pruned:
    """Remove entries, except those that were used since: in so many seconds before now."""
    removed, busy, until = list[Entry](), list[Entry](), time.time() - unused_for
    for entry in entries:
        try:
            if entry.path.lstat().st_mtime <= until:
                entry.path.unlink()
                removed.append(entry)
        except FileNotFoundError:
            continue  # another process was faster
        except OSError:
            busy.append(entry)
    return Pruned(tuple(removed), tuple(busy))


def make_room(folder: Path, largest: int) -> None:
    """Remove what is left of interrupted writers, old notes, and the longest unused code beyond so many bytes."""
    _sweep(folder, _PASSING)
    total = 0
    entries = sorted(regular_files(folder, CODE), key=lambda entry: entry.used, reverse=True)
    for index, entry in enumerate(entries):
        total += entry.size
        if index and total > largest:
            with contextlib.suppress(OSError):
                entry.path.unlink()


def prune(folder: Path, unused_for: float) -> Pruned:
    """Remove the code that was not used for so many seconds, with what is remembered beside it.

    Each entry goes under the lock that its writers hold. Where another process holds it, the entry stays.
    """
    removed, busy = list[Entry](), list[Entry]()
    for lock, group in _by_lock(regular_files(folder, CODE), time.time() - unused_for):
        with file_lock(folder / lock, patience=0, waiting=lambda: None) as held:
            done = remove(group, unused_for) if held else Pruned((), tuple(group))
        removed += done.removed
        busy += done.busy
    _sweep(folder, {UNFINISHED: STALE, NOTE: unused_for, known.SUFFIX: unused_for})
    return Pruned(tuple(removed), tuple(busy))


def lock_of(key: str) -> str:
    """The name of the lock of an entry with this key."""
    return f"{key[:2]}.lock"


def _by_lock(entries: list[Entry], until: float) -> Iterator[tuple[str, list[Entry]]]:
    old = sorted((entry for entry in entries if entry.used <= until), key=lambda entry: entry.path.name)
    for lock, group in itertools.groupby(old, key=lambda entry: lock_of(entry.path.name)):
        yield lock, list(group)


def _sweep(folder: Path, passing: dict[str, float]) -> None:
    for suffix, seconds in passing.items():
        remove(regular_files(folder, suffix), seconds)
