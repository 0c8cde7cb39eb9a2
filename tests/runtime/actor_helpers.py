"""What the tests of the actor core share: running on a loop, actors that remember, waiting without sleeping."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable
from typing import Any, ParamSpec

from airssys_sdk.runtime import Context

P = ParamSpec("P")


def on_loop(test: Callable[P, Awaitable[None]]) -> Callable[P, None]:
    """Run an async test on a loop of its own; a minute is an error, never a measurement."""

    @functools.wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        async def bounded() -> None:
            async with asyncio.timeout(60):
                await test(*args, **kwargs)

        asyncio.run(bounded())

    return run


async def until(condition: Callable[[], object]) -> None:
    """Let the loop run until the condition holds."""
    while not condition():  # noqa: ASYNC110 - whatever the condition is about has no event
        await asyncio.sleep(0)


async def settle() -> None:
    """Let everything run that is ready, and what that makes ready."""
    for _ in range(50):
        await asyncio.sleep(0)


class Recorder:
    """Remembers its messages; raises a message that is an exception."""

    def __init__(self, seen: list[Any]) -> None:
        self.seen = seen

    def receive(self, message: Any, context: Context) -> object:
        self.seen.append(message)
        if isinstance(message, Exception):
            raise message
        return message


class Gate:
    """An actor whose handler waits until the test opens the gate; remembers when it began and ended."""

    def __init__(self, gate: asyncio.Event, seen: list[str]) -> None:
        self.gate = gate
        self.seen = seen

    async def receive(self, message: str, context: Context) -> str:
        self.seen.append(f"{message} begins")
        await self.gate.wait()
        self.seen.append(f"{message} ends")
        return message
