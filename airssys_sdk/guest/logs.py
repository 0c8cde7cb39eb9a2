"""Python's `logging` in a guest: records go to the host's log, under the component's id.

`logging.basicConfig(handlers=[HostLog(host_services.log, LogLevel)], level=logging.INFO)` in `initialize` sets it up.
"""

from __future__ import annotations

import enum
import logging
from collections.abc import Callable
from typing import Generic, TypeVar

Level = TypeVar("Level", bound=enum.Enum)


class HostLog(logging.Handler, Generic[Level]):
    """Forwards records to `host-services.log`; the logger's name and the exception's type become its context.

    Args:
        log: the function `log` of the bindings' `host_services`.
        levels: the enum `LogLevel` of the bindings.
    """

    def __init__(
        self, log: Callable[[Level, str, list[tuple[str, str]] | None], None], levels: type[Level]
    ) -> None:
        super().__init__()
        self._log = log
        self._levels = levels

    def emit(self, record: logging.LogRecord) -> None:
        """Forward one record."""
        context = [("logger", record.name)]
        if record.exc_info and record.exc_info[0]:
            context.append(("exception", record.exc_info[0].__name__))
        self._log(self._levels[_name(record.levelno)], self.format(record), context)


def _name(level: int) -> str:
    if level >= logging.ERROR:
        return "ERROR"
    if level >= logging.WARNING:
        return "WARN"
    if level >= logging.INFO:
        return "INFO"
    return "DEBUG" if level >= logging.DEBUG else "TRACE"
