"""The floor of a call: the engine's C function, called in a C loop with arguments that lie ready."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from typing import Any

from .natives import c_library

_ROUNDS = 7
_LOOP = """
#include <stddef.h>
#include <time.h>
double loop(void *(*call)(void *, void *, void *, size_t, void *, size_t), void (*release)(void *),
            void *function, void *context, void *arguments, size_t count, char *result, int times) {
  struct timespec begin, end;
  clock_gettime(CLOCK_MONOTONIC, &begin);
  for (int i = 0; i < times; i++) {
    if (call(function, context, arguments, count, result, 1)) return -1;
    release(result);
    result[0] = 0;
  }
  clock_gettime(CLOCK_MONOTONIC, &end);
  return ((end.tv_sec - begin.tv_sec) * 1e9 + (end.tv_nsec - begin.tv_nsec)) / times;
}
"""

Measure = Callable[[Any, Any, Sequence[Any], int], float]


def floor_loop() -> Measure | None:
    """What measures floors; None without a C compiler.

    `measure(store, function, arguments, times)` takes a store and a function of the engine's own layer and arguments as that wants
    them, and gives the microseconds of one call, freeing its result included: the best of several rounds.
    """
    library = c_library(_LOOP)
    if library is None:
        return None
    loop = library.loop
    loop.restype = ctypes.c_double
    loop.argtypes = [*[ctypes.c_void_p] * 5, ctypes.c_size_t, ctypes.c_void_p, ctypes.c_int]

    def measure(store: Any, function: Any, arguments: Sequence[Any], times: int) -> float:
        from wasmtime import _ffi

        types = [ty for _, ty in function.type(store).params]
        cells = (_ffi.wasmtime_component_val_t * len(types))()
        for cell, ty, value in zip(cells, types, arguments, strict=True):
            ty.convert_to_c(store, value, ctypes.pointer(cell))
        result = (ctypes.c_char * 32)()
        addresses = [
            ctypes.cast(getattr(_ffi.dll, name), ctypes.c_void_p).value
            for name in ("wasmtime_component_func_call", "wasmtime_component_val_delete")
        ]
        context = getattr(store, "_context")()  # noqa: B009  (below the package's public surface)
        where = (ctypes.addressof(function._func), ctypes.cast(context, ctypes.c_void_p).value)
        spent: list[float] = [
            loop(*addresses, *where, ctypes.addressof(cells), len(types), ctypes.addressof(result), times)
            for _ in range(_ROUNDS)
        ]
        assert min(spent) > 0, "a call in the loop failed"
        return min(spent) / 1e3

    return measure
