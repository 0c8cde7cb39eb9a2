"""How a life of an actor begins and ends: start, orderly stop, crash, and the end of the name.

A life ends in one of two ways: in order (`_halt`: the current message ends, `stopping`, the children in reverse order,
`stopped`; all in bounded time) or by a crash (the children, `stopped`). Either way the mailbox stays. Then the
supervisor decides, and only `finish` closes the mailbox. What needs no waiting is done at once, without a task.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from ..errors import StartFailed
from ..events import ActorEnded, ActorFailed, ActorStarted, HookFailed, LifeEnded
from ..messages.pending import is_unfinished
from ..state import (
    BUSY,
    DOWN,
    ENDED,
    KILLED,
    RUNNING,
    SHUTDOWN,
    STARTING,
    STOPPING,
    Exit,
    ExitKind,
    describe,
)
from .between import run_actions
from .spec import IMMEDIATE

if TYPE_CHECKING:
    from .cell import Cell

_log = logging.getLogger("airssys.runtime")


def begin(cell: Cell) -> None:
    """Begin a life: a new actor from the factory, then its hook `started`; messages wait meanwhile."""
    cell.restart = None
    cell.exit = None
    cell.state = STARTING
    try:
        cell.new_life()
        hook = getattr(cell.actor, "started", None)
        unfinished = None if hook is None else hook(cell.context)
    except Exception as error:  # noqa: BLE001 - whatever a factory or hook raises is told to the supervisor
        crash(cell, error)
        return
    if unfinished is None or not is_unfinished(unfinished):
        _running(cell)
        return

    def started(_value: object, error: Exception | None) -> None:
        cell.work = None
        if error is not None:
            crash(cell, error)
        _running(cell)
        cell.look_up()

    cell.wait_for(unfinished, started)


def _running(cell: Cell) -> None:
    if cell.state is not STARTING:
        return  # it crashed, or must stop already
    cell.state = RUNNING
    if cell.system.events.wanted:
        cell.system.events.publish(ActorStarted(str(cell), cell.restarts))
    if cell.settled is not None:
        _settle(cell, running=True)
    watch(cell)
    if cell.between:
        run_actions(cell)
    if cell.state is RUNNING:
        cell.mailbox.resume()


def watch(cell: Cell) -> None:
    """Watch the health of the life that has begun, as its spec says."""
    if cell.monitor is not None:
        cell.monitor.close()
        cell.monitor = None
    if cell.spec.health is not None:
        from .monitor import Monitor

        cell.monitor = Monitor(cell, cell.spec.health)


def crash(cell: Cell, error: Exception) -> None:
    """End this life because of `error`, now; the supervisor hears of it when the children are gone.

    A first life that did not start ends the name too: whoever started it hears of it, no restart is tried.
    """
    system = cell.system
    if system.events.wanted:
        system.events.publish(ActorFailed(str(cell), error))
    if cell.state not in (STARTING, RUNNING, BUSY):
        return  # it is stopping already, and goes on with that
    never_ran = cell.state is STARTING and cell.restarts == 0
    _leave(cell, Exit(ExitKind.FAILED, error))
    cell.give_up_work()
    if cell.supervisor is None or not cell.supervisor.cells:
        _over(cell)
        _report(cell, never_ran=never_ran)
        return

    async def end() -> None:
        await _halt_children(cell)
        _over(cell)
        _report(cell, never_ran=never_ran)

    cell.stopping = system.run(end())


def stop_self(cell: Cell, exit_: Exit) -> None:
    """The actor itself wants to end this life, after the current message."""
    if cell.state not in (STARTING, RUNNING, BUSY):
        return
    _leave(cell, exit_)

    async def end() -> None:
        await _halt(cell)
        _report(cell)

    cell.stopping = cell.system.run(end())


async def stop(cell: Cell) -> Exit:
    """Stop it for good; see `ActorRef.stop`."""
    await halt(cell)
    return finish(cell)


async def halt(cell: Cell) -> None:
    """End this life in order and start no other; the mailbox stays."""
    while cell.state not in (DOWN, ENDED):
        if cell.state is not STOPPING:
            _leave(cell, SHUTDOWN)
            if cell.work is None and cell.supervisor is None and not hasattr(cell.actor, "stopping"):
                _end_in_order(cell, began=cell.system.clock.now(), killed=False)
                break
            cell.stopping = cell.system.run(_halt(cell))
        if cell.stopping is not None:
            # Not awaited itself: whoever waits here may be cancelled, the stop may not.
            await asyncio.wait({cell.stopping})
    # A crash that was under way may have planned a restart.
    if cell.restart is not None:
        cell.restart.cancel()
        cell.restart = None


def finish(cell: Cell) -> Exit:
    """The name is gone: what waits becomes dead letters, whoever watches is told. The life must have ended."""
    if cell.state is ENDED and cell.exit is not None:
        return cell.exit
    system = cell.system
    if cell.restart is not None:
        cell.restart.cancel()
        cell.restart = None
    cell.state = ENDED
    exit_ = cell.exit = cell.exit or SHUTDOWN
    if cell.supervisor is not None:
        for child in reversed(tuple(cell.supervisor.cells)):
            finish(child)
    cell.mailbox.close()
    cell.discard_waiting()
    if cell.parent is not None and cell.parent.supervisor is not None:
        cell.parent.supervisor.cells.pop(cell, None)
    if cell.name is not None:
        system.names.pop(cell.name, None)
    system.retire(cell.metrics())
    _settle(cell, running=False)
    listeners, cell.listeners = cell.listeners, None
    for listener in listeners or ():
        listener(exit_)
    if system.events.wanted:
        system.events.publish(ActorEnded(str(cell), exit_))
    if cell.between:
        run_actions(cell)
    return exit_


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


def settling(cell: Cell) -> asyncio.Future[bool]:
    """The next start (True) or end (False) of a life. Others wait for it too: do not cancel it."""
    if cell.settled is None:
        cell.settled = cell.system.loop.create_future()
    return cell.settled


def _settle(cell: Cell, *, running: bool) -> None:
    settled, cell.settled = cell.settled, None
    if settled is not None and not settled.done():
        settled.set_result(running)


def _leave(cell: Cell, exit_: Exit) -> None:
    """From here on no further message is handled in this life."""
    cell.state = STOPPING
    cell.exit = exit_
    cell.mailbox.scheduled = True
    cell.mailbox.interrupted = True


async def _halt(cell: Cell) -> None:
    """The orderly end: message, hook, children, hook; the first two share the shutdown time."""
    system = cell.system
    began = system.clock.now()
    killed = cell.work is not None and not await _work_ends(cell, began)
    hook = None if killed or cell.spec.shutdown == IMMEDIATE else getattr(cell.actor, "stopping", None)
    if hook is not None:
        try:
            unfinished = hook(cell.context)
        except Exception as error:  # noqa: BLE001 - the stop goes on; the error is reported
            _hook_failed(cell, "stopping", error)
        else:
            if unfinished is not None and is_unfinished(unfinished):
                killed = not await _hook_ends(cell, unfinished, began)
    if killed:
        cell.give_up_work(killed=True)
    await _halt_children(cell)
    _end_in_order(cell, began=began, killed=killed)


async def _work_ends(cell: Cell, began: float) -> bool:
    """Wait for `cell.work`, as long as the shutdown time allows; False if it did not end."""
    system = cell.system
    left = began + cell.spec.shutdown - system.clock.now()
    if left <= 0 or system.killing:
        return False
    cell.idle = system.loop.create_future()
    try:
        return await system.timers.sleep_until(cell.idle, left)
    finally:
        cell.idle = None


async def _hook_ends(cell: Cell, unfinished: object, began: float) -> bool:
    def ended(_value: object, error: Exception | None) -> None:
        cell.work = None
        if error is not None:
            _hook_failed(cell, "stopping", error)
        cell.look_up()

    cell.wait_for(unfinished, ended)
    return await _work_ends(cell, began)


async def _halt_children(cell: Cell) -> None:
    """End the children's lives in reverse order. A supervisor keeps their names, an actor makes new ones."""
    supervisor = cell.supervisor
    if supervisor is None:
        return
    await supervisor.close()
    for child in reversed(tuple(supervisor.cells)):
        await halt(child)
        if not supervisor.keeps(child):
            finish(child)


