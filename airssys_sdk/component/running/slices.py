"""Sliced calls: a call into a `metered` instance that gives the thread back, again and again, until it is done.

`begin` starts a call and runs nothing yet. `Call.advance` runs one slice: until the guest used up the slice's fuel, waits
for a suspending import, or is done. Between two slices the call can rest, move to another thread, be cancelled; its
deadline is checked there. A plain call of such a function is the same with somebody who drives it to the end.
"""

from __future__ import annotations

import asyncio
import ctypes
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, cast

from ...errors import UsageError
from ..engine.abi import CELL, abi
from ..engine.futures import futures
from ..engine.raw import ffi, target
from .bound import BOUND, Bound, not_yet
from .failures import deadline_failure, failure
from .refusal import refuse
from .sliced import Call
from .waiting import running_loop, wait_here

if TYPE_CHECKING:
    from .store import Store

_NOTHING: Final = bytes(8)


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
