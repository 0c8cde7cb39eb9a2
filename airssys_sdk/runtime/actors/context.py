"""What an actor can reach while it lives: itself, its children, timers, and the message it is at."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, TypeVar

from ..messages.envelope import Envelope
from ..scheduling.timers import Timer
from ..state import NORMAL, Exit
from . import lifecycle, tree
from .pool import ref_of
from .ref import ActorRef
from .spec import ChildSpec, Factory, PoolSpec, SupervisorSpec

if TYPE_CHECKING:
    from .cell import Cell
    from .supervisor import Supervisor
    from .system import ActorSystem

M = TypeVar("M")


@dataclasses.dataclass(frozen=True, slots=True)
class Terminated:
    """Told to a watcher: this actor ended for good."""

    ref: ActorRef[Any]
    exit: Exit


class Context:
    """Passed to `receive` and the hooks; belongs to one life of the actor, on the loop's thread.

    Attributes:
        envelope: the envelope of the current message; None for a bare `tell`.
    """

    __slots__ = ("_cell", "_timers", "envelope")

    def __init__(self, cell: Cell) -> None:
        self._cell = cell
        self._timers: list[Timer] | None = None
        self.envelope: Envelope[Any] | None = None

    @property
    def ref(self) -> ActorRef[Any]:
        """This actor."""
        return ActorRef(self._cell)

    @property
    def name(self) -> str:
        """This actor's name, or the number that stands for one."""
        return str(self._cell)

    @property
    def system(self) -> ActorSystem:
        """The system that this actor lives in."""
        return self._cell.system

    @property
    def sender(self) -> object:
        """Who sent the current message, if the message says so."""
        return None if self.envelope is None else self.envelope.sender

    @property
    def restarts(self) -> int:
        """How many lives this actor had before."""
        return self._cell.restarts

    @property
    def supervisor(self) -> Supervisor | None:
        """Keeps this actor's children; for the runtime."""
        return self._cell.supervisor

    def spawn(
        self,
        actor: Factory[M] | ChildSpec[M] | PoolSpec[M] | SupervisorSpec,
        *,
        name: str | None = None,
    ) -> ActorRef[M]:
        """Start a child. It stops, at the latest, with this life of this actor.

        Raises:
            NameTaken: a live actor has this name.
        """
        return ref_of(tree.spawn(self._cell, actor, name))

    def watch(self, other: ActorRef[Any]) -> None:
        """Get a `Terminated` message when `other` ends for good (at once if it has); restarts are no such end."""
        mailbox = self._cell.mailbox

        def tell(exit_: Exit) -> None:
            if not mailbox.closed:
                mailbox.put_unbounded(Terminated(other, exit_))

        other.on_end(tell)

    def after(self, seconds: float, message: object) -> Timer:
        """Send this actor a message later, unless this life has ended; a full mailbox does not refuse it."""
        mailbox = self._cell.mailbox

        def ring() -> None:
            if not mailbox.closed:
                mailbox.put_unbounded(message)

        timer = self._cell.system.timers.after(seconds, ring)
        timers = self._timers = self._timers or []
        timers.append(timer)
        if len(timers).bit_count() == 1:  # at every doubling
            timers[:] = [timer for timer in timers if timer.callback is not None]
        return timer

    def stop(self) -> None:
        """End this life in order, after the current message. A permanent actor is then restarted, others are gone."""
        lifecycle.stop_self(self._cell, NORMAL)

    def close(self) -> None:
        """This life is over: its timers do not ring; for the system."""
        for timer in self._timers or ():
            timer.cancel()
        self._timers = None
