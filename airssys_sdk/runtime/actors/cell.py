"""The cell: one actor name with its mailbox, and the turn in which its messages are handled.

The cell outlives the actor: a restart puts a new actor into it. What happens to a message is decided here; how a life
begins and ends is in `lifecycle`, who is restarted in `supervisor`.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from queue import Empty
from time import monotonic
from typing import TYPE_CHECKING, Any

from ..errors import ActorStopped, MessageError, MessageExpired, MessageKilled
from ..events import DeadLetter, DeadReason, MessageFailed
from ..messages.envelope import ENVELOPE, Envelope
from ..messages.mailbox import EMPTY, Mailbox
from ..messages.outcomes import Metrics
from ..messages.pending import FINISHED, Pending, Settled, is_unfinished
from ..scheduling.queue import TURN_SECONDS
from ..state import BUSY, DOWN, ENDED, RUNNING, Exit, describe
from . import lifecycle
from .between import Action, run_actions
from .context import Context
from .spec import ChildSpec, Factory

if TYPE_CHECKING:
    from ..scheduling.timers import Wakeup
    from ..supervision.backoff import RestartHistory
    from .monitor import Monitor
    from .supervisor import Supervisor
    from .system import ActorSystem

_log = logging.getLogger("airssys.runtime")


class Cell:
    """One actor name. The attributes are shared by the modules of the runtime and by nobody else.

    Attributes:
        system: where it lives.
        parent: the cell whose supervisor it belongs to; None for the root.
        factory: makes the actor of the next life.
        spec: everything else the supervisor was told; its factory is not used.
        name: the registered name, or None.
        serial: a number that no other cell of the system has.
        mailbox: the waiting messages.
        state: where in its life it is.
        restarts: how many lives it has had, but for the first.
        actor, receive, context: of this life.
        work: what the cell waits for: the rest of a handler or hook.
        message: the message whose rest that is; EMPTY if it is a hook's.
        handled, failed, dead_lettered, expired, dropped, kept: outcomes of messages.
        last_activity: time of the last turn.
        supervisor: keeps its children; None without any.
        history: its restarts, for the supervisor above.
        restart: the restart that is planned.
        stopping: the end of this life, while it takes time.
        settled: resolved with True when a life has started, with False when it has ended.
        idle: resolved when `work` ends or nobody may wait for it any longer.
        listeners: who hears of the end for good.
        exit: how the last life ended.
        monitor: watches the health of this life; None: nobody does.
        between: what is to be done between two messages; None: nothing ever was.
    """

    __slots__ = (
        "actor",
        "between",
        "context",
        "dead_lettered",
        "dropped",
        "exit",
        "expired",
        "factory",
        "failed",
        "handled",
        "history",
        "idle",
        "kept",
        "last_activity",
        "listeners",
        "mailbox",
        "message",
        "monitor",
        "name",
        "parent",
        "receive",
        "restart",
        "restarts",
        "serial",
        "settled",
        "spec",
        "state",
        "stopping",
        "supervisor",
        "system",
        "work",
    )

    def __init__(
        self,
        system: ActorSystem,
        parent: Cell | None,
        factory: Factory[Any],
        name: str | None,
        spec: ChildSpec[Any],
    ) -> None:
        self.system = system
        self.parent = parent
        self.factory = factory
        self.spec = spec
        self.name = name
        self.serial = system.serial = system.serial + 1
        self.mailbox = Mailbox(self, system.run_queue, spec.mailbox)
        self.state = DOWN
        self.restarts = -1
        self.actor: object = None
        self.receive: Callable[[Any, Context], object] = _nobody
        self.context: Context = None  # type: ignore[assignment]  # never seen before the first life
        self.work: Pending | None = None
        self.message: object = EMPTY
        self.handled = 0
        self.failed = 0
        self.dead_lettered = 0
        self.expired = 0
        self.dropped = 0
        self.kept = 0
        self.last_activity = 0.0
        self.supervisor: Supervisor | None = None
        self.history: RestartHistory | None = None
        self.restart: Wakeup | None = None
        self.stopping: asyncio.Task[None] | None = None
        self.idle: asyncio.Future[bool] | None = None
        self.settled: asyncio.Future[bool] | None = None
        self.listeners: list[Callable[[Exit], None]] | None = None
        self.exit: Exit | None = None
        self.monitor: Monitor | None = None
        self.between: deque[Action] | None = None

    def __str__(self) -> str:
        return self.name if self.name is not None else f"actor-{self.serial}"

    def turn(self, now: float, /) -> float:
        """Handle messages until none waits, the time is over, or the actor is busy with one; see `RunQueue`.

        The first bare payload is handled right here: when there are many actors it mostly is the only one.
        """
        mailbox = self.mailbox
        if mailbox.interrupted:
            return self._careful_turn(now)
        normal = mailbox.normal
        self.last_activity = now
        try:
            message = normal.get_nowait()
        except Empty:
            pass  # it was in the run queue twice
        else:
            if type(message) is ENVELOPE:
                self._open(message)
            else:
                try:
                    result = self.receive(message, self.context)
                    if result is None or not self._unfinished(result, message):
                        self.handled += 1
                except BaseException as error:  # noqa: BLE001 - decided in _raised, which raises interrupts again
                    self._raised(message, error)
        if not mailbox.interrupted:
            # As `Mailbox.unpark`, spelled out here and below: this runs once a turn.
            mailbox.scheduled = False
            if normal.empty():
                return now
            mailbox.scheduled = True
            now = self._long_turn(now)
            if not mailbox.interrupted:
                mailbox.scheduled = False
                if not normal.empty():
                    mailbox.wake()
                return now
        if self.state is RUNNING:
            mailbox.unpark()
        return now

    def _long_turn(self, started: float) -> float:
        """Handle the messages after the first, if there is time.

        Among bare payloads the clock is read after 1, 3, 7, 15 ...: a long one ends the turn, short ones do not pay.
        """
        now = monotonic()
        if now - started > TURN_SECONDS:
            return now
        mailbox = self.mailbox
        take = mailbox.normal.get_nowait
        waiting = mailbox.normal.qsize()
        receive = self.receive
        context = self.context
        bare = 0
        look_up = 1
        message: object = EMPTY
        try:
            while waiting and not mailbox.interrupted:
                waiting -= 1
                message = take()
                if type(message) is ENVELOPE:
                    self.handled += bare
                    bare, look_up = 0, 1
                    if not self._open(message):
                        return now
                else:
                    result = receive(message, context)
                    if result is not None and self._unfinished(result, message):
                        break
                    bare += 1
                    if bare != look_up:
                        continue
                    look_up += bare + 1
                now = monotonic()
                if now - started > TURN_SECONDS:
                    break
        except BaseException as error:  # noqa: BLE001 - decided in _raised, which raises interrupts again
            # Counted before a crash (here and above), which may end the name and with it the counting.
            self.handled += bare
            self._raised(message, error)
        else:
            self.handled += bare
        return now

    def _careful_turn(self, now: float) -> float:
        """Look up after each message: other priorities wait, or somebody waits for room, or the actor does not run."""
        mailbox = self.mailbox
        if self.state is ENDED:
            # Another thread's message came in while the mailbox was closed.
            self.system.retire(self.discard_waiting())
        if self.state is not RUNNING:
            return now
        now = monotonic()
        end = now + TURN_SECONDS
        while self.state is RUNNING and now <= end:
            message = mailbox.take()
            if message is EMPTY:
                break
            self._open(message if type(message) is ENVELOPE else Envelope(message))
            now = monotonic()
        self.last_activity = now
        mailbox.release()
        if self.state is RUNNING:
            mailbox.resume()
        return now

    def _raised(self, message: object, error: BaseException) -> None:
        """A handler raised: the message failed, or the life ends."""
        if isinstance(error, MessageError):
            self._fail(message, error)
            return
        self._crash(message, error)
        if not isinstance(error, (Exception, asyncio.CancelledError)):
            raise error

    def _open(self, envelope: Envelope[Any]) -> bool:
        """Handle a message in its envelope; False ends the turn."""
        if envelope.expires_at is not None and self.system.clock.now() >= envelope.expires_at:
            self.expired += 1
            error = MessageExpired(f"the message to {self} waited longer than {envelope.time_to_live} s")
            self._bury(envelope, DeadReason.EXPIRED, error)
            return True
        context = self.context
        context.envelope = envelope
        try:
            result = self.receive(envelope.payload, context)
        except BaseException as error:  # noqa: BLE001 - decided in _raised, which raises interrupts again
            self._raised(envelope, error)
            if self.state is not RUNNING:
                return False
        else:
            if type(result) not in FINISHED and self._unfinished(result, envelope):
                return False
            self.handled += 1
            if envelope.reply_to is not None:
                envelope.reply_to.succeed(result)
        context.envelope = None
        return True

    def _unfinished(self, result: object, message: object) -> bool:
        """Whether a handler returned something unfinished; the cell is then busy until that ends."""
        if not is_unfinished(result):
            return False
        if self.state is RUNNING:
            self.state = BUSY
        self.mailbox.interrupted = True
        self.message = message
        self.wait_for(result, self._finished)
        return True

    def wait_for(self, unfinished: object, listener: Settled) -> None:
        """Let `listener` hear how a `Pending` or awaitable ends; `work` is what can be cancelled meanwhile."""
        work = self.pending_of(unfinished)
        self.work = work
        work.listen(listener, self.system.run_queue.call)

    def pending_of(self, unfinished: object) -> Pending:
        """A `Pending`, or what is made of an awaitable."""
        return unfinished if isinstance(unfinished, Pending) else self._awaited(unfinished)

    def _awaited(self, awaitable: Any) -> Pending:
        task: asyncio.Future[object] = asyncio.ensure_future(awaitable, loop=self.system.loop)

        def cancel() -> None:
            task.cancel()

        pending = Pending(cancel)

        def done(task: asyncio.Future[object]) -> None:
            if task.cancelled():
                pending.fail(ActorStopped(f"{self} was cancelled"))
                return
            error = task.exception()
            if error is None:
                pending.succeed(task.result())
            elif isinstance(error, Exception):
                pending.fail(error)
            else:
                pending.fail(RuntimeError(describe(error)))

        task.add_done_callback(done)
        return pending

    def _finished(self, value: object, error: Exception | None) -> None:
        """The rest of a handler ended."""
        message, self.message = self.message, EMPTY
        self.work = None
        self.context.envelope = None
        self.last_activity = monotonic()
        if self.state is BUSY:
            self.state = RUNNING
        if error is None:
            self.handled += 1
            if type(message) is ENVELOPE and message.reply_to is not None:
                message.reply_to.succeed(value)
        elif isinstance(error, MessageError):
            self._fail(message, error)
        else:
            self._crash(message, error)
        if self.between:
            run_actions(self)
        self.look_up()
        if self.state is RUNNING:
            self.mailbox.resume()

    def look_up(self) -> None:
        """Tell whoever waits for `work` that it ended."""
        if self.idle is not None and not self.idle.done():
            self.idle.set_result(True)

    def give_up_work(self, *, killed: bool = False) -> None:
        """Cancel what the cell waits for; a message in the middle of it becomes a dead letter.

        A durable one is put back if the actor is `killed` because it has to stop.
        """
        work, self.work = self.work, None
        message, self.message = self.message, EMPTY
        if work is not None:
            work.cancel()
        if killed and type(message) is ENVELOPE and message.kept is not None:
            self.mailbox.put_back(message)
        elif message is not EMPTY:
            self.dead_lettered += 1
            self._bury(
                message, DeadReason.KILLED, MessageKilled(f"{self} was killed in the middle of the message")
            )

    def _fail(self, message: object, error: Exception) -> None:
        """This message failed and nothing else."""
        self.failed += 1
        _forget(message)
        if type(message) is ENVELOPE and message.reply_to is not None:
            message.reply_to.fail(error)
        else:
            _log.warning("%s: a message failed: %s", self, describe(error))
        if self.system.events.wanted:
            self.system.events.publish(MessageFailed(str(self), error))

    def _crash(self, message: object, problem: BaseException) -> None:
        """The handler raised: decide about the message, then the life ends."""
        error = problem if isinstance(problem, Exception) else RuntimeError(describe(problem))
        on_crash = self.spec.on_crash
        envelope: Envelope[Any] = message if type(message) is ENVELOPE else Envelope(message)
        if envelope.reply_to is not None:
            self._fail(envelope, error)
        elif envelope.attempts < on_crash.retries:
            envelope.attempts += 1
            self.mailbox.put_back(envelope)
        elif on_crash.keep:
            self.dead_lettered += 1
            self._bury(envelope, DeadReason.CRASHED, error)
        else:
            self.dropped += 1
            _forget(envelope)
        lifecycle.crash(self, error)

    def discard_waiting(self) -> Metrics:
        """Nobody will handle what waits: it becomes dead letters, or stays in the durable mailbox; says how many each are."""
        before = self.dead_lettered, self.kept
        while (message := self.mailbox.take()) is not EMPTY:
            error = ActorStopped(f"{self} stopped before it came to the message")
            if type(message) is ENVELOPE and message.kept is not None:
                self.kept += 1
                if message.reply_to is not None:
                    message.reply_to.fail(error)
            else:
                self.dead_lettered += 1
                self._bury(message, DeadReason.STOPPED, error)
        return Metrics(dead_lettered=self.dead_lettered - before[0], kept=self.kept - before[1])

    def _bury(self, message: object, reason: DeadReason, error: Exception) -> None:
        envelope: Envelope[Any] = message if type(message) is ENVELOPE else Envelope(message)
        _forget(envelope)
        self.system.bury(DeadLetter(str(self), envelope.payload, envelope.sender, reason, error))
        if envelope.reply_to is not None:
            envelope.reply_to.fail(error)

    def metrics(self) -> Metrics:
        """Count now."""
        depth = self.mailbox.depth
        return Metrics(
            handled=self.handled,
            failed=self.failed,
            dead_lettered=self.dead_lettered,
            expired=self.expired,
            dropped=self.dropped,
            kept=self.kept,
            refused=self.mailbox.refused,
            in_progress=0 if self.message is EMPTY else 1,
            depth=depth,
            last_activity=self.last_activity,
        )

    def on_end(self, listener: Callable[[Exit], None]) -> None:
        """Call `listener` when this name is gone for good; at once if it is."""
        if self.state is ENDED and self.exit is not None:
            listener(self.exit)
        elif self.listeners is None:
            self.listeners = [listener]
        else:
            self.listeners.append(listener)

    def new_life(self) -> None:
        """Make an actor and its context."""
        self.restarts += 1
        self.put_in(self.factory(), None)

    def put_in(self, actor: object, context: Context | None) -> None:
        """Let this be the actor; None makes it a context.

        Raises:
            TypeError: it is no actor.
        """
        self.receive = self.receiver_of(actor)
        self.actor = actor
        self.context = Context(self) if context is None else context

    def receiver_of(self, actor: object) -> Callable[[Any, Context], object]:
        """What handles an actor's messages.

        Raises:
            TypeError: it is no actor.
        """
        receive = getattr(actor, "receive", actor)
        if not callable(receive):
            raise TypeError(f"{self}: {type(actor).__name__} has no receive() and is no function")
        return receive

    def end_life(self) -> None:
        """Let go of the actor."""
        if self.monitor is not None:
            self.monitor.close()
            self.monitor = None
        if self.actor is not None:
            self.context.close()
        self.actor = None
        self.receive = _nobody

    def new_child(self, factory: Factory[Any], name: str | None, spec: ChildSpec[Any]) -> Cell:
        """Make a cell below this one."""
        return Cell(self.system, self, factory, name, spec)


def _forget(message: object) -> None:
    """A durable message has ended otherwise than by being handled."""
    if type(message) is ENVELOPE and message.kept is not None:
        message.kept.forget()


def _nobody(message: object, context: Context) -> None:
    raise ActorStopped(f"{context.name} has not started")
