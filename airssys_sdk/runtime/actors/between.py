"""What is done to an actor between two of its messages: nothing else is handled meanwhile."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from ..messages.pending import Pending, is_unfinished
from ..state import BUSY, DOWN, ENDED, RUNNING
from .unfinished import wait_for, work_ended

if TYPE_CHECKING:
    from .cell import Cell

Action: TypeAlias = Callable[[], Pending | None]
"""Called when the actor runs and is at no message, waits for a restart, or is gone; must not raise. While the `Pending` that
it may return is not settled, a running actor handles no message; if its life ends first, the `Pending` is cancelled."""


def between_messages(cell: Cell, action: Action) -> Callable[[], None]:
    """Do something between two messages: now, or when the message in progress, a start or a stop is over.

    On the loop's thread, and not from a handler of this actor.

    Returns:
        Calls the action off; does nothing once it has begun.
    """
    rare = cell.own()
    if rare.between is None:
        rare.between = deque()
    actions = rare.between
    actions.append(action)

    def call_off() -> None:
        if action in actions:
            actions.remove(action)

    if _may_act(cell):
        run_actions(cell)
        if cell.state is RUNNING:
            cell.mailbox.resume()
    return call_off


def run_actions(cell: Cell) -> None:
    """Do what waits, until something takes its time; whoever calls this resumes the mailbox if the actor runs then."""
    while cell.rare.between and _may_act(cell):
        unfinished = cell.rare.between.popleft()()
        if unfinished is not None and is_unfinished(unfinished) and cell.state is RUNNING:
            cell.state = BUSY
            cell.mailbox.scheduled = True
            cell.mailbox.interrupted = True
            wait_for(cell, unfinished, lambda _value, _error: _go_on(cell))


def _may_act(cell: Cell) -> bool:
    # Without a planned restart, whoever is down is about to start with others, or to end.
    return cell.state in (RUNNING, ENDED) or (cell.state is DOWN and cell.rare.restart is not None)


def _go_on(cell: Cell) -> None:
    cell.work = None
    if cell.state is BUSY:
        cell.state = RUNNING
    run_actions(cell)
    work_ended(cell)
    if cell.state is RUNNING:
        cell.mailbox.resume()
