"""The engine's functions for resources as bare foreign functions; see `foreign` for what may be passed to them.

Who owns what (wasmtime 50, read in its source and tried):

- A `resource_any` is a box on the heap that says which handle of the store's own table is meant. Copies of a value copy the box,
  deleting a value deletes it; neither touches the handle. Dropping the handle runs the destructor, once, and leaves the box.
- Giving an `own` to a component takes the handle out of the table. Giving it where a `borrow` is wanted lends it until the
  call is over; meanwhile it can be neither given away nor dropped.
- `to_host` takes a resource of the host's out of the table, an owned one as well as a borrowed one, and runs no destructor.
  A host function must do so with every borrowed handle that it is given, or the engine ends the call.
- There is no asynchronous drop, and a store whose calls run in slices refuses the synchronous one.
"""

from __future__ import annotations

import ctypes
import functools
import struct
from collections.abc import Callable
from typing import Any

from .foreign import Foreign, foreign, pointer, size


class ResourceFunctions:
    """The foreign functions.

    Attributes:
        any_clone: a copy of the box.
        any_delete: frees the box.
        any_drop: `any_drop(context, any)` drops the handle, the address of an error or None.
        any_to_host: `any_to_host(context, any, address of a pointer)`, an error if it is not the host's.
        host_new: `host_new(owned, rep, type)`, a resource of the host's.
        host_rep: its number.
        host_delete: frees it; its number stays in use.
        host_to_any: `host_to_any(context, host, address of a pointer)` puts it into the store's table.
        type_new: `type_new(number)`, a type of resources of the host's.
        type_equal: whether two types are one.
        type_delete: frees a type.
        add_resource: `add_resource(instance, name, length, type, destructor, data, finalizer)`, an error or None.
        destructor: the C type of a destructor: (data, context, rep) to the address of an error or None.
    """

    __slots__ = (
        "add_resource",
        "any_clone",
        "any_delete",
        "any_drop",
        "any_to_host",
        "destructor",
        "host_delete",
        "host_new",
        "host_rep",
        "host_to_any",
        "type_delete",
        "type_equal",
        "type_new",
    )

    def __init__(self) -> None:
        address = ctypes.c_void_p
        self.any_clone: Foreign = foreign("wasmtime_component_resource_any_clone", address)
        self.any_delete: Foreign = foreign("wasmtime_component_resource_any_delete", None)
        self.any_drop: Foreign = foreign("wasmtime_component_resource_any_drop", address)
        self.any_to_host: Foreign = foreign("wasmtime_component_resource_any_to_host", address)
        self.host_new: Foreign = foreign("wasmtime_component_resource_host_new", address)
        self.host_rep: Foreign = foreign("wasmtime_component_resource_host_rep", ctypes.c_uint32)
        self.host_delete: Foreign = foreign("wasmtime_component_resource_host_delete", None)
        self.host_to_any: Foreign = foreign("wasmtime_component_resource_host_to_any", address)
        self.type_new: Foreign = foreign("wasmtime_component_resource_type_new_host", address)
        self.type_equal: Foreign = foreign("wasmtime_component_resource_type_equal", ctypes.c_bool)
        self.type_delete: Foreign = foreign("wasmtime_component_resource_type_delete", None)
        self.add_resource: Foreign = foreign("wasmtime_component_linker_instance_add_resource", address)
        self.destructor: Callable[[Callable[..., int | None]], Any] = ctypes.CFUNCTYPE(
            ctypes.c_size_t, address, address, ctypes.c_uint32
        )

    def to_any(self, context: Any, number: int, kind: int) -> tuple[int, int]:
        """Put a resource of the host's into the store's table: the address of its box, and that of an error or 0."""
        host = pointer(self.host_new(size(1), size(number), size(kind)))
        slot = bytes(8)
        try:
            error = self.host_to_any(context, host, slot)
        finally:
            self.host_delete(host)
        return _pointer_in(slot), error or 0

    def number_of(self, context: Any, box: int) -> tuple[int, int]:
        """Take a resource of the host's out of the store's table: its number, and the address of an error or 0."""
        slot = bytes(8)
        error = self.any_to_host(context, pointer(box), slot)
        if error:
            return 0, error
        host = pointer(_pointer_in(slot))
        number: int = self.host_rep(host)
        self.host_delete(host)
        return number, 0


@functools.cache
def resources() -> ResourceFunctions:
    """The one set of functions; looking them up loads the engine."""
    return ResourceFunctions()


def _pointer_in(slot: bytes) -> int:
    (address,) = struct.unpack("<Q", slot)
    return int(address)
