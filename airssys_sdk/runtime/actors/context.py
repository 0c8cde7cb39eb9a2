"""What an actor can reach while it lives: itself, its children, timers, and the message it is at."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Self, TypeVar

from airssys_sdk.errors import UsageError

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

    __slots__ = ("_cell", "_over", "_timers", "_watched", "envelope")

    def set_up(self, cell: Cell) -> Self:
        """Be of the life that this cell begins; for the system, and before anything else."""
        self._cell = cell
        self._over = False
        self._timers: list[Timer] | None = None
        self._watched: set[Cell] | None = None
        self.envelope: Envelope[Any] | None = None
        return self

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
            UsageError: this life has ended, or ends.
        """
        self._must_live()
        return ref_of(tree.spawn(self._cell, actor, name))

    def watch(self, other: ActorRef[Any]) -> None:
        """Get a `Terminated` message when `other` ends for good (at once if it has); restarts are no such end.

        Only in this life: the next one has to watch anew. To watch twice changes nothing.

        Raises:
            UsageError: this life has ended.
        """
        self._must_live()
        mailbox = self._cell.mailbox
        watched = self._watched = self._watched or set()

        def tell(exit_: Exit) -> None:
            watched.discard(other.cell)
            if not mailbox.closed:
                mailbox.put_unbounded(Terminated(other, exit_))

        watched.add(other.cell)
        other.cell.on_end(tell, self)

    def unwatch(self, other: ActorRef[Any]) -> None:
        """Hear no more of the end of `other`; a `Terminated` that waits in the mailbox already still comes."""
        if self._watched is not None:
            self._watched.discard(other.cell)
        other.cell.off_end(self)

    def after(self, seconds: float, message: object) -> Timer:
        """Send this actor a message later, unless this life has ended by then; a full mailbox does not refuse it.

        Raises:
            UsageError: this life has ended.
        """
        self._must_live()
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
        """End this life in order, after the current message. A permanent actor is then restarted, others are gone.

        Does nothing once this life has ended.
        """
        if not self._over:
            lifecycle.stop_self(self._cell, NORMAL)

    def close(self) -> None:
        """This life is over: its timers do not ring, and it watches nobody; for the system."""
        self._over = True
        for timer in self._timers or ():
            timer.cancel()
        self._timers = None
        for cell in self._watched or ():
            cell.off_end(self)
        self._watched = None

    def _must_live(self) -> None:
        if self._over:
            raise UsageError(
                f"this life of {self.name} has ended", hint="use the context that the life of now was given"
            )
