"""Whether two nodes, which are two processes, handle twice as many messages as one.

`python -m benchmarks nodes` lets one process and then two send a Python guest of their own 64 bytes and wait for the echo, with 20
asks under way, for a second each, several times in turn. The ratio by the clock on the wall needs two cores that nothing
else uses; the ratio by processor time only tells whether two nodes get in each other's way, not whether there were cores for both.
"""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from airssys_sdk.runtime import Node

from .components import PAYLOAD, row, spec, with_guest
from .messages import COUNT, under_way

SECONDS = 1.0
TURNS = 5


class Channel(Protocol):
    """An end of a pipe between two processes."""

    def send(self, obj: Any, /) -> None: ...
    def recv(self) -> Any: ...


def serve(connection: Channel, wasm: Path) -> None:
    """One node's process: for each `True` that arrives, say how many messages a second it handled."""
    logging.disable()
    asyncio.run(_serve(connection, wasm))


async def _serve(connection: Channel, wasm: Path) -> None:
    async with Node() as node:
        await node.start(spec(wasm, "guest"))
        await under_way(node, "guest", PAYLOAD)
        connection.send(None)
        while connection.recv():
            handled, begin, processor = 0, time.perf_counter(), time.process_time()
            while (seconds := time.perf_counter() - begin) < SECONDS:
                await under_way(node, "guest", PAYLOAD)
                handled += COUNT
            connection.send((handled / seconds, handled / (time.process_time() - processor)))


def together(connections: Sequence[Channel]) -> tuple[float, float]:
    """Messages a second of all of them, by the wall and by processor time."""
    for connection in connections:
        connection.send(True)
    rates = [connection.recv() for connection in connections]
    return sum(wall for wall, _ in rates), sum(processor for _, processor in rates)


async def measure(wasm: Path, _folder: Path) -> None:
    """Print the table."""
    print(f"Python guest, metered, 64 B echoed; best of {TURNS} turns of {SECONDS:g} s")
    context = multiprocessing.get_context("spawn")
    pipes = [context.Pipe() for _ in range(2)]
    processes = [context.Process(target=serve, args=(theirs, wasm)) for _, theirs in pipes]
    for process in processes:
        process.start()
    ours = [mine for mine, _ in pipes]
    for connection in ours:
        connection.recv()
    turns = [(together(ours[:1]), together(ours)) for _ in range(TURNS)]
    for connection in ours:
        connection.send(False)
    for process in processes:
        process.join()
    for number, name, goal in ((0, "wall clock", ">= 1.8 x"), (1, "processor time", "")):
        one = max(alone[number] for alone, _ in turns)
        two = max(both[number] for _, both in turns)
        row(
            f"two nodes (processes), {name}",
            f"{two / one:.2f} x",
            goal,
            f"{two:,.0f} and {one:,.0f} a second",
        )


if __name__ == "__main__":
    asyncio.run(with_guest(measure))
