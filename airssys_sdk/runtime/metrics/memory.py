"""How much memory guests hold, from what the operating system says about the process: the engine itself does not tell.

A linear memory is a stretch of address space that the engine reserves for it, closed but for its beginning, which
opens as the guest grows. So a guest's memories are known by where they begin: the open stretches that its
instantiation brought. Linux only; elsewhere nothing is known.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Final, TypeVar

T = TypeVar("T")

_MAPPINGS: Final = "/proc/self/maps"
_RESERVED: Final = 1 << 30
"""No closed stretch of such a size follows on anything else that a process maps."""
MOST_BYTES: Final = 1 << 20
"""How long the system's list may be to be read when a guest starts: this is 400 guests and takes 10 ms."""


def sizes() -> dict[int, int]:
    """Where linear memories begin, and how many bytes of each are open; empty where the system does not tell."""
    text = _read(-1)
    return {} if text is None else _open_stretches(text)


def locate(instantiate: Callable[[], T]) -> tuple[T, tuple[int, ...]]:
    """Do what makes one instance, on the only thread that makes any.

    Returns:
        What it returned, and where the instance's memories begin: nothing where the system does not tell, or holds so many
        guests that looking would take longer than starting one.
    """
    before = _read(MOST_BYTES)
    made = instantiate()
    if before is None:
        return made, ()
    after = _read(2 * MOST_BYTES)
    new = _open_stretches(after or b"").keys() - _open_stretches(before).keys()
    return made, tuple(sorted(new))


def _read(most: int) -> bytes | None:
    if not sys.platform.startswith("linux"):
        return None
    try:
        with open(_MAPPINGS, "rb") as file:  # noqa: PTH123  (a Path would be made for each)
            text = file.read(most)
            return text if most < 0 or not file.read(1) else None
    except OSError:
        return None  # no /proc here


def _open_stretches(text: bytes) -> dict[int, int]:
    found = dict[int, int]()
    start = end = 0
    for line in text.splitlines():
        span, rights, _ = line.split(b" ", 2)
        first, last = (int(number, 16) for number in span.split(b"-"))
        if rights != b"---p":
            if first != end:
                start = first
            end = last
        else:
            if end == first and last - first >= _RESERVED:
                found[start] = end - start
            start = end = last
    return found


def of_process() -> int | None:
    """Bytes of the whole process in memory, what it shares included; None where the system does not tell."""
    try:
        with open("/proc/self/statm", "rb") as file:  # noqa: PTH123
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return None
