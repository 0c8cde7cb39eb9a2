"""One client of a node's control channel: lines of bounded size in, lines out only as fast as it reads."""

from __future__ import annotations

import asyncio
import time

from ...errors import UsageError
from .wire import MOST_REQUEST, failure


class Gone(Exception):
    """The client does not read what it is sent."""


class Client:
    """A connection; its task reads requests and answers them, one after the other.

    Attributes:
        task: serves it.
        answering: the answer that is being made; the end of the node waits for it a little.
        idle_since: when it began to have nothing to do but to wait for a request, by `time.monotonic()`; None while it has.
    """

    def __init__(
        self,
        task: asyncio.Task[object],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        patience: float,
    ) -> None:
        self.task = task
        self._patience = patience
        self.answering: asyncio.Future[None] | None = None
        self.idle_since: float | None = None
        self._reader = reader
        self._writer = writer

    async def request(self) -> bytes | None:
        """As `line`, while there is nothing else to do for this client."""
        self.idle_since = time.monotonic()
        try:
            return await self.line()
        finally:
            self.idle_since = None

    def dismiss(self, line: bytes) -> None:
        """Send a last line, which is not waited for, and end its task, which must wait for a request."""
        self._writer.write(line)
        self.task.cancel()

    async def line(self) -> bytes | None:
        """The next line of the client; None when it says nothing more, or too much.

        Raises:
            OSError: the client has gone.
            Gone: it does not read why its line was too long.
        """
        try:
            return await self._reader.readuntil(b"\n")
        except asyncio.IncompleteReadError:
            return None
        except asyncio.LimitOverrunError:
            await self.send(failure(None, UsageError(f"a request has {MOST_REQUEST} bytes at most")))
            return None

    async def send(self, line: bytes) -> None:
        """Send a line; the next one waits until the client has read most of it.

        Raises:
            OSError: the client has gone.
            Gone: it does not read.
        """
        self._writer.write(line)
        try:
            async with asyncio.timeout(self._patience):
                await self._writer.drain()
        except TimeoutError:
            self._writer.transport.abort()
            raise Gone from None
