"""How fast messages are into a Python guest and back, and what the runtime adds to the call.

`python -m benchmarks messages` builds the tests' guest (seconds) and prints, for a payload of 64 bytes that the guest
echoes: the bare call through generated code; the same in a coroutine that waits for one future before each call, which is the
least that a host with an event loop pays; a message and its reply with 20 asks under way, one ask at a time, and
a message whose handler writes one key. The runtime's own share is what a message costs beyond the second of these.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from airssys_sdk.component import Component, Limits
from airssys_sdk.runtime import Node
from airssys_sdk.runtime.components.bindings import RuntimeHost, RuntimeHostImports
from airssys_sdk.runtime.components.bindings.imports import types

from .components import PAYLOAD, Profile, in_turns, row, spec, with_guest

WRITE = b'[["set", "key", "value"]]'
UNDER_WAY, EACH = 20, 10
COUNT = UNDER_WAY * EACH
ROUNDS = 100
GOALS = {"metered": 30_000, "plain": 40_000}
SHARE = 0.25


class Nothing:
    """Imports that are linked and never called."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return Nothing()

    def __call__(self, *arguments: object) -> None:
        raise NotImplementedError


async def bare(call: Callable[[], object]) -> None:
    """Calls, one after the other."""
    for _ in range(COUNT):
        call()


async def after_futures(call: Callable[[], object]) -> None:
    """The same calls, each after a future that another callback of the loop resolves."""
    loop = asyncio.get_running_loop()

    async def client() -> None:
        for _ in range(EACH):
            future: asyncio.Future[int] = loop.create_future()
            loop.call_soon(future.set_result, 1)
            await future
            call()

    await asyncio.gather(*(client() for _ in range(UNDER_WAY)))


async def under_way(node: Node, target: str, payload: bytes) -> None:
    """Ask with many asks under way."""

    async def client() -> None:
        for _ in range(EACH):
            await node.ask(target, payload)

    await asyncio.gather(*(client() for _ in range(UNDER_WAY)))


async def one_by_one(node: Node, target: str, payload: bytes) -> None:
    """Ask, wait, ask again."""
    for _ in range(COUNT):
        await node.ask(target, payload)


async def measure(node: Node, wasm: Path, profile: Profile) -> None:
    """Print the rows of one profile."""
    target = str(await node.start(spec(wasm, profile, profile=profile)))
    host = types.ComponentId("airssys", "host", "0")
    metadata = types.MessageMetadata("a1b2c3d4-airssys/host/0-1", host, types.Timestamp(1, 2), None)
    message = types.ComponentMessage(host, PAYLOAD, metadata)
    limits = Limits(deadline=30.0) if profile == "metered" else None
    component = Component.open(wasm, profile=profile)
    with RuntimeHost.load(component, imports=cast("RuntimeHostImports", Nothing()), limits=limits) as world:
        world.component_lifecycle.initialize(
            types.ComponentConfig([], None, types.ResourceLimits(0, 0, None))
        )
        handle = world.component_lifecycle.handle_message

        def call() -> object:
            return handle(message)

        best = await in_turns(
            ROUNDS,
            [
                lambda: bare(call),
                lambda: after_futures(call),
                lambda: under_way(node, target, PAYLOAD),
                lambda: one_by_one(node, target, PAYLOAD),
            ],
        )
    (writing,) = await in_turns(ROUNDS // 5, [lambda: under_way(node, target, WRITE)])
    alone, floor, many, single, writing = (seconds / COUNT for seconds in (*best, writing))
    share = f"runtime's own share {(many - floor) / many:.0%} (goal < {SHARE:.0%}), {many / alone:.2f} x the bare call"
    for name, seconds, goal, note in (
        ("bare call", alone, "", ""),
        ("bare call after a future", floor, "", ""),
        (f"message and reply, {UNDER_WAY} under way", many, f">= {GOALS[profile]:,} a second", share),
        ("message and reply, one by one", single, "", ""),
        ("message that writes a key", writing, "", ""),
    ):
        value = f"{seconds * 1e6:.1f} us {1 / seconds:,.0f}/s"
        row(f"{profile}: {name}", value, goal, note)


async def measure_all(wasm: Path, folder: Path) -> None:
    """Print the table."""
    print(
        f"Python guest, {len(PAYLOAD)} B echoed, one node, one core: processor time, the best of {ROUNDS} rounds"
    )
    async with Node(folder / "node.db") as node:
        await measure(node, wasm, "metered")
        await measure(node, wasm, "plain")


if __name__ == "__main__":
    asyncio.run(with_guest(measure_all))
