"""How a life of an actor begins and how it ends by itself: started, crashed, or stopped at its own wish.

Then the supervisor decides. The mailbox stays all the while. What needs no waiting is done at once, without a task. Ends
that somebody else wants, and what all ends have in common, are in `ending`.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from airssys_sdk.errors import AirssysError

from ..errors import StartFailed
from ..events import ActorFailed, ActorStarted
from ..messages.pending import is_unfinished
from ..state import BUSY, DOWN, ENDED, RUNNING, STARTING, Exit, ExitKind, describe
from .between import run_actions
from .ending import end_in_order, finish, halt_children, leave, over, settle, settling
from .failures import failure
from .rare import NEVER
from .unfinished import give_up_work, wait_for, work_ended

if TYPE_CHECKING:
    from .cell import Cell

_log = logging.getLogger("airssys.runtime")


def begin_again(cell: Cell) -> None:
    """Begin another life, when the last one has ended."""
    if cell.rare.restart is not None:
        cell.rare.restart = None
    cell.exit = None
    cell.state = STARTING
    cell.restarts += 1
    cell.mailbox.more = True  # some may wait that came before
    begin(cell)


def begin(cell: Cell) -> None:
    """Begin a life, the first one at that: a new actor from the factory, then its hook `started`; messages wait meanwhile."""
    try:
        cell.new_life()
        hook = getattr(cell.actor, "started", None)
        unfinished = None if hook is None else hook(cell.context)
    except BaseException as error:  # noqa: BLE001 - whatever a factory or hook raises is told to the supervisor
        crash(cell, failure(cell, error))
        return
    if unfinished is None or not is_unfinished(unfinished):
        usual = cell.rare is NEVER and cell.spec.health is None and not cell.system.events.wanted
        if usual and cell.state is STARTING:
            # As `_running`, spelled out: each spawn comes by here.
            cell.state = RUNNING
            mailbox = cell.mailbox
            # As `Mailbox.resume`, if nobody has sent anything yet; looked at last, see there.
            mailbox.interrupted = mailbox.scheduled = False
            if mailbox.more:
                mailbox.resume()
        else:
            _running(cell)
    else:
        _running_later(cell, unfinished)


def _running_later(cell: Cell, unfinished: object) -> None:
    """The hook takes its time."""

    def started(_value: object, error: Exception | None) -> None:
        cell.work = None
        if error is not None:
            crash(cell, error)
        _running(cell)
        work_ended(cell)

    wait_for(cell, unfinished, started)


def _running(cell: Cell) -> None:
    if cell.state is not STARTING:
        return  # it crashed, or must stop already
    cell.state = RUNNING
    if cell.system.events.wanted:
        cell.system.events.publish(ActorStarted(str(cell), cell.restarts))
    if cell.spec.health is not None or cell.rare is not NEVER:
        settle(cell, running=True)
        watch(cell)
        run_actions(cell)
    if cell.state is RUNNING:
        cell.mailbox.resume()


def watch(cell: Cell) -> None:
    """Watch the health of the life that has begun, as its spec says."""
    if cell.rare.monitor is not None:
        cell.rare.monitor.close()
        cell.rare.monitor = None
    if cell.spec.health is not None:
        from .monitor import Monitor

        cell.own().monitor = Monitor(cell, cell.spec.health)


async def until_running(cell: Cell) -> None:
    """Wait until it has started, or has started again.

    Raises:
        StartFailed: it ended instead.
    """
    while cell.state not in (RUNNING, BUSY):
        if cell.state is ENDED:
            error = None if cell.exit is None else cell.exit.error
            why = "it was stopped" if error is None else describe(error)
            raise StartFailed(f"{cell} did not start: {why}") from error
        await asyncio.wait({settling(cell)})


def crash(cell: Cell, error: Exception) -> None:
    """End this life because of `error`, now; the supervisor hears of it when the children are gone.

    A first life that did not start ends the name too: whoever started it hears of it, no restart is tried.
    """
    system = cell.system
    if system.events.wanted:
        system.events.publish(ActorFailed(str(cell), error))
    else:
        # An actor's author wants to see where; an error that explains itself has said so.
        where = None if isinstance(error, AirssysError) else error
        _log.warning("%s failed: %s", cell, describe(error), exc_info=where)
    if cell.state not in (STARTING, RUNNING, BUSY):
        return  # it is stopping already, and goes on with that
    never_ran = cell.state is STARTING and cell.restarts == 0
    leave(cell, Exit(ExitKind.FAILED, error))
    give_up_work(cell)
    if cell.supervisor is None or not cell.supervisor.cells:
        over(cell)
        _report(cell, never_ran=never_ran)
        return

    async def end() -> None:
        await halt_children(cell)
        over(cell)
        _report(cell, never_ran=never_ran)

    cell.own().stopping = system.run(end())


def stop_self(cell: Cell, exit_: Exit) -> None:
    """The actor itself wants to end this life, after the current message."""
    if cell.state not in (STARTING, RUNNING, BUSY):
        return
    leave(cell, exit_)

    async def end() -> None:
        await end_in_order(cell)
        _report(cell)

    cell.own().stopping = cell.system.run(end())


def _report(cell: Cell, *, never_ran: bool = False) -> None:
    """This life has ended by itself: somebody has to decide what follows."""
    if cell.parent is None:
        cell.system.root_over(cell)
    elif never_ran:
        finish(cell)
    elif cell.parent.supervisor is not None and cell.state is DOWN and cell.exit is not None:
        cell.parent.supervisor.child_exited(cell, cell.exit)
        if cell.rare.between:
            run_actions(cell)
