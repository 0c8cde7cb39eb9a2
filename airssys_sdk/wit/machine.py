"""WIT for machines: packages, worlds, interfaces, types and functions as plain data, each with its WIT text."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, TypeAlias

from .model import (
    Alias,
    Enum,
    Flags,
    Function,
    Interface,
    InterfaceItem,
    Package,
    Record,
    Resolve,
    Resource,
    Stability,
    TypeDef,
    Variant,
    World,
)
from .printer import print_declaration, print_function, print_interface

Data: TypeAlias = dict[str, Any]

_KINDS: Mapping[type, str] = {
    Record: "record",
    Variant: "variant",
    Enum: "enum",
    Flags: "flags",
    Resource: "resource",
    Alias: "type",
}


def as_data(resolve: Resolve, members: Collection[Interface | World] | None = None) -> Data:
    """What was read, as JSON can hold it; the main package comes first.

    Args:
        resolve: what was read.
        members: the interfaces and worlds to show; None for all of them.

    Raises:
        PrintError: a type is used from an interface that has no name.
    """
    packages = [resolve.main, *(package for package in resolve.packages if package is not resolve.main)]
    shown = [_package(package, members) for package in packages]
    if members is not None:
        shown = shown[:1] + [one for one in shown[1:] if one["interfaces"] or one["worlds"]]
    return {"main": resolve.main.name, "packages": shown}


def kind_of(typedef: TypeDef) -> str:
    """WIT's word for a declaration: `record`, `variant`, `enum`, `flags`, `resource`, `type`; `use` for one of another owner."""
    return "use" if typedef.used_from is not None else _KINDS[type(typedef.declaration)]


def _package(package: Package, members: Collection[Interface | World] | None) -> Data:
    return {
        "name": package.name,
        "namespace": package.namespace,
        "title": package.title,
        "version": package.version,
        "docs": package.docs,
        "interfaces": [
            {"name": interface.name, "path": interface.path, **_interface(interface)}
            for interface in package.interfaces.values()
            if members is None or interface in members
        ],
        "worlds": [_world(world) for world in package.worlds.values() if members is None or world in members],
    }


def _interface(interface: Interface) -> Data:
    return {
        "docs": interface.docs,
        **_gates(interface.stability),
        "types": [_type(typedef, interface) for typedef in interface.types.values()],
        "functions": [_function(function) for function in interface.functions.values()],
    }


def _world(world: World) -> Data:
    return {
        "name": world.name,
        "path": world.path,
        "docs": world.docs,
        **_gates(world.stability),
        "types": [_type(typedef, world) for typedef in world.types.values()],
        "imports": [
            *map(_item, world.imported_interfaces),
            *({"kind": "function", **_function(f)} for f in world.imported_functions.values()),
        ],
        "exports": [
            *map(_item, world.exported_interfaces),
            *({"kind": "function", **_function(f)} for f in world.exported_functions.values()),
        ],
    }


def _item(item: InterfaceItem) -> Data:
    data: Data = {"kind": "interface", "name": item.wire_name}
    if item.interface.name is None:
        # Nowhere else: an interface without a name is no member of its package.
        return {**data, **_interface(item.interface), "wit": print_interface(item.interface)}
    return {**data, "interface": item.interface.path, "docs": item.docs, **_gates(item.stability)}


def _type(typedef: TypeDef, owner: Interface | World) -> Data:
    functions = owner.functions if isinstance(owner, Interface) else owner.imported_functions
    return {
        "name": typedef.name,
        "kind": kind_of(typedef),
        "docs": typedef.docs,
        **_gates(typedef.stability),
        "wit": print_declaration(typedef, functions.values(), docs=False),
    }


def _function(function: Function) -> Data:
    return {
        "name": function.name,
        "docs": function.docs,
        **_gates(function.stability),
        "wit": print_function(function, docs=False),
    }


def _gates(stability: Stability) -> Data:
    return dict(_present(stability))


def _present(stability: Stability) -> Iterator[tuple[str, str]]:
    for gate in ("since", "unstable", "deprecated"):
        if (value := getattr(stability, gate)) is not None:
            yield gate, value
