"""Testing components: pytest fixtures that build a project once, load its component, start a node.

The fixtures come with the installation (`airssys_sdk.testing.plugin`); import from here only what annotations name.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .node import Node
    from .world import World

__all__ = ["Node", "World"]

_MODULES = {"Node": "node", "World": "world"}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(importlib.import_module(f".{_MODULES[name]}", __name__), name)
    globals()[name] = value
    return value
