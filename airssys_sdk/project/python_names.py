"""The Python names of a world's interfaces, and which of them move when the world changes."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from ..wit.model import Alias, FunctionKind, InterfaceItem, Resource, TypeDef, Variant, World
from ..wit.names import camel, escape
from ..wit.reader import find_world, read

if TYPE_CHECKING:
    from airssys_generator import NamesFile, Target

GUEST = "wit_world"
"""The package of a guest's bindings."""


What: TypeAlias = Literal["module", "class"]
Direction: TypeAlias = Literal["import", "export"]

_Key: TypeAlias = tuple[str, What]
_WORLD = "the world"


@dataclasses.dataclass(frozen=True, slots=True)
class PythonName:
    """A name that generated code gives to an interface of a world, to an exported resource, or to the world.

    Attributes:
        place: the interface as the world names it, with `#resource` for one; or the path of the world.
        direction: whether the world imports or exports it; None for the world itself.
        what: `module`: where its functions or types stand. `class`: what its functions are methods of.
        name: the dotted name in the generated package.
    """

    place: str
    direction: Direction | None
    what: What
    name: str


@dataclasses.dataclass(frozen=True, slots=True)
class Move:
    """A name that is another one after the WIT changed.

    Attributes:
        target: the generated package: of a host, or of a guest.
        place: the interface or world, without version where that says enough.
        what: a module or a class.
        old: the names before that are no longer there.
        new: the names now.
    """

    target: Literal["host", "guest"]
    place: str
    what: What
    old: tuple[str, ...]
    new: tuple[str, ...]


def moves(old: tuple[Path, str], new: tuple[Path, str]) -> tuple[Move, ...]:
    """Which module and class names differ for interfaces that both worlds have.

    The names of the new world grow out of those of the old one, as the names file of a project does.

    Args:
        old: a source and the full name of its world.
        new: a later source and its world.

    Raises:
        ValidationError: a source cannot be read.
        ToolMissingError: wasm-tools is not installed.
    """
    from airssys_generator import NamesFile

    worlds = [find_world(read(source, world=path), path) for source, path in (old, new)]
    targets: tuple[Target, ...] = ("host", "guest")
    found: list[Move] = []
    for target in targets:
        names = NamesFile()
        sides: list[tuple[PythonName, ...]] = []
        for world in worlds:
            names = grown(names, world, target)
            sides.append(tuple(python_names(world, names, target)))
        found += _moved(target, *sides)
    return tuple(found)


def grown(names: NamesFile, world: World, target: Target) -> NamesFile:
    """The names file after generating a world for a target."""
    from airssys_generator import GenerationError
    from airssys_generator.selection import select

    try:
        selection = select(world, target)
    except GenerationError:
        # It would get these names if it could be generated.
        return names.grown(world)
    return names.grown(world, selection.imports, selection.exports)


def python_names(world: World, names: NamesFile, target: Target) -> Iterator[PythonName]:
    """The names of a world's interfaces and of the world, in the order of the world.

    Args:
        world: the world.
        names: the names file, grown for it.
        target: which generated package.
    """
    return _host(world, names) if target == "host" else _guest(world, names)


def _host(world: World, names: NamesFile) -> Iterator[PythonName]:
    yield PythonName(world.path, None, "class", escape(camel(world.name)))
    sides: tuple[tuple[Direction, tuple[InterfaceItem, ...], Mapping[str, str]], ...] = (
        ("import", world.imported_interfaces, names.imports),
        ("export", world.exported_interfaces, names.exports),
    )
    for direction, items, table in sides:
        for item in items:
            if item.wire_name not in table:  # linked by the engine, or internal
                continue
            module = f"{direction}s.{table[item.wire_name]}"
            has_class = _has_class(item, direction)
            if has_class or any(one.used_from is None for one in item.interface.types.values()):
                yield PythonName(item.wire_name, direction, "module", module)
            if has_class:
                name = _class(table[item.wire_name])
                # A class gives way to a type of the same name.
                name = f"{name}Interface" if name in set(_type_names(item)) else name
                yield PythonName(item.wire_name, direction, "class", f"{module}.{name}")


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


def _has_class(item: InterfaceItem, direction: Direction) -> bool:
    """Whether a host has a class for an interface: of an imported one, whose methods an object has, others must be left."""
    functions = item.interface.functions.values()
    return any(direction == "export" or function.kind is not FunctionKind.METHOD for function in functions)


def _guest_types(item: InterfaceItem) -> list[TypeDef]:
    """The types that a guest has for an interface: its own that are no aliases."""
    own = (one for one in item.interface.types.values() if one.used_from is None)
    return [one for one in own if not isinstance(one.declaration, Alias)]


def _is_resource(wit_type: TypeDef) -> bool:
    return isinstance(wit_type.declaration, Resource)


def _class(module: str) -> str:
    from airssys_generator.namesfile import class_name

    return class_name(module)


def _type_names(item: InterfaceItem) -> Iterator[str]:
    for typedef in item.interface.types.values():
        if typedef.used_from is None:
            yield from _names_of(typedef)


def _names_of(typedef: TypeDef) -> Iterator[str]:
    name = escape(camel(typedef.name))
    yield name
    if isinstance(typedef.declaration, Variant):
        yield from (f"{name}_{escape(camel(case.name))}" for case in typedef.declaration.cases)


def _moved(target: Target, old: Iterable[PythonName], new: Iterable[PythonName]) -> Iterator[Move]:
    before, after = _by_place(old), _by_place(new)
    titles = _titles(before, after)
    now = {(titles[place], what): names for (place, what), names in after.items()}
    for (place, what), names in before.items():
        key = titles[place], what
        gone = tuple(name for name in names if name not in now.get(key, names))
        if gone:
            yield Move(target, titles[place], what, gone, now[key])


def _by_place(names: Iterable[PythonName]) -> dict[_Key, tuple[str, ...]]:
    found: dict[_Key, tuple[str, ...]] = {}
    for name in names:
        key = (_WORLD if name.direction is None else name.place), name.what
        found[key] = (*found.get(key, ()), name.name)
    return found


def _titles(*sides: Iterable[_Key]) -> dict[str, str]:
    """Each place without its version, unless a world has two versions of it."""
    titles: dict[str, str] = {}
    double: set[str] = set()
    for side in sides:
        places = {place for place, _ in side}
        counts = collections.Counter(map(_title, places))
        double |= {title for title, count in counts.items() if count > 1}
        titles |= {place: _title(place) for place in places}
    return {place: place if title in double else title for place, title in titles.items()}


def _title(place: str) -> str:
    path, _, rest = place.partition("@")
    return path + "".join(rest.partition("#")[1:])
