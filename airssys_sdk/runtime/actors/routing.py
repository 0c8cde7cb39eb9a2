"""Several workers that do the same: which of them gets the next message, and how to wait until one has room."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Literal, TypeAlias

from ..messages.mailbox import EMPTY
from ..messages.outcomes import Metrics
from ..state import BUSY, RUNNING

if TYPE_CHECKING:
    from .cell import Cell

Routing: TypeAlias = Literal["round-robin", "least-loaded"]
"""`round-robin`: one after the other. `least-loaded`: whoever has the fewest messages, the one in progress included."""

ROUTINGS: tuple[Routing, ...] = ("round-robin", "least-loaded")

_DOWN = sys.maxsize // 2
"""What counts more than any number of messages."""


class Router:
    """Chooses among workers.

    Whoever does not run, or has no room, is passed over while another can take the message. If none runs, the message
    waits where there is room until its worker has started again.

    Attributes:
        workers: those that have not ended for good, in start order. Replaced as a whole: other threads read it.
        retired: the counts of those that have.
    """

    __slots__ = ("_least_loaded", "_turn", "retired", "workers")

    def __init__(self, routing: Routing) -> None:
        self.workers: tuple[Cell, ...] = ()
        self.retired = Metrics()
        self._least_loaded = routing == "least-loaded"
        self._turn = -1

    def join(self, worker: Cell) -> None:
        """Send it messages too, until it ends for good."""
        self.workers = (*self.workers, worker)
        worker.on_end(lambda _: self._leave(worker))

    def choose(self) -> Cell | None:
        """The worker that should get a message now, from any thread; None: nobody has room."""
        turn = self._turn = self._turn + 1
        workers = self.workers
        if not workers:
            return None
        if self._least_loaded:
            return _least_loaded(workers, turn)
        worker = workers[turn % len(workers)]
        mailbox = worker.mailbox
        state = worker.state
        # As `has_room`, spelled out: this runs once a message.
        if (state is RUNNING or state is BUSY) and mailbox.normal.qsize() < mailbox.room:
            return worker
        able = [worker for worker in workers if worker.mailbox.has_room]
        able = [worker for worker in able if worker.state in (RUNNING, BUSY)] or able
        return able[turn % len(able)] if able else None

    def metrics(self) -> Metrics:
        """The sum over the workers, those included that have ended for good."""
        return sum((worker.metrics() for worker in self.workers), self.retired)

    @property
    def must_wait(self) -> bool:
        """Whether a caller who can wait should wait for room."""
        return bool(self.workers) and all(worker.mailbox.must_wait for worker in self.workers)

    async def until_room(self) -> None:
        """Wait until a worker has room, if their overflow policy is to block; else return at once.

        Returns also when all have stopped meanwhile.
        """
        while self.must_wait:
            promises = [asyncio.ensure_future(worker.mailbox.until_room()) for worker in self.workers]
            try:
                await asyncio.wait(promises, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for promise in promises:
                    promise.cancel()
                # Several may have promised room at once, and this caller takes it at one of them: others look again.
                self.release()

    def release(self) -> None:
        """Room that was promised to a caller is not used: others get it."""
        for worker in self.workers:
            worker.mailbox.release()

    def _leave(self, worker: Cell) -> None:
        self.workers = tuple(other for other in self.workers if other is not worker)
        self.retired += worker.metrics()


def _least_loaded(workers: tuple[Cell, ...], turn: int) -> Cell | None:
    best: Cell | None = None
    fewest = 0
    first = turn % len(workers)  # among equals everybody has a turn
    for worker in workers[first:] + workers[:first]:
        mailbox = worker.mailbox
        load = mailbox.normal.qsize()
        if load >= mailbox.room:
            continue
        if mailbox.interrupted:  # else it runs, is at no message, and no other priority waits
            load = mailbox.depth + (worker.message is not EMPTY)
            if worker.state not in (RUNNING, BUSY):
                load += _DOWN
        if not load:
            return worker
        if best is None or load < fewest:
            best, fewest = worker, load
    return best
