"""What the author's module must have: a class per exported interface, a method per function."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping

from ..wit.model import Function, FunctionKind, Resource, World
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
        is_static: it must be a `classmethod` or `staticmethod`.
    """

    name: str
    method: str
    parameters: tuple[str, ...]
    is_async: bool
    is_static: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class ExportedClass:
    """A class that the author's module must have.

    Attributes:
        name: the Python name of the class.
        interface: the exported interface, or the world when it stands for the world's own functions; for a resource its path.
        found_as: for a resource, the top-level module and the class in it where componentize-py looks for it.
    """

    name: str
    interface: str
    functions: tuple[ExportedFunction, ...]
    found_as: tuple[str, str] | None = None


def exported_classes(
    world: World, modules: Mapping[str, str], resources: Mapping[str, str]
) -> tuple[ExportedClass, ...]:
    """The classes for a world's exports, in the order of the world.

    Args:
        world: the world.
        modules: the Python module of each exported interface; its class is named after it.
        resources: the author's class for each exported resource, by the resource's path.
    """
    classes = [
        ExportedClass(
            escape(camel(modules[item.wire_name])),
            item.wire_name,
            _functions(item.interface.functions.values()),
        )
        for item in world.exported_interfaces
    ]
    for item in world.exported_interfaces:
        for resource in item.interface.types.values():
            if isinstance(resource.declaration, Resource):
                path = f"{item.wire_name}#{resource.name}"
                found_as = modules[item.wire_name], escape(camel(resource.name))
                members = [f for f in item.interface.functions.values() if f.resource is resource]
                functions = tuple(map(_function, members))
                classes.append(ExportedClass(resources[path], path, functions, found_as))
    own = _functions(world.exported_functions.values())
    if own:
        classes.append(ExportedClass(WORLD_CLASS, world.path, own))
    # Without functions of its own (types only, or only resources) an interface needs no class in the app module.
    return tuple(one for one in classes if one.functions or one.found_as)


def _functions(functions: Iterable[Function]) -> tuple[ExportedFunction, ...]:
    return tuple(_function(function) for function in functions if function.kind is FunctionKind.FREESTANDING)


def _function(function: Function) -> ExportedFunction:
    parameters = function.parameters[1:] if function.kind is FunctionKind.METHOD else function.parameters
    return ExportedFunction(
        function.name,
        "__init__" if function.kind is FunctionKind.CONSTRUCTOR else escape(snake(function.item)),
        tuple(escape(snake(parameter.name)) for parameter in parameters),
        function.is_async,
        function.kind is FunctionKind.STATIC,
    )
