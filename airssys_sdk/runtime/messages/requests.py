"""Requests that wait for an answer: correlation ids, timeouts, cancellation; each ends once, a late answer is counted."""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
import math
from typing import Protocol

from ..errors import ActorStopped, RequestCancelled, RequestTimeout
from ..scheduling.timers import Timers


class OnAnswer(Protocol):
    """Hears once how a request ended."""

    def __call__(self, value: object, error: Exception | None, /) -> None:
        """Take the answer, or the reason why there is none."""
        ...


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
    """One request on its way; goes into `Envelope.reply_to`.

    Attributes:
        number: unique in this system.
        deadline: when it times out, on the system's clock.
        on_answer, future: who hears how it ends.
    """

    __slots__ = ("_peers", "_requests", "deadline", "future", "number", "on_answer")

    def __init__(
        self,
        requests: Requests,
        peers: dict[int, Request],
        number: int,
        deadline: float,
        future: asyncio.Future[object] | None,
    ) -> None:
        self.number = number
        self.deadline = deadline
        self.future = future
        self.on_answer: OnAnswer | None = None
        self._requests = requests
        self._peers: dict[int, Request] | None = peers  # None: it has ended

    @property
    def id(self) -> str:
        """The correlation id."""
        return f"{self._requests.prefix}{self.number}"

    def succeed(self, value: object, /) -> bool:
        """End it with an answer; False if it had ended already."""
        peers = self._peers
        if peers is None:
            self._requests.counts.late += 1
            return False
        self._requests.counts.answered += 1
        # As `_end`, spelled out: this is the usual end.
        self._peers = None
        del peers[self.number]
        future = self.future
        if future is None:
            if self.on_answer is not None:
                self.on_answer(value, None)
        elif not future.done():
            future.set_result(value)
        return True

    def fail(self, error: Exception, /) -> bool:
        """End it with an error; False if it had ended already."""
        counts = self._requests.counts
        if self._peers is None:
            counts.late += 1
            return False
        counts.failed += 1
        self._end(error)
        return True

    def cancel(self) -> bool:
        """End it without an answer: whoever waits gets `RequestCancelled`; False if it had ended already."""
        if self._peers is None:
            return False
        self._requests.counts.cancelled += 1
        self._end(RequestCancelled(f"request {self.id} was cancelled"))
        return True

    def expire(self, seconds: float) -> None:
        """The time is over; for `Requests`."""
        if self._peers is not None:
            self._requests.counts.timed_out += 1
            self._end(RequestTimeout(f"no answer within {seconds:g} s"))

    def _end(self, error: Exception) -> None:
        peers, self._peers = self._peers, None
        if peers is not None:
            del peers[self.number]
        if self.on_answer is not None:
            self.on_answer(None, error)
        elif self.future is not None and not self.future.done():
            self.future.set_exception(error)


class Requests:
    """The open requests of one system; on the loop's thread only.

    Requests with the same timeout end in the order in which they began, so each timeout has one dict, in that order, and
    one timer for its first request. That is cheaper than a timer for each request, nearly all of which end before it.

    Args:
        timers: where timeouts wait.
        prefix: begins every correlation id.
    """

    __slots__ = ("_by_timeout", "_next", "_now", "_timers", "counts", "prefix")

    def __init__(self, timers: Timers, prefix: str = "") -> None:
        self.prefix = prefix
        self.counts = RequestCounts()
        self._timers = timers
        self._now = timers.now
        self._next = 0
        self._by_timeout: dict[float | None, dict[int, Request]] = {}

    def open(self, on_answer: OnAnswer, timeout: float | None) -> Request:
        """Begin a request.

        Args:
            on_answer: called exactly once, never before this returns: with the value, or with the error: the target's,
                `RequestTimeout`, `RequestCancelled`, `ActorStopped`.
            timeout: seconds, none or fewer mean that it ends soon; None or `math.inf`: wait for ever.

        Raises:
            UsageError: the timeout is NaN.
        """
        request = self.expect(None, timeout)
        request.on_answer = on_answer
        return request

    def expect(self, future: asyncio.Future[object] | None, timeout: float | None) -> Request:
        """The same with a future that is resolved instead of a function that is called.

        Raises:
            UsageError: the timeout is NaN.
        """
        self._next = number = self._next + 1
        peers = self._by_timeout.get(timeout)
        if peers is None:
            peers = self._new_peers(timeout)
        deadline = math.inf if timeout is None else self._now() + timeout
        request = peers[number] = Request(self, peers, number, deadline, future)
        return request

    def _new_peers(self, timeout: float | None) -> dict[int, Request]:
        if timeout is not None:
            self._arm(timeout, timeout)  # first: it refuses NaN
        peers = self._by_timeout[timeout] = {}
        return peers

    def find(self, request_id: str) -> Request | None:
        """The open request with this correlation id."""
        digits = request_id.removeprefix(self.prefix)
        if not request_id.startswith(self.prefix) or not (digits.isascii() and digits.isdigit()):
            return None
        number = int(digits)
        return next((peers[number] for peers in self._by_timeout.values() if number in peers), None)

    def __len__(self) -> int:
        """How many are open."""
        return sum(map(len, self._by_timeout.values()))

    def close(self) -> None:
        """End all that are open: nobody is left to answer."""
        for peers in list(self._by_timeout.values()):
            for request in list(peers.values()):
                request.fail(ActorStopped("the system has stopped before an answer came"))

    def _arm(self, timeout: float, seconds: float) -> None:
        self._timers.after(seconds, lambda: self._ring(timeout))

    def _ring(self, timeout: float) -> None:
        peers = self._by_timeout[timeout]
        now = self._now()
        for request in list(itertools.takewhile(lambda request: request.deadline <= now, peers.values())):
            request.expire(timeout)
        for request in peers.values():
            self._arm(timeout, request.deadline - now)
            return
        del self._by_timeout[timeout]
