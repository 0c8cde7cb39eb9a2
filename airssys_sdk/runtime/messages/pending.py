"""Pending: a handler's way to say "not finished yet, I will tell you"."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class Settled(Protocol):
    """Hears once how a pending piece of work ended."""

    def __call__(self, value: object, error: Exception | None, /) -> None:
        """Take the value, or the error if there is one."""
        ...


class Pending:
    """The unfinished rest of a handler; return it from `receive`, `started` or `stopping`.

    The actor handles no other message until `succeed` or `fail` is called. Both may be called from any thread, also
    before the handler has returned; only the first call counts. If the actor must stop sooner than the work ends, the
    system calls `cancel`, which calls `on_cancel` (on the loop's thread) and then listens no more.

    Args:
        on_cancel: gives the work up; None if it cannot be given up.
    """

    __slots__ = ("_call", "_listener", "_on_cancel", "_outcome")

    def __init__(self, on_cancel: Callable[[], None] | None = None) -> None:
        self._on_cancel = on_cancel
        self._outcome: tuple[object, Exception | None] | None = None
        self._listener: Settled | None = None
        self._call: Callable[[Callable[[], None]], None] | None = None

    @property
    def done(self) -> bool:
        """Whether the work ended, or nobody waits for it any more."""
        return self._outcome is not None

    def succeed(self, value: object = None) -> None:
        """The work is done; `value` is what the handler would have returned."""
        self._settle(value, None)

    def fail(self, error: Exception) -> None:
        """The work failed; `error` is what the handler would have raised."""
        self._settle(None, error)

    def cancel(self) -> None:
        """Give the work up; nobody hears of its end any more."""
        # Also when the work has ended and its listener is to be told any moment: it must not be.
        self._listener = None
        if self._outcome is None:
            self._outcome = (None, None)
            on_cancel, self._on_cancel = self._on_cancel, None
            if on_cancel is not None:
                on_cancel()

    def listen(self, listener: Settled, call: Callable[[Callable[[], None]], None]) -> None:
        """Tell `listener` of the end by way of `call`, which must run a function later on the loop's thread.

        For the system; at most once.
        """
        self._listener = listener
        self._call = call
        if self._outcome is not None:
            call(self._tell)

    def _settle(self, value: object, error: Exception | None) -> None:
        if self._outcome is not None:
            return
        self._outcome = (value, error)
        self._on_cancel = None  # it mostly belongs to whoever has this object: a cycle, which would keep what the work was given
        # `listen` may run on another thread at this moment: whichever of the two comes second sees what the other did.
        # If both see it, the second telling finds no listener.
        call = self._call
        if call is not None:
            call(self._tell)

    def _tell(self) -> None:
        listener, self._listener = self._listener, None
        if listener is not None and self._outcome is not None:
            listener(*self._outcome)


FINISHED = frozenset({type(None), bool, int, float, str, bytes, tuple, list, dict})
"""Types that need no second look: what `is_unfinished` costs is seen in an `ask`."""


def is_unfinished(result: object) -> bool:
    """Whether something that a handler or hook returned has to be waited for."""
    return isinstance(result, Pending) or hasattr(type(result), "__await__")
