"""Sliced calls: a call into a `metered` instance that gives the thread back, again and again, until it is done.

`begin` starts a call and runs nothing yet. `Call.advance` runs one slice: until the guest used up the slice's fuel, waits
for a suspending import, or is done. Between two slices the call can rest, move to another thread, be cancelled; its
deadline is checked there. A plain call of such a function is the same with somebody who drives it to the end.
"""

from __future__ import annotations

import asyncio
import ctypes
import time
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any, Final, cast

from ...errors import UsageError
from ..engine.abi import CELL, abi
from ..engine.futures import futures
from ..engine.raw import ffi, target
from ..errors import HostImportFailed, InstanceBusy, InstanceDead
from .failures import deadline_failure, failure
from .refusal import refuse
from .waiting import Waiting, running_loop, wait_here, wait_there

if TYPE_CHECKING:
    from .store import Store

BOUND: Final = "__bound__"
"""The attribute of a function that calls in slices: its `Bound`."""
_NOTHING: Final = bytes(8)


class Bound:
    """An exported function of one instance, ready to be called in slices.

    Args:
        where: what errors call the function.
        store: the instance's store.
        function: the address of its `wasmtime_component_func_t`.
        arity: how many values it takes.
        results: how many values it gives, 0 or 1.
        lower: packs Python arguments into cells, one after the other; the second item is what the cells point to.
        lift: reads the result from the one cell (from nothing if there is none); raises what the function raises.
        keep: what the function's address points to.
        lends: whether it gives resources: the second item of what `lower` returns then begins with the `Lending`.
    """

    __slots__ = ("begin", "fuel_left", "keep", "lends", "lift", "lower", "results", "store", "where")

    def __init__(
        self,
        where: str,
        store: Store,
        function: int,
        arity: int,
        results: int,
        lower: Callable[..., tuple[bytes, object]],
        lift: Callable[[bytes], Any],
        keep: object = None,
        *,
        lends: bool = False,
    ) -> None:
        self.where = where
        self.store = store
        self.results = bool(results)
        self.lower = lower
        self.lift = lift
        self.keep = keep
        self.lends = lends
        self.begin = _beginning(store, function, arity, results)
        self.fuel_left = _gauge(store)


def _beginning(
    store: Store, function: int, arity: int, results: int
) -> Callable[[bytes, bytes | None, bytes], Any]:
    """What makes the engine's future of a call from cells, result slot and error slot, with all that is constant ready."""
    low, base = futures(), abi()
    call_async, set_fuel, pointer = low.call_async, low.set_fuel, base.pointer
    target, context = pointer(function), pointer(store.context)
    arguments_count, results_count = base.size(arity), base.size(results)
    fuel = None if store.limits.fuel is None else base.size(store.limits.fuel)

    def begin_future(cells: bytes, slot: bytes | None, error: bytes) -> Any:
        if fuel is not None:
            set_fuel(context, fuel)
        return pointer(call_async(target, context, cells, arguments_count, slot, results_count, error))

    return begin_future


def _gauge(store: Store) -> Callable[[], int]:
    """What reads how much fuel a store has left."""
    left, pointer, get_fuel = bytes(8), abi().pointer(store.context), futures().get_fuel

    def read() -> int:
        get_fuel(pointer, left)
        return int.from_bytes(left, "little")

    return read


def begin(
    function: Callable[..., Any], *arguments: Any, loop: asyncio.AbstractEventLoop | None = None
) -> Call:
    """Begin a call of a function of a `metered` instance. Nothing of the guest runs yet.

    Args:
        function: a function of an exported interface, or of a world, such as `inventory.store.get`.
        *arguments: its arguments.
        loop: the event loop that runs suspending imports; without it the store's, else the running one, else one that
            runs on a thread of its own.

    Returns:
        The call. It occupies the instance until it is done or cancelled.

    Raises:
        UsageError: the function is not one of a metered instance.
        InvalidType, InvalidValue: an argument does not fit; the instance stays free.
        InstanceBusy: another call is in progress.
        InstanceDead: an earlier call ended the instance.
    """
    bound = getattr(function, BOUND, None)
    if not isinstance(bound, Bound):
        raise UsageError(
            f"{getattr(function, '__qualname__', function)!s} cannot be called in slices",
            hint="take a function of a component that was opened with profile='metered' (or with limits)",
        )
    return Call(bound, arguments, loop or bound.store.loop or running_loop())


