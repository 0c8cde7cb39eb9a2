"""Calls of C functions and C's calls of Python functions: through the compiled module where there is one, else through ctypes.

A foreign function declares no parameters: `bytes` pass as a pointer to their first byte, None as NULL, and everything else
must be a ready parameter, made by `pointer` or `size`. It frees the interpreter lock while it runs. Through the compiled
module a call costs a fifth of what it costs through ctypes.
"""

from __future__ import annotations

import ctypes
import functools
import importlib
import logging
import os
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any, Final, Literal, TypeAlias

PURE: Final = "AIRSSYS_PURE"
"""The variable of the environment that says to do without the compiled module."""

REVISION: Final = 6
"""What `native/module.c` must call itself. A module that was built of an older or newer source would be called with the wrong arguments."""

_LOG = logging.getLogger(__name__)

# ctypes offers no precise type for a foreign function without declared parameters.
Foreign: TypeAlias = Callable[..., Any]


def _compiled() -> ModuleType | None:
    if os.environ.get(PURE, "0") not in ("", "0"):
        return None
    if "t" in getattr(sys, "abiflags", ""):  # a free-threaded Python lays out its objects in another way
        return None
    try:
        found = importlib.import_module("airssys_sdk.component.engine._native")
    except ImportError:  # built for another platform, or not at all
        return None
    if getattr(found, "REVISION", None) != REVISION:
        _LOG.warning("the compiled module is not of this version and is not used: install the package again")
        return None
    return found


COMPILED: Final[Any] = _compiled()
"""The compiled module; None if this installation has none, or if `AIRSSYS_PURE` is set to something else than 0."""

pointer: Final[Callable[[int | None], Any]] = COMPILED.same if COMPILED else ctypes.c_void_p.from_param
"""Makes a ready parameter of an address; None is NULL."""

size: Final[Callable[[int], Any]] = COMPILED.same if COMPILED else ctypes.c_size_t.from_param
"""Makes a ready parameter of an integer of at most 64 bits, or of a truth value: they are passed in words."""

_RESULTS: Final = (None, ctypes.c_void_p, ctypes.c_bool, ctypes.c_uint32)
"""What a foreign function may return, in the order in which the compiled module numbers them."""

IMPORT_PARAMETERS: Final = (
    "context, arguments, results" if COMPILED else "env, context, type, arguments, count, results"
)
"""How the parameters of a Python function for `import_function` begin."""

# Of what is of no interest one byte is read, which Python has objects for, and of the last, the number of results, nothing: a
# caller removes what it has passed.
_IMPORT: Final = ctypes.CFUNCTYPE(
    ctypes.c_size_t,
    *(ctypes.c_ubyte, ctypes.c_size_t, ctypes.c_ubyte),
    *(ctypes.c_size_t, ctypes.c_ubyte, ctypes.c_size_t),
)


def foreign(name: str, result: Any) -> Foreign:
    """The engine's exported function of a name.

    Args:
        name: the function.
        result: None, `c_void_p` (the address as an integer, None for NULL), `c_bool` or `c_uint32`.
    """
    from wasmtime import _ffi

    # `wasmtime` declares a symbol's parameters for the whole process, so take its bare address instead.
    address = ctypes.cast(getattr(_ffi.dll, name), ctypes.c_void_p).value or 0
    if COMPILED is None:
        return ctypes.CFUNCTYPE(result)(address)
    made: Foreign = COMPILED.function(address, _RESULTS.index(result))
    return made


def ready(function: Foreign, parameters: tuple[Any, ...], kept: object) -> Callable[[], Any]:
    """A foreign function with parameters that are the same for every call.

    Args:
        function: the function.
        parameters: what it takes.
        kept: whose memory the parameters point to; it lives as long as what is returned.
    """
    if COMPILED is None:
        return functools.partial(_call, function, parameters, kept)
    made: Callable[[], Any] = COMPILED.ready(function, parameters, kept)
    return made


def _call(function: Foreign, parameters: tuple[Any, ...], _kept: object) -> Any:
    return function(*parameters)


def hold_back_at_the_end() -> None:
    """Let no other thread come back from a guest to Python once the interpreter has begun to end.

    To be called as the process exits. Python ends such a thread by unwinding the engine's frames, and crashes if nothing is left of the
    interpreter. Without the compiled module there is no way to hold it back.
    """
    if COMPILED is not None:
        told = getattr(ctypes.pythonapi, "Py_IsFinalizing", None) or ctypes.pythonapi._Py_IsFinalizing
        COMPILED.hold_back(ctypes.cast(told, ctypes.c_void_p).value)


def held_back(kind: Literal["DESTRUCTOR", "SUSPENDING"], thunk: object) -> tuple[int, int | None]:
    """A function that ctypes made, as the engine calls it: held back at the end of the process like a host import.

    Args:
        kind: what the function is called for.
        thunk: the function; it makes no use of its data.

    Returns:
        The address of the C function, and the data that it takes.
    """
    address = _address(thunk)
    return (address, None) if COMPILED is None else (getattr(COMPILED, kind), address)


def output_function(thunk: object) -> int:
    """The address of the C function that takes the output of all guests by `thunk`, a function that ctypes made; held back as well."""
    address = _address(thunk)
    if COMPILED is None:
        return address
    COMPILED.take_output(address)
    return int(COMPILED.OUTPUT)


def _address(thunk: Any) -> int:
    return ctypes.cast(thunk, ctypes.c_void_p).value or 0


def import_function(function: Callable[..., int], error_new: Foreign) -> tuple[int, int, object]:
    """A Python function as the engine calls host imports.

    Args:
        function: takes `IMPORT_PARAMETERS`: the addresses of the engine's context, of the arguments, and of the results. Gives the
            address of an error, or 0. It must let no exception out.
        error_new: makes an error of a text, for want of memory to enter the function.

    Returns:
        The address of the C function, the data that it takes, and an object that must live as long as the engine may call.
    """
    if COMPILED is None:
        thunk = _IMPORT(function)
        return _address(thunk), 0, thunk
    held = COMPILED.host_import(function, error_new)
    return COMPILED.HOST_IMPORT, id(held), held


def direct_import_function(
    function: Callable[..., object],
    lower: Callable[[int, int, Any, bool], int],
    error_new: Foreign,
    codes: str,
    cells: tuple[int, int, int],
) -> tuple[int, int, object]:
    """The same for a function whose arguments and result the compiled module reads and writes.

    Args:
        function: takes the address of the engine's context and the arguments, and gives the result.
        lower: writes a result that is not exactly of the usual type, or does not fit. Takes the context, where the result is, what
            the function gave, and whether that is an exception that kept the function from being called; gives the address of
            an error, or 0. Neither may let an exception out.
        error_new: as for `import_function`.
        codes: for each argument and for the result the struct format; `s` is the `{size, data}` of a text, which a result cannot be,
            `x` a result that is nothing.
        cells: the bytes from one value to the next, those before its number or text, and the word that a result begins with.

    Returns:
        What `import_function` does.
    """
    held = COMPILED.host_import(function, error_new, lower, codes, *cells)
    return COMPILED.HOST_IMPORT, id(held), held
