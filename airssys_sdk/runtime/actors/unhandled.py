"""What becomes of a message that is not handled: told to whoever asked, kept as a dead letter, left on disk; and counted."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from ..errors import ActorStopped
from ..events import DeadLetter, DeadReason, MessageFailed
from ..messages.envelope import ENVELOPE, Envelope
from ..messages.mailbox import EMPTY
from ..messages.outcomes import Metrics
from ..state import describe

if TYPE_CHECKING:
    from .cell import Cell

_log = logging.getLogger("airssys.runtime")


def fail(cell: Cell, message: object, error: Exception) -> None:
    """This message failed and nothing else."""
    cell.own().failed += 1
    forget(message)
    if type(message) is ENVELOPE and message.reply_to is not None:
        message.reply_to.fail(error)
    else:
        _log.warning("%s: a message failed: %s", cell, describe(error))
    if cell.system.events.wanted:
        cell.system.events.publish(MessageFailed(str(cell), error))


def bury(cell: Cell, message: object, reason: DeadReason, error: Exception) -> None:
    """Nobody handles it: keep it as a dead letter, and tell whoever asked."""
    envelope: Envelope[Any] = message if type(message) is ENVELOPE else Envelope(message)
    forget(envelope)
    cell.system.bury(DeadLetter(str(cell), envelope.payload, envelope.sender, reason, error))
    if envelope.reply_to is not None:
        envelope.reply_to.fail(error)


def discard_waiting(cell: Cell) -> Metrics:
    """Nobody will handle what waits: it becomes dead letters, or stays in the durable mailbox; says how many each are."""
    before = cell.rare.dead_lettered, cell.rare.kept
    while (message := cell.mailbox.take()) is not EMPTY:
        error = ActorStopped(f"{cell} stopped before it came to the message")
        if type(message) is ENVELOPE and message.kept is not None:
            cell.own().kept += 1
            if message.reply_to is not None:
                message.reply_to.fail(error)
        else:
            cell.own().dead_lettered += 1
            bury(cell, message, DeadReason.STOPPED, error)
    return Metrics(dead_lettered=cell.rare.dead_lettered - before[0], kept=cell.rare.kept - before[1])


def forget(message: object) -> None:
    """A durable message has ended otherwise than by being handled."""
    if type(message) is ENVELOPE and message.kept is not None:
        message.kept.forget()
