"""What changed between two readings of WIT: items that were added, removed or changed, each with its text.

Items are matched by name. The version of a package is left out where each side has one version of it, so raising it
is one change and not one of every item. Documentation does not count.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Literal, TypeAlias

from .machine import kind_of
from .model import Function, Interface, InterfaceItem, Package, Resolve, TypeDef, World
from .printer import print_declaration, print_function, print_item, print_member
from .uses import pulled_in

_SINCE = re.compile(r"@since\([^)]*\)\s*|\bsince='[^']*'|\bsince=None")
"""A gate as it is written in WIT, and in what is compared of a member or a `use`."""

Status: TypeAlias = Literal["added", "removed", "changed"]


@dataclasses.dataclass(frozen=True, slots=True)
class Change:
    """One item that is not as it was.

    Attributes:
        status: what happened to it.
        kind: `package`, `interface`, `world`, `import`, `export`, `function`, or WIT's word for a declaration.
        place: where it stands, such as `namespace:package/interface#type`.
        old: its WIT text before; None for what was added.
        new: its WIT text now; None for what was removed.
        since_only: whether nothing changed but the versions in `@since(...)`, which are documentation and bind nobody.
    """

    status: Status
    kind: str
    place: str
    old: str | None
    new: str | None
    since_only: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class _Item:
    """An item as it is compared (`essence`, in which versions of packages do not count) and shown (`wit`)."""

    kind: str
    place: str
    above: str | None
    essence: str
    wit: str


def differences(old: Resolve, new: Resolve, worlds: tuple[World, World] | None = None) -> tuple[Change, ...]:
    """What changed, in the order of the text.

    Args:
        old: the first reading.
        new: the second one.
        worlds: a world of each, to compare only what these pull in; None for everything.

    Raises:
        PrintError: a type is used from an interface that has no name.
    """
    keys = paired(old.packages, new.packages)
    before = _items(old, keys, worlds[0] if worlds else None)
    after = _items(new, keys, worlds[1] if worlds else None)
    removed = [
        Change("removed", item.kind, item.place, item.wit, None)
        for item in before.values()
        if item.place not in after and (item.above is None or item.above in after)
    ]
    added = [
        Change("added", item.kind, item.place, None, item.wit)
        for item in after.values()
        if item.place not in before and (item.above is None or item.above in before)
    ]
    changed = [
        Change(
            "changed",
            item.kind,
            item.place,
            earlier.wit,
            item.wit,
            _without_since(earlier.essence) == _without_since(item.essence),
        )
        for item in after.values()
        if (earlier := before.get(item.place)) is not None and earlier.essence != item.essence
    ]
    return (*added, *removed, *changed)


def _without_since(essence: str) -> str:
    return _SINCE.sub("", essence)


def paired(old: Iterable[Package], new: Iterable[Package]) -> dict[str, str]:
    """A key for each package by its name: without the version where neither side has two versions of it."""
    names = [[package.name for package in side] for side in (old, new)]
    counts = [[name.partition("@")[0] for name in side] for side in names]
    return {
        name: title if all(side.count(title) <= 1 for side in counts) else name
        for side in names
        for name in side
        if (title := name.partition("@")[0])
    }


def _items(resolve: Resolve, keys: Mapping[str, str], world: World | None) -> dict[str, _Item]:
    members = pulled_in(world) if world else None
    return {item.place: item for item in _Flattening(keys, members).packages(resolve)}


class _Flattening:
    """The items of packages, each after the one that it belongs to."""

    def __init__(self, keys: Mapping[str, str], members: Collection[World | Interface] | None) -> None:
        self._keys = keys
        self._members = members

    def packages(self, resolve: Resolve) -> Iterator[_Item]:
        main = resolve.main
        for package in (main, *(other for other in resolve.packages if other is not main)):
            every: list[World | Interface] = [*package.interfaces.values(), *package.worlds.values()]
            shown = [one for one in every if self._members is None or one in self._members]
            if package is main or shown or self._members is None:
                text = f"package {package.name};"
                yield _Item("package", self._keys[package.name], None, text, text)
            for one in shown:
                yield from self._world(one) if isinstance(one, World) else self._interface(one)

    def _path(self, member: World | Interface) -> str:
        title, at, version = self._keys[member.package.name].partition("@")
        return f"{title}/{member.name}{at}{version}"

    def _interface(self, interface: Interface) -> Iterator[_Item]:
        path = self._path(interface)
        above = self._keys[interface.package.name]
        yield _Item("interface", path, above, str(interface.stability), print_member(interface, docs=False))
        for typedef in interface.types.values():
            yield self._type(typedef, path)
        for function in interface.functions.values():
            yield self._function(function, f"{path}#{function.name}", path)

    def _world(self, world: World) -> Iterator[_Item]:
        path = self._path(world)
        above = self._keys[world.package.name]
        yield _Item("world", path, above, str(world.stability), print_member(world, docs=False))
        for item in world.imported_interfaces:
            yield self._item("import", item, world, path)
        for typedef in world.types.values():
            yield self._type(typedef, path)
        for function in world.imported_functions.values():
            yield self._function(function, f"{path}#import {function.name}", path)
        for item in world.exported_interfaces:
            yield self._item("export", item, world, path)
        for function in world.exported_functions.values():
            yield self._function(function, f"{path}#export {function.name}", path)

    def _item(
        self, direction: Literal["import", "export"], item: InterfaceItem, world: World, path: str
    ) -> _Item:
        wit = print_item(direction, item, world)
        if item.interface.name is None:
            return _Item(direction, f"{path}#{direction} {item.name}", path, wit, wit)
        name = item.name or self._path(item.interface)
        essence = f"{self._path(item.interface)} {item.stability} {item.external_id}"
        return _Item(direction, f"{path}#{direction} {name}", path, essence, wit)

    def _type(self, typedef: TypeDef, path: str) -> _Item:
        wit = print_declaration(typedef, docs=False)
        source = typedef.used_from
        essence = wit
        if source is not None:
            essence = f"{self._path(source.owner)}#{source.name} {typedef.stability} {typedef.external_id}"
        return _Item(kind_of(typedef), f"{path}#{typedef.name}", path, essence, wit)

    def _function(self, function: Function, place: str, path: str) -> _Item:
        wit = print_function(function, docs=False)
        return _Item("function", place, path, wit, wit)
