"""The seal at the end of kept code: sums of its content, against damage, and the key of what it was compiled from."""

from __future__ import annotations

import mmap
import os
import stat
import struct
import sys
import zlib
from pathlib import Path
from typing import Final

from .foreign import COMPILED

FORM: Final = b"airssys-code-04\n"
"""Begins a seal; another one for each form that seals have had."""

_SEAL: Final = struct.Struct("<16sIQ32sQ")
_SEAL_SUM: Final = struct.Struct("<I")
"""Form, CRC-32 and word sum of the content, key, size; and behind it the CRC-32 of all that. The word sum is for the compiled
module, which takes it in a tenth of the time of the CRC; without the module it would take ten times as long."""
_SECTOR: Final = 64
"""Words that have one factor in the word sum."""
_SEALED: Final = _SEAL.size + _SEAL_SUM.size


def seal(payload: memoryview, key: str) -> bytes:
    """What comes behind code in its file.

    Args:
        payload: the code.
        key: what it belongs to, a SHA-256 in hex.
    """
    parts = _SEAL.pack(FORM, zlib.crc32(payload), _word_sum(payload), bytes.fromhex(key), len(payload))
    return parts + _SEAL_SUM.pack(zlib.crc32(parts))


def is_sound(entry: Path, key: str) -> bool:
    """Whether a file is the user's own and unchanged since it was sealed.

    Raises:
        OSError: it is not there, or cannot be read; a symbolic link cannot.
    """
    descriptor = os.open(entry, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0))
    with open(descriptor, "rb"):  # noqa: PTH123  (opened by descriptor, so that a link is not followed)
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_size <= _SEALED:
            return False
        if os.name != "nt" and (status.st_uid != os.geteuid() or stat.S_IMODE(status.st_mode) & 0o022):
            return False
        with mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ) as content, memoryview(content) as view:
            length = status.st_size - _SEALED
            form, checksum, words, owner, size = _SEAL.unpack_from(view, length)
            with view[length : length + _SEAL.size] as parts:
                whole = _SEAL_SUM.pack(zlib.crc32(parts)) == bytes(view[length + _SEAL.size :])
            if not whole or form != FORM or owner.hex() != key or size != length:
                return False
            with view[:length] as payload:
                if COMPILED is not None:
                    return bool(COMPILED.word_sum(payload) == words)
                return bool(zlib.crc32(payload) == checksum)


def _word_sum(payload: memoryview) -> int:
    """The sum of the 64-bit words of a buffer, the last one filled up with zeros; those of each sector times an odd number.

    So it notices every byte that changed, and a sector that lies in the place of another; it does not, if words change places
    within a sector.
    """
    if COMPILED is not None:
        return int(COMPILED.word_sum(payload))
    words = payload[: len(payload) // 8 * 8].cast("Q")
    last = int.from_bytes(bytes(payload[8 * len(words) :]).ljust(8, b"\0"), sys.byteorder)
    total = last * (2 * (len(words) // _SECTOR) + 1)
    for number, at in enumerate(range(0, len(words), _SECTOR)):
        total += sum(words[at : at + _SECTOR]) * (2 * number + 1)
    return total % (1 << 64)
