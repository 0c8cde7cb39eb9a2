"""Components of any typed world as actors: each call of a function is a message, handled one at a time."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ...component import CallError, Wasi, begin
from ..errors import MessageError, StartFailed
from ..messages.envelope import Envelope
from .calls import INLINE_SLICES, GuestCall, run, run_whole
from .owned import Drop, OwnedLife, Raised, ResourceCall, Sweep, send_call

if TYPE_CHECKING:
    from ...component import Call, Supervised, World
    from ...component.hosting.exports import ExportCodec
    from ..actors.context import Context
    from ..actors.ref import ActorRef
    from .version import Hosted, Version


@dataclasses.dataclass(frozen=True, slots=True)
class Invocation:
    """A message to such an actor: call a function.

    Attributes:
        interface: the attribute of the world's class that has it; None for one of the world itself.
        function: its name in Python.
        arguments: what it gets.
    """

    interface: str | None
    function: str
    arguments: tuple[Any, ...]


class TypedActor:
    """One life of a component of a typed world.

    Args:
        hosted: what outlives this life.
        version: whose life it is.
        supervised: the world and what implements its imports.
        appear: called at the start of this life.
    """

    def __init__(
        self,
        hosted: Hosted,
        version: Version,
        supervised: Supervised[Any],
        appear: Callable[[ActorRef[Any]], None],
    ) -> None:
        self._hosted = hosted
        self._version = version
        self._supervised = supervised
        self._appear = appear
        self._world: World | None = None
        self._owned: OwnedLife | None = None
        self._call: GuestCall | None = None
        self._sliced = version.spec.manifest.runtime.profile == "metered"
        self._long = version.spec.manifest.runtime.long

    async def prepare(self) -> None:
        """Begin this life beside another one.

        Raises:
            LinkError: the component is not of this world, or an import is missing.
            CallError: it failed while it was instantiated.
        """
        self._open(asyncio.get_running_loop())

    def started(self, context: Context) -> None:
        """Instantiate the component, if that was not done beforehand."""
        if self._world is None:
            self._appear(context.ref)
            self._open(context.system.loop)
        self._owned = OwnedLife(context.ref, vars(self._world)["_live"])

    def _open(self, loop: asyncio.AbstractEventLoop) -> None:
        spec, log, supervised = self._version.spec, self._hosted.log, self._supervised
        self._world = supervised.world.open_world(
            self._version.component,
            supervised.protocol,
            supervised.imports,
            wasi=Wasi(stdout=log.output("stdout", "info"), stderr=log.output("stderr", "debug")),
            limits=spec.limits,
            sources=spec.sources,
            loop=loop,
        )

    def receive(self, message: object, context: Context) -> object:
        """Call a function."""
        if not isinstance(message, Invocation):
            return self._receive_owned(message, context)
        world = self._world
        if world is None:
            raise StartFailed(f"{self._hosted.id} is not running")
        lanes = self._hosted.lanes
        try:
            owner = world if message.interface is None else getattr(world, message.interface)
            function: Callable[..., object] = getattr(owner, message.function)
            if self._sliced:
                inline = 0 if self._long else INLINE_SLICES
                outcome = run(begin(function, *message.arguments), lanes, self._done, inline=inline)
            elif self._long:
                outcome = run_whole(lambda: function(*message.arguments), lanes, _result)
            else:
                outcome = _result(lambda: function(*message.arguments))
        except (CallError, MessageError):
            raise
        except Exception as error:
            # An argument does not fit, or the function has another type: the instance has not been entered.
            raise Raised(error) from error
        if isinstance(outcome, GuestCall):
            self._call = outcome
            return outcome.pending
        return outcome

    def _receive_owned(self, message: object, context: Context) -> object:
        """Do what has to do with resources; as `receive`."""
        if not isinstance(message, ResourceCall | Drop | Sweep):
            raise MessageError(
                f"{context.name} has a typed world and takes no messages", hint="call its functions"
            )
        if self._owned is None:
            raise StartFailed(f"{self._hosted.id} is not running")
        lanes = self._hosted.lanes
        try:
            work = self._owned.work(message)
            if work is None:
                return None
            if self._sliced and isinstance(message, ResourceCall):
                inline = 0 if self._long else INLINE_SLICES
                outcome = run(begin(work.func, *work.args), lanes, self._done, inline=inline)
            elif self._long:
                outcome = run_whole(work, lanes, _result)
            else:
                outcome = _result(work)
        except (CallError, MessageError):
            raise
        except Exception as error:
            # An argument does not fit, or is a resource of an earlier life: the instance has not been entered.
            raise Raised(error) from error
        if isinstance(outcome, GuestCall):
            self._call = outcome
            return outcome.pending
        return outcome

    def stopped(self, context: Context) -> None:
        """Throw the store away."""
        self.discard()

    def discard(self) -> None:
        """Throw the store away, also of a life that never began; doing it again is harmless."""
        world, self._world = self._world, None
        call, self._call = self._call, None
        owned, self._owned = self._owned, None
        if owned is not None:
            owned.end()
        if world is None:
            return
        if call is None:
            world.close()
        else:
            call.when_over(world.close)

    def _done(self, call: Call) -> object:
        self._call = None
        return _result(call.result)


class ActorChannel:
    """How calls reach such an actor.

    Args:
        ref: the actor.
    """

    def __init__(self, ref: ActorRef[Any]) -> None:
        self._ref = ref

    async def invoke(self, interface: str | None, function: str, arguments: tuple[Any, ...]) -> Any:
        """See `airssys_sdk.component.hosting.actors.Channel`."""
        try:
            return await self._ref.ask(Envelope(Invocation(interface, function, arguments)), None)
        except Raised as raised:
            error = raised.error
        raise error

    async def call(self, codec: ExportCodec, arguments: tuple[Any, ...]) -> Any:
        """The same for a function that has to do with resources of the component."""
        return await send_call(self._ref, ResourceCall(codec, arguments, None))


def _result(call: Callable[[], object]) -> object:
    try:
        return call()
    except CallError:
        raise
    except Exception as error:
        raise Raised(error) from error
