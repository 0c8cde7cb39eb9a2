"""The few parts of the `wasmtime` package below its public surface, in one place and without types.

Its bindings carry no usable types, so they come through here as `Any`; what they mean is said where they are used.
"""

from __future__ import annotations

import ctypes
import functools
import importlib
from typing import Any


@functools.cache
def ffi() -> Any:
    """The package's declarations of the engine's C functions."""
    return importlib.import_module("wasmtime._ffi")


@functools.cache
def package() -> Any:
    """The package itself, untyped."""
    importlib.import_module("wasmtime.component")
    return importlib.import_module("wasmtime")


def context_pointer(address: int) -> Any:
    """The `wasmtime_context_t*` that the package's functions take, for the address of a context."""
    return ctypes.cast(address, _pointer("wasmtime_context_t"))


def address(pointer: Any) -> int:
    """Where a pointer of the package points; 0 for NULL."""
    return ctypes.cast(pointer, ctypes.c_void_p).value or 0


def target(pointer: Any) -> int:
    """Where a pointer of the package points, which is not NULL; takes a third of the time of `address`."""
    return ctypes.addressof(pointer.contents)


def take_error(pointer: int) -> tuple[str, int | None]:
    """The text of the error at an address, and the exit code if the guest exited. Frees the error."""
    taken = package().WasmtimeError._from_ptr(ctypes.cast(pointer, _pointer("wasmtime_error_t")))
    try:
        return str(taken), taken.code if isinstance(taken, package().ExitTrap) else None
    finally:
        taken.close()


def _pointer(name: str) -> Any:
    structure: type[ctypes.Structure] = getattr(ffi(), name)
    return ctypes.POINTER(structure)
