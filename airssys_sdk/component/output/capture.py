"""Captured output: what a guest writes to stdout and stderr, kept in a bounded buffer on the host.

The engine delivers output on a thread of its own, so a capture takes writes from any thread.
"""

from __future__ import annotations

import collections
import ctypes
import functools
import itertools
import logging
import threading
import weakref
from collections.abc import Callable
from typing import Any, Final, TypeAlias

from ..engine.foreign import output_function, pointer
from ..engine.stores import stores

Sink: TypeAlias = Callable[[bytes], None]

_LOG = logging.getLogger(__name__)


class Capture:
    """The last bytes that a guest wrote to one of its streams.

    Args:
        keep: how many bytes to keep; older ones are dropped.
        sink: gets each write as well, whole, on the engine's thread; it must not call the instance. An exception in it
            is logged and ends the forwarding.

    Attributes:
        total: bytes written since the beginning, kept or not.
    """

    __slots__ = ("__weakref__", "_keep", "_kept", "_lock", "_parts", "_sink", "total")

    def __init__(self, keep: int, sink: Sink | None = None) -> None:
        self._keep = keep
        self._sink = sink
        self._lock = threading.Lock()
        self._parts: collections.deque[bytes] = collections.deque()
        self._kept = 0
        self.total = 0

    def write(self, data: bytes) -> None:
        """Take what the guest wrote."""
        with self._lock:
            self.total += len(data)
            part = data[-self._keep :] if self._keep else b""
            self._parts.append(part)
            self._kept += len(part)
            while self._kept > self._keep:
                oldest = self._parts.popleft()
                rest = oldest[self._kept - self._keep :]
                self._kept -= len(oldest) - len(rest)
                if rest:
                    self._parts.appendleft(rest)
        if self._sink is not None:
            try:
                self._sink(data)
            except Exception:  # noqa: BLE001  (it came from the engine's thread: nobody above could catch it)
                _LOG.exception("the receiver of a guest's output failed and gets no more of it")
                self._sink = None

    @property
    def dropped(self) -> int:
        """How many bytes were written and are not kept any more."""
        with self._lock:
            return self.total - self._kept

    def bytes(self) -> bytes:
        """What is kept."""
        with self._lock:
            return b"".join(self._parts)

    def text(self) -> str:
        """What is kept, as text; bytes that are no UTF-8 come out as escapes. It is not made safe for a terminal."""
        return self.bytes().decode("utf-8", errors="backslashreplace")

    def clear(self) -> None:
        """Forget what is kept."""
        with self._lock:
            self._parts.clear()
            self._kept = 0


def attach(configuration: Any, stream: str, capture: Capture) -> None:
    """Let a WASI configuration deliver a stream to a capture, for as long as somebody holds that.

    Args:
        configuration: its address as a ready parameter.
        stream: `stdout` or `stderr`.
        capture: what gets the writes.
    """
    key = next(_KEYS)
    # Called with the reference, which is the default of `pop`.
    _CAPTURES[key] = weakref.ref(capture, functools.partial(_CAPTURES.pop, key))
    # There is no function to finish: the engine would call it late, on a thread of its own, and Python ends such a thread by
    # force when the interpreter is on its way out, which aborts the process.
    stores().wasi_outputs[stream](configuration, pointer(_write()), pointer(key), None)


# The engine knows a capture by its key; writes come from other threads, and single operations of a dict and of a counter
# are atomic. A `WeakValueDictionary` would do the same in Python, where this is in C alone: each instance has two captures.
_CAPTURES: Final[dict[int, weakref.ref[Capture]]] = {}
_KEYS: Final = itertools.count(1)


@functools.cache
def _write() -> int:
    """The address of the C function that writes to all captures; it lives as long as the process."""

    def write(key: int | None, data: Any, size: int) -> int:
        known = _CAPTURES.get(key or 0)
        capture = None if known is None else known()
        if capture is not None and size:
            capture.write(ctypes.string_at(data, size))
        return size

    write_type = ctypes.CFUNCTYPE(
        ctypes.c_ssize_t, ctypes.c_void_p, ctypes.POINTER(ctypes.c_ubyte), ctypes.c_size_t
    )
    thunk = write_type(write)
    _THUNKS.append(thunk)
    return output_function(thunk)


_THUNKS: Final[list[object]] = []
