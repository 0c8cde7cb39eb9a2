"""Suspending imports: host functions that take their time without holding the thread.

The guest sees an ordinary function. The host's implementation is an `async def`, or gives back an awaitable or a future;
while that is not done the call is parked and its thread is free. Only the `metered` profile can do this.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import ctypes
import functools
import inspect
import itertools
import struct
import types
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeVar

from ..engine.abi import abi
from ..engine.entry import guarded
from ..engine.foreign import held_back
from ..engine.futures import futures
from ..engine.raw import address, take_error
from ..errors import HostImportFailed, LinkError, printable
from .contexts import STORES
from .failures import import_failure
from .waiting import Waiting, cancel, schedule

if TYPE_CHECKING:
    from .store import Store

F = TypeVar("F", bound=Callable[..., Any])

_MARK: Final = "__airssys_suspending__"


def suspending(function: F) -> F:
    """Say that a function, although not an `async def`, may give back an awaitable or a future."""
    setattr(function, _MARK, True)
    return function


def is_suspending(function: Callable[..., Any]) -> bool:
    """Whether an implementation of an import is an `async def` or marked with `suspending`."""
    plain = function.__func__ if isinstance(function, types.MethodType) else function
    if isinstance(plain, types.FunctionType) and not plain.__dict__:
        # Without any mark of anybody's the code says it all, and ten times as fast: each instance asks for all its imports.
        return bool(plain.__code__.co_flags & inspect.CO_COROUTINE)
    return inspect.iscoroutinefunction(function) or bool(getattr(function, _MARK, False))


def add_suspending(
    instance: Any,
    name: str,
    where: str,
    slot: int,
    *,
    lift_args: Callable[[Store, int, int], tuple[Any, ...]],
    lower_result: Callable[[Store, Any, int], None],
    lower_error: Callable[[Store, BaseException, int], bool],
) -> object:
    """Define a suspending import, in a linker of the `metered` profile.

    Args:
        instance: the `wasmtime.component.LinkerInstance` to define it in.
        name: its WIT name there.
        where: what errors call it.
        slot: where the host's implementation stands in a store's functions.
        lift_args: the Python arguments from the address and number of the engine's values.
        lower_result: writes a result, in the engine's own memory, to the slot at an address.
        lower_error: the same for an exception that is the function's declared error; False if it is not.

    Returns:
        What must outlive the stores of the linker's instances.
    """

    def start(store: Store, arguments: int, count: int, results: int) -> Parked | None:
        try:
            value = store.functions[slot](*lift_args(store, arguments, count))
        except Exception as error:
            if lower_error(store, error, results):
                return None
            raise
        if not _waits(value):
            lower_result(store, value, results)
            return None
        return Parked(
            schedule(value, store.call_loop or store.loop), results, lower_result, lower_error, where
        )

    return define(instance, name, where, start)


class Parked:
    """A suspending import that a call waits for.

    Attributes:
        future: done when the host's implementation is.
        key: by which the engine asks for it.
        resumed: whether the result lies ready for the guest.
    """

    __slots__ = ("_lower_error", "_lower_result", "_results", "_where", "future", "key", "resumed")

    def __init__(
        self,
        future: Waiting,
        results: int,
        lower_result: Callable[[Store, Any, int], None],
        lower_error: Callable[[Store, Exception, int], bool],
        where: str,
    ) -> None:
        self.future = future
        self.key = next(_KEYS)
        self.resumed = False
        self._results = results
        self._lower_result = lower_result
        self._lower_error = lower_error
        self._where = where

    def resume(self, store: Store) -> None:
        """Hand the result over to the instance in `store`, which waits for it; the next slice goes on with it.

        Raises:
            HostImportFailed: the implementation raised something other than its declared error, or its result does
                not fit. The engine takes no error here, so the call must be abandoned.
        """
        try:
            self._hand_over(store)
        except (concurrent.futures.CancelledError, asyncio.CancelledError) as error:
            # A cancellation is no ordinary exception, and must not cancel whoever called the guest.
            raise HostImportFailed(
                f"the host import {printable(self._where)} was cancelled", where=self._where
            ) from error
        except Exception as error:
            raise import_failure(error, self._where, self._where) from error
        self.resumed = True
        _RESUMED.add(self.key)

    def _hand_over(self, store: Store) -> None:
        try:
            value = self.future.result()
        except Exception as error:
            if not self._lower_error(store, error, self._results):
                raise
        else:
            self._lower_result(store, value, self._results)

    def cancel(self) -> None:
        """Stop the implementation, from whatever thread."""
        cancel(self.future)


def define(
    instance: Any,
    name: str,
    where: str,
    start: Callable[[Store, int, int, int], Parked | None],
) -> object:
    """Define a suspending import below the level of values, in a linker of the `metered` profile.

    Args:
        instance: the `wasmtime.component.LinkerInstance` to define it in.
        name: its WIT name there.
        where: what errors call it.
        start: called with the store of the calling instance, the addresses of arguments and results and the number of
            arguments; gives what to wait for, or None when the result has been written.

    Returns:
        What must outlive the stores of the linker's instances.

    Raises:
        LinkError: the engine refuses the definition.
    """
    low, base = futures(), abi()
    ready = struct.pack("<QQQ", low.ready, 0, 0)
    question, finish = _continuations()
    memory = base.memory

    def callback(
        _data: int | None,
        context: int,
        _type: int,
        arguments: int | None,
        count: int,
        results: int | None,
        _results_count: int,
        error: int,
        continuation: int,
    ) -> None:
        try:
            answer = ready
            store: Store = STORES[context]()
            parked = start(store, arguments or 0, count, results or 0)
            if parked is not None:
                store.parked = parked
                answer = struct.pack("<QQQ", question, parked.key, finish)
        except BaseException as raised:  # noqa: BLE001  (nothing may travel through the engine; `failure` raises it again)
            memory[continuation : continuation + 24] = ready
            # An interrupt can surface at the very beginning, before the store is known.
            store = STORES[context]()
            store.pending, store.failing = raised, where
            memory[error : error + 8] = struct.pack("<Q", base.error_new(b"a host import failed"))
        else:
            memory[continuation : continuation + 24] = answer

    thunk = low.import_callback(guarded(callback))
    entry, data = held_back("SUSPENDING", thunk)
    encoded = name.encode()
    pointer = low.add_func_async(
        base.pointer(address(instance.ptr())),
        encoded,
        base.size(len(encoded)),
        base.pointer(entry),
        base.pointer(data),
        None,
    )
    if pointer:
        raise LinkError(f"the engine does not take the import {name}: {take_error(pointer)[0]}", where=where)
    return thunk


def _waits(value: object) -> bool:
    # `inspect.isawaitable` takes as long as the rest of an import that answers at once.
    return hasattr(type(value), "__await__") or isinstance(value, concurrent.futures.Future)


# The engine knows a parked import by its key. These are the keys of those whose result lies ready.
_RESUMED: Final[set[int]] = set()
_KEYS: Final = itertools.count(1)


@functools.cache
def _continuations() -> tuple[int, int]:
    """The addresses of the two C functions of all parked imports; they live as long as the process."""
    low = futures()
    # Methods of a set, no functions of ours: no Python code runs in them, so no interrupt can surface there and be lost.
    thunks = (low.continuation(_RESUMED.__contains__), low.finalizer(_RESUMED.discard))
    _THUNKS.extend(thunks)
    question, last = (ctypes.cast(thunk, ctypes.c_void_p).value or 0 for thunk in thunks)
    return question, last


_THUNKS: Final[list[object]] = []
