"""Components of any typed world as actors: each call of a function is a message, handled one at a time."""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ...component import CallError, Wasi, begin
from ...component.running.attempts import fuel_gauge
from ..errors import MessageError, StartFailed
from ..messages.envelope import Envelope
from ..metrics.memory import locate
from ..metrics.meter import LifeMeter
from .calls import INLINE_SLICES, GuestCall, run, run_whole
from .owned import Drop, OwnedLife, Raised, ResourceCall, Sweep, send_call
from .tracing import Span, TracedImports, span, span_of

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
        sent: nanoseconds since the epoch.
    """

    interface: str | None
    function: str
    arguments: tuple[Any, ...]
    sent: int = dataclasses.field(default_factory=time.time_ns)


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
        self._span: Span | None = None
        self._memory: tuple[int, ...] = ()
        self._measured = LifeMeter(hosted.meter, version.spec.limits.fuel)
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
        self._hosted.meter.memory = self._memory
        self._owned = OwnedLife(context.ref, vars(self._world)["_live"])

    def _open(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._hosted.measure_memory:
            self._world, self._memory = locate(lambda: self._made(loop))
        else:
            self._world = self._made(loop)

    def _made(self, loop: asyncio.AbstractEventLoop) -> World:
        hosted, spec, supervised = self._hosted, self._version.spec, self._supervised
        imports, log = supervised.imports, hosted.log
        if hosted.trace is not None and supervised.protocol is not None:
            imports = TracedImports(imports, supervised.protocol, lambda: str(hosted.id), hosted.trace)
        return supervised.world.open_world(
            self._version.component,
            supervised.protocol,
            imports,
            wasi=Wasi(stdout=log.output("stdout", "info"), stderr=log.output("stderr", "debug")),
            limits=spec.limits,
            sources=spec.sources,
            loop=loop,
        )

    def receive(self, message: object, context: Context) -> object:
        """Call a function, or do what has to do with a resource."""
        if not isinstance(message, Invocation | ResourceCall | Drop | Sweep):
            raise MessageError(
                f"{context.name} has a typed world and takes no messages", hint="call its functions"
            )
        if isinstance(message, Invocation | ResourceCall):
            self._measured.begin(message.sent)
        outcome: object = None
        try:
            work = self._work(message)
            if work is not None:
                outcome = self._enter(
                    work, sliced=self._sliced and isinstance(message, Invocation | ResourceCall)
                )
        except (CallError, MessageError):
            raise
        except Exception as error:
            # An argument does not fit, is a resource of an earlier life, or the function has another type: the instance has not
            # been entered.
            self._tell_failed(error)
            raise Raised(error) from error
        finally:
            if type(outcome) is not GuestCall:
                self._measured.refuse()  # does nothing after a call
        if isinstance(outcome, GuestCall):
            self._call = outcome
            return outcome.pending
        return outcome

    def _work(self, message: Invocation | ResourceCall | Drop | Sweep) -> functools.partial[Any] | None:
        """What a message asks for; None if that is nothing any more."""
        world, owned = self._world, self._owned
        if world is None or owned is None:
            raise StartFailed(f"{self._hosted.id} is not running")
        if not isinstance(message, Invocation):
            work = owned.work(message)
            if work is not None and isinstance(message, ResourceCall):
                self._watch(work.func, message.codec, message.arguments)
            return work
        owner = world if message.interface is None else getattr(world, message.interface)
        function: Callable[..., object] = getattr(owner, message.function)
        self._watch(function, None, message.arguments)
        return functools.partial(function, *message.arguments)

    def _watch(
        self, function: Callable[..., object], codec: ExportCodec | None, arguments: tuple[Any, ...]
    ) -> None:
        """See what a call uses, and tell whoever traces."""
        if self._sliced and self._measured.left is None:
            gauge = fuel_gauge(function)
            self._measured.left = None if gauge is None else gauge()
        trace, component = self._hosted.trace, self._hosted.id
        if trace is not None:
            self._span = (
                span(trace, str(component), function, arguments)
                if codec is None
                else span_of(trace, str(component), codec, arguments)
            )

    def _enter(self, work: functools.partial[Any], *, sliced: bool) -> object:
        lanes = self._hosted.lanes
        if sliced:
            inline = 0 if self._long else INLINE_SLICES
            return run(begin(work.func, *work.args), lanes, self._done, inline=inline)
        if self._long:
            return run_whole(work, lanes, self._whole)
        return self._whole(work)

    def stopped(self, context: Context) -> None:
        """Throw the store away."""
        self.discard()

    def discard(self) -> None:
        """Throw the store away, also of a life that never began; doing it again is harmless."""
        world, self._world = self._world, None
        call, self._call = self._call, None
        owned, self._owned = self._owned, None
        if self._hosted.meter.memory is self._memory:
            self._hosted.meter.memory = ()
        told, self._span = self._span, None
        if told is not None:
            told.given_up()
        if owned is not None:
            owned.end()
        if world is None:
            return
        if call is None:
            world.close()
        else:
            call.when_over(world.close)

    def _done(self, call: Call) -> object:
        try:
            return self._outcome(call.result)
        finally:
            self._measured.end(call.fuel_left())

    def _whole(self, result: Callable[[], object]) -> object:
        try:
            return self._outcome(result)
        finally:
            self._measured.end(None)

    def _outcome(self, result: Callable[[], object]) -> object:
        self._call = None
        told, self._span = self._span, None
        try:
            return result() if told is None else told.around(result)
        except CallError:
            raise
        except Exception as error:
            raise Raised(error) from error

    def _tell_failed(self, error: Exception) -> None:
        told, self._span = self._span, None
        if told is not None:
            told.failed(error)


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
