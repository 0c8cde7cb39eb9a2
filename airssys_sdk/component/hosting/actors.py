"""`WorldActor` and `ActorExports`: the base classes of generated packages for components that run supervised.

A generated class says what there is, in stubs that are `async def`; the bases let each stub send its call to whoever runs the
component.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import typing
from collections.abc import Callable, Coroutine
from typing import Any, Generic, Protocol, TypeVar

from .twins import ActorResourceClass, is_marked, send_marked

if typing.TYPE_CHECKING:
    from .exports import ExportCodec
    from .worlds import World

A = TypeVar("A", bound="WorldActor")


class Channel(Protocol):
    """Whoever runs the component."""

    def invoke(
        self, interface: str | None, function: str, arguments: tuple[Any, ...]
    ) -> Coroutine[Any, Any, Any]:
        """Call a function of the component, once it comes to that, and wait for what it returns.

        Args:
            interface: the attribute of the world's class that has the function; None for one of the world itself.
            function: its name in Python.
            arguments: in the order of the parameters.
        """
        ...

    def call(self, codec: ExportCodec, arguments: tuple[Any, ...]) -> Coroutine[Any, Any, Any]:
        """The same for a function that takes or gives resources of the component, which has a codec of its own."""
        ...


class ActorExports:
    """Base of the generated class of an exported interface of a supervised component: its methods are awaited.

    What makes resources stands in it under their names.
    """

    def __init_subclass__(cls) -> None:
        _send_all(cls)

    def __init__(self, channel: Channel, interface: str | None) -> None:
        self._channel = channel
        self._interface = interface
        for name, kind in typing.get_type_hints(type(self)).items():
            if isinstance(kind, type) and issubclass(kind, ActorResourceClass):
                setattr(self, name, kind(channel))


class WorldActor:
    """Base of the generated class of a supervised component: its functions, and its interfaces as attributes.

    Calls are handled one at a time, in the order in which they were made. Each raises what the same call of an instance
    raises; and `ActorStopped` when the component is gone for good, `MailboxFull` when too many calls wait. A component that
    crashes starts again as its supervisor decides; calls that wait meanwhile are handled then.
    """

    def __init_subclass__(cls) -> None:
        _send_all(cls)

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._interface: str | None = None
        for name, kind in typing.get_type_hints(type(self)).items():
            if isinstance(kind, type) and issubclass(kind, ActorExports):
                setattr(self, name, kind(channel, name))


@dataclasses.dataclass(frozen=True, slots=True)
class Supervised(Generic[A]):
    """How components of a world run supervised; the generated `supervised` makes one.

    Attributes:
        actor: the class of what `Node.start_world` gives back.
        world: the class of the world.
        protocol: the Protocol of its imports; None if it has none.
        imports: what implements it.
    """

    actor: type[A]
    world: type[World]
    protocol: type[Any] | None
    imports: object


def _send_all(cls: type[Any]) -> None:
    send_marked(cls)
    for name, stub in list(vars(cls).items()):
        if inspect.iscoroutinefunction(stub) and not is_marked(stub):
            setattr(cls, name, _sender(name, stub))


def _sender(name: str, stub: Callable[..., Any]) -> Callable[..., Any]:
    bind = inspect.signature(stub).bind

    @functools.wraps(stub)
    async def send(self: ActorExports | WorldActor, *arguments: Any, **named: Any) -> Any:
        given = bind(self, *arguments, **named).args[1:] if named else arguments
        # The function becomes a method of a subclass.
        channel, interface = self._channel, self._interface  # pyright: ignore[reportPrivateUsage]
        return await channel.invoke(interface, name, given)

    return send
