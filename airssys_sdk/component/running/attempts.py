"""Calls that mostly end in their first slice: one that does costs less here than `begin`, `advance` and `result`."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

from ..engine.abi import CELL, abi
from ..engine.futures import futures
from .bound import BOUND, Bound
from .failures import failure
from .refusal import refuse
from .sliced import Call
from .slices import begin

_NOTHING: Final = bytes(8)


def attempting(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that begins a call and runs its first slice, with all that is constant ready.

    Args:
        function: a function of a `metered` instance.

    Returns:
        What takes the function's arguments and gives what the function returned; or, if the call is not over, the `Call`
        that it goes on as. It raises what `begin` and `Call.result` raise.
    """
    bound = getattr(function, BOUND, None)
    if isinstance(bound, Bound) and not bound.lends and bound.store.loop is not None:
        return _attempting(bound)

    def attempt(*arguments: Any) -> Any:
        call = begin(function, *arguments)
        return call.result() if call.advance() else call

    return attempt


def fuel_gauge(function: Callable[..., Any]) -> Callable[[], int] | None:
    """What reads how much fuel the instance of a function has left, while it is open; None if nobody counts it."""
    bound = getattr(function, BOUND, None)
    return bound.fuel_left if isinstance(bound, Bound) else None


def _attempting(bound: Bound) -> Callable[..., Any]:
    """The same for a function whose suspending imports run on the store's loop, and which lends nothing."""
    low, delete_value = futures(), abi().delete
    poll, delete = low.poll, low.delete
    store, lower, lift, where = bound.store, bound.lower, bound.lift, bound.where
    begin_future, has_result, deadline = bound.begin, bound.results, store.limits.deadline

    def attempt(*arguments: Any) -> Any:
        lowered = lower(*arguments)
        error, slot = bytes(8), bytes(CELL) if has_result else None
        started = 0.0 if deadline is None else time.monotonic()
        if store.busy:
            refuse(store, where)
        store.busy = True
        over = True
        try:
            future = begin_future(lowered[0], slot, error)
            try:
                over = poll(future)
                if not over:
                    return Call.under_way(bound, lowered, slot, error, future, started)
            except BaseException as ended:
                over = store.call is None  # or else the future is the call's
                store.kill(f"{where} ended with {type(ended).__name__}")
                raise
            finally:
                if over:
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
            if over:
                store.busy = store.dead is not None

    return attempt
