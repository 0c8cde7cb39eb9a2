"""Component actors: a component of the world `airssys:core/runtime-host` as an actor.

One life: instantiate, `initialize`, then one message at a time through `handle-message` or `handle-callback`, at the end
`shutdown`. A trap, a deadline or a limit is a crash: the store is thrown away and the supervisor decides. What outlives
a life (mailbox, storage, open requests, the compiled component) belongs to `Hosted`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from ...component import Call, Err, begin
from ...component.running.attempts import attempting, fuel_gauge
from ...services.eventually import Later, settle
from ...services.faults import StorageFault
from ...services.letters import KeptLetter
from ...services.messaging import Letter
from ...services.transactions import Transaction
from ..errors import StartFailed
from ..messages.pending import Pending
from ..metrics.meter import LifeMeter
from .bindings import RuntimeHost
from .bindings.imports import types
from .calls import INLINE_SLICES, GuestCall, run, run_whole
from .failures import ComponentFailed, Unhealthy, WritesLost, failure
from .imports import Life
from .incoming import Incoming
from .tracing import Span, span

if TYPE_CHECKING:
    from ..actors.context import Context
    from ..actors.ref import ActorRef
    from .version import Hosted, Version


class ComponentActor:
    """One life of a component; the actor that its supervisor starts.

    Args:
        hosted: what outlives this life.
        version: whose life it is.
        appear: called at the start of this life, before the guest runs: from then on others can send to it, and
            it to itself.
    """

    def __init__(self, hosted: Hosted, version: Version, appear: Callable[[ActorRef[Any]], None]) -> None:
        self._hosted = hosted
        self._version = version
        self._appear = appear
        self._transaction: Transaction | None = None
        self._holds = False
        self._prepared = False
        self._world: RuntimeHost | None = None
        self._call: GuestCall | None = None
        self._letter: KeptLetter | None = None
        self._memory: tuple[int, ...] = ()
        self._measured = LifeMeter(hosted.meter, version.spec.limits.fuel)
        self._gauge: Callable[[], int] | None = None
        self._attempts: dict[bool, Callable[[types.ComponentMessage], object]] = {}
        self._incoming = Incoming()
        self._span: Span | None = None
        self._sliced = version.spec.manifest.runtime.profile == "metered"
        self._long = version.spec.manifest.runtime.long

    async def prepare(self) -> None:
        """Begin this life beside another one: initialize the component and ask for its health.

        What it writes is kept until `started`, which commits it.

        Raises:
            Unhealthy: it says that it is.
            ComponentFailed, CallError, StorageFault: it did not get ready.
        """
        self._holds = True
        await self._ended(self._initialize())
        health = await self._ended(self._enter(self._life.component_lifecycle.health))
        if health is types.HealthStatus.UNHEALTHY:
            raise Unhealthy("it says that it is unhealthy", where=str(self._hosted.id))
        self._holds = False
        self._prepared = True

    def started(self, context: Context) -> object:
        """Instantiate the component and have it get ready; one that is prepared only commits what it wrote."""
        if self._prepared:
            self._hosted.meter.memory = self._memory
            return self._committed(None)
        self._appear(context.ref)
        outcome = self._initialize()
        self._hosted.meter.memory = self._memory
        return outcome

    def _initialize(self) -> object:
        hosted, version = self._hosted, self._version
        life = Life(hosted.id, version.outbox, hosted.log, hosted.directory, self._begin_transaction)
        if version.pool is None:
            raise StartFailed(f"{hosted.id} is a component of another world")
        ready = version.pool.take()
        self._memory = ready.memory
        self._world = ready.adopt(life, hosted.log)
        self._gauge = fuel_gauge(self._world.component_lifecycle.handle_message)
        limits = version.spec.manifest.limits
        config = types.ComponentConfig(
            list(version.spec.environment.items()),
            version.spec.manifest.config_data(),
            types.ResourceLimits(limits.memory, round(limits.deadline * 1000), limits.fuel),
        )
        return self._enter(self._world.component_lifecycle.initialize, config)

    def receive(self, letter: Letter, context: Context) -> object:
        """Hand one message to the component. A durable one leaves the disk together with what the component writes."""
        hosted = self._hosted
        self._measured.begin(letter.sent)
        envelope = context.envelope
        kept = None if envelope is None else envelope.kept
        self._letter = kept if kept is not None and isinstance(kept, KeptLetter) else None
        if self._long or hosted.trace is not None:
            return self._enter(self._handler(letter.callback), Incoming().message(letter))
        attempt = self._attempts.get(letter.callback)
        if attempt is None:
            handler = self._handler(letter.callback)
            attempt = self._attempts[letter.callback] = attempting(handler) if self._sliced else handler
        self._transaction = None
        outcome = self._attempt(attempt, self._incoming.message(letter))
        if type(outcome) is GuestCall:
            self._call = outcome
            return outcome.pending
        return outcome

    def health(self, context: Context) -> object:
        """Ask the component for its health."""
        return self._enter(self._life.component_lifecycle.health)

    def stopping(self, context: Context) -> object:
        """Let the component put things in order."""
        return self._enter(self._life.component_lifecycle.shutdown)

    def stopped(self, context: Context) -> None:
        """Throw the store away."""
        self.discard()

    def discard(self) -> None:
        """Throw the store away, also of a life that never began; doing it again is harmless."""
        if self._hosted.meter.memory is self._memory:
            self._hosted.meter.memory = ()
        told, self._span = self._span, None
        if told is not None:
            told.given_up()
        world, self._world = self._world, None
        self._attempts.clear()
        call, self._call = self._call, None
        self._transaction = None
        if world is None:
            return
        if call is None:
            world.close()
        else:
            # A worker may be in the middle of a slice; the store goes when it is out.
            call.when_over(world.close)

    def _handler(self, callback: bool) -> Callable[[types.ComponentMessage], object]:
        lifecycle = self._life.component_lifecycle
        return lifecycle.handle_callback if callback else lifecycle.handle_message

    @property
    def _life(self) -> RuntimeHost:
        if self._world is None:
            raise StartFailed(f"{self._hosted.id} is not running")
        return self._world

    def _begin_transaction(self) -> Transaction:
        """The transaction of the call in progress, made when the component first touches its storage."""
        if self._transaction is None:
            self._transaction = self._version.area.begin()
        return self._transaction

    def _enter(self, function: Callable[..., object], *arguments: object) -> object:
        """Call into the component; its storage writes are committed if it returns, and forgotten if not."""
        if not self._holds:
            self._transaction = None
        if self._hosted.trace is not None:
            self._span = span(self._hosted.trace, str(self._hosted.id), function, arguments)
        lanes = self._hosted.lanes
        if self._sliced:
            inline = 0 if self._long else INLINE_SLICES
            outcome = run(begin(function, *arguments), lanes, self._done, inline=inline)
        elif self._long:
            outcome = run_whole(lambda: function(*arguments), lanes, self._whole)
        else:
            return self._whole(lambda: function(*arguments))
        if isinstance(outcome, GuestCall):
            self._call = outcome
            return outcome.pending
        return outcome

    def _attempt(
        self, attempt: Callable[[types.ComponentMessage], object], message: types.ComponentMessage
    ) -> object:
        """As `_enter`, for messages: what most of these calls end with comes back at once."""
        value = None
        try:
            value = attempt(message)
            if type(value) is Call:
                return run(value, self._hosted.lanes, self._done, inline=INLINE_SLICES - 1)
            if self._transaction is None and self._letter is None:
                return value
            return self._committed(value)
        except Err as error:  # pyright: ignore[reportUnknownVariableType]  (of whatever error type)
            raise self._refused(cast("Err[object]", error)) from error
        finally:
            message.payload = b""  # it may be large, and the next message may be long in coming
            if type(value) is not Call:
                gauge = self._gauge
                self._measured.end(None if gauge is None or self._world is None else gauge())

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
            value = result() if told is None else told.around(result)
        except Err as error:  # pyright: ignore[reportUnknownVariableType]  (of whatever error type)
            raise self._refused(cast("Err[object]", error)) from error
        return value if self._holds else self._committed(value)

    def _committed(self, value: object) -> object:
        """The value, once what the component wrote is stored."""
        transaction, self._transaction = self._transaction, None
        letter, self._letter = self._letter, None
        handled = 0 if letter is None else letter.number
        if not handled and (transaction is None or not transaction.changed):
            return value
        if transaction is None:
            transaction = self._version.area.begin()
        try:
            committed = transaction.commit(handled)
        except StorageFault as fault:
            raise self._lost(fault) from fault
        if committed is None:
            return value

        async def later() -> object:
            try:
                await committed
            except StorageFault as fault:
                raise self._lost(fault) from fault
            return value

        return Later(later)

    async def _ended(self, outcome: object) -> object:
        """The outcome of a call that may go on by itself."""
        if isinstance(outcome, Pending):
            loop = asyncio.get_running_loop()
            over: asyncio.Future[object] = loop.create_future()

            def ended(value: object, error: Exception | None) -> None:
                if not over.done():
                    over.set_result(value) if error is None else over.set_exception(error)

            outcome.listen(ended, self._hosted.lanes.run_queue.call)
            try:
                return await over
            except asyncio.CancelledError:
                outcome.cancel()
                raise
        return await settle(outcome)

    def _refused(self, error: Err[object]) -> ComponentFailed:
        """The component answered with an error: what it wrote is forgotten."""
        self._transaction = self._letter = None
        return failure(error.value, where=str(self._hosted.id))

    def _lost(self, fault: StorageFault) -> WritesLost:
        return WritesLost(f"its writes could not be stored: {fault.message}", where=str(self._hosted.id))