def caller(bound: Bound) -> Callable[..., Any]:
    """A function that calls in slices and comes back with the result; what `begin` takes."""
    low = futures()
    poll, delete, delete_value = low.poll, low.delete, abi().delete
    store, lower, lift, where, begin_future = bound.store, bound.lower, bound.lift, bound.where, bound.begin
    has_result, lends = bound.results, bound.lends
    deadline = store.limits.deadline

    def call(*arguments: Any, **named: Any) -> Any:
        lent: Any = None
        cells, keep = not_yet(store) if lends else lower(*arguments, **named)
        error, slot = bytes(8), bytes(CELL) if has_result else None
        started = 0.0 if deadline is None else time.monotonic()
        if store.busy:
            refuse(store, where)
        store.busy = True
        try:
            if lends:
                cells, keep = lower(*arguments, **named)
                lent = cast("tuple[Any, ...]", keep)[0]
            future = begin_future(cells, slot, error)
            try:
                if not poll(future):
                    _drive(store, poll, future, where, started, deadline)
            except BaseException as ended:
                store.kill(f"{where} ended with {type(ended).__name__}")
                raise
            finally:
                delete(future)
            if error != _NOTHING:
                raise failure(store, int.from_bytes(error, "little"), where)
            if slot is None:
                return lift(b"")
            try:
                return lift(slot)
            finally:
                delete_value(slot)
        finally:
            try:
                if lent is not None:
                    lent.settle()
            finally:  # even if an interrupt arrives meanwhile
                store.busy = store.dead is not None

    setattr(call, BOUND, bound)
    return call


def not_yet(store: Store) -> tuple[bytes, object]:
    """Stands for the arguments of a call that gives resources: they are lowered when the call occupies the instance.

    Before that, what nobody can reach any more is dropped.
    """
    store.handles.sweep(store)
    return b"", None


def run_instantiation(store: Store, linker: Any, component: Any, where: str) -> tuple[Any, int]:
    """Instantiate in slices, driven to the end: the raw instance, and the address of the engine's error or 0."""
    low, base = futures(), abi()
    limits = store.limits
    context = base.pointer(store.context)
    raw, error = ffi().wasmtime_component_instance_t(), bytes(8)
    if limits.fuel is not None:
        low.set_fuel(context, base.size(limits.fuel))
    started = time.monotonic()
    future = base.pointer(
        low.instantiate_async(
            base.pointer(target(linker.ptr())),
            context,
            base.pointer(target(component.ptr())),
            base.pointer(ctypes.addressof(raw)),
            error,
        )
    )
    try:
        if not low.poll(future):
            _drive(store, low.poll, future, where, started, limits.deadline)
    except BaseException as ended:
        store.kill(f"{where} ended with {type(ended).__name__}")
        raise
    finally:
        low.delete(future)
    return raw, int.from_bytes(error, "little")


def _drive(
    store: Store,
    poll: Callable[..., Any],
    future: Any,
    where: str,
    started: float,
    deadline: float | None,
) -> None:
    """Run the slices after the first, on this thread. Ctrl-C surfaces between two of them."""
    until = None if deadline is None else started + deadline
    while True:
        parked = store.parked
        if parked is not None:
            store.parked = None
            try:
                if not wait_here(parked.future, until):
                    raise deadline_failure(deadline or 0.0, where)
                parked.resume(store)
            except BaseException:
                parked.cancel()
                raise
        if until is not None and time.monotonic() > until:
            raise deadline_failure(deadline or 0.0, where)
        if poll(future):
            return


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
