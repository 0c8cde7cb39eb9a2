"""Which interfaces a world pulls in, and through whom: what it imports and exports, and what these `use`."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from typing import Literal, TypeAlias

from .model import Interface, Package, Resolve, World

How: TypeAlias = Literal["import", "export", "use"]


@dataclasses.dataclass(frozen=True, slots=True)
class Use:
    """One reason for which an interface is there.

    Attributes:
        how: whether a world imports or exports it, or somebody uses a type of it.
        user: the path of the world or interface that does.
    """

    how: How
    user: str


@dataclasses.dataclass(frozen=True, slots=True)
class Dependency:
    """A package that others than itself need, or that is merely there.

    Attributes:
        package: the package.
        interfaces: those of its interfaces that are used, by name, and by whom; none for a package that only lies there.
    """

    package: Package
    interfaces: Mapping[str, tuple[Use, ...]]


def dependencies(resolve: Resolve, world: World | None = None) -> tuple[Dependency, ...]:
    """Every package besides the main one, sorted by name, and what is used of it.

    Args:
        resolve: what was read.
        world: what counts as used: what this world pulls in; None for everything in the main package.
    """
    main = resolve.main
    roots: list[World | Interface] = [world] if world else [*main.worlds.values(), *main.interfaces.values()]
    found = reach(roots)
    return tuple(
        Dependency(
            package,
            {
                name: found[interface]
                for name, interface in sorted(package.interfaces.items())
                if interface in found
            },
        )
        for package in sorted(resolve.packages, key=lambda package: package.name)
        if package is not resolve.main
    )


def pulled_in(world: World) -> frozenset[World | Interface]:
    """A world and every interface that it pulls in."""
    return frozenset[World | Interface]([world, *reach([world])])


def reach(roots: Iterable[World | Interface]) -> dict[Interface, tuple[Use, ...]]:
    """Every interface that worlds or interfaces pull in, directly or through others, each with all its reasons."""
    found: dict[Interface, dict[Use, None]] = {}
    todo: list[tuple[World | Interface, str]] = [(root, root.path) for root in roots]
    seen: set[World | Interface] = set()
    while todo:
        member, label = todo.pop(0)
        if member in seen:
            continue
        seen.add(member)
        for interface, name, use in _needs(member, label):
            found.setdefault(interface, {})[use] = None
            todo.append((interface, name))
    return {interface: tuple(uses) for interface, uses in found.items()}


def _needs(member: World | Interface, label: str) -> Iterator[tuple[Interface, str, Use]]:
    """The interfaces that one needs, each with its place and the reason."""
    if isinstance(member, World):
        sides: tuple[tuple[How, Iterable[tuple[str, Interface]]], ...] = (
            ("import", [(item.wire_name, item.interface) for item in member.imported_interfaces]),
            ("export", [(item.wire_name, item.interface) for item in member.exported_interfaces]),
        )
        for how, items in sides:
            for wire_name, interface in items:
                yield interface, interface.path if interface.name else f"{label}#{wire_name}", Use(how, label)
    for typedef in member.types.values():
        source = typedef.used_from
        if source is not None and isinstance(source.owner, Interface):
            yield source.owner, source.owner.path, Use("use", label)
