"""The engine's asynchronous calls as bare foreign functions, beside `abi` the only module that knows their C layout.

Who owns what (wasmtime 50, read in its source and tried):

- `call_async(func, context, args, n, results, m, error)` makes a future and runs nothing. Function, arguments, results
  and the error slot are read or written while the future is polled: they must stay where they are until it is deleted.
  Arguments are read during the first poll, results written during the last, and only if there is no error.
- `poll(future)` runs until the call ends (true), yields for fuel, or a suspending import is not ready (false).
- `delete(future)` is due exactly once, whether the call ended or not. Deleting early unwinds the guest's stack; the
  instance cannot be entered again.
- A suspending import's callback gets borrowed arguments, which end with the callback, and a results array that stays where
  it is until the import is done. It must set the continuation: `{callback, data, finalizer}`. The engine asks the callback
  whether the import is ready, at once and then on every poll, and calls the finalizer once, even when the call is
  cancelled. An error can be reported only by the first callback, not by the continuation.
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable
from typing import Any

from .foreign import Foreign, foreign


class Futures:
    """The foreign functions; see `foreign` for what may be passed to them.

    Attributes:
        call_async: begins a call, gives the address of its future.
        instantiate_async: begins an instantiation, gives the address of its future.
        poll: runs a slice; whether the future is done.
        delete: frees a future.
        set_fuel: `wasmtime_context_set_fuel(context, fuel)`, the address of an error or None.
        get_fuel: `wasmtime_context_get_fuel(context, address of 8 bytes)`.
        add_func_async: defines a suspending import in a linker instance.
        import_callback: the C type of a suspending import.
        continuation: the C type of a continuation's question "ready?".
        finalizer: the C type of a continuation's finalizer.
        ready: the address of a C function that answers every "ready?" with yes.
    """

    __slots__ = (
        "add_func_async",
        "call_async",
        "continuation",
        "delete",
        "finalizer",
        "get_fuel",
        "import_callback",
        "instantiate_async",
        "poll",
        "ready",
        "set_fuel",
    )

    def __init__(self) -> None:
        pointer, size = ctypes.c_void_p, ctypes.c_size_t
        self.call_async: Foreign = foreign("wasmtime_component_func_call_async", pointer)
        self.instantiate_async: Foreign = foreign("wasmtime_component_linker_instantiate_async", pointer)
        self.poll: Foreign = foreign("wasmtime_call_future_poll", ctypes.c_bool)
        self.delete: Foreign = foreign("wasmtime_call_future_delete", None)
        self.set_fuel: Foreign = foreign("wasmtime_context_set_fuel", pointer)
        self.get_fuel: Foreign = foreign("wasmtime_context_get_fuel", pointer)
        self.add_func_async: Foreign = foreign("wasmtime_component_linker_instance_add_func_async", pointer)
        self.import_callback: Callable[[Callable[..., None]], Any] = ctypes.CFUNCTYPE(
            None, pointer, pointer, pointer, pointer, size, pointer, size, pointer, pointer
        )
        self.continuation: Callable[[Callable[[int | None], bool]], Any] = ctypes.CFUNCTYPE(
            ctypes.c_bool, pointer
        )
        self.finalizer: Callable[[Callable[[int | None], None]], Any] = ctypes.CFUNCTYPE(None, pointer)
        # Takes no argument, needs no lock and says 1 as long as Python code can run: an import that is ready at once
        # then costs no second way back into Python.
        self.ready: int = ctypes.cast(ctypes.pythonapi.Py_IsInitialized, pointer).value or 0


@functools.cache
def futures() -> Futures:
    """The one set of functions; looking them up loads the engine."""
    return Futures()
