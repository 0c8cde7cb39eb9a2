"""How a life ends in order, and how a name ends.

In order means: the current message ends, `stopping`, the children in reverse order, `stopped`; all in bounded time. Only
`finish` closes the mailbox. What needs no waiting is done at once, without a task.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ..events import ActorEnded, LifeEnded
from ..messages.pending import is_unfinished
from ..state import DOWN, ENDED, KILLED, SHUTDOWN, STOPPING, Exit
from .between import run_actions
from .failures import hook_failed, tell_end
from .spec import IMMEDIATE
from .unfinished import give_up_work, wait_for, work_ended
from .unhandled import discard_waiting

if TYPE_CHECKING:
    from .cell import Cell


async def stop(cell: Cell) -> Exit:
    """Stop it for good; see `ActorRef.stop`."""
    if _halted_at_once(cell):
        return finish(cell)
    # Whoever waits here may give up; the stop may not.
    return await asyncio.shield(cell.system.run(_stop(cell)))


async def _stop(cell: Cell) -> Exit:
    await halt(cell)
    return finish(cell)


async def halt(cell: Cell) -> None:
    """End this life in order and start no other; the mailbox stays."""
    while not _halted_at_once(cell):
        if cell.state is not STOPPING:
            leave(cell, SHUTDOWN)
            cell.own().stopping = cell.system.run(end_in_order(cell))
        ending = cell.rare.stopping
        if ending is None:
            await asyncio.wait({settling(cell)})
            continue
        # Not awaited itself: whoever waits here may be cancelled, the stop may not.
        await asyncio.wait({ending})
        if cell.rare.stopping is ending:
            _cut_short(cell)


def _halted_at_once(cell: Cell) -> bool:
    """Whether no life runs and none will; ends one that needs no waiting for."""
    if cell.state not in (STOPPING, DOWN, ENDED) and cell.work is None and cell.supervisor is None:
        try:
            at_once = not hasattr(cell.actor, "stopping")
        except Exception:  # noqa: BLE001 - reported when the hook is to be called
            at_once = False
        if at_once:
            leave(cell, SHUTDOWN)
            _ended_in_order(cell, began=cell.system.clock.now(), killed=False)
    if cell.state not in (DOWN, ENDED):
        return False
    # A crash that was under way may have planned a restart.
    call_off_restart(cell)
    return True


def finish(cell: Cell) -> Exit:
    """The name is gone: what waits becomes dead letters, whoever watches is told. The life must have ended."""
    if cell.state is ENDED and cell.exit is not None:
        return cell.exit
    # No recursion: trees may be deeper than Python's stack.
    below = [cell]
    parents_first: list[Cell] = []
    while below:
        one = below.pop()
        if one.state is not ENDED:
            call_off_restart(one)
            one.state = ENDED
            parents_first.append(one)
            if one.supervisor is not None:
                below.extend(reversed(one.supervisor.cells))
    exit_ = SHUTDOWN
    while parents_first:
        exit_ = _finish_one(parents_first.pop())
    return exit_


def _finish_one(cell: Cell) -> Exit:
    """The rest of `finish`, when the children are gone."""
    system = cell.system
    exit_ = cell.exit = cell.exit or SHUTDOWN
    cell.mailbox.close()
    discard_waiting(cell)
    if cell.parent is not None and cell.parent.supervisor is not None:
        cell.parent.supervisor.cells.pop(cell, None)
    if cell.name is not None:
        system.names.pop(cell.name, None)
    system.retire(cell.metrics())
    settle(cell, running=False)
    listeners = cell.rare.listeners
    if listeners is not None:
        cell.rare.listeners = None
        for listener in listeners.values():
            tell_end(cell, listener, exit_)
    if system.events.wanted:
        system.events.publish(ActorEnded(str(cell), exit_))
    if cell.rare.between:
        run_actions(cell)
    return exit_


def call_off_restart(cell: Cell) -> None:
    """Forget the restart that is planned, if one is."""
    if cell.rare.restart is not None:
        cell.rare.restart.cancel()
        cell.rare.restart = None


def leave(cell: Cell, exit_: Exit) -> None:
    """From here on no further message is handled in this life."""
    cell.state = STOPPING
    cell.exit = exit_
    cell.mailbox.scheduled = True
    cell.mailbox.interrupted = True


async def end_in_order(cell: Cell) -> None:
    """The orderly end: message, hook, children, hook; the first two share the shutdown time."""
    system = cell.system
    began = system.clock.now()
    killed = cell.work is not None and not await _work_ends(cell, began)
    if not killed and cell.spec.shutdown != IMMEDIATE:
        try:
            hook = getattr(cell.actor, "stopping", None)
            unfinished = None if hook is None else hook(cell.context)
        except BaseException as error:  # noqa: BLE001 - the stop goes on; the error is reported
            hook_failed(cell, "stopping", error)
        else:
            if unfinished is not None and is_unfinished(unfinished):
                killed = not await _hook_ends(cell, unfinished, began)
    if killed:
        give_up_work(cell, killed=True)
    await halt_children(cell)
    _ended_in_order(cell, began=began, killed=killed)


async def _work_ends(cell: Cell, began: float) -> bool:
    """Wait for `cell.work`, as long as the shutdown time allows; False if it did not end."""
    system = cell.system
    left = began + cell.spec.shutdown - system.clock.now()
    if left <= 0 or system.killing:
        return False
    rare = cell.own()
    rare.idle = system.loop.create_future()
    try:
        return await system.timers.sleep_until(rare.idle, left)
    finally:
        rare.idle = None


async def _hook_ends(cell: Cell, unfinished: object, began: float) -> bool:
    def ended(_value: object, error: Exception | None) -> None:
        cell.work = None
        if error is not None:
            hook_failed(cell, "stopping", error)
        work_ended(cell)

    wait_for(cell, unfinished, ended)
    return await _work_ends(cell, began)


async def halt_children(cell: Cell) -> None:
    """End the children's lives in reverse order. A supervisor keeps their names, an actor makes new ones."""
    supervisor = cell.supervisor
    if supervisor is None:
        return
    await supervisor.close()
    for child in reversed(tuple(supervisor.cells)):
        await halt(child)
        if not supervisor.keeps(child):
            finish(child)


