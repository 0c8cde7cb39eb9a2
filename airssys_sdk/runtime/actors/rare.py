"""What most cells never have: counts of messages that failed, restarts, stops that take time, whoever waits or watches.

Cells share one object, `NEVER`, that says so, until something of it happens to them. An actor that is spawned and works
is smaller and made faster for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NoReturn

if TYPE_CHECKING:
    import asyncio
    from collections import deque
    from collections.abc import Callable

    from ..scheduling.timers import Wakeup
    from ..state import Exit
    from ..supervision.backoff import RestartHistory
    from .between import Action
    from .monitor import Monitor


class Rare:
    """What has happened to one cell and to most others not; made by `Cell.own`.

    Attributes:
        failed, dead_lettered, expired, dropped, kept: outcomes of messages.
        history: its restarts, for the supervisor above.
        restart: the restart that is planned.
        stopping: the end of this life, while it takes time.
        settled: resolved with True when a life has started, with False when it has ended.
        idle: resolved when `work` ends or nobody may wait for it any longer.
        listeners: who hears of the end for good, by what takes them out again.
        monitor: watches the health of this life; None: nobody does.
        between: what is to be done between two messages; None: nothing ever was.
    """

    __slots__ = (
        "between",
        "dead_lettered",
        "dropped",
        "expired",
        "failed",
        "history",
        "idle",
        "kept",
        "listeners",
        "monitor",
        "restart",
        "settled",
        "stopping",
    )

    def __init__(self) -> None:
        self.failed = 0
        self.dead_lettered = 0
        self.expired = 0
        self.dropped = 0
        self.kept = 0
        self.history: RestartHistory | None = None
        self.restart: Wakeup | None = None
        self.stopping: asyncio.Task[None] | None = None
        self.settled: asyncio.Future[bool] | None = None
        self.idle: asyncio.Future[bool] | None = None
        self.listeners: dict[object, Callable[[Exit], None]] | None = None
        self.monitor: Monitor | None = None
        self.between: deque[Action] | None = None


class _Never(Rare):
    """Nothing of it; belongs to all cells, so none may write to it."""

    __slots__ = ()

    def __init__(self) -> None:
        blank = Rare()
        for name in Rare.__slots__:
            object.__setattr__(self, name, getattr(blank, name))

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"{name} belongs to all cells: write to what Cell.own() returns")


NEVER: Final[Rare] = _Never()
"""What a cell has to which nothing of this has happened."""
