"""Functions of an instance that are ready to be called in slices; see `slices`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from ..engine.abi import abi
from ..engine.futures import futures

if TYPE_CHECKING:
    from .store import Store

BOUND: Final = "__bound__"
"""The attribute of a function that calls in slices: its `Bound`."""


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


def not_yet(store: Store) -> tuple[bytes, object]:
    """Stands for the arguments of a call that gives resources: they are lowered when the call occupies the instance.

    Before that, what nobody can reach any more is dropped.
    """
    store.handles.sweep(store)
    return b"", None
