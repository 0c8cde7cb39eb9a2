"""References: how the rest of the world talks to an actor."""

from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from airssys_sdk.errors import UsageError

from ..checks import is_time, refuse
from ..messages.envelope import ENVELOPE, NORMAL_PRIORITY, Envelope
from ..messages.outcomes import Metrics
from ..messages.requests import Request
from ..state import Exit, HealthStatus
from . import ending, lifecycle

if TYPE_CHECKING:
    from ..messages.mailbox import Mailbox
    from .cell import Cell
    from .routing import Router
    from .spec import ChildSpec
    from .takeover import Takeover

M = TypeVar("M")

_new = object.__new__


class ActorRef(Generic[M]):
    """The address of an actor that takes messages of type M; stays good through restarts.

    Refs of one actor are equal. `tell` may be called from any thread, everything else on the loop's thread only, except
    where noted.
    """

    __slots__ = ("_cell", "_mailbox")

    def __init__(self, cell: Cell) -> None:
        self._cell = cell
        self._mailbox = cell.mailbox

    @property
    def name(self) -> str:
        """The actor's name, or the number that stands for one."""
        return str(self._cell)

    @property
    def alive(self) -> bool:
        """Whether it accepts messages; also true while it waits for a restart."""
        return not self._mailbox.closed

    @property
    def health(self) -> HealthStatus:
        """What its last health check said."""
        monitor = self._cell.rare.monitor
        return HealthStatus.UNKNOWN if monitor is None else monitor.status

    @property
    def cell(self) -> Cell:
        """What it refers to; for the runtime."""
        return self._cell

    @property
    def metrics(self) -> Metrics:
        """What became of the messages so far."""
        return self._cell.metrics()

    def tell(self, message: M) -> None:
        """Put a message into the mailbox; from any thread; never waits.

        Raises:
            MailboxFull: as many messages wait as may; the message was not accepted.
            ActorStopped: the actor has stopped for good.
        """
        mailbox = self._mailbox
        normal = mailbox.normal
        # Nothing waits while the owner is idle; asking the queue costs.
        if (normal.qsize() if mailbox.scheduled else 0) >= mailbox.room:
            mailbox.refuse()
        normal.put_nowait(message)
        # As `Mailbox.notice`, spelled out: this runs once a message.
        if mailbox.scheduled:
            mailbox.more = True
            if mailbox.scheduled:
                return
        mailbox.scheduled = True
        run_queue = mailbox.run_queue
        run_queue.ready.append(mailbox.owner)
        if not run_queue.awake:
            mailbox.arm()

    def deliver(self, envelope: Envelope[M]) -> None:
        """Put an envelope into the mailbox, where its priority says; its time to live begins; never waits.

        Raises:
            MailboxFull: as many messages wait as may; the message was not accepted.
            ActorStopped: the actor has stopped for good.
            UsageError: the time to live is NaN, or no number.
        """
        if envelope.time_to_live is not None:
            if not is_time(envelope.time_to_live):
                refuse(
                    "Envelope.time_to_live",
                    envelope.time_to_live,
                    "a number of seconds, or None for any time",
                )
            envelope.expires_at = self._cell.system.clock.now() + envelope.time_to_live
        self._mailbox.put(envelope)

    async def send(self, message: M | Envelope[M]) -> None:
        """Like `tell` or `deliver`, but waits for room if the mailbox's overflow policy is `block`.

        Raises:
            MailboxFull: no room, and the policy is `error`.
            ActorStopped: the actor has stopped for good.
        """
        await self._room.until_room()
        self.deliver(cast("Envelope[M]", message) if isinstance(message, Envelope) else Envelope(message))

    async def ask(self, message: M | Envelope[M], timeout: float | None = 5.0) -> Any:  # noqa: ASYNC109 - part of the request
        """Send a message and wait for what its handler returns.

        Args:
            message: the message; an `Envelope` is wrapped no further, and one that has a `reply_to` already is copied, so
                that the same one may be asked with several times, also at once.
            timeout: seconds, waiting for room included; none or fewer: what has no answer at once has none; None or
                `math.inf`: for ever.

        Raises:
            UsageError: the timeout is NaN, or no number.
            RequestTimeout: no answer in time. The message may still be handled; its answer is dropped.
            MailboxFull: no room, and the overflow policy is `error`.
            ActorStopped: the actor has stopped for good, now or before it came to the message.
            MessageExpired: the envelope's time to live was over first.
            Exception: what the handler raised.
        """
        system = self._cell.system
        mailbox = self._mailbox
        # Python 3.11 finds what is an attribute, and no method, three times as fast when it is not called in the same breath.
        new_future = system.new_future
        future: asyncio.Future[object] = new_future()
        # As `Requests.expect`, spelled out: this runs once an ask.
        requests = system.requests
        try:
            open_ = requests.open[timeout]
        except KeyError:
            open_ = requests.begin_timeout(timeout)
        now = requests.now
        open_[future] = math.inf if timeout is None else now() + timeout
        request = _new(Request)
        request.future, request.open, request.counts = future, open_, requests.counts
        envelope: Envelope[Any]
        try:
            if type(message) is ENVELOPE:
                # One that somebody waits for already is another message: each has its own answer.
                envelope = message if message.reply_to is None else message.anew()
                envelope.reply_to = request
                ordinary = envelope.priority is NORMAL_PRIORITY and envelope.time_to_live is None
            else:
                # As `Envelope(message, reply_to=request)`, spelled out: that takes twice as long.
                envelope = _new(ENVELOPE)
                envelope.payload = message
                envelope.reply_to = request
                envelope.sender = envelope.correlation_id = envelope.kept = None
                envelope.time_to_live = envelope.expires_at = None
                envelope.priority, envelope.attempts = NORMAL_PRIORITY, 0
                ordinary = True
            if ordinary and (mailbox.normal.qsize() if mailbox.scheduled else 0) < mailbox.room:
                # As `Mailbox.put`, spelled out: this runs once a message.
                mailbox.normal.put_nowait(envelope)
                if mailbox.scheduled:
                    mailbox.more = True
                else:
                    mailbox.scheduled = True
                    run_queue = system.run_queue
                    run_queue.ready.append(self._cell)
                    if not run_queue.awake:
                        run_queue.awake = True
                        soon = run_queue.call_soon
                        soon(run_queue.drain, context=run_queue.context)
            else:
                await self._deliver_with_room(envelope, future)
            return await future
        except BaseException:
            request.cancel()
            raise

    def ask_from_thread(self, message: M, timeout: float | None = 5.0) -> Any:
        """`ask` for any thread but the loop's; blocks this thread.

        Raises:
            UsageError: this is the loop's thread, which would wait for itself.
            Exception: as `ask`.
        """
        if threading.get_ident() == self._cell.system.run_queue.thread:
            raise UsageError(
                "ask_from_thread would block the thread of the event loop, which is to answer",
                hint="await ask() there",
            )
        loop = self._cell.system.loop
        return asyncio.run_coroutine_threadsafe(self.ask(message, timeout), loop).result()

    async def ready(self) -> None:
        """Wait until the actor has started, or has started again.

        Raises:
            StartFailed: it ended instead.
        """
        await lifecycle.until_running(self._cell)

    async def stop(self) -> Exit:
        """Stop it for good, in order and within its shutdown time; what waits becomes dead letters.

        Goes on to its end also if nobody waits for it any longer. Must not be awaited by the actor itself or its children:
        they would wait for themselves.

        Returns:
            How its last life ended.
        """
        return await ending.stop(self._cell)

    async def replace(self, spec: ChildSpec[M]) -> Takeover:
        """Let another actor take over, between two messages: name, mailbox and refs stay, what was in memory is gone.

        The new actor's hook `started` runs before the old one is let go; if it fails, the old one goes on. The old one
        then stops in order and within its shutdown time, while the new one handles messages. An actor that waits for
        its restart is replaced at once. Must not be awaited by the actor itself.

        Args:
            spec: what makes the actors from now on, and how they are supervised; its name does not count.

        Raises:
            ActorStopped: the actor has stopped for good, or does before the message in progress is over.
            StartFailed: the new actor did not start; the cause says why.
            UsageError: the actor has children.
        """
        from .takeover import take_over

        return await take_over(self._cell, spec)

    async def ended(self) -> Exit:
        """Wait until the actor has ended for good."""
        future: asyncio.Future[Exit] = asyncio.get_running_loop().create_future()
        self._cell.on_end(lambda exit_: None if future.done() else future.set_result(exit_), future)
        try:
            return await future
        finally:
            self._cell.off_end(future)

    def on_end(self, callback: Callable[[Exit], None]) -> None:
        """Call `callback` when the actor ends for good; at once if it has. What it raises is logged, and disturbs nobody."""
        self._cell.on_end(callback)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ActorRef) and self._cell is other._cell

    def __hash__(self) -> int:
        return hash(self._cell)

    def __repr__(self) -> str:
        return f"<ActorRef {self.name}>"

    @property
    def _room(self) -> Mailbox | Router:
        """Where there must be room for a message."""
        return self._mailbox

    async def _deliver_with_room(self, envelope: Envelope[M], answered: asyncio.Future[object]) -> None:
        # The timeout counts while we wait for room too: it ends `answered`, which must end the waiting.
        room = self._room
        while room.must_wait and not answered.done():
            waiting: asyncio.Future[None] = asyncio.ensure_future(room.until_room())
            try:
                await asyncio.wait((waiting, answered), return_when=asyncio.FIRST_COMPLETED)
            finally:
                waiting.cancel()
        if not answered.done():
            self.deliver(envelope)
        else:
            room.release()  # that we may have been promised, just as the time was over
