"""A life of a component, of whatever world."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from .actor import ComponentActor
from .typed import TypedActor

if TYPE_CHECKING:
    from ..actors.context import Context
    from ..actors.ref import ActorRef
    from .version import Hosted, Version


class Life(Protocol):
    """The actor of one life, which may begin beside another one."""

    async def prepare(self) -> None:
        """Begin this life beside another one; `started` then completes it."""
        ...

    def receive(self, message: Any, context: Context, /) -> object:
        """Handle a message."""
        ...

    def discard(self) -> None:
        """Free what it has, also if it never began."""
        ...


def life_of(hosted: Hosted, version: Version, appear: Callable[[ActorRef[Any]], None]) -> Life:
    """A life of a version.

    Args:
        hosted: the component.
        version: its version.
        appear: called at the start, before the guest runs.
    """
    if version.supervised is not None:
        return TypedActor(hosted, version, version.supervised, appear)
    return ComponentActor(hosted, version, appear)


def nowhere(_: ActorRef[Any]) -> None:
    """For a component that can be found already."""
