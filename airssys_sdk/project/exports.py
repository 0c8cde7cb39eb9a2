"""What the author's module must have: a class per exported interface, a method per function."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping

from ..wit.model import (
    Alias,
    Enum,
    Flags,
    Function,
    FunctionKind,
    Primitive,
    Record,
    Resource,
    ResultType,
    Type,
    TypeDef,
    Variant,
    World,
)
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
        errors: what the value of an `Err` that it raises must be an instance of, as dotted names of which those that
            exist count; None where no class says it, or where the function returns no result.
    """

    name: str
    method: str
    parameters: tuple[str, ...]
    is_async: bool
    is_static: bool = False
    errors: tuple[str, ...] | None = None


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
    world: World, imports: Mapping[str, str], modules: Mapping[str, str], resources: Mapping[str, str]
) -> tuple[ExportedClass, ...]:
    """The classes for a world's exports, in the order of the world.

    Args:
        world: the world.
        imports: the Python module of each imported interface.
        modules: the Python module of each exported interface; its class is named after it.
        resources: the author's class for each exported resource, by the resource's path.
    """
    errors = _Errors(imports, modules)
    classes = [
        ExportedClass(
            escape(camel(modules[item.wire_name])),
            item.wire_name,
            _functions(item.interface.functions.values(), errors),
        )
        for item in world.exported_interfaces
    ]
    for item in world.exported_interfaces:
        for resource in item.interface.types.values():
            if isinstance(resource.declaration, Resource):
                path = f"{item.wire_name}#{resource.name}"
                found_as = modules[item.wire_name], escape(camel(resource.name))
                members = [f for f in item.interface.functions.values() if f.resource is resource]
                functions = tuple(_function(member, errors) for member in members)
                classes.append(ExportedClass(resources[path], path, functions, found_as))
    own = _functions(world.exported_functions.values(), errors)
    if own:
        classes.append(ExportedClass(WORLD_CLASS, world.path, own))
    # Without functions of its own (types only, or only resources) an interface needs no class in the app module.
    return tuple(one for one in classes if one.functions or one.found_as)


class _Errors:
    """Which classes the error of a function may have.

    Args:
        imports: the Python module of each imported interface.
        exports: the Python module of each exported interface.
    """

    def __init__(self, imports: Mapping[str, str], exports: Mapping[str, str]) -> None:
        self._imports = imports
        self._exports = exports

    def of(self, function: Function) -> tuple[str, ...] | None:
        """The dotted names of the classes; None if the function returns no result, or no class says what it may be."""
        result = dealiased(function.result)
        if not isinstance(result, ResultType):
            return None
        if result.err is None:
            return ("types.NoneType",)
        return self._classes(dealiased(result.err))

    def _classes(self, err: Type | None) -> tuple[str, ...] | None:
        match err:
            case Primitive():
                return _BUILTINS.get(err)
            case TypeDef(declaration=Record() | Enum() | Flags()):
                return self._at_home(err, [camel(err.name)])
            case TypeDef(declaration=Variant(cases)):
                return self._at_home(err, [f"{camel(err.name)}_{escape(camel(case.name))}" for case in cases])
            case _:
                return None

    def _at_home(self, wit_type: TypeDef, names: Iterable[str]) -> tuple[str, ...] | None:
        path = wit_type.owner.path
        homes = [
            f"wit_world.{side}.{modules[path]}"
            for side, modules in (("exports", self._exports), ("imports", self._imports))
            if path in modules
        ]
        return tuple(f"{home}.{escape(name)}" for name in names for home in homes) or None


_BUILTINS: Mapping[Primitive, tuple[str, ...]] = {
    Primitive.STRING: ("builtins.str",),
    Primitive.CHAR: ("builtins.str",),
    Primitive.BOOL: ("builtins.bool",),
    **dict.fromkeys(
        (
            *(Primitive.U8, Primitive.U16, Primitive.U32, Primitive.U64),
            *(Primitive.S8, Primitive.S16, Primitive.S32, Primitive.S64),
        ),
        ("builtins.int",),
    ),
    **dict.fromkeys((Primitive.F32, Primitive.F64), ("builtins.float", "builtins.int")),
}


def dealiased(wit_type: Type | None) -> Type | None:
    """What a type stands for, behind its aliases."""
    while isinstance(wit_type, TypeDef) and isinstance(wit_type.declaration, Alias):
        wit_type = wit_type.declaration.target
    return wit_type


def _functions(functions: Iterable[Function], errors: _Errors) -> tuple[ExportedFunction, ...]:
    return tuple(
        _function(function, errors) for function in functions if function.kind is FunctionKind.FREESTANDING
    )


def _function(function: Function, errors: _Errors) -> ExportedFunction:
    parameters = function.parameters[1:] if function.kind is FunctionKind.METHOD else function.parameters
    return ExportedFunction(
        function.name,
        "__init__" if function.kind is FunctionKind.CONSTRUCTOR else escape(snake(function.item)),
        tuple(escape(snake(parameter.name)) for parameter in parameters),
        function.is_async,
        function.kind is FunctionKind.STATIC,
        None if function.is_async else errors.of(function),
    )
