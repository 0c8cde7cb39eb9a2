"""Resources of typed components: each belongs to one life, and what is done with it is a message to the component."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import functools
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from ...component import InvalidValue
from ...wit.shapes import HandleShape
from ..errors import ActorStopped, MessageError
from ..messages.envelope import Envelope

if TYPE_CHECKING:
    from ...component.hosting.exports import ExportCodec
    from ...component.hosting.live import Live
    from ...component.running.handles import Held
    from ..actors.ref import ActorRef


class Raised(MessageError):
    """A call raised, and the instance is as it was: an error that the WIT names, or an argument that does not fit."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


@dataclasses.dataclass(frozen=True, slots=True)
class ResourceCall:
    """A message to a typed component: call a function that has to do with resources of its own.

    Attributes:
        codec: the function's.
        arguments: what it gets.
        life: whose resource it is called on; None for a function of an interface, and for what makes resources.
        sent: nanoseconds since the epoch.
    """

    codec: ExportCodec
    arguments: tuple[Any, ...]
    life: OwnedLife | None
    sent: int = dataclasses.field(default_factory=time.time_ns)


@dataclasses.dataclass(frozen=True, slots=True)
class Drop:
    """A message to a typed component: free a resource."""

    held: Held
    where: str


class Sweep:
    """A message to a typed component that nobody waits for: free what nobody refers to any more.

    It names no life, so that it keeps none that ends before the message is handled; in the next one it does no harm.
    """


class OwnedLife:
    """One life of a component, as its resources know it; see `airssys_sdk.component.hosting.twins.Life`.

    Args:
        ref: the component.
        live: the instance of this life.
    """

    def __init__(self, ref: ActorRef[Any], live: Live) -> None:
        self._ref = ref
        self._live: Live | None = live
        self._functions: dict[ExportCodec, Callable[..., object]] = {}
        self._sweeping = False
        live.life = self

    @property
    def over(self) -> bool:
        """Whether its resources are gone: the instance is dead, or this life has ended."""
        live = self._live
        return live is None or live.store.dead is not None

    def end(self) -> None:
        """This life is over; whoever has a resource of it still has this."""
        self._live = None
        self._functions.clear()

    async def call(self, codec: ExportCodec, arguments: tuple[Any, ...]) -> Any:
        """Call a function on a resource of this life."""
        if self.over:
            raise _ended(codec)
        try:
            return await send_call(self._ref, ResourceCall(codec, arguments, self))
        except ActorStopped as stopped:
            raise _ended(codec) from stopped

    async def drop(self, held: Held, where: str) -> None:
        """Free a resource; a full mailbox takes that too, since it gives something back."""
        if held.gone is not None or self.over or not self._ref.alive:
            return
        cell = self._ref.cell
        dropped: asyncio.Future[object] = cell.system.loop.create_future()
        request = cell.system.requests.expect(dropped, None)
        try:
            cell.mailbox.put_unbounded(Envelope(Drop(held, where), reply_to=request))
            await dropped
        except ActorStopped:
            return  # the resource has ended with its component
        except BaseException:
            request.cancel()
            raise

    def sweep(self) -> None:
        """Have this life free what nobody refers to any more; from any thread, and from a finalizer."""
        if self._sweeping or self.over:
            return
        self._sweeping = True
        # Without a loop there is no call any more either, and the resources end with the process.
        with contextlib.suppress(RuntimeError):
            self._ref.cell.system.run_queue.call(self._send_sweep)

    def _send_sweep(self) -> None:
        if self._ref.alive and not self.over:
            self._ref.cell.mailbox.put_unbounded(Sweep())

    def work(self, message: ResourceCall | Drop | Sweep) -> functools.partial[Any] | None:
        """What a message asks the present life, which this is, to do; None for nothing.

        Raises:
            InvalidValue: it calls a function on a resource of an earlier life.
            LinkError: the component's function has another type.
        """
        live = self._live
        if isinstance(message, ResourceCall) and message.life not in (None, self):
            raise _ended(message.codec)
        if live is None:
            return None
        if isinstance(message, ResourceCall):
            function = self._functions.get(message.codec)
            if function is None:
                function = self._functions[message.codec] = message.codec.bind(live)
            return functools.partial(function, *message.arguments)
        if isinstance(message, Drop):
            held = message.held
            # One of a life before may still be open, and is in nobody's way any more.
            return functools.partial(held.drop, message.where) if held.store is live.store else None
        self._sweeping = False  # what is let go of from here on needs another one
        return functools.partial(live.store.handles.sweep, live.store)


async def send_call(ref: ActorRef[Any], message: ResourceCall) -> Any:
    """Send a call to a component and wait for what it returns or raises."""
    try:
        return await ref.ask(Envelope(message), None)
    except Raised as raised:
        error = raised.error
    raise error


def _ended(codec: ExportCodec) -> InvalidValue:
    """A resource of an earlier life was used; the first parameter of its functions is itself."""
    name = cast("HandleShape", codec.signature.parameters[0].shape).cls.__qualname__
    return InvalidValue(
        codec.where, "self", f"{name} of the component's present life", "one of a life that has ended"
    )
