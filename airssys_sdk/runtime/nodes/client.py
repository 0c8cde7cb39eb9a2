"""Speaking to a node over its control channel: `async with ControlClient(find(None)) as node: await node.status()`."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncGenerator
from types import TracebackType
from typing import Any, Self, TypeVar, cast

from pydantic import TypeAdapter, ValidationError

from ...errors import AirssysError
from .control import Status
from .logtail import LogLine
from .sockets import Place
from .wire import MOST_ANSWER, MOST_REQUEST

T = TypeVar("T")


class ControlError(AirssysError):
    """The node refused a command, has gone, or says what cannot be understood."""


class ControlClient:
    """One node, as another process sees it. Each command and each stream has a connection of its own.

    Args:
        place: where the node listens; see `sockets.find`.
        timeout: seconds for the node to accept a connection, and for `status`; a node that is busy answers late.
    """

    def __init__(self, place: Place, *, timeout: float = 10.0) -> None:
        self.place = place
        self._timeout = timeout
        self._open: set[asyncio.StreamWriter] = set()

    async def status(self) -> Status:
        """What the node does: its tree, its counters and measurements.

        Raises:
            ControlError: it does not answer, or not in time.
        """
        try:
            async with asyncio.timeout(self._timeout):
                return _as(Status, await self.call("status"))
        except TimeoutError:
            raise ControlError(
                f"the node does not answer within {self._timeout:g} s", where=str(self.place)
            ) from None

    async def stop(self, component: str) -> str:
        """Stop a component for good, within its shutdown time; how its last life ended.

        Raises:
            ControlError: no component fits, or the node does not answer.
        """
        answer = await self.call("stop", component=component)
        return str(cast("dict[str, object]", answer).get("exit")) if isinstance(answer, dict) else ""

    async def events(self) -> AsyncGenerator[dict[str, Any], None]:
        """What happens on the node from now on: a kind under `event`, and fields; `lost` where this reader was too slow.

        Raises:
            ControlError: the node refuses.
        """
        async with contextlib.aclosing(self.stream("events")) as items:
            async for item in items:
                if isinstance(item, dict):
                    yield cast("dict[str, Any]", item)

    async def logs(self, component: str, *, tail: int = 100) -> AsyncGenerator[LogLine, None]:
        """The last lines that a component logged, and then every new one.

        Raises:
            ControlError: no component fits.
        """
        async with contextlib.aclosing(self.stream("logs", component=component, tail=tail)) as items:
            async for item in items:
                yield _as(LogLine, item)

    async def call(self, command: str, **arguments: object) -> object:
        """Run a command that answers once; waits as long as it takes.

        Raises:
            ControlError: the command failed, or the node has gone.
        """
        async with contextlib.aclosing(self._answers(command, arguments)) as answers:
            async for kind, value in answers:
                if kind == "ok":
                    return value
        raise ControlError(
            f"the node has ended, or hung up, before it answered the command {command!r}",
            where=str(self.place),
        )

    async def stream(self, command: str, **arguments: object) -> AsyncGenerator[object, None]:
        """Run a command that answers in a stream, which ends with the node at the latest.

        Raises:
            ControlError: the command failed.
        """
        async with contextlib.aclosing(self._answers(command, arguments)) as answers:
            async for kind, value in answers:
                if kind != "item":
                    return
                yield value

    async def close(self) -> None:
        """End all that is under way."""
        for writer in tuple(self._open):
            writer.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def _answers(
        self, command: str, arguments: dict[str, object]
    ) -> AsyncGenerator[tuple[str, object], None]:
        """What the node says to one request: pairs of `ok`, `item` or `end` and a value."""
        request = json.dumps({"command": command, "arguments": arguments}).encode() + b"\n"
        if len(request) > MOST_REQUEST:
            raise ControlError(
                f"what is sent to a node from outside has {MOST_REQUEST} bytes at most, this has {len(request)}",
                where=str(self.place),
                hint="longer messages come from the node's own program (Node.send), or from another component",
            )
        try:
            async with asyncio.timeout(self._timeout):
                reader, writer = await asyncio.open_unix_connection(
                    os.fspath(self.place.path), limit=MOST_ANSWER
                )
        except (OSError, TimeoutError) as error:
            raise ControlError("the node cannot be reached", where=str(self.place)) from error
        self._open.add(writer)
        try:
            writer.write(request)
            while line := await reader.readuntil(b"\n"):
                yield _read(line, self.place)
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        except (OSError, asyncio.LimitOverrunError) as error:
            raise ControlError("the node does not speak as it should", where=str(self.place)) from error
        finally:
            self._open.discard(writer)
            writer.close()


def _read(line: bytes, place: Place) -> tuple[str, object]:
    try:
        value: object = json.loads(line)
    except (ValueError, RecursionError):
        value = None
    if isinstance(value, dict):
        fields = cast("dict[str, object]", value)
        error = fields.get("error")
        if isinstance(error, dict):
            told = cast("dict[str, object]", error)
            details, hint = (
                value if isinstance(value := told.get(key), str) else None for key in ("details", "hint")
            )
            raise ControlError(str(told.get("message")), where=str(place), details=details, hint=hint)
        for kind in ("ok", "item", "end"):
            if kind in fields:
                return kind, fields[kind]
    raise ControlError("the node does not speak as it should", where=str(place))


def _as(kind: type[T], value: object) -> T:
    try:
        adapter = _ADAPTERS.get(kind)
        if adapter is None:
            adapter = _ADAPTERS[kind] = TypeAdapter(kind)
        return cast("T", adapter.validate_python(value))
    except ValidationError as error:
        raise ControlError(
            f"the node answers with something else than {kind.__name__}",
            hint="use the same version of airssys-sdk as the node",
        ) from error


_ADAPTERS: dict[type[object], TypeAdapter[Any]] = {}
"""What reads each of the classes; making one takes milliseconds."""
