"""The cell: one actor name with its mailbox, and everything that is known of it.

The cell outlives the actor: a restart puts a new actor into it. How its messages are handled is in `turns`, how a life
begins and ends in `lifecycle` and `ending`, who is restarted in `supervisor`.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..errors import ActorStopped
from ..messages.mailbox import EMPTY, Mailbox
from ..messages.outcomes import Metrics
from ..messages.pending import Pending
from ..state import DOWN, ENDED, Exit
from . import turns
from .between import Action
from .context import Context
from .spec import ChildSpec, Factory

if TYPE_CHECKING:
    from ..scheduling.timers import Wakeup
    from ..supervision.backoff import RestartHistory
    from .monitor import Monitor
    from .supervisor import Supervisor
    from .system import ActorSystem


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

    turn = turns.turn  # not a method that calls it: this runs once a message

    def __str__(self) -> str:
        return self.name if self.name is not None else f"actor-{self.serial}"

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


def _nobody(message: object, context: Context) -> None:
    raise ActorStopped(f"{context.name} has not started")
