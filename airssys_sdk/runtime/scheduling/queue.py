"""The run queue: which actors are ready, and when the event loop gets its turn back."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections import deque
from collections.abc import Callable
from time import monotonic
from typing import Protocol

TURN_SECONDS = 100e-6
"""One actor's turn ends after this time (after the message that it is at)."""

DRAIN_SECONDS = 1e-3
"""The queue hands the thread back to the event loop after this time."""

_thread = threading.get_ident
_EIGHT = range(8)


class Runnable(Protocol):
    """Something that takes turns."""

    def turn(self, now: float, /) -> bool:
        """Work for up to `TURN_SECONDS`.

        Args:
            now: the latest known reading of `time.monotonic`.

        Returns:
            Whether the clock should be read before the next one's turn. Short turns need not be timed one by one.
        """
        ...


class RunQueue:
    """The ready actors of one system, in order, on the thread of one event loop.

    There is no task per actor: one callback of the loop takes actors from the queue and gives each a turn.

    Any thread may append to `ready` and then call `arm` if it finds `awake` False: the drain clears `awake` before it
    looks for a last time whether anything is ready, so one of the two sees the other. A runnable may be in the queue
    twice; its second turn finds nothing to do.

    Attributes:
        ready: who gets a turn, in order.
        awake: a drain is under way or will be.
        thread: the loop's thread.
        call_soon, drain, context: `call_soon(drain, context=context)` has `ready` drained soon, on the loop's thread; for whoever
            has just set `awake`.
    """

    __slots__ = ("_loop", "awake", "call_soon", "context", "drain", "ready", "thread")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        # The same for all drains: whoever happens to send first must not lend its own to all the others.
        self.context = contextvars.copy_context()
        self.thread = threading.get_ident()
        self.ready: deque[Runnable] = deque()
        self.awake = False
        self.call_soon = loop.call_soon
        self.drain = self._drain

    def arm(self) -> None:
        """Have `ready` drained soon; from any thread.

        Raises:
            RuntimeError: the loop is closed.
        """
        self.awake = True
        if _thread() == self.thread:
            self.call_soon(self.drain, context=self.context)
        else:
            self._loop.call_soon_threadsafe(self.drain, context=self.context)

    def call(self, function: Callable[[], object]) -> None:
        """Run `function` on the loop's thread soon; from any thread.

        Raises:
            RuntimeError: the loop is closed.
        """
        if _thread() == self.thread:
            self._loop.call_soon(function)
        else:
            self._loop.call_soon_threadsafe(function)

    def _drain(self) -> None:
        ready = self.ready
        take = ready.popleft
        now = monotonic()
        end = now + DRAIN_SECONDS
        try:
            while ready:
                if len(ready) < 8:
                    take().turn(now)
                    if not ready:
                        return
                else:
                    for _ in _EIGHT:
                        if take().turn(now):
                            break
                now = monotonic()
                if now > end:
                    return
        finally:
            # Also after an interrupt (KeyboardInterrupt passes through): the others keep their turns.
            self.awake = False
            if ready:
                self.awake = True
                self.call_soon(self.drain, context=self.context)
