"""`arrays`: the same function, with lists of numbers as arrays."""

from __future__ import annotations

import functools
from array import array
from collections.abc import Callable
from typing import Any, ParamSpec, overload

from ...errors import UsageError
from .exports import CALL, ExportCodec

P = ParamSpec("P")


@overload
def arrays(function: Callable[P, list[int]]) -> Callable[P, array[int]]: ...


@overload
def arrays(function: Callable[P, list[float]]) -> Callable[P, array[float]]: ...


@overload
def arrays(function: Callable[P, object]) -> Callable[P, Any]: ...


def arrays(function: Callable[P, object]) -> Callable[P, Any]:
    """The same function of an instance, whose lists of numbers come back as `array.array` objects, also inside other values.

    An array holds the numbers as machine words: it is made in one step, takes a fraction of the memory of a list, and passes into
    numpy and the like without a copy. `list<u32>` gives type code `I`, `list<f64>` gives `d`, and so on. `list<u8>` is `bytes`
    as always.

    Args:
        function: a function of an interface, of a world or of a resource, such as `samples.api.read`. It is bound to its instance, and
            so is what comes back: keep it, as making it costs more than a call.

    Raises:
        UsageError: it is no function of an instance.
    """
    inner = getattr(function, "_call", function)
    inner = getattr(inner, "__func__", inner)
    found: tuple[ExportCodec, Any] | None = getattr(inner, CALL, None)
    if found is None or found[1].public:
        raise UsageError(
            f"{getattr(function, '__qualname__', function)!s} has no form with arrays",
            hint="take a function of an instance, such as samples.api.read",
        )
    codec, live = found
    call = codec.with_arrays().bind(live)
    receiver = getattr(function, "__self__", None)
    return call if receiver is None else functools.partial(call, receiver)
