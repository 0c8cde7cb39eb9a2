"""The Python names that generated code gives to a world, its interfaces and what stands in them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal, TypeAlias

from ..wit.model import Alias, InterfaceItem, Resource, TypeDef, World

if TYPE_CHECKING:
    from airssys_generator import NamesFile, Target
    from airssys_generator.draft import ModuleDraft

GUEST = "wit_world"
"""The package of a guest's bindings."""


What: TypeAlias = Literal["module", "class", "exception"]
Direction: TypeAlias = Literal["import", "export"]


@dataclasses.dataclass(frozen=True, slots=True)
class PythonName:
    """A name that generated code gives to an interface of a world, to something in it, or to the world.

    Attributes:
        place: the interface as the world names it, or the path of the world; then `#` and the name of a resource, a type or
            a function.
        direction: whether the world imports or exports it; None for the world itself and its types.
        what: `module`: where its functions or types stand. `class`: what its functions are methods of. `exception`: what is
            raised for an error of this type, or of this function.
        name: the dotted name in the generated package.
    """

    place: str
    direction: Direction | None
    what: What
    name: str


def grown(names: NamesFile, world: World, target: Target) -> NamesFile:
    """The names file after generating a world for a target; one that cannot be generated would get these names."""
    from airssys_generator.host.names import HostNames
    from airssys_generator.selection import select_anyway

    selection = select_anyway(world, target)
    names = names.grown(world, selection.imports, selection.exports)
    return HostNames(selection, names).file if target == "host" else names


def python_names(world: World, names: NamesFile, target: Target) -> Iterator[PythonName]:
    """The names of a world's interfaces and of the world, in the order of the world.

    Args:
        world: the world.
        names: the names file, grown for it.
        target: which generated package.
    """
    return _host(world, names) if target == "host" else _guest(world, names)


def _host(world: World, names: NamesFile) -> Iterator[PythonName]:
    from airssys_generator.host.names import HostNames
    from airssys_generator.selection import select_anyway

    decided = HostNames(select_anyway(world, "host"), names)
    yield PythonName(world.path, None, "class", decided.world_class)
    for group in decided.groups:
        direction: Direction = "import" if group.folder == "imports" else "export"
        if group.item is not None and (group.has_class or group.module.types):
            module = _dotted(group.module)
            yield PythonName(group.where, direction, "module", module)
            if group.has_class:
                yield PythonName(group.where, direction, "class", f"{module}.{decided.classes[group]}")
        for resource in group.resources:
            if resource in decided.makers:
                name = f"{_dotted(group.types)}.{decided.makers[resource]}"
                yield PythonName(f"{group.where}#{resource.name}", direction, "class", name)
        for wit_type, error in group.types.errors.items():
            if group.item is not None or direction == "import":  # the types of a world have no direction
                side = None if group.item is None else direction
                place = f"{group.where}#{wit_type.name}"
                yield PythonName(place, side, "exception", f"{_dotted(group.types)}.{error}")
    for group in decided.groups:
        direction = "import" if group.folder == "imports" else "export"
        for function in group.functions:
            raised = decided.raised(function)
            if raised is not None:
                name = ".".join(filter(None, (_dotted(raised[0]), raised[1])))
                yield PythonName(f"{group.where}#{function.name}", direction, "exception", name)


def _dotted(module: ModuleDraft) -> str:
    """A module of a host's package; nothing for the package itself."""
    return module.path.removesuffix(".py").removesuffix("__init__").replace("/", ".")


def _guest(world: World, names: NamesFile) -> Iterator[PythonName]:
    imported = {item.wire_name for item in world.imported_interfaces if item.name is None}
    for item in world.imported_interfaces:
        if item.interface.functions or _guest_types(item):
            module = f"{GUEST}.imports.{names.imports[item.wire_name]}"
            yield PythonName(item.wire_name, "import", "module", module)
    for item in world.exported_interfaces:
        module, functions, types = names.exports[item.wire_name], item.interface.functions, _guest_types(item)
        # The types of an interface that is imported as well stand with the import only, but for its resources.
        own = item.name is not None or item.wire_name not in imported
        if (own and (types or (functions and item.name is None))) or any(map(_is_resource, types)):
            yield PythonName(item.wire_name, "export", "module", f"{GUEST}.exports.{module}")
        if functions:
            # For an inline interface componentize-py has no Protocol: its class is the author's alone.
            package = f"{GUEST}.exports." if item.name is None else ""
            yield PythonName(item.wire_name, "export", "class", f"{package}{_class(module)}")
        for resource in item.interface.types:
            key = f"{item.wire_name}#{resource}"
            if key in names.resources:  # a class of the author's module, beside the others
                yield PythonName(key, "export", "class", names.resources[key])


def _guest_types(item: InterfaceItem) -> list[TypeDef]:
    """The types that a guest has for an interface: its own that are no aliases."""
    own = (one for one in item.interface.types.values() if one.used_from is None)
    return [one for one in own if not isinstance(one.declaration, Alias)]


def _is_resource(wit_type: TypeDef) -> bool:
    return isinstance(wit_type.declaration, Resource)


def _class(module: str) -> str:
    from airssys_generator.namesfile import class_name

    return class_name(module)
