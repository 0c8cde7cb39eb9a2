"""The turn of an actor: its messages are handled, until none waits, the time is over, or one takes longer."""

from __future__ import annotations

from queue import Empty
from time import monotonic
from typing import TYPE_CHECKING, Any

from ..errors import MessageError, MessageExpired
from ..events import DeadReason
from ..messages.envelope import ENVELOPE, Envelope
from ..messages.mailbox import EMPTY
from ..messages.pending import FINISHED, is_unfinished
from ..scheduling.queue import TURN_SECONDS
from ..state import BUSY, ENDED, RUNNING
from . import lifecycle
from .between import run_actions
from .failures import failure
from .unfinished import wait_for, work_ended
from .unhandled import bury, discard_waiting, fail, forget

if TYPE_CHECKING:
    from .cell import Cell


def turn(cell: Cell, now: float, /) -> bool:
    """Handle messages until none waits, the time is over, or the actor is busy with one; see `Runnable`.

    The first bare payload is handled right here: when there are many actors it mostly is the only one.
    """
    mailbox = cell.mailbox
    if mailbox.interrupted:
        _careful_turn(cell)
        return True
    normal = mailbox.normal
    cell.last_activity = now
    try:
        message = normal.get_nowait()
    except Empty:
        pass  # it was in the run queue twice
    else:
        if type(message) is ENVELOPE:
            open_envelope(cell, message)
        else:
            # Python 3.11 finds what is an attribute, and no method, three times as fast when it is not called in the same breath.
            receive = cell.receive
            try:
                result = receive(message, cell.context)
                if result is None or not _unfinished(cell, result, message):
                    cell.handled += 1
            except BaseException as error:  # noqa: BLE001 - decided in _raised
                _raised(cell, message, error)
    if not mailbox.interrupted:
        # As `Mailbox.unpark`, spelled out here and below: this runs once a turn.
        mailbox.scheduled = False
        if not mailbox.more:
            return False
        mailbox.more = False
        mailbox.scheduled = True
        _long_turn(cell, now)
        if not mailbox.interrupted:
            mailbox.scheduled = False
            if not normal.empty():
                mailbox.more = True
                mailbox.wake()
            return True
    if cell.state is RUNNING:
        mailbox.unpark()
    return True


def _long_turn(cell: Cell, started: float) -> None:
    """Handle the messages after the first, if there is time.

    Among bare payloads the clock is read after 1, 3, 7, 15 ...: a long one ends the turn, short ones do not pay.
    """
    if monotonic() - started > TURN_SECONDS:
        return
    mailbox = cell.mailbox
    take = mailbox.normal.get_nowait
    waiting = mailbox.normal.qsize()
    receive = cell.receive
    context = cell.context
    bare = 0
    look_up = 1
    message: object = EMPTY
    try:
        while waiting and not mailbox.interrupted:
            waiting -= 1
            message = take()
            if type(message) is ENVELOPE:
                cell.handled += bare
                bare, look_up = 0, 1
                if not open_envelope(cell, message):
                    return
            else:
                result = receive(message, context)
                if result is not None and _unfinished(cell, result, message):
                    break
                bare += 1
                if bare != look_up:
                    continue
                look_up += bare + 1
            if monotonic() - started > TURN_SECONDS:
                break
    except BaseException as error:  # noqa: BLE001 - decided in _raised
        # Counted before a crash (here and above), which may end the name and with it the counting.
        cell.handled += bare
        _raised(cell, message, error)
    else:
        cell.handled += bare


def _careful_turn(cell: Cell) -> None:
    """Look up after each message: other priorities wait, or somebody waits for room, or the actor does not run."""
    mailbox = cell.mailbox
    if cell.state is ENDED:
        # Another thread's message came in while the mailbox was closed; the next that does needs a turn, too.
        mailbox.scheduled = False
        cell.system.retire(discard_waiting(cell))
    if cell.state is not RUNNING:
        return
    now = monotonic()
    end = now + TURN_SECONDS
    while cell.state is RUNNING and now <= end:
        message = mailbox.take()
        if message is EMPTY:
            break
        open_envelope(cell, message if type(message) is ENVELOPE else Envelope(message))
        now = monotonic()
    cell.last_activity = now
    mailbox.release()
    if cell.state is RUNNING:
        mailbox.resume()


def open_envelope(cell: Cell, envelope: Envelope[Any]) -> bool:
    """Handle a message in its envelope; False ends the turn."""
    if envelope.expires_at is not None and cell.system.clock.now() >= envelope.expires_at:
        cell.own().expired += 1
        error = MessageExpired(f"the message to {cell} waited longer than {envelope.time_to_live} s")
        bury(cell, envelope, DeadReason.EXPIRED, error)
        return True
    context = cell.context
    context.envelope = envelope
    receive = cell.receive  # see `turn`
    try:
        result = receive(envelope.payload, context)
    except BaseException as error:  # noqa: BLE001 - decided in _raised
        _raised(cell, envelope, error)
        if cell.state is not RUNNING:
            return False
    else:
        if type(result) not in FINISHED and _unfinished(cell, result, envelope):
            return False
        cell.handled += 1
        if envelope.reply_to is not None:
            envelope.reply_to.succeed(result)
    context.envelope = None
    return True


def _raised(cell: Cell, message: object, error: BaseException) -> None:
    """A handler raised: the message failed, or the life ends."""
    if isinstance(error, MessageError):
        fail(cell, message, error)
        return
    _crash(cell, message, failure(cell, error))


def _crash(cell: Cell, message: object, error: Exception) -> None:
    """The handler raised: decide about the message, then the life ends."""
    on_crash = cell.spec.on_crash
    envelope: Envelope[Any] = message if type(message) is ENVELOPE else Envelope(message)
    if envelope.reply_to is not None:
        fail(cell, envelope, error)
    elif envelope.attempts < on_crash.retries:
        envelope.attempts += 1
        cell.mailbox.put_back(envelope)
    elif on_crash.keep:
        cell.own().dead_lettered += 1
        bury(cell, envelope, DeadReason.CRASHED, error)
    else:
        cell.own().dropped += 1
        forget(envelope)
    lifecycle.crash(cell, error)


def _unfinished(cell: Cell, result: object, message: object) -> bool:
    """Whether a handler returned something unfinished; the cell is then busy until that ends."""
    if not is_unfinished(result):
        return False
    if cell.state is RUNNING:
        cell.state = BUSY
    cell.mailbox.interrupted = True
    cell.message = message
    wait_for(cell, result, lambda value, error: _finished(cell, value, error))
    return True


def _finished(cell: Cell, value: object, error: Exception | None) -> None:
    """The rest of a handler ended."""
    message, cell.message = cell.message, EMPTY
    cell.work = None
    cell.context.envelope = None
    cell.last_activity = monotonic()
    if cell.state is BUSY:
        cell.state = RUNNING
    if error is None:
        cell.handled += 1
        if type(message) is ENVELOPE and message.reply_to is not None:
            message.reply_to.succeed(value)
    elif isinstance(error, MessageError):
        fail(cell, message, error)
    else:
        _crash(cell, message, error)
    if cell.rare.between:
        run_actions(cell)
    work_ended(cell)
    if cell.state is RUNNING:
        cell.mailbox.resume()
