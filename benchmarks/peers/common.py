"""What the peers share."""

from __future__ import annotations

import timeit
from collections.abc import Callable
from typing import Any


class Unavailable(Exception):
    """A peer cannot be had on this machine; says why in one line."""


def microseconds(call: Callable[..., Any], arguments: tuple[Any, ...], times: int) -> float:
    """One call, by the mean of `times` of them, written out as a caller would: without unpacking."""
    named = {f"a{number}": argument for number, argument in enumerate(arguments)}
    timer = timeit.Timer(f"call({', '.join(named)})", globals={"call": call, **named})
    return timer.timeit(times) / times * 1e6
