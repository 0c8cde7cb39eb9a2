"""The supervisor: carries out what is decided about children that ended.

The decision itself (restart, let go, give up) is in `backoff` and knows neither actors nor time. Every cell with children
has a supervisor; a `SupervisorSpec` makes a cell whose actor does nothing else.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from typing import TYPE_CHECKING, Any

from ..errors import IntensityExceeded
from ..events import RestartPlanned, SupervisorGaveUp
from ..state import BUSY, DOWN, ENDED, RUNNING, Exit
from ..supervision.backoff import GiveUp, Policy, Remove, Restart, RestartHistory
from . import lifecycle
from .ending import finish, halt, settling
from .spec import Strategy, SupervisorSpec

if TYPE_CHECKING:
    from .cell import Cell
    from .pool import Pool


class Supervisor:
    """Keeps the children of one cell.

    Attributes:
        cells: the children, in start order.
        pool: what the children are workers of, if they are.
    """

    __slots__ = ("_closed", "_exits", "_group", "_owner", "_spec", "cells", "pool")

    def __init__(
        self, owner: Cell, spec: SupervisorSpec | None = None, pool: Pool[Any] | None = None
    ) -> None:
        self.pool = pool
        self._owner = owner
        self._spec = spec
        self.cells: dict[Cell, None] = {}
        # With the number of the life that ended.
        self._exits: deque[tuple[Cell, int, Exit]] = deque()
        self._group: asyncio.Task[None] | None = None
        self._closed: asyncio.Future[bool] | None = None

    @property
    def strategy(self) -> Strategy:
        """Who is restarted with a child that ended."""
        return Strategy.ONE_FOR_ONE if self._spec is None else self._spec.strategy

    def keeps(self, child: Cell) -> bool:
        """Whether the child and its mailbox outlive the owner's own restart."""
        return self._spec is not None and child.spec.policy is not Policy.TEMPORARY

    async def start(self) -> None:
        """Begin another life of the children that were kept from the owner's last one, in order, histories forgotten.

        Returns when each runs. One that does not start is restarted as after any end; one that somebody stops for good
        meanwhile is passed over.
        """
        self._closed = None
        self._exits.clear()
        cells = tuple(self.cells)
        for cell in cells:
            if cell.rare.history is not None:
                cell.rare.history.clear()
        for cell in cells:
            if cell.state is DOWN and self._group is None:
                lifecycle.begin_again(cell)
            # Else the group of one that did not start also starts this one.
            while cell.state not in (RUNNING, BUSY, ENDED):
                await asyncio.wait({settling(cell)})

    async def close(self) -> None:
        """Decide no more: the owner's life ends."""
        self._decide_no_more()
        if self._group is not None:
            await asyncio.wait({self._group})

    def _decide_no_more(self) -> None:
        if self._closed is None:
            self._closed = self._owner.system.loop.create_future()
        if not self._closed.done():
            self._closed.set_result(True)
        self._exits.clear()

    def child_exited(self, cell: Cell, exit_: Exit) -> None:
        """A child's life ended by itself: decide, and do what was decided."""
        if self._is_closed:
            return  # whoever closed us takes care of it
        if self._group is not None:
            self._exits.append((cell, cell.restarts, exit_))
            return
        system = self._owner.system
        rare = cell.own()
        if rare.history is None:
            rare.history = RestartHistory()
        spec = cell.spec
        decision = rare.history.decide(
            abnormal=exit_.abnormal,
            now=system.clock.now(),
            policy=spec.policy,
            intensity=spec.intensity,
            backoff=spec.backoff,
            random=system.random,
        )
        match decision:
            case Remove():
                finish(cell)
            case Restart(delay, count):
                if system.events.wanted:
                    system.events.publish(RestartPlanned(str(cell), delay, count))
                if self.strategy is Strategy.ONE_FOR_ONE:
                    self._restart_later(cell, delay)
                else:
                    self._group = system.run(self._restart_group(self._spared(cell), delay))
            case GiveUp(restarts, within):
                self._give_up(cell, exit_, restarts, within)

    def _restart_later(self, cell: Cell, delay: float) -> None:
        system = self._owner.system
        if delay > 0:
            cell.own().restart = system.timers.after(delay, lambda: lifecycle.begin_again(cell))
        else:
            cell.own().restart = system.loop.call_soon(lifecycle.begin_again, cell)

    def _give_up(self, cell: Cell, exit_: Exit, restarts: int, within: float) -> None:
        owner = self._owner
        error = IntensityExceeded(
            f"{cell} ended more than {restarts} times within {within:g} s; {owner} gives up",
            hint="the child's last error is the cause; raise its intensity if it may fail this often",
        )
        error.__cause__ = exit_.error
        owner.system.events.publish(SupervisorGaveUp(str(owner), str(cell), error))
        self._decide_no_more()
        # Not at once: the owner may be in the middle of its own turn, somewhere below us on the stack.
        owner.system.loop.call_soon(lifecycle.crash, owner, error)

    def _spared(self, first: Cell) -> frozenset[Cell]:
        """Who is not restarted with `first`; it may be stopped for good before the others are stopped, so this is decided at once."""
        if self.strategy is not Strategy.REST_FOR_ONE:
            return frozenset()
        return frozenset(itertools.takewhile(lambda cell: cell is not first, self.cells))

    async def _restart_group(self, spared: frozenset[Cell], delay: float) -> None:
        """Stop all others, wait, and start them in order."""
        group = [cell for cell in self.cells if cell not in spared]
        for cell in reversed(group):
            await halt(cell)
            if cell.spec.policy is Policy.TEMPORARY:
                finish(cell)
        if delay > 0:
            await self._sleep(delay)
        for cell in group:
            if self._is_closed:
                break
            if cell.state is DOWN and not await self._started_again(cell) and self._waits(cell):
                break  # its exit is in the queue; the next round starts the rest
        self._group = None
        while self._exits and self._group is None and not self._is_closed:
            cell, life, exit_ = self._exits.popleft()
            # Not if the group has started it again since, even if that life has ended too.
            if cell.state is DOWN and cell.restarts == life:
                self.child_exited(cell, exit_)

    async def _started_again(self, cell: Cell) -> bool:
        settled = settling(cell)
        lifecycle.begin_again(cell)
        await self._unless_closed(settled)
        return settled.done() and settled.result()

    def _waits(self, cell: Cell) -> bool:
        """Whether its exit is still to be decided about; not so if somebody has stopped it for good."""
        return any(waiting is cell and life == cell.restarts for waiting, life, _ in self._exits)

    async def _sleep(self, seconds: float) -> None:
        system = self._owner.system
        awake: asyncio.Future[bool] = system.loop.create_future()
        timer = system.timers.after(seconds, lambda: awake.set_result(True))
        await self._unless_closed(awake)
        timer.cancel()

    async def _unless_closed(self, future: asyncio.Future[bool]) -> None:
        if self._closed is None:
            self._closed = self._owner.system.loop.create_future()
        await asyncio.wait({future, self._closed}, return_when=asyncio.FIRST_COMPLETED)

    @property
    def _is_closed(self) -> bool:
        return self._closed is not None and self._closed.done()
