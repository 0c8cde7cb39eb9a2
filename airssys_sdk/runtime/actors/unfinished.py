"""What a handler or hook has not finished when it returns: the cell waits for it, or gives it up."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from ..errors import ActorStopped, MessageKilled
from ..events import DeadReason
from ..messages.envelope import ENVELOPE
from ..messages.mailbox import EMPTY
from ..messages.pending import Pending, Settled
from ..state import describe
from .unhandled import bury

if TYPE_CHECKING:
    from .cell import Cell


def wait_for(cell: Cell, unfinished: object, listener: Settled) -> None:
    """Let `listener` hear how a `Pending` or awaitable ends; `work` is what can be cancelled meanwhile."""
    work = pending_of(cell, unfinished)
    cell.work = work
    work.listen(listener, cell.system.run_queue.call)


def pending_of(cell: Cell, unfinished: object) -> Pending:
    """A `Pending`, or what is made of an awaitable."""
    return unfinished if isinstance(unfinished, Pending) else _awaited(cell, unfinished)


def _awaited(cell: Cell, awaitable: Any) -> Pending:
    task: asyncio.Future[object] = asyncio.ensure_future(awaitable, loop=cell.system.loop)

    def cancel() -> None:
        task.cancel()

    pending = Pending(cancel)

    def done(task: asyncio.Future[object]) -> None:
        if task.cancelled():
            pending.fail(ActorStopped(f"{cell} was cancelled"))
            return
        error = task.exception()
        if error is None:
            pending.succeed(task.result())
        elif isinstance(error, Exception):
            pending.fail(error)
        else:
            pending.fail(RuntimeError(describe(error)))

    task.add_done_callback(done)
    return pending


def work_ended(cell: Cell) -> None:
    """Tell whoever waits for `work` that it ended."""
    idle = cell.rare.idle
    if idle is not None and not idle.done():
        idle.set_result(True)


def give_up_work(cell: Cell, *, killed: bool = False) -> None:
    """Cancel what the cell waits for; a message in the middle of it becomes a dead letter.

    A durable one is put back if the actor is `killed` because it has to stop.
    """
    work, cell.work = cell.work, None
    message, cell.message = cell.message, EMPTY
    if work is not None:
        work.cancel()
    if killed and type(message) is ENVELOPE and message.kept is not None:
        cell.mailbox.put_back(message)
    elif message is not EMPTY:
        cell.own().dead_lettered += 1
        bury(
            cell, message, DeadReason.KILLED, MessageKilled(f"{cell} was killed in the middle of the message")
        )
