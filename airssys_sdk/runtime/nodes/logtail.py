"""What components logged last, and what they log from now on, for whoever watches."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import logging
from collections import deque
from collections.abc import AsyncGenerator
from typing import Final

KEPT: Final = 1000
"""Lines that are kept, of all components together; and that may wait for one watcher, who loses the oldest beyond."""
_LOGGER: Final = "airssys.component"
_MOST_TEXT: Final = 10_000


@dataclasses.dataclass(frozen=True, slots=True)
class LogLine:
    """One record of a component.

    Attributes:
        time: seconds since the epoch.
        component: its id.
        level: `trace`, `debug`, `info`, `warning`, `error`.
        text: what it said; nothing in it steers a terminal, as `services.logs` has seen to that.
        lost: how many lines before this one the watcher was too slow for.
    """

    time: float
    component: str
    level: str
    text: str
    lost: int = 0


class LogTail(logging.Handler):
    """Keeps the last lines of all components and passes them on, from `open` to `close`; on the loop's thread.

    Records come from any thread, and of all nodes of the process: the ids tell them apart.
    """

    def __init__(self) -> None:
        super().__init__()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lines: deque[LogLine] = deque(maxlen=KEPT)
        self._watchers: set[_Watcher] = set()

    def open(self) -> None:
        """Begin to listen."""
        self._loop = asyncio.get_running_loop()
        logging.getLogger(_LOGGER).addHandler(self)

    def close(self) -> None:
        """Listen no more."""
        logging.getLogger(_LOGGER).removeHandler(self)
        self._loop = None
        super().close()

    def emit(self, record: logging.LogRecord) -> None:
        """Take a record."""
        component = str(getattr(record, "component", record.name))
        text = record.getMessage()[:_MOST_TEXT]
        line = LogLine(record.created, component, record.levelname.lower(), text)
        loop = self._loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop is closed, and nobody watches any more
                loop.call_soon_threadsafe(self._take, line)

    async def follow(self, component: str, tail: int) -> AsyncGenerator[LogLine, None]:
        """The last `tail` lines of a component and then every new one."""
        watcher = _Watcher(component)
        known = [line for line in self._lines if line.component == component]
        self._watchers.add(watcher)
        try:
            for line in known[-tail:] if tail else ():
                yield line
            while True:
                yield await watcher.next()
        finally:
            self._watchers.discard(watcher)

    def _take(self, line: LogLine) -> None:
        self._lines.append(line)
        for watcher in self._watchers:
            if watcher.component == line.component:
                watcher.take(line)


class _Watcher:
    def __init__(self, component: str) -> None:
        self.component = component
        self._waiting: deque[LogLine] = deque()
        self._lost = 0
        self._there = asyncio.Event()

    def take(self, line: LogLine) -> None:
        if len(self._waiting) == KEPT:
            self._waiting.popleft()
            self._lost += 1
        self._waiting.append(line)
        self._there.set()

    async def next(self) -> LogLine:
        while not self._waiting:
            self._there.clear()
            await self._there.wait()
        lost, self._lost = self._lost, 0
        line = self._waiting.popleft()
        return dataclasses.replace(line, lost=lost) if lost else line