def _ended_in_order(cell: Cell, *, began: float, killed: bool) -> None:
    if killed:
        cell.exit = KILLED
    over(cell)
    if cell.system.events.wanted and cell.exit is not None:
        cell.system.events.publish(LifeEnded(str(cell), cell.exit, cell.system.clock.now() - began))


def _cut_short(cell: Cell) -> None:
    """The orderly end was cancelled (the loop itself ends) and nobody will go on with it: this is the rest."""
    give_up_work(cell, killed=True)
    cell.exit = KILLED
    over(cell)


def over(cell: Cell) -> None:
    """Nothing of this life remains."""
    try:
        hook = getattr(cell.actor, "stopped", None)
        if hook is not None:
            hook(cell.context)
    except BaseException as error:  # noqa: BLE001 - the end goes on; the error is reported
        hook_failed(cell, "stopped", error)
    cell.end_life()
    cell.state = DOWN
    if cell.rare.stopping is not None:
        cell.rare.stopping = None
    settle(cell, running=False)


def settling(cell: Cell) -> asyncio.Future[bool]:
    """The next start (True) or end (False) of a life. Others wait for it too: do not cancel it."""
    rare = cell.own()
    if rare.settled is None:
        rare.settled = cell.system.loop.create_future()
    return rare.settled


def settle(cell: Cell, *, running: bool) -> None:
    """Tell whoever waits for it that a life has started, or has ended."""
    settled = cell.rare.settled
    if settled is None:
        return
    cell.rare.settled = None
    if not settled.done():
        settled.set_result(running)
