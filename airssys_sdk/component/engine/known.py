"""Digests of files, remembered by what the file system says of them: a component of 18 MB takes 10 ms to digest.

A file counts as unchanged while its device, number, size and both its times are the same. The time of its last change of
state cannot be set by anybody, but it is coarse: a file that was changed moments before it was digested is not remembered,
since a change after that might have the same time.
"""

from __future__ import annotations

import contextlib
import os
import struct
import tempfile
import time
from pathlib import Path
from typing import Final

SUFFIX: Final = ".digest"
_RECORD: Final = struct.Struct("<16sqqqqq32s")
_MAGIC: Final = b"airssys-file-01\n"
_SETTLED: Final = 2_000_000_000
"""Nanoseconds after which a file's times are past: more than any file system's clock is coarse."""


def known_digest(folder: Path, status: os.stat_result) -> str | None:
    """The digest, in hex, of a file in this state; None if it is not remembered.

    Args:
        folder: where digests are remembered, which must be the user's own.
        status: what the file system says of the file now.
    """
    if os.name == "nt":  # the time of the last change of state is that of creation there
        return None
    try:
        raw = (folder / _name(status)).read_bytes()
    except OSError:
        return None
    if len(raw) != _RECORD.size or not raw.startswith(_state(status)):
        return None
    return raw[-32:].hex()


def remember_digest(folder: Path, status: os.stat_result, digest: str) -> None:
    """Remember the digest of a file, unless it was changed a moment ago.

    Args:
        folder: where.
        status: what the file system said of the file before it was read.
        digest: its SHA-256, in hex.
    """
    latest = max(status.st_mtime_ns, status.st_ctime_ns)
    if os.name == "nt" or not 0 <= latest <= time.time_ns() - _SETTLED:
        return
    with contextlib.suppress(OSError):
        descriptor, name = tempfile.mkstemp(dir=folder, prefix="digest-", suffix=".part")
        with open(descriptor, "wb") as file:  # noqa: PTH123  (a descriptor, not a path)
            file.write(_state(status) + bytes.fromhex(digest))
        Path(name).replace(folder / _name(status))


def _name(status: os.stat_result) -> str:
    return f"{status.st_dev:x}-{status.st_ino:x}{SUFFIX}"


def _state(status: os.stat_result) -> bytes:
    times = (status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    whole = _RECORD.pack(
        _MAGIC, *(n & (1 << 63) - 1 for n in (status.st_dev, status.st_ino)), *times, bytes(32)
    )
    return whole[:-32]
