"""Requests that wait for an answer: timeouts, cancellation; each ends once, a late answer is counted."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import itertools
import math
from typing import TypeAlias

from ..errors import ActorStopped, RequestTimeout
from ..scheduling.timers import Timers

Open: TypeAlias = dict[asyncio.Future[object], float]
"""Open requests with the same timeout, in the order in which they began: who waits, and until when on the system's clock."""


@dataclasses.dataclass(slots=True)
class RequestCounts:
    """How the requests of a system ended.

    Attributes:
        answered: with a value.
        failed: with an error of the target, or because it is gone.
        timed_out: no answer in time.
        cancelled: by whoever asked.
        late: answers that came after the end; they were dropped.
    """

    answered: int = 0
    failed: int = 0
    timed_out: int = 0
    cancelled: int = 0
    late: int = 0


class Request:
    """One request on its way; goes into `Envelope.reply_to`. It has ended once it is not among the open ones.

    Attributes (filled in by `Requests.expect`):
        future: resolved when it ends, unless that has happened already.
        open: the requests that it is one of.
        counts: where its end is counted.
    """

    __slots__ = ("counts", "future", "open")

    future: asyncio.Future[object]
    open: Open
    counts: RequestCounts

    def succeed(self, value: object, /) -> bool:
        """End it with an answer; False if it had ended already."""
        future = self.future
        counts = self.counts
        if self.open.pop(future, None) is None:
            counts.late += 1
            return False
        counts.answered += 1
        try:
            future.set_result(value)
        except asyncio.InvalidStateError:
            return True  # cancelled a moment ago
        return True

    def fail(self, error: Exception, /) -> bool:
        """End it with an error; False if it had ended already."""
        if self.open.pop(self.future, None) is None:
            self.counts.late += 1
            return False
        self.counts.failed += 1
        _fail(self.future, error)
        return True

    def cancel(self) -> None:
        """Nobody waits for it any more. Does nothing after its end."""
        self.future.cancel()
        if self.open.pop(self.future, None) is not None:
            self.counts.cancelled += 1


_new = object.__new__


class Requests:
    """The open requests of one system; on the loop's thread only.

    Requests with the same timeout end in the order in which they began, so each timeout has one dict, in that order, and
    one timer for its first request. That is cheaper than a timer for each request, nearly all of which end before it.

    Args:
        timers: where timeouts wait.

    Attributes (for `ActorRef.ask`, which does what `expect` does):
        open: the open requests by their timeout.
        now: tells the seconds of the system's clock.
    """

    __slots__ = ("_timers", "counts", "now", "open")

    def __init__(self, timers: Timers) -> None:
        self.counts = RequestCounts()
        self._timers = timers
        self.now = timers.now
        self.open: dict[float | None, Open] = {}

    def expect(self, future: asyncio.Future[object], timeout: float | None) -> Request:
        """Begin a request.

        Args:
            future: gets the value, or the error: the target's, `RequestTimeout`, `ActorStopped`.
            timeout: seconds, none or fewer mean that it ends soon; None or `math.inf`: wait for ever.

        Raises:
            UsageError: the timeout is NaN.
        """
        try:
            open_ = self.open[timeout]
        except KeyError:
            open_ = self.begin_timeout(timeout)
        open_[future] = math.inf if timeout is None else self.now() + timeout
        # No `__init__`: calling one takes twice as long, and this runs once an ask.
        request = _new(Request)
        request.future = future
        request.open = open_
        request.counts = self.counts
        return request

    def begin_timeout(self, timeout: float | None) -> Open:
        """Where requests with this timeout are, from now on.

        Raises:
            UsageError: the timeout is NaN.
        """
        if timeout is not None:
            self._arm(timeout, timeout)  # first: it refuses NaN
        open_ = self.open[timeout] = {}
        return open_

    def __len__(self) -> int:
        """How many are open."""
        return sum(map(len, self.open.values()))

    def close(self) -> None:
        """End all that are open: nobody is left to answer."""
        for open_ in list(self.open.values()):
            for future in list(open_):
                del open_[future]
                self.counts.failed += 1
                _fail(future, ActorStopped("the system has stopped before an answer came"))

    def _arm(self, timeout: float, seconds: float) -> None:
        self._timers.after(seconds, lambda: self._ring(timeout))

    def _ring(self, timeout: float) -> None:
        open_ = self.open[timeout]
        now = self.now()
        for future, _ in list(itertools.takewhile(lambda one: one[1] <= now, open_.items())):
            del open_[future]
            self.counts.timed_out += 1
            _fail(future, RequestTimeout(f"no answer within {timeout:g} s"))
        for deadline in open_.values():
            self._arm(timeout, deadline - now)
            return
        del self.open[timeout]


def _fail(future: asyncio.Future[object], error: Exception) -> None:
    with contextlib.suppress(asyncio.InvalidStateError):
        future.set_exception(error)
