"""Taking over a name: another actor goes on where one was, between two messages; mailbox and name stay."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from airssys_sdk.errors import UsageError

from ..errors import ActorStopped, StartFailed
from ..messages.pending import Pending, is_unfinished
from ..state import DOWN, ENDED, describe
from . import lifecycle
from .between import between_messages
from .context import Context
from .failures import failure, hook_failed
from .unfinished import cancel, pending_of

if TYPE_CHECKING:
    from .cell import Cell
    from .spec import ChildSpec


@dataclasses.dataclass(frozen=True, slots=True)
class Takeover:
    """One actor has taken the name of another.

    Attributes:
        pause: seconds in which no message was handled, beyond the message in progress.
        retired: done when the actor of before has stopped; None if none ran.
    """

    pause: float
    retired: asyncio.Task[None] | None


async def take_over(cell: Cell, spec: ChildSpec[Any]) -> Takeover:
    """Let the actor of another spec take over, as soon as the message in progress is over.

    The new actor's hook `started` runs between the two messages. If it fails, the old actor goes on. If no actor runs,
    because the name waits for a restart, the new one starts at once, and the restarts of before are forgotten.

    Args:
        cell: the name.
        spec: what makes the actors from now on, and how they are supervised; its name does not count.

    Raises:
        ActorStopped: the name is gone.
        StartFailed: the new actor did not start; the cause says why.
        UsageError: the actor has children.
    """
    if cell.supervisor is not None and cell.supervisor.cells:
        raise UsageError(f"{cell} has children, and they belong to the actor that runs")
    done: asyncio.Future[Takeover] = cell.system.loop.create_future()
    attempt = _Attempt(cell, spec, done)
    call_off = between_messages(cell, attempt.begin)
    try:
        return await done
    except asyncio.CancelledError:
        if done.cancelled():
            call_off()
            attempt.give_up()
        else:
            done.exception()  # it came just too late, and nobody else will look at it
        raise


_OF_BEFORE = " of an actor without the name"


class _Attempt:
    """One takeover on its way."""

    def __init__(self, cell: Cell, spec: ChildSpec[Any], done: asyncio.Future[Takeover]) -> None:
        self._cell = cell
        self._spec = spec
        self._done = done
        self._began = 0.0
        self._actor: object = None
        self._context: Context | None = None
        self._starting: Callable[[], None] | None = None

    def give_up(self) -> None:
        """Nobody wants the new actor any more: if its start takes its time, the old one goes on without it."""
        if self._starting is not None:
            self._starting()

    def begin(self) -> Pending | None:
        """The actor is at no message."""
        cell = self._cell
        self._began = cell.system.clock.now()
        if cell.state is ENDED:
            self._fail(ActorStopped(f"{cell} has stopped"))
        elif cell.state is DOWN:
            self._begin_life()
        else:
            return self._start()
        return None

    def _begin_life(self) -> None:
        """No actor runs: the next life is one of the new spec, and begins now."""
        cell = self._cell
        self._adopt()
        if cell.rare.restart is not None:
            cell.rare.restart.cancel()
        lifecycle.begin_again(cell)
        self._succeed(None)

    def _start(self) -> Pending | None:
        """Start the new actor; the old one handles nothing meanwhile."""
        cell = self._cell
        try:
            self._actor = self._spec.factory()
            cell.receiver_of(self._actor)
            context = self._context = Context().set_up(cell)
            hook = getattr(self._actor, "started", None)
            unfinished = None if hook is None else hook(context)
        except BaseException as error:  # noqa: BLE001 - whatever a factory or hook raises is told to whoever deploys
            self._refuse(failure(cell, error))
            return None
        if unfinished is None or not is_unfinished(unfinished):
            self._swap(context)
            return None
        inner = pending_of(cell, unfinished)

        def given_up() -> None:
            # The old actor's life ended meanwhile, or nobody wants the new one any more.
            cancel(cell, inner)
            self._refuse(ActorStopped(f"{cell} ended while another was about to take over"))

        outer = Pending(given_up)

        def unwanted() -> None:
            if not outer.done:
                given_up()
                outer.succeed()

        self._starting = unwanted

        def started(_value: object, error: Exception | None) -> None:
            if outer.done:
                return
            if error is not None:
                self._refuse(error)
            else:
                self._swap(context)
            outer.succeed()

        inner.listen(started, cell.system.run_queue.call)
        return outer

    def _swap(self, new: Context) -> None:
        cell = self._cell
        old, context, shutdown = cell.actor, cell.context, cell.spec.shutdown
        cell.put_in(self._actor, new)
        self._adopt()
        lifecycle.watch(cell)
        context.close()
        self._succeed(cell.system.run(_retire(cell, old, context, shutdown)))

    def _adopt(self) -> None:
        cell, spec = self._cell, self._spec
        cell.spec, cell.factory = spec, spec.factory
        cell.mailbox.resize(spec.mailbox)
        if cell.rare.history is not None:
            cell.rare.history.clear()

    def _succeed(self, retired: asyncio.Task[None] | None) -> None:
        if not self._done.done():
            pause = self._cell.system.clock.now() - self._began
            self._done.set_result(Takeover(pause, retired))

    def _refuse(self, error: Exception) -> None:
        _say_stopped(self._cell, self._actor, self._context)
        if self._context is not None:
            self._context.close()
        failed = StartFailed(f"{self._cell}: the new actor did not start: {describe(error)}")
        failed.__cause__ = error
        self._fail(failed)

    def _fail(self, error: Exception) -> None:
        if not self._done.done():
            self._done.set_exception(error)


async def _retire(cell: Cell, actor: object, context: Context, seconds: float) -> None:
    """Stop an actor that has no name any more, in order and within its time."""
    system = cell.system
    if seconds > 0 and not system.killing:
        try:
            hook = getattr(actor, "stopping", None)
            unfinished = None if hook is None else hook(context)
        except BaseException as error:  # noqa: BLE001 - the stop goes on; the error is reported
            hook_failed(cell, "stopping", error, whose=_OF_BEFORE)
        else:
            if unfinished is not None and is_unfinished(unfinished):
                await _within(cell, pending_of(cell, unfinished), seconds)
    _say_stopped(cell, actor, context)


def _say_stopped(cell: Cell, actor: object, context: Context | None) -> None:
    try:
        hook = getattr(actor, "stopped", None)
        if hook is not None:
            hook(context)
    except BaseException as error:  # noqa: BLE001 - the end goes on; the error is reported
        hook_failed(cell, "stopped", error, whose=_OF_BEFORE)


async def _within(cell: Cell, pending: Pending, seconds: float) -> None:
    """Wait for the rest of the hook `stopping`, then give it up; a failure is reported."""
    system = cell.system
    over: asyncio.Future[bool] = system.loop.create_future()
    failed: list[Exception] = []

    def ended(_value: object, error: Exception | None) -> None:
        failed.extend([error] if error is not None else [])
        if not over.done():
            over.set_result(True)

    pending.listen(ended, system.run_queue.call)
    if not await system.timers.sleep_until(over, seconds):
        cancel(cell, pending)
        failed.append(ActorStopped(f"{cell} did not stop within {seconds:g} s"))
    if failed:
        hook_failed(cell, "stopping", failed[0], whose=_OF_BEFORE)
