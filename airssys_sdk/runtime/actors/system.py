"""The actor system: one event loop's actors, from their root to the end."""

from __future__ import annotations

import asyncio
import functools
import random
from collections import Counter, deque
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Self, TypeVar

from airssys_sdk.errors import UsageError

from ..errors import ActorNotFound
from ..events import DeadLetter, DeadReason, EventStream
from ..messages.outcomes import Metrics
from ..messages.requests import Requests
from ..scheduling.queue import RunQueue
from ..scheduling.timers import Clock, LoopClock, Timers
from ..state import ENDED, Exit
from . import ending, lifecycle, tree
from .broker import Topics
from .cell import Cell
from .pool import ref_of
from .ref import ActorRef
from .spec import INFINITY, ChildSpec, Factory, PoolSpec, SupervisorSpec

M = TypeVar("M")
T = TypeVar("T")

_new: Callable[[Any], Any] = object.__new__


class ActorSystem:
    """All actors of one event loop; `async with ActorSystem() as system`.

    At its root is a supervisor named `root`. If that gives up, the system stops; `ended()` then tells why.

    Attributes:
        loop: the event loop whose thread everything runs on.
        clock: where timeouts, times to live, restarts and shutdowns get their time from.
        timers: calls in the future, by that clock.
        events: what happens.
        requests: the open requests, with counts of how the others ended.
        topics: publish and subscribe.
        dead_letters: the last of them, at most `keep_dead_letters`.
        dead: how many there were, by reason.
        serial: the number of the newest cell; for the runtime.
        new_future: makes a future of the loop.

    Args:
        clock: a `ManualClock` in tests; None: real time.
        random: numbers from 0 to 1 for the jitter of restarts.
        keep_dead_letters: how many are kept to be looked at.
    """

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        random: Callable[[], float] = random.random,
        keep_dead_letters: int = 1000,
    ) -> None:
        self.loop = asyncio.get_running_loop()
        self.new_future = _new_future(self.loop)
        self.clock: Clock = LoopClock(self.loop) if clock is None else clock
        self.random = random
        self.timers = Timers(self.clock)
        self.events = EventStream()
        self.run_queue = RunQueue(self.loop)
        self.requests = Requests(self.timers)
        self.topics = Topics(self)
        self.dead_letters: deque[DeadLetter] = deque(maxlen=keep_dead_letters)
        self.dead: Counter[DeadReason] = Counter()
        self.names: dict[str, Cell] = {}
        self.killing = False
        self.serial = 0
        self._retired = Metrics()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._ended: asyncio.Future[Exit] = self.loop.create_future()
        root = ChildSpec(tree.Idle, shutdown=INFINITY)
        self._root = Cell().set_up(self, None, tree.Idle, "root", root)
        lifecycle.begin(self._root)

    def spawn(
        self,
        actor: Factory[M] | ChildSpec[M] | PoolSpec[M] | SupervisorSpec,
        *,
        name: str | None = None,
        under: ActorRef[Any] | None = None,
    ) -> ActorRef[M]:
        """Start an actor, a pool or a supervisor.

        The factory and a hook `started` that need not wait run at once; `await ref.ready()` to know that it runs.

        Args:
            actor: makes the actor: a class, a function without arguments, or a whole `ChildSpec`; or a pool of them.
            name: to find it by; a spec has its own.
            under: the supervisor (or actor) that it shall belong to; None: the root.

        Raises:
            NameTaken: a live actor has this name.
            UsageError: `under` does not run, or this makes no actor.
        """
        parent = self._root if under is None else under.cell
        cell = tree.spawn(parent, actor, name)
        if cell.supervisor is not None:
            return ref_of(cell)
        ref: ActorRef[M] = _new(ActorRef)  # in two steps, which up to Python 3.13 takes half the time
        ref.__init__(cell)  # type: ignore[misc]
        return ref

    def find(self, name: str) -> ActorRef[Any] | None:
        """The live actor with this name."""
        cell = self.names.get(name)
        return None if cell is None else ref_of(cell)

    def get(self, name: str) -> ActorRef[Any]:
        """The live actor with this name.

        Raises:
            ActorNotFound: there is none.
        """
        ref = self.find(name)
        if ref is None:
            raise ActorNotFound(f"no actor has the name {name!r}")
        return ref

    def metrics(self) -> Metrics:
        """What became of all messages so far, in this system."""
        return sum((cell.metrics() for cell in self.cells()), self._retired)

    async def stop(self, timeout: float | None = None) -> Exit:  # noqa: ASYNC109 - then it kills
        """Stop all actors in order, the last started first, then end what waits for an answer.

        Goes on to its end also if nobody waits for it any longer.

        Args:
            timeout: seconds after which everything that still takes its time is killed; None: the shutdown times of the
                specs are enough.

        Returns:
            Why the system ended: an error if the root had given up.

        Raises:
            UsageError: its event loop is closed, and with it everything gone that could be stopped.
        """
        if self.loop.is_closed():
            raise UsageError(
                "the event loop of the system is closed, nothing is left that could be stopped in order",
                hint="stop it on its own loop, with 'async with ActorSystem() as system:' for instance",
            )
        # Whoever waits here may give up; the stop may not.
        return await asyncio.shield(self.run(self._stop(timeout)))

    async def _stop(self, timeout: float | None) -> Exit:  # noqa: ASYNC109 - then it kills
        timer = None if timeout is None else self.timers.after(timeout, self.kill)
        await ending.halt(self._root)
        if timer is not None:
            timer.cancel()
        self.root_over(self._root)
        return await self.ended()

    def kill(self) -> None:
        """Wait for nothing any longer in stops that are under way or come."""
        self.killing = True
        for cell in self.cells():
            idle = cell.rare.idle
            if idle is not None and not idle.done():
                idle.set_result(False)

    async def ended(self) -> Exit:
        """Wait until the system has stopped; tells why."""
        return await asyncio.shield(self._ended)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.stop()

    def cells(self) -> list[Cell]:
        """All live cells, parents first; for the runtime."""
        found: list[Cell] = []
        waiting = [self._root]
        while waiting:
            cell = waiting.pop()
            if cell.state is not ENDED:
                found.append(cell)
            if cell.supervisor is not None:
                waiting.extend(cell.supervisor.cells)
        return found

    def bury(self, letter: DeadLetter) -> None:
        """Keep, count and publish a dead letter; for the runtime."""
        self.dead[letter.reason] += 1
        self.dead_letters.append(letter)
        if self.events.wanted:
            self.events.publish(letter)

    def retire(self, metrics: Metrics) -> None:
        """Keep the counts of a cell that has ended; for the runtime."""
        self._retired += metrics

    def run(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Run a piece of lifecycle that has to wait; for the runtime."""
        task = self.loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def root_over(self, root: Cell) -> None:
        """The root's life has ended: so has the system; for the runtime."""
        if self._ended.done():
            return
        exit_ = ending.finish(root)
        self.requests.close()
        self.timers.close()
        self._ended.set_result(exit_)


def _new_future(loop: asyncio.AbstractEventLoop) -> Callable[[], asyncio.Future[Any]]:
    # What asyncio's own loops do, without their method in between: each ask makes a future.
    if getattr(type(loop), "create_future", None) is asyncio.BaseEventLoop.create_future:
        future: Any = asyncio.Future
        return functools.partial(future, loop=loop)
    return loop.create_future
