"""One call into a guest on its way: inline slices, then a worker; parked while a host import waits.

`run` starts a call. Short calls end right there; a longer one comes back as a `Pending` and goes on by itself: on a worker
thread while the guest computes, nowhere while it waits. Whatever happens, `done` is called once on the loop's thread, unless
the call was cancelled.
"""

from __future__ import annotations

import asyncio
import enum
import inspect
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Final, Protocol, TypeVar

from ...component import Call
from ...component.running.waiting import Waiting
from ..messages.pending import Pending
from ..scheduling.queue import RunQueue
from ..scheduling.timers import Timer, Timers
from ..scheduling.workers import Workers

C = TypeVar("C", bound="Sliced")

INLINE_SLICES: Final = 2
"""Slices that a call may run on the loop's thread before a worker takes it over."""


class _Place(enum.Enum):
    """Where a call is between two of its slices."""

    HERE = "here"
    WORKER = "worker"
    PARKED = "parked"
    OVER = "over"


class Lanes:
    """Where calls run on one node: the loop's thread, the workers, and the timers that end waiting calls."""

    __slots__ = ("run_queue", "timers", "workers")

    def __init__(self, run_queue: RunQueue, timers: Timers, workers: Workers) -> None:
        self.run_queue = run_queue
        self.timers = timers
        self.workers = workers


def run(call: Call, lanes: Lanes, done: Callable[[Call], object], *, inline: int = INLINE_SLICES) -> object:
    """Run a call; on the loop's thread of a running event loop.

    Args:
        call: a call that rests between two slices.
        lanes: where it may run.
        done: called with the finished call; what it returns (or what that awaits), or raises, is the outcome.
        inline: slices that it runs here before a worker takes it.

    Returns:
        What `done` returned, or the call that goes on by itself.
    """
    for _ in range(inline):
        if call.advance():
            return done(call)
        if call.waiting is not None:
            break
    return GuestCall(call, lanes, done)


def run_whole(
    function: Callable[[], object], lanes: Lanes, done: Callable[[Callable[[], object]], object]
) -> GuestCall:
    """Run a call that knows no slices on a worker, from its beginning to its end.

    Args:
        function: the call.
        lanes: where it may run.
        done: called on the loop's thread with a function that gives or raises what the call did.
    """
    whole = _Whole(function)
    return GuestCall(whole, lanes, lambda _: done(whole.result))


class Sliced(Protocol):
    """What a `Call` is to its driver."""

    @property
    def done(self) -> bool:
        """Whether it is over."""
        ...

    @property
    def deadline_at(self) -> float | None:
        """When it must be over, on the clock of `time.monotonic`."""
        ...

    @property
    def waiting(self) -> Waiting | None:
        """What it waits for."""
        ...

    def advance(self) -> bool:
        """Run a slice; whether it is over."""
        ...

    def cancel(self) -> None:
        """End it; between two slices only."""
        ...


class _Whole:
    """A call of the `plain` profile: one slice, which nothing can end."""

    deadline_at: float | None = None
    waiting: Waiting | None = None

    def __init__(self, function: Callable[[], object]) -> None:
        self._function = function
        self._value: object = None
        self._error: Exception | None = None
        self.done = False

    def advance(self) -> bool:
        """Run it."""
        try:
            self._value = self._function()
        except Exception as error:  # noqa: BLE001  (raised again by `result`, on the loop's thread)
            self._error = error
        self.done = True
        return True

    def result(self) -> object:
        """What it returned; raises what it raised."""
        if self._error is not None:
            raise self._error
        return self._value

    def cancel(self) -> None:
        """Nothing to do before the slice or after it."""
        self.done = True


class GuestCall:
    """A call that did not end in its first slices.

    Attributes:
        pending: settled with what `done` made of the call; cancelling it gives the call up.
    """

    __slots__ = (
        "_alarm",
        "_broken",
        "_call",
        "_cancelled",
        "_done",
        "_lanes",
        "_listener",
        "_place",
        "_rest",
        "pending",
    )

    def __init__(self, call: C, lanes: Lanes, done: Callable[[C], object]) -> None:
        self._call: Sliced = call
        self._lanes = lanes
        self._done: Callable[[], object] = lambda: done(call)
        self._listener: Callable[[], None] | None = None
        self._broken: Exception | None = None
        self._cancelled = False
        self._place = _Place.HERE
        self._alarm: Timer | None = None
        self._rest: asyncio.Future[object] | None = None
        self.pending = Pending(self._cancel)
        self._go_on()

    def step(self) -> bool:
        """On a worker: run one slice; whether the worker is done with it."""
        try:
            return self._cancelled or self._call.advance() or self._call.waiting is not None
        except Exception as error:  # noqa: BLE001  (a worker must go on; the message fails with it on the loop's thread)
            self._broken = error
            return True

    def leave(self) -> None:
        """On a worker: the loop's thread goes on."""
        self._lanes.run_queue.call(self._back)

    def when_over(self, listener: Callable[[], None]) -> None:
        """Call `listener` when no slice of the call runs any more and none will: now, or when a worker lets go."""
        if self._place is _Place.WORKER:
            self._cancelled = True
            self._listener = listener
        else:
            listener()

    def _go_on(self) -> None:
        """Find the next place for a call that rests between two slices."""
        call = self._call
        if call.done:
            self._finish()
            return
        waiting = call.waiting
        if waiting is None:
            self._place = _Place.WORKER
            try:
                self._lanes.workers.submit(self)
            except RuntimeError as closed:
                self._give_up()
                self.pending.fail(closed)
            return
        self._place = _Place.PARKED
        if call.deadline_at is not None:
            seconds = max(0.0, call.deadline_at - monotonic()) + 0.001
            self._alarm = self._lanes.timers.after(seconds, self._resume)

        def resume(_: object) -> None:
            self._lanes.run_queue.call(self._resume)

        waiting.add_done_callback(resume)

    def _back(self) -> None:
        self._place = _Place.HERE
        if self._broken is not None:
            self._give_up()
            self.pending.fail(self._broken)
        elif self._cancelled:
            self._give_up()
        else:
            self._go_on()

    def _resume(self) -> None:
        """What the call waited for is there, or its deadline is: a few slices here, then a worker again."""
        if self._place is not _Place.PARKED:
            return
        self._place = _Place.HERE
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        for _ in range(INLINE_SLICES):
            if self._call.advance() or self._call.waiting is not None:
                break
        self._go_on()

    def _finish(self) -> None:
        self._place = _Place.OVER
        try:
            outcome = self._done()
        except Exception as error:  # noqa: BLE001  (the actor's cell decides what an error of a message means)
            self.pending.fail(error)
            return
        if inspect.isawaitable(outcome):
            self._rest = asyncio.ensure_future(_awaited(outcome))
            self._rest.add_done_callback(self._settle)
        else:
            self.pending.succeed(outcome)

    def _settle(self, rest: asyncio.Future[object]) -> None:
        if rest.cancelled():
            return
        error = rest.exception()
        if error is None:
            self.pending.succeed(rest.result())
        else:
            self.pending.fail(error if isinstance(error, Exception) else RuntimeError(repr(error)))

    def _cancel(self) -> None:
        self._cancelled = True
        if self._place is not _Place.WORKER:
            self._give_up()

    def _give_up(self) -> None:
        self._place = _Place.OVER
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        self._call.cancel()
        if self._rest is not None:
            self._rest.cancel()
        if self._listener is not None:
            self._listener()


async def _awaited(outcome: Awaitable[object]) -> object:
    return await outcome
