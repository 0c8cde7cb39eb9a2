"""What comes out of an author's factory or hook: whatever it is, it is a failure like any other.

Nothing that an author's code raises may pass through the runtime's own steps: it would leave a cell between two of them.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, NoReturn

from ..events import HookFailed
from ..state import Exit, describe

if TYPE_CHECKING:
    from .cell import Cell

_log = logging.getLogger("airssys.runtime")


def failure(cell: Cell, error: BaseException) -> Exception:
    """What was raised, as the error that supervisors, events and askers are told.

    What is no `Exception`, an interrupt say, is also raised in the loop (which ends, or calls its exception handler, as
    asyncio has it), but not before what is under way here is done. Cancellation is none: it has nobody to go to.
    """
    if not isinstance(error, (Exception, asyncio.CancelledError)):
        cell.system.loop.call_soon(_interrupt, error)
    return as_exception(error)


def as_exception(error: BaseException) -> Exception:
    """The same, where asyncio itself takes care of interrupts."""
    if isinstance(error, Exception):
        return error
    wrapped = RuntimeError(describe(error))
    wrapped.__cause__ = error
    return wrapped


def hook_failed(cell: Cell, hook: str, error: BaseException, *, whose: str = "") -> None:
    """Report a hook whose failure stops nothing; `whose` tells of an actor that is not the cell's."""
    failed = failure(cell, error)
    _log.warning("%s: the hook %s%s failed: %s", cell, hook, whose, describe(error))
    cell.system.events.publish(HookFailed(str(cell), hook, failed))


def tell_end(cell: Cell, listener: Callable[[Exit], None], exit_: Exit) -> None:
    """Tell a listener of the cell's end; one that raises is logged, and disturbs nobody."""
    try:
        listener(exit_)
    except BaseException as error:  # noqa: BLE001 - a listener's error is not the actor's error; it is logged
        _log.error("%s: a listener to its end raised", cell, exc_info=failure(cell, error))


def _interrupt(error: BaseException) -> NoReturn:
    raise error
