"""Requests that wait for an answer: correlation ids, timeouts, cancellation; each ends once, a late answer is counted."""

from __future__ import annotations

import dataclasses
from typing import Protocol

from airssys_sdk.runtime.errors import ActorStopped, RequestCancelled, RequestTimeout
from airssys_sdk.runtime.timers import Timer, Timers


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
        id: the correlation id, unique in this system.
    """

    __slots__ = ("_on_answer", "_requests", "_timer", "id")

    def __init__(self, requests: Requests, request_id: str, on_answer: OnAnswer) -> None:
        self.id = request_id
        self._requests = requests
        self._on_answer: OnAnswer | None = on_answer
        self._timer: Timer | None = None

    def succeed(self, value: object, /) -> bool:
        """End it with an answer; False if it had ended already."""
        if self._on_answer is None:
            self._requests.counts.late += 1
            return False
        self._requests.counts.answered += 1
        self._end(value, None)
        return True

    def fail(self, error: Exception, /) -> bool:
        """End it with an error; False if it had ended already."""
        if self._on_answer is None:
            self._requests.counts.late += 1
            return False
        self._requests.counts.failed += 1
        self._end(None, error)
        return True

    def cancel(self) -> bool:
        """End it without an answer: `on_answer` hears `RequestCancelled`; False if it had ended already."""
        if self._on_answer is None:
            return False
        self._requests.counts.cancelled += 1
        self._end(None, RequestCancelled(f"request {self.id} was cancelled"))
        return True

    def arm(self, timers: Timers, seconds: float) -> None:
        """Give it a timeout; for `Requests`."""

        def ring() -> None:
            if self._on_answer is not None:
                self._requests.counts.timed_out += 1
                self._end(None, RequestTimeout(f"no answer within {seconds:g} s"))

        self._timer = timers.after(seconds, ring)

    def _end(self, value: object, error: Exception | None) -> None:
        on_answer, self._on_answer = self._on_answer, None
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()
        self._requests.forget(self)
        if on_answer is not None:
            on_answer(value, error)


class Requests:
    """The open requests of one system; on the loop's thread only.

    Args:
        timers: where timeouts wait.
        prefix: begins every correlation id.
    """

    __slots__ = ("_next", "_open", "_prefix", "_timers", "counts")

    def __init__(self, timers: Timers, prefix: str = "") -> None:
        self._timers = timers
        self._prefix = prefix
        self._next = 0
        self._open: dict[str, Request] = {}
        self.counts = RequestCounts()

    def open(self, on_answer: OnAnswer, timeout: float | None) -> Request:
        """Begin a request.

        Args:
            on_answer: called exactly once, never before this returns: with the value, or with the error: the target's,
                `RequestTimeout`, `RequestCancelled`, `ActorStopped`.
            timeout: seconds; None: wait for ever.
        """
        self._next += 1
        request = Request(self, f"{self._prefix}{self._next}", on_answer)
        self._open[request.id] = request
        if timeout is not None:
            request.arm(self._timers, timeout)
        return request

    def find(self, request_id: str) -> Request | None:
        """The open request with this id."""
        return self._open.get(request_id)

    def forget(self, request: Request) -> None:
        """It has ended; for `Request`."""
        self._open.pop(request.id, None)

    def __len__(self) -> int:
        """How many are open."""
        return len(self._open)

    def close(self) -> None:
        """End all that are open: nobody is left to answer."""
        for request in list(self._open.values()):
            request.fail(ActorStopped("the system has stopped before an answer came"))
