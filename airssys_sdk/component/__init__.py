"""Calling components from Python: what generated code and its users name.

The names below that need the engine's modules come in when they are first used, so that importing this costs little;
`wasmtime` itself is imported when a component is opened. The folders, from the lowest: `engine`, `output`, `running` and
`signatures`, `codec`, `hosting`.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

from ..wit.annotations import (
    F32,
    F64,
    S8,
    S16,
    S32,
    S64,
    U8,
    U16,
    U32,
    U64,
    Bool,
    Borrow,
    Char,
    case,
    enumeration,
    flags,
    function,
    interface,
    record,
    resource,
    world,
)
from ..wit.values import Err, Ok, Some
from .errors import (
    AsynchronousComponent,
    CallError,
    DeadlineExceeded,
    FuelExhausted,
    GuestExited,
    HostImportFailed,
    InstanceBusy,
    InstanceDead,
    InvalidComponent,
    InvalidType,
    InvalidValue,
    LinkError,
    MemoryExhausted,
    Trap,
    UnsupportedEngine,
)

if TYPE_CHECKING:
    from .engine.cache import Cache, CompileEvent, OnCompile
    from .engine.profiles import Engine, Profile
    from .hosting.actors import ActorExports, Supervised, WorldActor
    from .hosting.arrays import arrays
    from .hosting.captured import Captured, captured
    from .hosting.dynamic import Instance
    from .hosting.loaded import Component, Source
    from .hosting.resources import Resource, drop
    from .hosting.twins import ActorResource, ActorResourceClass
    from .hosting.worlds import Exports, World
    from .output.capture import Capture
    from .running.limits import Limits
    from .running.sliced import Call
    from .running.slices import begin
    from .running.suspend import suspending
    from .running.wasi import Wasi

_LAZY = {
    "ActorExports": "hosting.actors",
    "ActorResource": "hosting.twins",
    "ActorResourceClass": "hosting.twins",
    "Cache": "engine.cache",
    "Call": "running.sliced",
    "Capture": "output.capture",
    "Captured": "hosting.captured",
    "CompileEvent": "engine.cache",
    "Component": "hosting.loaded",
    "Engine": "engine.profiles",
    "Exports": "hosting.worlds",
    "Instance": "hosting.dynamic",
    "Limits": "running.limits",
    "OnCompile": "engine.cache",
    "Profile": "engine.profiles",
    "Resource": "hosting.resources",
    "Source": "hosting.loaded",
    "Supervised": "hosting.actors",
    "Wasi": "running.wasi",
    "World": "hosting.worlds",
    "WorldActor": "hosting.actors",
    "arrays": "hosting.arrays",
    "begin": "running.slices",
    "captured": "hosting.captured",
    "drop": "hosting.resources",
    "suspending": "running.suspend",
}

__all__ = [
    "F32",
    "F64",
    "S8",
    "S16",
    "S32",
    "S64",
    "U8",
    "U16",
    "U32",
    "U64",
    "ActorExports",
    "ActorResource",
    "ActorResourceClass",
    "AsynchronousComponent",
    "Bool",
    "Borrow",
    "Cache",
    "Call",
    "CallError",
    "Capture",
    "Captured",
    "Char",
    "CompileEvent",
    "Component",
    "DeadlineExceeded",
    "Engine",
    "Err",
    "Exports",
    "FuelExhausted",
    "GuestExited",
    "HostImportFailed",
    "Instance",
    "InstanceBusy",
    "InstanceDead",
    "InvalidComponent",
    "InvalidType",
    "InvalidValue",
    "Limits",
    "LinkError",
    "MemoryExhausted",
    "Ok",
    "OnCompile",
    "Profile",
    "Resource",
    "Some",
    "Source",
    "Supervised",
    "Trap",
    "UnsupportedEngine",
    "Wasi",
    "World",
    "WorldActor",
    "arrays",
    "begin",
    "captured",
    "case",
    "drop",
    "enumeration",
    "flags",
    "function",
    "interface",
    "record",
    "resource",
    "suspending",
    "world",
]


if not TYPE_CHECKING:  # or else every name would be there for type checkers, also one that is misspelt

    def __getattr__(name: str) -> Any:
        module = _LAZY.get(name)
        if module is None:
            raise AttributeError(
                f"module {__name__!r} has no attribute {name!r}", name=name, obj=sys.modules[__name__]
            )
        value = getattr(importlib.import_module(f".{module}", __name__), name)
        globals()[name] = value
        return value
