"""From the engine's context to the store: how a callback that all instances of a component share finds the one that calls it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

STORES: Final[dict[int, Callable[[], Any]]] = {}
"""A weak reference to every open `Store`, by the address of its `wasmtime_context_t`.

Inside a callback `STORES[context]()` is the store that calls: whoever called its instance holds it, and a store takes itself out
before the engine frees the context and may use the address for another one. Steps on a dict are atomic, so no lock is needed.
"""
