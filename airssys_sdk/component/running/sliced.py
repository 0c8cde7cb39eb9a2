"""A call in slices on its way; see `slices`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Generator
from typing import Any, Final, cast

from ..engine.abi import CELL, abi
from ..engine.futures import futures
from ..errors import HostImportFailed, InstanceBusy, InstanceDead
from .bound import Bound, not_yet
from .failures import deadline_failure, failure
from .refusal import refuse
from .waiting import Waiting, wait_here, wait_there

_NOTHING: Final = bytes(8)


class Call:
    """A call in progress. It may be advanced from any thread, by one at a time, and awaited.

    `await call` runs slices between the other work of the event loop, and cancels the call when it is cancelled.

    Attributes:
        where: what errors call the function.
        done: whether the call is over.
        deadline_at: when it must be done, on the clock of `time.monotonic`; None without a deadline. Reaching it is
            noticed by the next `advance`, so whoever schedules a waiting call should advance it then.
    """

    __slots__ = (
        "_bound",
        "_cells",
        "_error",
        "_future",
        "_keep",
        "_lent",
        "_outcome",
        "_running",
        "_slot",
        "_store",
        "_value",
        "deadline_at",
        "done",
        "where",
    )

    def __init__(
        self, bound: Bound, arguments: tuple[Any, ...], loop: asyncio.AbstractEventLoop | None
    ) -> None:
        store, lends = bound.store, bound.lends
        # The engine reads and writes these while the call lives.
        self._cells, self._keep = not_yet(store) if lends else bound.lower(*arguments)
        self._bound = bound
        self._store = store
        self._lent: Any = None
        self._error = bytes(8)
        self._slot = bytes(CELL) if bound.results else None
        self._value: Any = None
        self._outcome: BaseException | None = None
        self._running = False
        self.where = bound.where
        self.done: bool = False
        deadline = store.limits.deadline
        self.deadline_at = None if deadline is None else time.monotonic() + deadline
        self._future: Any = None
        if store.busy:
            refuse(store, bound.where)
        store.busy = True
        if lends:
            try:
                self._cells, self._keep = bound.lower(*arguments)
                self._lent = cast("tuple[Any, ...]", self._keep)[0]
            except BaseException:
                store.busy = store.dead is not None
                raise
        try:
            store.call = self
            store.call_loop = loop
            self._future = bound.begin(self._cells, self._slot, self._error)
        except BaseException as ended:
            store.call = None
            store.kill(f"{bound.where} ended with {type(ended).__name__}")
            raise

    @classmethod
    def under_way(
        cls,
        bound: Bound,
        lowered: tuple[bytes, object],
        slot: bytes | None,
        error: bytes,
        future: Any,
        started: float,
    ) -> Call:
        """A call that is not over after its first slice, which somebody else ran; see `attempts`."""
        store, call = bound.store, cls.__new__(cls)
        call._bound, call._store, call.where = bound, store, bound.where
        call._cells, call._keep = lowered
        call._slot, call._error = slot, error
        call._lent = call._value = call._outcome = None
        call._running = call.done = False
        deadline = store.limits.deadline
        call.deadline_at = None if deadline is None else started + deadline
        call._future = future
        store.call_loop = store.loop
        store.call = call
        return call

    @property
    def waiting(self) -> Waiting | None:
        """What the call waits for, while the next `advance` would find nothing to do; else None.

        A future with `done` and `add_done_callback`; the callback runs on the thread or loop that completes it.
        """
        parked = self._store.parked
        return None if parked is None or self.done or parked.future.done() else parked.future

    def advance(self) -> bool:
        """Run one slice, if there is something to run.

        Returns:
            Whether the call is over; `result` then has the outcome. False also when it still waits for an import.

        Raises:
            InstanceBusy: another thread is advancing this call.
            KeyboardInterrupt: Ctrl-C during the slice; the call is over and the instance dead.
        """
        if self.done:
            return True
        if self._running:
            raise InstanceBusy("a slice of this call is running already", where=self.where)
        self._running = True
        try:
            return self._advance()
        except BaseException as ended:
            self._end(ended)
            raise
        finally:
            self._running = False

    def _advance(self) -> bool:
        store = self._store
        if self.deadline_at is not None and time.monotonic() > self.deadline_at:
            return self._end(deadline_failure(store.limits.deadline or 0.0, self.where))
        parked = store.parked
        if parked is not None:
            if not parked.future.done():
                return False
            store.parked = None
            try:
                parked.resume(store)
            except HostImportFailed as failed:
                return self._end(failed)
        if not futures().poll(self._future):
            return False
        try:
            self._conclude()
        finally:  # even if an interrupt arrives meanwhile; one that comes before the future is released ends the instance
            if self._future is None:
                store.busy = store.dead is not None
                if self._slot is not None:
                    abi().delete(self._slot)
        return True

    def _conclude(self) -> None:
        """Read what came of the call, whose last slice is over."""
        try:
            self._release_future()
            self.done = True
            if self._error != _NOTHING:
                self._outcome = failure(self._store, int.from_bytes(self._error, "little"), self.where)
                return
            try:
                self._value = self._bound.lift(self._slot or b"")
            except Exception as raised:  # noqa: BLE001  (the function's declared error; `result` raises it)
                self._outcome = raised
        finally:
            self._settle()

    def result(self) -> Any:
        """The typed result. A call that is not done is driven to its end on this thread first.

        Raises:
            CallError: the call ended without an answer; which subclass says why.
            Err: the function's declared error.
            UsageError: the call waits for an import that runs on the event loop of this thread.
        """
        while not self.advance():
            waiting = self.waiting
            if waiting is not None:
                wait_here(waiting, self.deadline_at)
        if self._outcome is not None:
            raise self._outcome
        return self._value

    def fuel_left(self) -> int | None:
        """Units of work that the instance has left, of the call's limit or, without one, of all; None once it is closed.

        What a call without a limit used is the difference to what the call before it left.
        """
        return None if self._store.closed else self._bound.fuel_left()

    def cancel(self) -> None:
        """End the call if it is not done. The guest's stack is unwound and its instance is dead.

        Raises:
            InstanceBusy: a slice of it is running at this moment.
        """
        if self._running:
            raise InstanceBusy("a slice of this call is running", where=self.where)
        self._running = True
        try:
            if not self.done:
                self._end(InstanceDead("the call was cancelled", where=self.where), "was cancelled")
        finally:
            self._running = False

    def abandon(self) -> None:
        """Free what the engine holds, for a store that nobody can reach any more."""
        self._release_future()
        self.done = True

    def __await__(self) -> Generator[Any, None, Any]:
        try:
            while not self.advance():
                waiting = self.waiting
                if waiting is None:
                    yield  # the loop does its other work between two slices
                else:
                    yield from wait_there(waiting, self.deadline_at).__await__()
        except BaseException:
            self.cancel()
            raise
        return self.result()

    def _end(self, outcome: BaseException, reason: str | None = None) -> bool:
        """Give the call up: whatever the guest was doing is unwound, and the instance is dead."""
        if self._future is not None:
            parked, self._store.parked = self._store.parked, None
            if parked is not None:
                parked.cancel()
            self._release_future()
            self._store.kill(f"{self.where} {reason or f'ended with {type(outcome).__name__}'}")
            self._settle()
        if not self.done:
            self._outcome = outcome
            self.done = True
        return True

    def _settle(self) -> None:
        lent, self._lent = self._lent, None
        if lent is not None:
            lent.settle()

    def _release_future(self) -> None:
        future, self._future = self._future, None
        self._store.call = None
        self._store.call_loop = None
        if future is not None:
            futures().delete(future)
        self._keep = None
