"""What a handler or hook has not finished when it returns: the cell waits for it, or gives it up."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from ..errors import ActorStopped, MessageKilled
from ..events import DeadReason
from ..messages.envelope import ENVELOPE
from ..messages.mailbox import EMPTY
from ..messages.pending import Pending, Settled
from ..state import describe
from .failures import as_exception, failure
from .unhandled import bury

if TYPE_CHECKING:
    from .cell import Cell

_log = logging.getLogger("airssys.runtime")


def wait_for(cell: Cell, unfinished: object, listener: Settled) -> None:
    """Let `listener` hear how a `Pending` or awaitable ends; `work` is what can be cancelled meanwhile."""
    work = pending_of(cell, unfinished)
    cell.work = work
    work.listen(listener, cell.system.run_queue.call)


def pending_of(cell: Cell, unfinished: object) -> Pending:
    """A `Pending`, or what is made of an awaitable."""
    if isinstance(unfinished, Pending):
        return unfinished
    try:
        return _awaited(cell, unfinished)
    except Exception as error:  # noqa: BLE001 - a future of another loop, say: it is how the work ends
        broken = Pending()
        broken.fail(error)
        return broken


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
        else:
            pending.fail(as_exception(error))

    task.add_done_callback(done)
    return pending


def work_ended(cell: Cell) -> None:
    """Tell whoever waits for `work` that it ended."""
    idle = cell.rare.idle
    if idle is not None and not idle.done():
        idle.set_result(True)


def cancel(cell: Cell, work: Pending) -> None:
    """Give a piece of work up; what its author's `on_cancel` raises changes nothing about that."""
    try:
        work.cancel()
    except BaseException as error:  # noqa: BLE001 - the work is given up all the same; the error is logged
        _log.warning("%s: giving up its work failed: %s", cell, describe(failure(cell, error)))


def give_up_work(cell: Cell, *, killed: bool = False) -> None:
    """Cancel what the cell waits for; a message in the middle of it becomes a dead letter.

    A durable one is put back if the actor is `killed` because it has to stop.
    """
    work, cell.work = cell.work, None
    message, cell.message = cell.message, EMPTY
    if work is not None:
        cancel(cell, work)
    if killed and type(message) is ENVELOPE and message.kept is not None:
        cell.mailbox.put_back(message)
    elif message is not EMPTY:
        cell.own().dead_lettered += 1
        bury(
            cell, message, DeadReason.KILLED, MessageKilled(f"{cell} was killed in the middle of the message")
        )
