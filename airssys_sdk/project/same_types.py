"""Whether a component has the types and functions of a world, read from its text: what the tool's own check cannot tell.

That check takes the resources of an interface that is imported and exported for others than they are, once an imported and an
exported interface both use it: then it refuses every component, the one that the tool makes up for the world included.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ..wit.model import Function, Interface, TypeDef, World
from ..wit.printer import print_declaration, print_function


def differing(component: World, world: World) -> Iterator[str]:
    """The items of which a component has other types than a world, by name; it may import less.

    Args:
        component: the world of the component itself, with all exports of `world` and no import that `world` lacks.
        world: the world that it should implement.
    """
    has = {item.wire_name: item.interface for item in component.exported_interfaces}
    for item in world.exported_interfaces:
        yield from _differing(item.wire_name, _texts(item.interface), _texts(has[item.wire_name]))
    offered = {item.wire_name: item.interface for item in world.imported_interfaces}
    for item in component.imported_interfaces:
        if item.wire_name in offered:
            yield from _differing(item.wire_name, _texts(item.interface), _texts(offered[item.wire_name]))
    yield from _differing(
        world.path,
        _functions(world.exported_functions.values()),
        _functions(component.exported_functions.values()),
    )
    yield from _differing(
        world.path,
        _functions(component.imported_functions.values()),
        _functions(world.imported_functions.values()),
    )
    yield from _differing(world.path, _types(component.types.values()), _types(world.types.values()))


def _differing(where: str, wanted: Mapping[str, str], there: Mapping[str, str]) -> Iterator[str]:
    return (f"{where}#{name}" for name, text in wanted.items() if there.get(name) != text)


def _texts(interface: Interface) -> dict[str, str]:
    return {**_types(interface.types.values()), **_functions(interface.functions.values())}


def _types(types: Iterable[TypeDef]) -> dict[str, str]:
    return {one.name: _type(one) for one in types}


def _type(declared: TypeDef) -> str:
    """What is compared of a type; of one that is used the origin, to which the two sides may go by other ways."""
    origin = declared
    while (before := origin.used_from) is not None:
        origin = before
    return _bare(print_declaration(declared, docs=False)) if origin is declared else f"use {origin.path}"


def _functions(functions: Iterable[Function]) -> dict[str, str]:
    return {one.name: _bare(print_function(one, docs=False)) for one in functions}


def _bare(text: str) -> str:
    """The text without gates, which a component does not keep."""
    return "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("@"))
