"""`ActorResource`: the base of the generated class of a resource of a component that runs supervised.

Its methods are awaited. An object of it belongs to one life of the component, and calls what runs that. The codecs make such
objects and take them as they do those of an instance: what they look for is the same attribute.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import TYPE_CHECKING, Any, Never, Protocol, Self

from ...wit.annotations import MARKER, FunctionMarker, InterfaceMarker
from .resources import drop, interface_of

if TYPE_CHECKING:
    from ..running.handles import Held
    from .exports import ExportCodec


class Life(Protocol):
    """Whoever runs the life of a component that a resource belongs to."""

    def call(self, codec: ExportCodec, arguments: tuple[Any, ...]) -> Coroutine[Any, Any, Any]:
        """Call a function of the component in this life, the first argument being a resource of it."""
        ...

    def drop(self, held: Held, where: str) -> Coroutine[Any, Any, None]:
        """Have the component free a resource, once it comes to that; harmless if the life is over."""
        ...

    def sweep(self) -> None:
        """Have the component free what nobody refers to any more, soon; from any thread, and from a finalizer."""
        ...


class Caller(Protocol):
    """Whoever runs the component, in whichever life."""

    def call(self, codec: ExportCodec, arguments: tuple[Any, ...]) -> Coroutine[Any, Any, Any]:
        """Call a function of the component, once it comes to that, and wait for what it returns."""
        ...


class ActorResource:
    """A resource of a supervised component. Use it with `async with`, or `await drop(it)`: then the component frees it.

    A function of the component gives it, or what stands under its name in the actor of its interface:
    `await ref.store.Cursor("a")`. It ends with the life of the component that has made it: after a restart, a deployment
    or a stop, using it raises `InvalidValue`. Giving it to a function that takes it over ends its life here. One that is
    never dropped is dropped some time after nobody refers to it any more.
    """

    _held: Held | None = None
    _life: Life | None = None

    def __init_subclass__(cls) -> None:
        for name, stub in list(vars(cls).items()):
            if is_marked(stub):
                setattr(cls, name, _method(stub, cls))

    def __init__(self, *_: Never) -> None:
        raise TypeError(
            f"a {type(self).__qualname__} cannot be made here: await what stands under its name in the actor of its interface"
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await drop(self)

    def __repr__(self) -> str:
        gone = "not of any component" if self._held is None else self._held.gone
        return f"<{type(self).__qualname__}{f' that {gone}' if gone else ''}>"

    def __del__(self) -> None:
        held, self._held = self._held, None
        life = self._life
        if held is not None and life is not None and held.gone is None:
            del held  # it is among what is to be freed from here on
            life.sweep()


class ActorResourceClass:
    """Base of the generated class of what makes a resource of a supervised component: its constructor and static functions."""

    def __init_subclass__(cls) -> None:
        send_marked(cls)

    def __init__(self, channel: Caller) -> None:
        self._channel = channel


def is_marked(stub: object) -> bool:
    """Whether a stub says which function of the WIT it is; those that have to do with resources do."""
    return isinstance(getattr(stub, MARKER, None), FunctionMarker)


def send_marked(cls: type[Any]) -> None:
    """Let the marked stubs of an interface's class, or of what makes a resource, send their calls through its channel."""
    for name, stub in list(vars(cls).items()):
        if is_marked(stub):
            setattr(cls, name, _function(stub, cls))


def _function(stub: Callable[..., Any], cls: type[Any]) -> Callable[..., Any]:
    def interface() -> str | None:
        marker: InterfaceMarker | None = getattr(cls, MARKER, None)  # it has come after the stubs
        return None if marker is None else marker.name

    bind, codec = inspect.signature(stub).bind, _codec_of(stub, None, interface)

    @functools.wraps(stub)
    async def send(self: Any, *arguments: Any, **named: Any) -> Any:
        given = bind(self, *arguments, **named).args[1:] if named else arguments
        return await self._channel.call(codec(), given)

    return send


def _method(stub: Callable[..., Any], cls: type[ActorResource]) -> Callable[..., Any]:
    bind, codec = inspect.signature(stub).bind, _codec_of(stub, cls, lambda: interface_of(cls))

    @functools.wraps(stub)
    async def send(self: Any, *arguments: Any, **named: Any) -> Any:
        given = bind(self, *arguments, **named).args[1:] if named else arguments
        life: Life | None = self._life
        if life is None:
            raise TypeError(f"this {cls.__qualname__} is not of any component")
        return await life.call(codec(), (self, *given))

    return send


def _codec_of(
    stub: Callable[..., Any], resource: type[Any] | None, interface: Callable[[], str | None]
) -> Callable[[], ExportCodec]:
    @functools.cache
    def codec() -> ExportCodec:
        from ...wit.shapes import signature_of
        from .exports import ExportCodec

        # The stub is awaited, the function of the WIT is not asynchronous.
        signature = dataclasses.replace(signature_of(stub, resource), is_async=False)
        return ExportCodec(signature, interface())

    return codec
