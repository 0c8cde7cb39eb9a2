"""Pools: several workers that do the same, behind one name.

A pool is a supervisor whose ref puts each message straight into the mailbox of one of its children.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeVar

from ..errors import ActorStopped, MailboxFull, MessageError
from ..messages.envelope import Envelope
from ..messages.outcomes import Metrics
from ..state import RUNNING
from . import lifecycle
from .ref import ActorRef
from .routing import Router
from .spec import PoolSpec

if TYPE_CHECKING:
    from .cell import Cell
    from .context import Context
    from .supervisor import Supervisor

M = TypeVar("M")


class Pool(Generic[M]):
    """What belongs to a pool for all lives of its supervisor: what it was told, and its workers."""

    __slots__ = ("router", "spec")

    def __init__(self, spec: PoolSpec[M]) -> None:
        self.spec = spec
        self.router = Router(spec.routing)

    def fill(self, context: Context) -> list[Cell]:
        """Start the workers that are missing; says which."""
        workers = self.router.workers
        name = context.ref.cell.name
        taken = {worker.name for worker in workers}
        free = (one for number in itertools.count() if (one := f"{name}/{number}") not in taken)
        started: list[Cell] = []
        for _ in range(self.spec.size - len(workers)):
            worker = context.spawn(self.spec.worker, name=name and next(free)).cell
            self.router.join(worker)
            started.append(worker)
        return started


class PoolActor(Generic[M]):
    """One life of a pool's supervisor."""

    def __init__(self, pool: Pool[M]) -> None:
        self._pool = pool

    def started(self, context: Context) -> Awaitable[None] | None:
        """Start the workers, all at once; in later lives those that were kept, one after the other, then the missing ones."""
        if context.restarts and context.supervisor is not None:
            return self._again(context.supervisor, context)
        workers = self._pool.fill(context)
        return None if all(worker.state is RUNNING for worker in workers) else _running(workers)

    def receive(self, message: object, context: Context) -> object:
        """Refuse: the messages of a pool go to its workers.

        Raises:
            MessageError: always.
        """
        raise MessageError(f"{context.name} is a pool; its workers handle the messages")

    async def _again(self, supervisor: Supervisor, context: Context) -> None:
        await supervisor.start()
        await _running(self._pool.fill(context))


async def _running(workers: list[Cell]) -> None:
    """Wait until all have started.

    Raises:
        StartFailed: one did not; the others are not waited for.
    """
    starts = [asyncio.ensure_future(lifecycle.until_running(worker)) for worker in workers]
    try:
        await asyncio.gather(*starts)
    finally:
        for start in starts:
            start.cancel()


class PoolRef(ActorRef[M]):
    """The address of a pool: each message goes straight into the mailbox of one worker.

    What is not about messages (`ready`, `stop`, `ended`) is about the supervisor with all its workers.
    """

    __slots__ = ("_router",)

    def __init__(self, cell: Cell, pool: Pool[M]) -> None:
        super().__init__(cell)
        self._router = pool.router

    @property
    def workers(self) -> tuple[ActorRef[M], ...]:
        """The workers that have not ended for good, in start order."""
        return tuple(ActorRef(worker) for worker in self._router.workers)

    @property
    def metrics(self) -> Metrics:
        """The sum over the workers, those included that have ended; a message that none had room for is refused once."""
        return self._router.metrics() + self._cell.metrics()

    def tell(self, message: M) -> None:
        """Put a message into the mailbox of a worker; from any thread; never waits.

        Raises:
            MailboxFull: no worker has room; the message was not accepted.
            ActorStopped: the pool or all its workers have stopped for good.
        """
        worker = self._router.choose()
        if worker is None:
            self._refuse()
        mailbox = worker.mailbox
        mailbox.normal.put(message)
        mailbox.notice()

    def deliver(self, envelope: Envelope[M]) -> None:
        """Put an envelope into the mailbox of a worker, where its priority says; its time to live begins; never waits.

        Raises:
            MailboxFull, ActorStopped: as `tell`.
        """
        worker = self._router.choose()
        if worker is None:
            self._refuse()
        ref: ActorRef[M] = ActorRef(worker)
        ref.deliver(envelope)

    @property
    def _room(self) -> Router:
        return self._router

    def _refuse(self) -> NoReturn:
        self._mailbox.refused += 1
        workers = len(self._router.workers)
        if not self._mailbox.closed and not workers:
            raise ActorStopped(
                f"all workers of {self.name} have ended",
                hint="the pool itself goes on: stop() it, or give its workers a policy or an intensity with more restarts",
            )
        if self._mailbox.closed:
            raise ActorStopped(f"{self.name} has stopped", hint="watch() an actor to hear of its end")
        raise MailboxFull(
            f"all {workers} workers of {self.name} have full mailboxes",
            hint="send less, let it have more workers or them a larger MailboxOptions.capacity, or await send() with "
            "overflow='block'",
        )


def ref_of(cell: Cell) -> ActorRef[Any]:
    """The ref of an actor, or of a pool if it is one; for the runtime."""
    pool = None if cell.supervisor is None else cell.supervisor.pool
    return ActorRef(cell) if pool is None else PoolRef(cell, pool)
