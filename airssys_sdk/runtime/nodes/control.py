"""The control channel: how other processes of the same user see a node and steer it, over a Unix domain socket.

async with Node() as node, Control(node, name="shop") as control:
control.register("deploy", deploy, takes=("component", "wasm"))
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import logging
import re
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self, cast

from ... import __version__
from ...errors import AirssysError, UsageError
from ..metrics.snapshot import NodeSnapshot
from . import sockets
from .connection import Client, Gone
from .logtail import KEPT, LogTail
from .outline import Outline
from .sockets import Place
from .telling import as_data
from .wire import MOST_REQUEST, Request, answer, failure, number_of, read_request, text_of

if TYPE_CHECKING:
    from .node import Node

Arguments = Mapping[str, object]
Handler = Callable[[Arguments], Awaitable[object] | AsyncIterator[object]]
"""Carries out a command: an `async def` that returns the answer, or an asynchronous generator that yields a stream of them.

Answers are JSON values, or dataclasses of them. What it raises is told to the client: an `AirssysError` with its text.
"""

MOST_CLIENTS: Final = 32
"""How many are served at once. One more takes the place of whoever has asked nothing for longest, if anybody."""
_LAST_WORDS: Final = 1.0
"""Seconds that commands may take to end when the node stops."""
_COMMAND: Final = re.compile(r"[a-z][a-z0-9-]{0,39}")
_log = logging.getLogger("airssys.runtime")


@dataclasses.dataclass(frozen=True, slots=True)
class Status:
    """What `status` answers.

    Attributes:
        name: what the node is called.
        process: the id of its process.
        version: of this SDK.
        snapshot: what is counted and measured.
        tree: who supervises whom.
    """

    name: str
    process: int
    version: str
    snapshot: NodeSnapshot
    tree: Outline


class Control:
    """Serves a node's control channel, from `open` to `close`; `async with` does both.

    The commands are `status`, `events` and `logs`, which are streams, `stop`, and those that were registered.

    Args:
        node: the node; it must run as long as this serves.
        name: what it is called among the nodes of this user; several may be called the same.
        patience: seconds that a client may take to read what was sent to it; one that takes longer is dropped.
    """

    def __init__(self, node: Node, *, name: str, patience: float = 10.0) -> None:
        self._node = node
        self._name = name
        self._patience = patience
        self._commands: dict[str, tuple[Handler, tuple[str, ...]]] = {}
        self._logs = LogTail()
        self._place: Place | None = None
        self._server: asyncio.Server | None = None
        self._clients: set[Client] = set()
        self.register("status", self._status)
        self.register("events", self._events)
        self.register("logs", self._follow, takes=("component", "tail"))
        self.register("stop", self._stop, takes=("component",))

    @property
    def place(self) -> Place:
        """Where it listens.

        Raises:
            UsageError: it does not.
        """
        if self._place is None:
            raise UsageError("the control channel is not open")
        return self._place

    def register(self, name: str, handler: Handler, *, takes: tuple[str, ...] = ()) -> None:
        """Add a command.

        Args:
            name: what clients call it.
            handler: carries it out.
            takes: the names of its arguments; a request with any other is refused.

        Raises:
            UsageError: the name is none, or a command has it already.
        """
        if not _COMMAND.fullmatch(name):
            raise UsageError(f"{name!r} cannot name a command")
        if name in self._commands:
            raise UsageError(f"there is a command {name!r} already")
        self._commands[name] = handler, takes

    async def open(self) -> None:
        """Listen.

        Raises:
            ControlUnavailable: nodes cannot listen here.
            UsageError: the name is none, or it listens already.
        """
        if self._place is not None:
            raise UsageError("the control channel is open already")
        listening, self._place = sockets.bind(self._name)
        self._server = await asyncio.start_unix_server(self._serve, sock=listening, limit=MOST_REQUEST)
        self._logs.open()

    async def close(self) -> None:
        """Let commands in progress end, send the clients away and remove the socket. Doing it again is harmless."""
        place, self._place = self._place, None
        if place is None:
            return
        with contextlib.suppress(OSError):
            place.path.unlink()
        if self._server is not None:
            self._server.close()
        answering = [client.answering for client in self._clients if client.answering is not None]
        if answering:
            await asyncio.wait(answering, timeout=_LAST_WORDS)
        tasks: list[asyncio.Future[Any]] = [*answering, *(client.task for client in self._clients)]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._logs.close()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a client is served by a task")
        client = Client(task, reader, writer, self._patience)
        try:
            if len(self._clients) >= MOST_CLIENTS and not self._make_room():
                await client.send(
                    failure(None, UsageError(f"{MOST_CLIENTS} clients speak to this node already"))
                )
                return
            self._clients.add(client)
            await self._converse(client)
        except (OSError, Gone, asyncio.CancelledError):
            pass  # the client has gone or does not read, or the node stops; nothing comes after this
        finally:
            self._clients.discard(client)
            writer.close()

    def _make_room(self) -> bool:
        """Dismiss the client that has had nothing to do for longest; whether there is one."""
        idle = [(client.idle_since, client) for client in self._clients if client.idle_since is not None]
        if not idle:
            return False
        _, dismissed = min(idle, key=lambda one: one[0])
        self._clients.discard(dismissed)
        problem = f"{MOST_CLIENTS} clients speak to this node, and this one has asked nothing for longest"
        dismissed.dismiss(failure(None, UsageError(problem)))
        return True

    async def _converse(self, client: Client) -> None:
        """Answer one request after the other."""
        line = await client.request()
        while line is not None:
            try:
                request = read_request(line)
            except UsageError as error:
                await client.send(failure(None, error))
                line = await client.request()
                continue
            outcome = self._begin(request)
            if isinstance(outcome, AsyncIterator):
                line = await self._stream(client, request, outcome)
                continue
            client.answering = asyncio.ensure_future(self._answer(client, request, outcome))
            try:
                # Not awaited itself: when the node stops, the answer may still be on its way.
                await asyncio.shield(client.answering)
            finally:
                client.answering = None
            line = await client.request()

    def _begin(self, request: Request) -> Awaitable[object] | AsyncIterator[object]:
        if request.command not in self._commands:
            hint = f"the commands are {', '.join(self._commands)}"
            return _raise(UsageError(f"there is no command {request.command[:100]!r}", hint=hint))
        handler, takes = self._commands[request.command]
        for name in request.arguments:
            if name not in takes:
                problem = f"the command {request.command!r} has no argument {name[:100]!r}"
                return _raise(UsageError(problem, hint=f"its arguments are {', '.join(takes) or 'none'}"))
        try:
            return handler(request.arguments)
        except Exception as error:  # noqa: BLE001  (as in `_answer`)
            return _raise(error)

    async def _answer(self, client: Client, request: Request, outcome: Awaitable[object]) -> None:
        try:
            line = answer(request.id, "ok", await outcome)
        except Exception as error:  # noqa: BLE001  (whatever it is, the client hears of it, and the node goes on)
            line = _told(request, error)
        await client.send(line)

    async def _stream(self, client: Client, request: Request, items: AsyncIterator[object]) -> bytes | None:
        """Send items until there are no more or the client says something; what it said, None for its end."""
        said = asyncio.ensure_future(client.line())
        sending = asyncio.ensure_future(self._send_all(client, request, items))
        try:
            await asyncio.wait({said, sending}, return_when=asyncio.FIRST_COMPLETED)
            if not sending.done():
                sending.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await sending
                if said.result() is not None:
                    await client.send(answer(request.id, "end", True))
            else:
                sending.result()
            return await said
        finally:
            for task in (said, sending):
                task.cancel()
            await asyncio.gather(said, sending, return_exceptions=True)

    async def _send_all(self, client: Client, request: Request, items: AsyncIterator[object]) -> None:
        try:
            async for item in items:
                await client.send(answer(request.id, "item", item))
            line = answer(request.id, "end", True)
        except (OSError, Gone):
            raise
        except Exception as error:  # noqa: BLE001  (as in `_answer`)
            line = _told(request, error)
        finally:
            if isinstance(items, AsyncGenerator):
                await cast("AsyncGenerator[object, None]", items).aclose()
        await client.send(line)

    async def _status(self, _: Arguments) -> Status:
        place = self.place
        return Status(
            place.name, place.process, __version__, self._node.metrics_snapshot(), self._node.outline()
        )

    async def _events(self, _: Arguments) -> AsyncGenerator[object, None]:
        lost = 0
        with self._node.events.listen(object, capacity=KEPT) as events:
            async for event in events:
                if events.lost > lost:
                    yield {"event": "lost", "count": events.lost - lost}
                    lost = events.lost
                yield as_data(event)

    async def _follow(self, arguments: Arguments) -> AsyncGenerator[object, None]:
        component = str(self._node.resolve(text_of(arguments, "component")))
        tail = number_of(arguments, "tail", default=100, most=KEPT)
        async with contextlib.aclosing(self._logs.follow(component, tail)) as lines:
            async for line in lines:
                yield line

    async def _stop(self, arguments: Arguments) -> object:
        component = self._node.resolve(text_of(arguments, "component"))
        exit_ = await self._node.stop_component(component)
        return {"component": str(component), "exit": str(exit_)}


async def _raise(error: Exception) -> object:
    raise error


def _told(request: Request, error: Exception) -> bytes:
    if not isinstance(error, AirssysError):
        _log.error("the command %r of the control channel failed", request.command, exc_info=error)
    return failure(request.id, error)
