"""From the model of WIT to the pages of its documentation."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

from airssys_generator import NamesFile, Target

from ...wit._keywords import identifier
from ...wit.model import Interface, InterfaceItem, Package, Resolve, TypeDef, World
from ..python_names import grown, python_names
from .anchors import Anchors
from .entries import Entries, gates
from .pages import Entry, Page, Piece, Reference, Section
from .prose import blocks


def build_reference(resolve: Resolve, mark: str) -> Reference:
    """The documentation of everything that was read.

    Args:
        resolve: what was read, with all features.
        mark: the line that says in each file that it is ours.
    """
    packages = (resolve.main, *(package for package in resolve.packages if package is not resolve.main))
    anchors = Anchors()
    files = dict[str, str]()
    names = dict[Package, str]()
    for package in packages:
        names[package] = _file_name(package, names.values())
        files |= dict.fromkeys(_enter(package, anchors), names[package])
    builder = _Builder(anchors, _python(resolve))
    pages = tuple(builder.page(package, names[package]) for package in packages)
    return Reference(resolve.main.name, mark, pages, files)


def _file_name(package: Package, taken: Iterable[str]) -> str:
    version = f"-{package.version}" if package.version else ""
    plain = f"{package.namespace}-{package.title}{version}"
    name, number = plain, 2
    while f"{name}.md".lower() in {other.lower() for other in taken}:
        name, number = f"{plain}-{number}", number + 1
    return f"{name}.md"


def _enter(package: Package, anchors: Anchors) -> Iterator[str]:
    """Give everything in a package an anchor."""
    yield anchors.enter(package, package.name)
    for interface in package.interfaces.values():
        yield anchors.enter(interface, interface.path)
        yield from _enter_inside(interface, interface.path, anchors)
    for world in package.worlds.values():
        yield anchors.enter(world, f"{world.path}-world")
        yield from _enter_inside(world, f"{world.path}-world", anchors)
        for direction, item in _sides(world):
            if item.interface.name is None:
                path = f"{world.path}-{direction}-{item.name}"
                yield anchors.enter(item.interface, path)
                yield from _enter_inside(item.interface, path, anchors)


def _enter_inside(owner: Interface | World, path: str, anchors: Anchors) -> Iterator[str]:
    for typedef in owner.types.values():
        if typedef.used_from is None:
            yield anchors.enter(typedef, f"{path}-{typedef.name}")
    tables = (
        [owner.functions]
        if isinstance(owner, Interface)
        else [owner.imported_functions, owner.exported_functions]
    )
    for table in tables:
        for function in table.values():
            yield anchors.enter(function, f"{path}-{function.name}")


def _sides(world: World) -> Iterator[tuple[Literal["import", "export"], InterfaceItem]]:
    for item in world.imported_interfaces:
        yield "import", item
    for item in world.exported_interfaces:
        yield "export", item


def _python(resolve: Resolve) -> Mapping[str, tuple[tuple[str, str], ...]]:
    """The names in generated code of what the main package's worlds import and export, and of the worlds."""
    found: dict[str, dict[tuple[str, str], None]] = {}
    targets: tuple[Target, ...] = ("host", "guest")
    for world in resolve.main.worlds.values():
        for target in targets:
            for name in python_names(world, grown(NamesFile(), world, target), target):
                found.setdefault(name.place, {})[target, name.name] = None
    return {place: tuple(names) for place, names in found.items()}


class _Builder:
    def __init__(self, anchors: Anchors, python: Mapping[str, tuple[tuple[str, str], ...]]) -> None:
        self._anchors = anchors
        self._entries = Entries(anchors)
        self._python = python

    def page(self, package: Package, file: str) -> Page:
        sections = [*map(self._world, package.worlds.values())]
        sections += map(self._interface, package.interfaces.values())
        return Page(package.name, self._anchors.of(package), file, blocks(package.docs), tuple(sections))

    def _interface(self, interface: Interface) -> Section:
        return Section(
            "interface",
            interface.name or "",
            self._anchors.of(interface),
            blocks(interface.docs),
            gates(interface.stability),
            self._python.get(interface.path, ()),
            tuple(self._uses(interface)),
            self._types(interface),
            tuple(self._entries.function(f) for f in interface.functions.values() if f.resource is None),
        )

    def _world(self, world: World) -> Section:
        functions = [*world.imported_functions.values(), *world.exported_functions.values()]
        return Section(
            "world",
            world.name,
            self._anchors.of(world),
            blocks(world.docs),
            gates(world.stability),
            self._python.get(world.path, ()),
            tuple(self._uses(world)),
            self._types(world),
            tuple(self._entries.function(function) for function in functions if function.resource is None),
            tuple(self._items(world)),
            tuple(self._inner(world)),
        )

    def _types(self, owner: Interface | World) -> tuple[Entry, ...]:
        functions = owner.functions if isinstance(owner, Interface) else owner.imported_functions
        return tuple(
            self._entries.declaration(typedef, functions.values())
            for typedef in owner.types.values()
            if typedef.used_from is None
        )

    def _items(self, world: World) -> Iterator[tuple[Piece, ...]]:
        for direction, item in _sides(world):
            name = item.name or _shown(item.interface, world.package)
            link = Piece(name, self._anchors.of(item.interface))
            if item.name is not None and item.interface.name is not None:
                of = Piece(_shown(item.interface, world.package), link.anchor)
                yield Piece(f"{direction} {identifier(name)}: "), of, Piece(";")
            else:
                yield Piece(f"{direction} "), link, Piece(";")
        for direction, functions in (
            ("import", world.imported_functions),
            ("export", world.exported_functions),
        ):
            for function in functions.values():
                if function.resource is None:
                    yield (
                        Piece(f"{direction} "),
                        Piece(function.name, self._anchors.of(function)),
                        Piece(": func;"),
                    )

    def _inner(self, world: World) -> Iterator[Section]:
        for direction, item in _sides(world):
            if item.interface.name is None:
                section = self._interface(item.interface)
                yield dataclasses.replace(
                    section,
                    kind=direction,
                    name=item.wire_name,
                    docs=section.docs or blocks(item.docs),
                    python=self._python.get(item.wire_name, ()),
                )

    def _uses(self, owner: Interface | World) -> Iterator[tuple[Piece, ...]]:
        groups: dict[Interface | World, list[TypeDef]] = {}
        for typedef in owner.types.values():
            if typedef.used_from is not None:
                groups.setdefault(typedef.used_from.owner, []).append(typedef)
        for source, types in groups.items():
            shown = source.name or "" if isinstance(source, World) else _shown(source, owner.package)
            line = [Piece("use "), Piece(shown, self._anchors.get(source)), Piece(".{")]
            for at, typedef in enumerate(types):
                origin = typedef.used_from or typedef
                line += [Piece(", ")] * bool(at)
                line.append(Piece(identifier(origin.name), self._anchors.find(origin)))
                if origin.name != typedef.name:
                    line.append(Piece(f" as {identifier(typedef.name)}"))
            yield (*line, Piece("};"))


def _shown(interface: Interface, here: Package) -> str:
    return interface.name or "" if interface.package is here else interface.path
