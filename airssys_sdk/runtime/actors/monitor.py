"""Watching the health of one life of an actor: it is asked between two messages, in bounded time."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from ..errors import MessageError, Unwell
from ..events import HealthChecked
from ..messages.pending import Pending, is_unfinished
from ..state import RUNNING, HealthStatus
from ..supervision.health import HealthCount
from . import lifecycle
from .between import between_messages
from .failures import failure
from .unfinished import cancel, pending_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..scheduling.timers import Wakeup
    from ..supervision.health import Health
    from .cell import Cell


class Monitor:
    """Asks the actor of one life for its health, again and again.

    An actor without a hook `health` counts as healthy when it comes to the question in time.

    Attributes:
        status: what the last check said.
    """

    __slots__ = ("_alarm", "_asking", "_call_off", "_cell", "_count", "_health", "_next", "_over", "status")

    def __init__(self, cell: Cell, health: Health) -> None:
        self._cell = cell
        self._health = health
        self._count = HealthCount(health.threshold)
        self._alarm: Wakeup | None = None
        self._next: Wakeup | None = None
        self._call_off: Callable[[], None] | None = None
        self._asking = False
        self._over = False
        self.status = HealthStatus.UNKNOWN
        self._wait()

    def close(self) -> None:
        """The life is over."""
        self._over = True
        for timer in (self._alarm, self._next):
            if timer is not None:
                timer.cancel()
        if self._call_off is not None:
            self._call_off()

    def _wait(self) -> None:
        self._next = self._cell.system.timers.after(self._health.interval, self._check)

    def _check(self) -> None:
        self._alarm = self._cell.system.timers.after(self._health.timeout, self._no_answer)
        if not self._asking:
            self._asking = True
            self._call_off = between_messages(self._cell, self._ask)

    def _ask(self) -> Pending | None:
        cell = self._cell
        self._call_off = None
        if self._over or cell.state is not RUNNING:
            self._asking = False
            return None
        try:
            hook = getattr(cell.actor, "health", None)
            answer = HealthStatus.HEALTHY if hook is None else hook(cell.context)
        except BaseException as error:  # noqa: BLE001 - decided in _answered
            self._answered(None, failure(cell, error))
            return None
        if not is_unfinished(answer):
            self._answered(answer, None)
            return None
        inner = pending_of(cell, answer)
        outer = Pending(lambda: cancel(cell, inner))

        def ended(value: object, error: Exception | None) -> None:
            self._answered(value, error)
            outer.succeed()

        inner.listen(ended, cell.system.run_queue.call)
        return outer

    def _answered(self, answer: object, error: Exception | None) -> None:
        self._asking = False
        if self._over:
            return
        if error is not None and not isinstance(error, MessageError):
            lifecycle.crash(self._cell, error)
            return
        if self._alarm is None:
            return  # it counts as failed already, and the next check has been planned
        self._alarm.cancel()
        self._alarm = None
        self._note(None if error is not None else _status(answer), error)

    def _no_answer(self) -> None:
        self._alarm = None
        if self._call_off is not None:
            self._call_off()
            self._call_off = None
            self._asking = False
        self._note(None, Unwell(f"no answer within {self._health.timeout:g} s"))

    def _note(self, status: HealthStatus | None, error: Exception | None) -> None:
        cell = self._cell
        self.status = status or HealthStatus.UNHEALTHY
        must_end = self._count.note(status)
        if cell.system.events.wanted:
            cell.system.events.publish(HealthChecked(str(cell), self.status, self._count.failures, error))
        if not must_end:
            self._wait()
            return
        failures = self._count.failures
        checks = "check" if failures == 1 else "checks in a row"
        unwell = Unwell(f"{cell} failed {failures} health {checks}")
        unwell.__cause__ = error
        lifecycle.crash(cell, unwell)


def _status(answer: object) -> HealthStatus:
    """What an answer says: a status, of whatever enum, or a truth value; None is well."""
    if isinstance(answer, enum.Enum) and answer.name in HealthStatus.__members__:
        return HealthStatus[answer.name]
    return HealthStatus.HEALTHY if answer is None or answer else HealthStatus.UNHEALTHY
