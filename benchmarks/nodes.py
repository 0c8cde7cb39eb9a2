"""Whether two nodes, which are two processes, handle twice as many messages as one.

`python -m benchmarks nodes` lets one process and then two send a Python guest of their own 64 bytes and wait for the echo, with 20
asks under way, for a second each, several times in turn. The ratio by the clock on the wall needs two cores that nothing else
uses: what two processes get that only count is measured beside it. The ratio by processor time only tells whether two nodes
get in each other's way.
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
    """One node's process; it does what it is told: `messages` or `count`, and says how often a second. None ends it."""
    logging.disable()
    asyncio.run(_serve(connection, wasm))


async def _serve(connection: Channel, wasm: Path) -> None:
    async with Node() as node:
        await node.start(spec(wasm, "guest"))
        await under_way(node, "guest", PAYLOAD)
        connection.send(None)
        while (task := connection.recv()) is not None:
            done, begin, processor = 0, time.perf_counter(), time.process_time()
            while (seconds := time.perf_counter() - begin) < SECONDS:
                if task == "messages":
                    await under_way(node, "guest", PAYLOAD)
                done += COUNT
            connection.send((done / seconds, done / (time.process_time() - processor)))


def together(connections: Sequence[Channel], task: str) -> tuple[float, float]:
    """How often a second all of them together do it, by the wall and by processor time."""
    for connection in connections:
        connection.send(task)
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
    tasks = ("count", "messages")
    turns = [{task: (together(ours[:1], task), together(ours, task)) for task in tasks} for _ in range(TURNS)]
    for connection in ours:
        connection.send(None)
    for process in processes:
        process.join()

    def ratio(task: str, clock: int) -> tuple[float, float, float]:
        """Two to one, and both."""
        one = max(turn[task][0][clock] for turn in turns)
        two = max(turn[task][1][clock] for turn in turns)
        return two / one, two, one

    counting = ratio("count", 0)[0]
    row("two processes that only count, wall clock", f"{counting:.2f} x", "", "what this machine gives now")
    for clock, name, goal in ((0, "wall clock", ">= 1.8 x"), (1, "processor time", "")):
        value, two, one = ratio("messages", clock)
        row(f"two nodes (processes), {name}", f"{value:.2f} x", goal, f"{two:,.0f} and {one:,.0f} a second")


if __name__ == "__main__":
    asyncio.run(with_guest(measure))
