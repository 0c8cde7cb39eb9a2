"""Time: a clock that tests can turn by hand, and timers that share one wake-up call of the event loop."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections.abc import Callable
from typing import Protocol

from ..checks import is_time, refuse


class Wakeup(Protocol):
    """A wake-up call that can be called off."""

    def cancel(self) -> None:
        """Call it off; does nothing after it has rung."""
        ...


class Clock(Protocol):
    """Where the system gets its time from."""

    def now(self) -> float:
        """Seconds on a scale that never goes back."""
        ...

    def wake_at(self, when: float, callback: Callable[[], None], /) -> Wakeup:
        """Call `callback` on the loop's thread once `now()` has reached `when`."""
        ...


class LoopClock:
    """Real time, as the event loop counts it."""

    __slots__ = ("_loop",)

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    now = staticmethod(time.monotonic)
    """Seconds of `time.monotonic()`."""

    def wake_at(self, when: float, callback: Callable[[], None], /) -> Wakeup:
        """Use the loop's own timer."""
        return self._loop.call_later(max(0.0, when - time.monotonic()), callback)


class ManualClock:
    """A clock that stands still until it is told to move; for tests that must not sleep."""

    __slots__ = ("_calls", "_now", "_sequence")

    def __init__(self, now: float = 0.0) -> None:
        self._now = now
        self._calls: list[tuple[float, int, _ManualWakeup]] = []
        self._sequence = itertools.count()

    def now(self) -> float:
        """Seconds since the clock was made, plus its start value."""
        return self._now

    def wake_at(self, when: float, callback: Callable[[], None], /) -> Wakeup:
        """Remember the call; `advance` makes it."""
        wakeup = _ManualWakeup(callback)
        heapq.heappush(self._calls, (when, next(self._sequence), wakeup))
        return wakeup

    def advance(self, seconds: float) -> None:
        """Move the time forward and make every call that falls due, in order, each at its own moment.

        Raises:
            UsageError: the seconds are NaN, or fewer than none: time does not go back.
        """
        if not seconds >= 0:
            refuse("ManualClock.advance", seconds, "a number of seconds, 0 or more")
        end = self._now + seconds
        while self._calls and self._calls[0][0] <= end:
            when, _, wakeup = heapq.heappop(self._calls)
            self._now = max(self._now, when)
            wakeup.ring()
        self._now = end


class _ManualWakeup:
    __slots__ = ("_callback",)

    def __init__(self, callback: Callable[[], None]) -> None:
        self._callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        self._callback = None

    def ring(self) -> None:
        if self._callback is not None:
            self._callback()


class Timer:
    """One call in the future."""

    __slots__ = ("_timers", "callback")

    def __init__(self, timers: Timers, callback: Callable[[], None]) -> None:
        self._timers = timers
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        """Call it off; does nothing after it has rung."""
        if self.callback is not None:
            self.callback = None
            self._timers.forget_one()


class Timers:
    """All timers of one system: a heap, and one wake-up call of the clock for the earliest.

    Most timers guard something that ends long before them, so cancelling must be cheap and must not pile up:
    a cancelled timer stays in the heap, and the heap is swept when more than half of it is cancelled.

    Attributes:
        now: tells the seconds of the clock.
    """

    __slots__ = ("_armed_for", "_cancelled", "_clock", "_heap", "_sequence", "_wakeup", "now")

    def __init__(self, clock: Clock) -> None:
        self.now = clock.now
        self._clock = clock
        self._heap: list[tuple[float, int, Timer]] = []
        self._sequence = 0
        self._cancelled = 0
        self._armed_for = float("inf")
        self._wakeup: Wakeup | None = None

    def after(self, seconds: float, callback: Callable[[], None]) -> Timer:
        """Call `callback` on the loop's thread in so many seconds: none or fewer mean soon, `math.inf` never.

        Raises:
            UsageError: the seconds are no number, or NaN, which would be neither before nor after any other timer.
        """
        if not is_time(seconds):
            refuse("a time", seconds, "a number of seconds, or math.inf for never")
        when = self.now() + seconds
        timer = Timer(self, callback)
        self._sequence += 1
        heapq.heappush(self._heap, (when, self._sequence, timer))
        if when < self._armed_for:
            self._arm(when)
        return timer

    async def sleep_until(self, future: asyncio.Future[bool], seconds: float) -> bool:
        """Wait for `future`, but no longer than `seconds` (math.inf: any time); then it is False.

        It must be resolved by nobody but this and its owner.
        """
        if seconds == float("inf"):
            return await future

        def ring() -> None:
            if not future.done():
                future.set_result(False)

        timer = self.after(seconds, ring)
        try:
            return await future
        finally:
            timer.cancel()

    def forget_one(self) -> None:
        """One timer of the heap was cancelled; sweep if most of them are."""
        self._cancelled += 1
        if self._cancelled > 64 and self._cancelled * 2 > len(self._heap):
            self._heap = [entry for entry in self._heap if entry[2].callback is not None]
            heapq.heapify(self._heap)
            self._cancelled = 0

    def close(self) -> None:
        """Ring no more."""
        self._heap.clear()
        self._cancelled = 0
        if self._wakeup is not None:
            self._wakeup.cancel()
            self._wakeup = None
        self._armed_for = float("inf")

    def __len__(self) -> int:
        """How many timers will still ring."""
        return len(self._heap) - self._cancelled

    @property
    def size(self) -> int:
        """How many are remembered, cancelled ones included."""
        return len(self._heap)

    def _arm(self, when: float) -> None:
        if self._wakeup is not None:
            self._wakeup.cancel()
        self._armed_for = when
        self._wakeup = self._clock.wake_at(when, self._ring)

    def _ring(self) -> None:
        self._armed_for = float("inf")
        self._wakeup = None
        now = self.now()
        try:
            while self._heap and self._heap[0][0] <= now:
                timer = heapq.heappop(self._heap)[2]
                callback, timer.callback = timer.callback, None
                if callback is None:
                    self._cancelled -= 1
                else:
                    callback()
        finally:
            if self._heap and self._heap[0][0] < self._armed_for:
                self._arm(self._heap[0][0])
