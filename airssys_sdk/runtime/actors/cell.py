"""The cell: one actor name with its mailbox, and everything that is known of it.

The cell outlives the actor: a restart puts a new actor into it. How its messages are handled is in `turns`, how a life
begins and ends in `lifecycle` and `ending`, who is restarted in `supervisor`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self

from ..errors import ActorStopped
from ..messages.mailbox import EMPTY, Mailbox
from ..messages.outcomes import Metrics
from ..messages.pending import Pending
from ..state import ENDED, STARTING, Exit
from . import turns
from .context import Context
from .failures import tell_end
from .rare import NEVER, Rare
from .spec import ChildSpec, Factory

if TYPE_CHECKING:
    from .supervisor import Supervisor
    from .system import ActorSystem


class Cell:
    """One actor name; not usable before `set_up`. The attributes are shared by the modules of the runtime and by nobody else.

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
        handled: messages whose handler returned.
        last_activity: time of the last turn.
        supervisor: keeps its children; None without any.
        exit: how the last life ended.
        rare: everything else, which most cells never have; `NEVER`, or its own. Write to what `own` returns.
    """

    __slots__ = (
        "actor",
        "context",
        "exit",
        "factory",
        "handled",
        "last_activity",
        "mailbox",
        "message",
        "name",
        "parent",
        "rare",
        "receive",
        "restarts",
        "serial",
        "spec",
        "state",
        "supervisor",
        "system",
        "work",
    )

    # Not `__init__`, as in `Mailbox` and `Context`: up to Python 3.13 that would take as long again, and this runs for each actor.
    def set_up(
        self,
        system: ActorSystem,
        parent: Cell | None,
        factory: Factory[Any],
        name: str | None,
        spec: ChildSpec[Any],
    ) -> Self:
        """Be ready for the first life, which is to begin at once."""
        self.system = system
        self.parent = parent
        self.factory = factory
        self.spec = spec
        self.name = name
        self.serial = system.serial = system.serial + 1
        self.mailbox = Mailbox().set_up(self, system.run_queue, spec.mailbox)
        self.state = STARTING
        self.restarts = 0
        self.actor: object = None
        self.receive: Callable[[Any, Context], object] = _nobody
        self.context: Context = None  # type: ignore[assignment]  # never seen before the first life
        self.work: Pending | None = None
        self.message: object = EMPTY
        self.handled = 0
        self.last_activity = 0.0
        self.supervisor: Supervisor | None = None
        self.exit: Exit | None = None
        self.rare = NEVER
        return self

    turn = turns.turn  # not called by a method: this runs all the time

    def __str__(self) -> str:
        return self.name if self.name is not None else f"actor-{self.serial}"

    def failure(self) -> Exception | None:
        """What the last life failed of; None if one runs, or the last has ended otherwise."""
        return None if self.exit is None else self.exit.error

    def own(self) -> Rare:
        """What is rare, for writing."""
        if self.rare is NEVER:
            self.rare = Rare()
        return self.rare

    def metrics(self) -> Metrics:
        """Count now."""
        depth, rare = self.mailbox.depth, self.rare
        return Metrics(
            handled=self.handled,
            failed=rare.failed,
            dead_lettered=rare.dead_lettered,
            expired=rare.expired,
            dropped=rare.dropped,
            kept=rare.kept,
            refused=self.mailbox.refused,
            in_progress=0 if self.message is EMPTY else 1,
            depth=depth,
            last_activity=self.last_activity,
        )

    def on_end(self, listener: Callable[[Exit], None], key: object = None) -> None:
        """Call `listener` when this name is gone for good; at once if it is. `off_end` with the same key takes it out."""
        key = object() if key is None else key
        if self.state is ENDED and self.exit is not None:
            tell_end(self, listener, self.exit)
        elif self.rare.listeners is None:
            self.own().listeners = {key: listener}
        else:
            self.rare.listeners[key] = listener

    def off_end(self, key: object) -> None:
        """Forget the listener with this key, if there is one."""
        if self.rare.listeners is not None:
            self.rare.listeners.pop(key, None)

    def new_life(self) -> None:
        """Make an actor and its context.

        Raises:
            TypeError: it is no actor.
            Exception: what the factory raised.
        """
        factory = self.factory
        actor: object = factory()
        # As `put_in`, spelled out: each spawn comes by here.
        receive = getattr(actor, "receive", actor)
        self.receive = receive if callable(receive) else self.receiver_of(actor)
        self.actor = actor
        self.context = Context().set_up(self)

    def put_in(self, actor: object, context: Context) -> None:
        """Let this be the actor from now on.

        Raises:
            TypeError: it is no actor.
        """
        self.receive = self.receiver_of(actor)
        self.actor = actor
        self.context = context

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
        if self.rare.monitor is not None:
            self.rare.monitor.close()
            self.rare.monitor = None
        if self.actor is not None:
            self.context.close()
        self.actor = None
        self.receive = _nobody


def _nobody(message: object, context: Context) -> None:
    raise ActorStopped(f"{context.name} has not started")
