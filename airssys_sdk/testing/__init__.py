"""Testing components: pytest fixtures that build a project once, load its component, start a node.

The fixtures come with the installation (`airssys_sdk.testing.plugin`); import from here only what annotations name.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .node import Node

__all__ = ["Node"]


def __getattr__(name: str) -> object:
    if name != "Node":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = importlib.import_module(".node", __name__).Node
    globals()[name] = value
    return value
