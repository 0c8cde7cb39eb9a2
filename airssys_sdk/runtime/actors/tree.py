"""The tree: how a cell gets below another."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, cast

from airssys_sdk.errors import UsageError

from ..checks import refuse
from ..errors import ActorStopped, MessageError, NameTaken
from ..messages.mailbox import MailboxOptions
from ..state import BUSY, RUNNING, STARTING
from . import lifecycle
from .pool import Pool, PoolActor
from .spec import ChildSpec, Factory, PoolSpec, SupervisorSpec
from .supervisor import Supervisor

if TYPE_CHECKING:
    from .cell import Cell
    from .context import Context


_SPECS: tuple[type, ...] = (ChildSpec, SupervisorSpec, PoolSpec)


def spawn(
    parent: Cell,
    actor: Factory[Any] | ChildSpec[Any] | PoolSpec[Any] | SupervisorSpec,
    name: str | None = None,
) -> Cell:
    """Make a cell below `parent` and begin its first life.

    Raises:
        NameTaken: a live actor has this name.
        ActorStopped: the system stops, or has.
        UsageError: the parent does not run, or this makes no actor.
    """
    if parent.state is not RUNNING and parent.state not in (STARTING, BUSY):
        if parent.parent is None:
            raise ActorStopped("the system stops and starts no actors any more")
        raise UsageError(f"{parent} does not run and takes no children (it is {parent.state.value})")
    supervisor: SupervisorSpec | None = None
    pool: Pool[Any] | None = None
    factory: Factory[Any]
    if isinstance(actor, type):  # what it mostly is
        factory, spec = actor, _PLAIN
    elif isinstance(actor, _SPECS):
        spec, supervisor, pool = _specs(actor)
        factory, name = spec.factory, name or spec.name
    elif callable(actor):
        factory, spec = actor, _PLAIN
    else:
        refuse("the actor to spawn", actor, "a class, a function without arguments, or a spec; not an object")
    system = parent.system
    if name is not None and name in system.names:
        raise NameTaken(f"a live actor has the name {name!r} already")
    cell = type(parent)().set_up(system, parent, factory, name, spec)
    if name is not None:
        system.names[name] = cell
    if supervisor is not None:
        cell.supervisor = Supervisor(cell, supervisor, pool)
    if parent.supervisor is None:
        parent.supervisor = Supervisor(parent)
    parent.supervisor.cells[cell] = None
    lifecycle.begin(cell)
    return cell


def _specs(actor: object) -> tuple[ChildSpec[Any], SupervisorSpec | None, Pool[Any] | None]:
    """What the supervisor above is told, what the actor itself supervises, and as which pool."""
    if isinstance(actor, SupervisorSpec):
        return supervising(actor), actor, None
    if isinstance(actor, PoolSpec):
        pool = Pool(cast("PoolSpec[Any]", actor))  # type: ignore[redundant-cast]  # as below
        return _pooling(actor.supervisor, pool), actor.supervisor, pool
    # basedpyright forgets the type argument here, mypy does not
    return cast("ChildSpec[Any]", actor), None, None


def supervising(spec: SupervisorSpec) -> ChildSpec[object]:
    """What the supervisor above is told about a supervisor."""
    return ChildSpec(
        lambda: SupervisorActor(spec),
        name=spec.name,
        policy=spec.policy,
        shutdown=spec.shutdown,
        intensity=spec.intensity,
        backoff=spec.backoff,
    )


def _pooling(spec: SupervisorSpec, pool: Pool[Any]) -> ChildSpec[object]:
    # Its own mailbox takes nothing: what is for a pool goes to its workers.
    return dataclasses.replace(
        supervising(spec), factory=lambda: PoolActor(pool), mailbox=MailboxOptions(capacity=0)
    )


class Idle:
    """The actor of a cell that only supervises."""

    def receive(self, message: object, context: Context) -> object:
        """Refuse: a supervisor handles no messages.

        Raises:
            MessageError: always.
        """
        raise MessageError(f"{context.name} is a supervisor and handles no messages")


class SupervisorActor(Idle):
    """The same, with children that its spec names."""

    def __init__(self, spec: SupervisorSpec) -> None:
        self._spec = spec

    async def started(self, context: Context) -> None:
        """Start the children in order: in the first life those of the spec, later those that were kept.

        Raises:
            StartFailed: one did not start.
        """
        if context.restarts and context.supervisor is not None:
            await context.supervisor.start()
            return
        for child in self._spec.children:
            await context.spawn(child).ready()


def _no_factory() -> Any:
    raise UsageError("this child has no factory")


_PLAIN: ChildSpec[Any] = ChildSpec(_no_factory)
"""The defaults, for children of which only the factory is known; the factory stands in the cell."""
