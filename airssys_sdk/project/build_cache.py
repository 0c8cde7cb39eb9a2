"""Built components of all of a user's projects, by the key of their inputs: a clone with the same inputs builds nothing.

An entry is one file: the component, then the digest of its bytes. A damaged entry is a miss and is removed; a folder
that belongs to someone else, or is open to others, is not used; one that cannot be written only stays empty.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import stat
from collections.abc import Callable
from pathlib import Path

from ..component.engine.eviction import STALE, Entry, Pruned, regular_files, remove

LIMIT = 2 * 1024**3
"""About a hundred Python guests."""

_SUFFIX = ".component"
_DIGEST = hashlib.sha256().digest_size


class BuildCache:
    """A folder of built components.

    Args:
        root: the cache folder of the SDK; the components stand in `build` below it.
        limit: how many bytes of components to keep; the least recently used go first.
    """

    def __init__(self, root: Path, *, limit: int = LIMIT) -> None:
        self.folder = root / "build"
        self._limit = limit

    def load(self, key: str) -> bytes | None:
        """The component with this key; None if it is not there, or not whole."""
        if not _is_ours(self.folder):
            return None
        file = self._file(key)
        try:
            stored = file.read_bytes()
        except OSError:
            return None
        wasm, digest = stored[:-_DIGEST], stored[-_DIGEST:]
        if hashlib.sha256(wasm).digest() != digest:
            _quietly(file.unlink)
            return None
        _quietly(lambda: os.utime(file))
        return wasm

    def store(self, key: str, wasm: bytes) -> bool:
        """Keep a component; False if the folder cannot take it, which is no error."""
        made = _quietly(lambda: self.folder.mkdir(mode=0o700, parents=True, exist_ok=True))
        if not made or not _is_ours(self.folder):
            return False
        half = self.folder / f".{key}.{secrets.token_hex(4)}"
        try:
            with half.open("xb") as file:
                file.write(wasm)
                file.write(hashlib.sha256(wasm).digest())
            half.replace(self._file(key))
        except OSError:
            return False
        finally:
            _quietly(lambda: half.unlink(missing_ok=True))
        self._make_room()
        return True

    def entries(self) -> list[Entry]:
        """The components that are kept."""
        return regular_files(self.folder, _SUFFIX)

    def prune(self, unused_for: float) -> Pruned:
        """Remove the components that were not used for so many seconds, and what is left of interrupted writers.

        No lock is needed: a component is read at once, and takes its place when it is whole.
        """
        remove([file for file in regular_files(self.folder) if file.path.name.startswith(".")], STALE)
        return remove(self.entries(), unused_for)

    def _file(self, key: str) -> Path:
        return self.folder / f"{key}{_SUFFIX}"

    def _make_room(self) -> None:
        try:
            entries = [(file.stat(), file) for file in self.folder.glob(f"*{_SUFFIX}")]
        except OSError:
            return  # another process is making room at the same moment
        used = sum(status.st_size for status, _ in entries)
        for status, file in sorted(entries, key=lambda entry: entry[0].st_mtime_ns):
            if used <= self._limit:
                return
            if _quietly(file.unlink):
                used -= status.st_size


def _is_ours(folder: Path) -> bool:
    """Whether a folder belongs to this user and nobody else may write into it."""
    try:
        status = folder.lstat()
    except OSError:
        return False
    if not stat.S_ISDIR(status.st_mode):
        return False
    return not hasattr(os, "getuid") or (status.st_uid == os.getuid() and not status.st_mode & 0o022)


def _quietly(action: Callable[[], object]) -> bool:
    """Do something that only makes the next run slower if it fails; say whether it worked."""
    try:
        action()
    except OSError:
        return False
    return True
