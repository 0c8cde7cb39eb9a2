"""Projects: folders with a Component.toml. Generating what stands beside the author's code, building, scaffolding.

Names are loaded when they are first used, so that a command pays only for what it needs.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .building import BuildResult, build
    from .check import WorldMismatch, check_component
    from .generating import Generated, generate_project
    from .model import Project
    from .reporting import Reporter, Silent, Stage
    from .scaffolding import Template, scaffold

__all__ = [
    "BuildResult",
    "Generated",
    "Project",
    "Reporter",
    "Silent",
    "Stage",
    "Template",
    "WorldMismatch",
    "build",
    "check_component",
    "generate_project",
    "scaffold",
]

_MODULES = {
    "BuildResult": "building",
    "Generated": "generating",
    "Project": "model",
    "Reporter": "reporting",
    "Silent": "reporting",
    "Stage": "reporting",
    "Template": "scaffolding",
    "WorldMismatch": "check",
    "build": "building",
    "check_component": "check",
    "generate_project": "generating",
    "scaffold": "scaffolding",
}


if not TYPE_CHECKING:  # or else every name would be there for type checkers, also one that is misspelt

    def __getattr__(name: str) -> object:
        if name not in _MODULES:
            raise AttributeError(
                f"module {__name__!r} has no attribute {name!r}", name=name, obj=sys.modules[__name__]
            )
        value: object = getattr(importlib.import_module(f".{_MODULES[name]}", __name__), name)
        globals()[name] = value
        return value
