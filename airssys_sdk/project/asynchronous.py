"""Whether a world needs what the component model calls async, and so an engine profile of its own."""

from __future__ import annotations

from collections.abc import Iterator

from ..wit.model import Function, FutureType, Interface, InterfaceItem, StreamType, Type, World


def is_asynchronous(world: World) -> bool:
    """Whether a world has asynchronous functions, streams or futures."""
    from airssys_generator.walk import anonymous, parts, signature

    def types() -> Iterator[Type]:
        for function in _functions(world):
            yield from signature(function)
        owners: list[World | Interface] = [world, *(item.interface for item in _items(world))]
        for owner in owners:
            for wit_type in owner.types.values():
                yield from (part for _, part in parts(wit_type))

    return any(function.is_async for function in _functions(world)) or any(
        isinstance(part, StreamType | FutureType) for wit_type in types() for part in anonymous(wit_type)
    )


def _items(world: World) -> Iterator[InterfaceItem]:
    yield from (*world.imported_interfaces, *world.exported_interfaces)


def _functions(world: World) -> Iterator[Function]:
    for item in _items(world):
        yield from item.interface.functions.values()
    yield from (*world.imported_functions.values(), *world.exported_functions.values())
