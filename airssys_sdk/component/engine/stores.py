"""The engine's functions for stores as bare foreign functions; see `foreign` for what may be passed to them.

Every instance needs a store of its own, so what making one costs counts with each.
"""

from __future__ import annotations

import ctypes
import functools

from .foreign import Foreign, foreign


class StoreFunctions:
    """The foreign functions.

    Attributes:
        new: `new(engine, data, finalizer)`, the address of a store.
        context: the address of a store's `wasmtime_context_t`.
        delete: frees a store and all that is in it.
        instantiate: `instantiate(linker, context, component, address of an instance)`, the address of an error or None.
        limiter: `limiter(store, memory, table elements, instances, tables, memories)`, -1 for what is not limited.
        set_fuel: `set_fuel(context, fuel)`, the address of an error or None.
        yield_interval: `yield_interval(context, fuel)`, the address of an error or None.
        set_wasi: `set_wasi(context, configuration)`, which it takes over; the address of an error or None.
        wasi_new: the address of a WASI configuration that grants nothing.
        wasi_delete: frees a configuration that no store took.
        wasi_outputs: `output(configuration, write, data, finalizer)` for "stdout" and "stderr".
    """

    __slots__ = (
        "context",
        "delete",
        "instantiate",
        "limiter",
        "new",
        "set_fuel",
        "set_wasi",
        "wasi_delete",
        "wasi_new",
        "wasi_outputs",
        "yield_interval",
    )

    def __init__(self) -> None:
        pointer = ctypes.c_void_p
        self.new: Foreign = foreign("wasmtime_store_new", pointer)
        self.context: Foreign = foreign("wasmtime_store_context", pointer)
        self.delete: Foreign = foreign("wasmtime_store_delete", None)
        self.instantiate: Foreign = foreign("wasmtime_component_linker_instantiate", pointer)
        self.limiter: Foreign = foreign("wasmtime_store_limiter", None)
        self.set_fuel: Foreign = foreign("wasmtime_context_set_fuel", pointer)
        self.yield_interval: Foreign = foreign("wasmtime_context_fuel_async_yield_interval", pointer)
        self.set_wasi: Foreign = foreign("wasmtime_context_set_wasi", pointer)
        self.wasi_new: Foreign = foreign("wasi_config_new", pointer)
        self.wasi_delete: Foreign = foreign("wasi_config_delete", None)
        self.wasi_outputs: dict[str, Foreign] = {
            stream: foreign(f"wasi_config_set_{stream}_custom", None) for stream in ("stdout", "stderr")
        }


@functools.cache
def stores() -> StoreFunctions:
    """The one set of functions; looking them up loads the engine."""
    return StoreFunctions()
