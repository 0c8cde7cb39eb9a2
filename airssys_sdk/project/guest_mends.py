"""What componentize-py's modules get wrong and the build puts right while it runs: `inside.mending` does it, this says where."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from ..wit.model import Function, FunctionKind, Resource, ResultType, World
from ..wit.names import camel, escape, snake
from .exports import dealiased

_MODULE = "wit_world"


@dataclasses.dataclass(frozen=True, slots=True)
class LeftOut:
    """A function that the guest imports and whose module lacks it.

    Attributes:
        module: the module it belongs to, which may be missing as well.
        name: its Python name.
        resource: the class that it is a member of; None for a function of the module.
        kind: `freestanding`, `constructor`, `method` or `static`.
        unwraps: whether it returns a result, of which the error is raised.
        is_async: whether it is an `async func`.
    """

    module: str
    name: str
    resource: str | None
    kind: str
    unwraps: bool
    is_async: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Mends:
    """The places in the guest's bindings.

    Attributes:
        twins: the modules of an interface that is exported and imported. Types with resources in them have a class in
            each, and componentize-py knows only that of the import: (module of the export, module of the import).
        constructors: classes of imported resources whose constructor may fail, which componentize-py does not expect:
            (module, class).
        resources: the classes of resources that the world itself declares, which componentize-py looks for and does not make.
        left_out: the functions that componentize-py has no Python for: those of imported interfaces that have their
            name from the world, and the members of those resources. In the order in which imports are numbered: that
            of the world, with its own functions after those of interfaces.
    """

    twins: tuple[tuple[str, str], ...] = ()
    constructors: tuple[tuple[str, str], ...] = ()
    resources: tuple[str, ...] = ()
    left_out: tuple[LeftOut, ...] = ()


def mends(world: World, imports: Mapping[str, str], exports: Mapping[str, str]) -> Mends:
    """The places of a world.

    Args:
        world: the world.
        imports: the Python module of each imported interface.
        exports: the Python module of each exported interface.
    """
    imported = {item.wire_name for item in world.imported_interfaces}
    twins = [
        (f"{_MODULE}.exports.{exports[item.wire_name]}", f"{_MODULE}.imports.{imports[item.wire_name]}")
        for item in world.exported_interfaces
        if item.wire_name in imported
    ]
    constructors = [
        (f"{_MODULE}.imports.{imports[item.wire_name]}", escape(camel(function.item)))
        for item in world.imported_interfaces
        for function in item.interface.functions.values()
        if function.kind is FunctionKind.CONSTRUCTOR and isinstance(dealiased(function.result), ResultType)
    ]
    left_out = [
        _left_out(f"{_MODULE}.imports.{imports[item.wire_name]}", function)
        for item in world.imported_interfaces
        if item.name is not None
        for function in item.interface.functions.values()
        if function.kind is FunctionKind.FREESTANDING
    ]
    left_out += [
        _left_out(_MODULE, function)
        for function in world.imported_functions.values()
        if function.resource is not None
    ]
    resources = [
        escape(camel(wit_type.name))
        for wit_type in world.types.values()
        if isinstance(wit_type.declaration, Resource)
    ]
    return Mends(tuple(twins), tuple(constructors), tuple(resources), tuple(left_out))


def _left_out(module: str, function: Function) -> LeftOut:
    return LeftOut(
        module,
        escape(snake(function.item)),
        None if function.resource is None else escape(camel(function.resource.name)),
        function.kind.value,
        isinstance(dealiased(function.result), ResultType),
        function.is_async,
    )
