"""What componentize-py's modules get wrong and the build puts right while it runs: `guest_entry` does it, this says where."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from ..wit.model import Alias, FunctionKind, ResultType, Type, TypeDef, World
from ..wit.names import camel, escape

_MODULE = "wit_world"


@dataclasses.dataclass(frozen=True, slots=True)
class Mends:
    """The places in the guest's bindings.

    Attributes:
        twins: the modules of an interface that is exported and imported. Types with resources in them have a class in
            each, and componentize-py knows only that of the import: (module of the export, module of the import).
        constructors: classes of imported resources whose constructor may fail, which componentize-py does not expect:
            (module, class).
    """

    twins: tuple[tuple[str, str], ...] = ()
    constructors: tuple[tuple[str, str], ...] = ()


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
        if function.kind is FunctionKind.CONSTRUCTOR and isinstance(_dealiased(function.result), ResultType)
    ]
    return Mends(tuple(twins), tuple(constructors))


def _dealiased(wit_type: Type | None) -> Type | None:
    while isinstance(wit_type, TypeDef) and isinstance(wit_type.declaration, Alias):
        wit_type = wit_type.declaration.target
    return wit_type
