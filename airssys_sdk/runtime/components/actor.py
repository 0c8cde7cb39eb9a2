"""Component actors: a component of the world `airssys:core/runtime-host` as an actor.

One life: instantiate, `initialize`, then one message at a time through `handle-message` or `handle-callback`, at the end
`shutdown`. A trap, a deadline or a limit is a crash: the store is thrown away and the supervisor decides. What outlives
a life (mailbox, storage, open requests, the compiled component) belongs to `Hosted`.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, cast

from ...component import CallError, Component, Err, Limits, Wasi, begin
from ...manifest import ComponentId
from ...services.faults import StorageFault
from ...services.logs import ComponentLog
from ...services.messaging import Letter, Outbox
from ...services.storage import Area, Transaction
from ...wit import wave
from ...wit.annotations import MARKER, CaseMarker
from ...wit.shapes import Shape, shape_of
from ..errors import MessageError, StartFailed
from ..metrics.meter import Meter
from .bindings import RuntimeHost, RuntimeHostImports
from .bindings.imports import errors, types
from .calls import GuestCall, Lanes, run, run_whole
from .imports import Host, Neighbours, Waiting, messaging_error, to_wit
from .spec import ComponentSpec
from .tracing import Span, Trace, TracedImports, span

if TYPE_CHECKING:
    from ...component import Call
    from ..actors.context import Context
    from ..actors.ref import ActorRef

ERROR_CONTENT_TYPE: Final = "application/vnd.airssys.messaging-error"
"""The content type of a callback whose payload is the WAVE text of a `messaging-error`."""


class ComponentFailed(MessageError):
    """The component's own code reports a failure of one message; it goes on with the next.

    Attributes:
        case: the case of `wasm-error`, such as `runtime-error`.
    """

    def __init__(self, message: str, *, case: str, where: str) -> None:
        super().__init__(message, where=where)
        self.case = case


class WritesLost(CallError):
    """The handler returned, but what it wrote could not be stored. The component starts again without those writes."""


@dataclasses.dataclass(slots=True)
class Hosted:
    """What belongs to a component's id for all its lives.

    Attributes:
        spec: what the node was told.
        id: who it is.
        component: the compiled component.
        limits: what one life may use.
        area: its storage.
        outbox: what it sends.
        log: where it logs.
        directory: who else runs.
        lanes: where its calls run.
        meter: measures its messages.
        trace: hears of each call; None if nobody does.
    """

    spec: ComponentSpec
    id: ComponentId
    component: Component
    limits: Limits
    area: Area
    outbox: Outbox
    log: ComponentLog
    directory: Neighbours
    lanes: Lanes
    meter: Meter = dataclasses.field(default_factory=Meter)
    trace: Trace | None = None


class ComponentActor:
    """One life of a component; the actor that its supervisor starts.

    Args:
        hosted: what outlives this life.
        appear: called at the start of this life, before the guest runs: from then on others can send to it, and
            it to itself.
    """

    def __init__(self, hosted: Hosted, appear: Callable[[ActorRef[Any]], None]) -> None:
        self._hosted = hosted
        self._appear = appear
        self._transaction: Transaction | None = None
        self._world: RuntimeHost | None = None
        self._call: GuestCall | None = None
        self._meter = hosted.meter
        self._fuel_left: int | None = None
        self._span: Span | None = None
        self._sliced = hosted.spec.manifest.runtime.profile == "metered"
        self._long = hosted.spec.manifest.runtime.long

    def started(self, context: Context) -> object:
        """Instantiate the component and have it get ready."""
        self._appear(context.ref)
        hosted = self._hosted
        host = Host(
            hosted.id,
            outbox=hosted.outbox,
            log=hosted.log,
            directory=hosted.directory,
            transaction=self._begin_transaction,
        )
        loop = context.system.loop
        imports: object = host if self._sliced else Waiting(host, loop)
        if hosted.trace is not None:
            imports = TracedImports(imports, str(hosted.id), hosted.trace)
        self._world = self._meter.locate(
            lambda: RuntimeHost.open_world(
                hosted.component,
                RuntimeHostImports,
                imports,
                # What a guest prints is logged; its tracebacks are on stderr and also part of the failure.
                wasi=Wasi(
                    stdout=hosted.log.output("stdout", "info"), stderr=hosted.log.output("stderr", "debug")
                ),
                limits=hosted.limits,
                sources=hosted.spec.sources,
                loop=loop,
            )
        )
        limits = hosted.spec.manifest.limits
        config = types.ComponentConfig(
            list(hosted.spec.environment.items()),
            hosted.spec.manifest.config_data(),
            types.ResourceLimits(limits.memory, round(limits.deadline * 1000), limits.fuel),
        )
        return self._enter(self._world.component_lifecycle.initialize, config)

    def receive(self, letter: Letter, context: Context) -> object:
        """Hand one message to the component."""
        self._meter.begin(letter.sent)
        lifecycle = self._life.component_lifecycle
        message = _message(letter)
        if letter.callback:
            return self._enter(lifecycle.handle_callback, message)
        return self._enter(lifecycle.handle_message, message)

    def stopping(self, context: Context) -> object:
        """Let the component put things in order."""
        return self._enter(self._life.component_lifecycle.shutdown)

    def stopped(self, context: Context) -> None:
        """Throw the store away."""
        self._meter.give_up()
        if self._span is not None:
            self._span.given_up()
            self._span = None
        world, self._world = self._world, None
        call, self._call = self._call, None
        self._transaction = None
        if world is None:
            return
        if call is None:
            world.close()
        else:
            # A worker may be in the middle of a slice; the store goes when it is out.
            call.when_over(world.close)

    @property
    def _life(self) -> RuntimeHost:
        if self._world is None:
            raise StartFailed(f"{self._hosted.id} is not running")
        return self._world

    def _begin_transaction(self) -> Transaction:
        """The transaction of the call in progress, made when the component first touches its storage."""
        if self._transaction is None:
            self._transaction = self._hosted.area.begin()
        return self._transaction

    def _enter(self, function: Callable[..., object], *arguments: object) -> object:
        """Call into the component; its storage writes are committed if it returns, and forgotten if not."""
        self._transaction = None
        if self._hosted.trace is not None:
            self._span = span(self._hosted.trace, str(self._hosted.id), function, arguments)
        lanes = self._hosted.lanes
        if self._sliced:
            outcome = run(begin(function, *arguments), lanes, self._done, long=self._long)
        elif self._long:
            outcome = run_whole(lambda: function(*arguments), lanes, self._outcome)
        else:
            return self._outcome(lambda: function(*arguments))
        if isinstance(outcome, GuestCall):
            self._call = outcome
            return outcome.pending
        return outcome

    def _done(self, call: Call) -> object:
        before, self._fuel_left = self._fuel_left, call.fuel_left()
        limit = self._hosted.limits.fuel
        if limit is not None:
            before = limit
        used = None if before is None or self._fuel_left is None else before - self._fuel_left
        return self._outcome(call.result, used)

    def _outcome(self, result: Callable[[], object], fuel: int | None = None) -> object:
        self._call = None
        told, self._span = self._span, None
        try:
            return self._settled(result if told is None else lambda: told.around(result))
        finally:
            self._meter.end(fuel)

    def _settled(self, result: Callable[[], object]) -> object:
        try:
            value = result()
        except Err as error:  # pyright: ignore[reportUnknownVariableType]  (of whatever error type)
            self._transaction = None
            raise self._failed(cast("Err[object]", error)) from error
        transaction, self._transaction = self._transaction, None
        if transaction is None or not transaction.changed:
            return value
        try:
            committed = transaction.commit()
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

        return later()

    def _failed(self, error: Err[object]) -> ComponentFailed:
        """The component answered with an error."""
        case = _case(error.value)
        text = getattr(error.value, "value", None)
        message = f"{case}: {text}" if isinstance(text, str) else case
        return ComponentFailed(message, case=case, where=str(self._hosted.id))

    def _lost(self, fault: StorageFault) -> WritesLost:
        return WritesLost(f"its writes could not be stored: {fault.message}", where=str(self._hosted.id))


def _message(letter: Letter) -> types.ComponentMessage:
    """A letter as the component reads it."""
    payload, content_type = letter.payload, letter.content_type
    if letter.fault is not None:
        payload = wave.format(messaging_error(letter.fault), _error_shape()).encode()
        content_type = ERROR_CONTENT_TYPE
    reply_to = letter.reply_to
    return types.ComponentMessage(
        to_wit(letter.sender),
        payload,
        types.MessageMetadata(
            letter.correlation,
            None if reply_to is None else to_wit(reply_to),
            types.Timestamp(*divmod(letter.sent, 1_000_000_000)),
            content_type,
        ),
    )


@functools.cache
def _error_shape() -> Shape:
    return shape_of(errors.MessagingError)


def _case(error: object) -> str:
    """The WIT name of a variant's case."""
    marker = getattr(type(error), MARKER, None)
    return marker.case if isinstance(marker, CaseMarker) else type(error).__name__
