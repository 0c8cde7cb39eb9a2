"""The run queue: which actors are ready, and when the event loop gets its turn back."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from time import monotonic
from typing import Protocol

TURN_SECONDS = 100e-6
"""One actor's turn ends after this time (after the message that it is at)."""

DRAIN_SECONDS = 1e-3
"""The queue hands the thread back to the event loop after this time."""


class Runnable(Protocol):
    """Something that takes turns."""

    def turn(self, started: float, /) -> float:
        """Work for up to `TURN_SECONDS` from `started` on; return the time (of `time.monotonic`) at the end."""
        ...


class RunQueue:
    """The ready actors of one system, in order, on the thread of one event loop.

    There is no task per actor: one callback of the loop takes actors from the queue and gives each a turn.
    `ready` and `awake` are read and written by mailboxes on the loop's thread; from other threads use `call`.
    """

    __slots__ = ("_loop", "awake", "ready", "thread")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.thread = threading.get_ident()
        self.ready: deque[Runnable] = deque()
        self.awake = False

    def add(self, runnable: Runnable) -> None:
        """Give this one a turn after those that wait already; on the loop's thread only."""
        self.ready.append(runnable)
        if not self.awake:
            self.awake = True
            self._loop.call_soon(self._drain)

    def call(self, function: Callable[[], object]) -> None:
        """Run `function` on the loop's thread soon; from any thread.

        Raises:
            RuntimeError: the loop is closed.
        """
        if threading.get_ident() == self.thread:
            self._loop.call_soon(function)
        else:
            self._loop.call_soon_threadsafe(function)

    def _drain(self) -> None:
        ready = self.ready
        now = monotonic()
        end = now + DRAIN_SECONDS
        try:
            while ready:
                now = ready.popleft().turn(now)
                if now > end:
                    break
        finally:
            # Also after an interrupt (KeyboardInterrupt passes through): the others keep their turns.
            if ready:
                self._loop.call_soon(self._drain)
            else:
                self.awake = False