def _end_in_order(cell: Cell, *, began: float, killed: bool) -> None:
    if killed:
        cell.exit = KILLED
    _over(cell)
    if cell.system.events.wanted and cell.exit is not None:
        cell.system.events.publish(LifeEnded(str(cell), cell.exit, cell.system.clock.now() - began))


def _over(cell: Cell) -> None:
    """Nothing of this life remains."""
    hook = getattr(cell.actor, "stopped", None)
    if hook is not None:
        try:
            hook(cell.context)
        except Exception as error:  # noqa: BLE001 - the end goes on; the error is reported
            _hook_failed(cell, "stopped", error)
    cell.end_life()
    cell.state = DOWN
    cell.stopping = None
    _settle(cell, running=False)


def _report(cell: Cell, *, never_ran: bool = False) -> None:
    """This life has ended by itself: somebody has to decide what follows."""
    if cell.parent is None:
        cell.system.root_over(cell)
    elif never_ran:
        finish(cell)
    elif cell.parent.supervisor is not None and cell.state is DOWN and cell.exit is not None:
        cell.parent.supervisor.child_exited(cell, cell.exit)
        if cell.between:
            run_actions(cell)


def _hook_failed(cell: Cell, hook: str, error: Exception) -> None:
    _log.warning("%s: the hook %s failed: %s", cell, hook, describe(error))
    cell.system.events.publish(HookFailed(str(cell), hook, error))
