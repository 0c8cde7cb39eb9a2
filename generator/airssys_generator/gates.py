"""Feature gates in emitted code: sentences of docstrings, and what a deprecated function's marker says.

The gates are those of the component model's WIT specification: `@since`, `@unstable` and `@deprecated`.
"""

from __future__ import annotations

from collections.abc import Iterator

from airssys_sdk.wit.model import Function, Interface, InterfaceItem, Package, Stability, TypeDef, World

from .annotation import quoted
from .draft import ModuleDraft
from .plan import Call


def documented(item: TypeDef | Function | InterfaceItem | World) -> str | None:
    """The documentation of an item, with a paragraph for its gates; of an interface, unless the world has words for it."""
    if isinstance(item, InterfaceItem):
        stability = item.interface.stability if item.interface.name else item.stability
        return _joined(item.docs or item.interface.docs, stability)
    return _joined(item.docs, item.stability)


def of_item(item: InterfaceItem) -> str | None:
    """What a world says of an interface that it imports or exports, with the gates of that line of the world."""
    return _joined(item.docs, item.stability)


def deprecation(function: Function, item: InterfaceItem | None, world: World) -> str | None:
    """What to tell callers of a function that is deprecated, itself or with all of its resource or interface.

    Args:
        function: the function.
        item: the interface that it belongs to; None for a function of the world itself.
        world: the world.

    Returns:
        None if nothing of this is deprecated.
    """
    for stability, package in _around(function, item, world):
        if stability.deprecated is not None:
            return f"deprecated since {package.namespace}:{package.title} {stability.deprecated}"
    return None


def deprecated(module: ModuleDraft, message: str) -> Call:
    """The marker for type checkers, from `typing_extensions` since hosts run on Pythons whose `warnings` has none yet."""
    return Call(f"{module.handles.module('typing_extensions')}.deprecated", (quoted(message),))


def _around(
    function: Function, item: InterfaceItem | None, world: World
) -> Iterator[tuple[Stability, Package]]:
    """The gates that a function stands behind, from the inside out, each with the package whose version it names."""
    owner: Interface | World = world if item is None else item.interface
    yield function.stability, owner.package
    if function.resource is not None:
        yield function.resource.stability, owner.package
    if item is not None:
        yield item.interface.stability, item.interface.package
        yield item.stability, world.package


def _joined(docs: str | None, stability: Stability) -> str | None:
    gates = " ".join(_sentences(stability))
    return "\n\n".join(filter(None, (docs and docs.rstrip(), gates))) or None


def _sentences(stability: Stability) -> Iterator[str]:
    if stability.since is not None:
        yield f"Since version {stability.since}."
    if stability.unstable is not None:
        yield f"Unstable: behind the feature gate `{stability.unstable}`."
    if stability.deprecated is not None:
        yield f"Deprecated since version {stability.deprecated}."
