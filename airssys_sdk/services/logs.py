"""Logging for components: what a guest says, on Python's `logging`.

The logger is `airssys.component.<namespace>.<name>`; a record's `component` is the whole id and `context` the pairs that
the guest gave. The text comes from a guest, so it is cut to a size and cannot steer a terminal or forge a second line.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence
from typing import Literal

from ..manifest.ids import ComponentId

MAX_PARTIAL = 8192
"""Bytes of an unfinished line of output that are kept until it ends."""
Level = Literal["trace", "debug", "info", "warn", "error"]
TRACE = 5
"""The level of `trace`, below `logging.DEBUG`."""
MAX_MESSAGE = 8192
"""Characters of a message that are kept."""
MAX_CONTEXT = 32
"""Pairs of context that are kept, each side cut to 256 characters."""

LEVELS: dict[Level, int] = {
    "trace": TRACE,
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warn": logging.WARNING,
    "error": logging.ERROR,
}
# Control characters, what reorders text (bidirectional marks) and lone surrogates.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def safe(text: str, size: int = MAX_MESSAGE) -> str:
    """The text cut to `size` characters, with everything that could steer a terminal written as an escape."""
    cut = text if len(text) <= size else f"{text[:size]}... ({len(text) - size} characters more)"
    return _UNSAFE.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), cut)


class ComponentLog:
    """Where one component logs; may be used from any thread."""

    __slots__ = ("_component", "_logger")

    def __init__(self, component: ComponentId) -> None:
        self._component = component
        self._logger = logging.getLogger(f"airssys.component.{component.namespace}.{component.name}")
        if logging.getLevelName(TRACE) == f"Level {TRACE}":
            logging.addLevelName(TRACE, "TRACE")

    def output(self, stream: str, level: Level) -> Callable[[bytes], None]:
        """What takes a guest's `stdout` or `stderr`, in pieces of any size, and logs it line by line at a level."""
        partial = bytearray()

        def take(data: bytes) -> None:
            partial.extend(data)
            *lines, rest = partial.split(b"\n")
            partial[:] = rest[-MAX_PARTIAL:]
            for line in lines:
                self.write(level, line.decode("utf-8", "backslashreplace"), [("stream", stream)])

        return take

    def write(self, level: Level, message: str, context: Sequence[tuple[str, str]] | None = None) -> None:
        """Log a message with its context."""
        number = LEVELS[level]
        if not self._logger.isEnabledFor(number):
            return
        pairs = {safe(key, 256): safe(value, 256) for key, value in (context or ())[:MAX_CONTEXT]}
        text = safe(message)
        if pairs:
            text = f"{text} ({', '.join(f'{key}={value}' for key, value in pairs.items())})"
        self._logger.log(number, "%s", text, extra={"component": str(self._component), "context": pairs})
