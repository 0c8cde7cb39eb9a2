"""What the author's module must have: a class per exported interface, a method per function."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping

from ..wit.model import Function, FunctionKind, World
from ..wit.names import camel, escape, snake

WORLD_CLASS = "WitWorld"
"""The class that implements the functions which the world itself exports."""


@dataclasses.dataclass(frozen=True, slots=True)
class ExportedFunction:
    """A function that the author's class must have.

    Attributes:
        name: its WIT name.
        method: the Python name.
        parameters: Python names, without `self`.
        is_async: the method must be `async def`.
    """

    name: str
    method: str
    parameters: tuple[str, ...]
    is_async: bool


@dataclasses.dataclass(frozen=True, slots=True)
class ExportedClass:
    """A class that the author's module must have.

    Attributes:
        name: the Python name of the class.
        interface: the exported interface, or the world when it stands for the world's own functions.
    """

    name: str
    interface: str
    functions: tuple[ExportedFunction, ...]


def exported_classes(world: World, modules: Mapping[str, str]) -> tuple[ExportedClass, ...]:
    """The classes for a world's exports, in the order of the world.

    Args:
        world: the world.
        modules: the Python module of each exported interface; its class is named after it.
    """
    classes = [
        ExportedClass(
            escape(camel(modules[item.wire_name])),
            item.wire_name,
            _functions(item.interface.functions.values()),
        )
        for item in world.exported_interfaces
    ]
    own = _functions(world.exported_functions.values())
    if own:
        classes.append(ExportedClass(WORLD_CLASS, world.path, own))
    # Without functions of its own (types only, or only resources) an interface needs no class in the app module.
    return tuple(one for one in classes if one.functions)


def _functions(functions: Iterable[Function]) -> tuple[ExportedFunction, ...]:
    return tuple(
        ExportedFunction(
            function.name,
            escape(snake(function.item)),
            tuple(escape(snake(parameter.name)) for parameter in function.parameters),
            function.is_async,
        )
        for function in functions
        if function.kind is FunctionKind.FREESTANDING
    )
