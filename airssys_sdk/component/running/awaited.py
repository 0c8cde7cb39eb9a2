"""Calls of asynchronous functions: coroutines that leave the event loop to others while the guest waits.

The engine tells nobody when such a call can go on, so it is asked, at once for a while and then in pauses that grow.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Final, cast

from ..engine.abi import CELL, abi
from ..engine.futures import futures
from .bound import not_yet
from .failures import failure
from .refusal import refuse

if TYPE_CHECKING:
    from .bound import Bound

_NOTHING: Final = bytes(8)
_EAGER: Final = 16
_FIRST, _LONGEST = 0.0002, 0.01
"""Seconds between two questions, in the beginning and at most."""


def awaited(bound: Bound) -> Callable[..., Coroutine[Any, Any, Any]]:
    """The coroutine function that calls a function of an instance of the `concurrent` profile.

    Cancelling it unwinds the guest's stack; the instance is dead then.
    """
    low, delete_value = futures(), abi().delete
    store, lower, lift, where, lends = bound.store, bound.lower, bound.lift, bound.where, bound.lends

    async def call(*arguments: Any, **named: Any) -> Any:
        lent: Any = None
        cells, keep = not_yet(store) if lends else lower(*arguments, **named)
        error, slot = bytes(8), bytes(CELL) if bound.results else None
        if store.busy:
            refuse(store, where)
        store.busy = True
        try:
            if lends:
                cells, keep = lower(*arguments, **named)
                lent = cast("tuple[Any, ...]", keep)[0]
            future = bound.begin(cells, slot, error)
            try:
                await _poll(low.poll, future)
            except BaseException as ended:
                store.kill(f"{where} ended with {type(ended).__name__}")
                raise
            finally:
                low.delete(future)
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

    return call


async def _poll(poll: Callable[[Any], bool], future: Any) -> None:
    pause = 0.0
    for asked in range(1 << 62):
        if poll(future):
            return
        if asked >= _EAGER:
            pause = min(max(pause * 1.5, _FIRST), _LONGEST)
        await asyncio.sleep(pause)
