"""How long short asks wait while others compute, sleep or wait for storage.

`python -m benchmarks latency` prints percentiles of an ask of a Python guest that echoes 64 bytes, one at a time with a pause
of a millisecond: alone; while four other guests are in calls of 10 ms; while 20 other guests sleep or, because another connection
holds a lock on the storage file, wait to write it. Latencies are by the clock on the wall: on a machine that is busy with
something else, the row `alone` and the loop's own work in that time, by the processor's clock, say how much of them is not ours.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
import time
from collections.abc import AsyncGenerator, Callable
from pathlib import Path

from airssys_sdk.errors import AirssysError
from airssys_sdk.runtime import Node

from .components import PAYLOAD, percentile, row, spec, with_guest

ASKS = 2_000
LONG_SECONDS = 0.010
WRITE = b'[["set", "key", "value"]]'


async def latencies(node: Node) -> list[tuple[float, float]]:
    """Seconds of short asks, and the processor time that the loop's thread used meanwhile."""
    found: list[tuple[float, float]] = []
    for _ in range(ASKS):
        begin = time.perf_counter(), time.thread_time()
        await node.ask("short", PAYLOAD)
        found.append((time.perf_counter() - begin[0], time.thread_time() - begin[1]))
        await asyncio.sleep(0.001)
    return found


async def rounds_of(seconds: float, node: Node, target: str) -> int:
    """How many rounds of the guest's loop take so long, undisturbed."""
    rounds, best = 1_000, 0.0
    while best < seconds / 2:
        rounds *= 2
        payload = json.dumps([["spin", rounds]]).encode()
        times: list[float] = []
        for _ in range(5):
            begin = time.perf_counter()
            await node.ask(target, payload)
            times.append(time.perf_counter() - begin)
        best = min(times)
    return round(rounds * seconds / best)


@contextlib.asynccontextmanager
async def busy(node: Node, work: list[tuple[str, bytes]]) -> AsyncGenerator[Callable[[], int]]:
    """Keep asking each of these targets; gives a function that tells how many answers there were."""
    answers = 0

    async def keep_asking(target: str, payload: bytes) -> None:
        nonlocal answers
        while True:
            with contextlib.suppress(AirssysError):  # such as storage that stays locked beyond all patience
                await node.ask(target, payload, timeout=None)
            answers += 1

    tasks = [asyncio.ensure_future(keep_asking(*one)) for one in work]
    await asyncio.sleep(0.1)
    try:
        yield lambda: answers
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def show(figure: str, found: list[tuple[float, float]], goal: str = "", note: str = "") -> None:
    walls, works = zip(*found, strict=True)
    half, work = percentile(walls, 50), percentile(works, 99)
    text = f"p50 {half * 1e6:.0f} us; the loop's own work p99 {work * 1e3:.2f} ms {note}"
    row(figure, f"p99 {percentile(walls, 99) * 1e3:.2f} ms", goal, text.rstrip())


async def measure(wasm: Path, folder: Path) -> None:
    """Print the table."""
    storage = folder / "node.db"
    print(f"Python guest, 64 B echoed, metered; {ASKS:,} asks each, a millisecond apart")
    async with Node(storage, patience=60.0) as node:
        await node.start(spec(wasm, "short"))
        for number in range(20):
            await node.start(spec(wasm, f"other-{number}"))
        show("short asks, alone", await latencies(node))

        rounds = await rounds_of(LONG_SECONDS, node, "other-0")
        payload = json.dumps([["spin", rounds]]).encode()
        async with busy(node, [(f"other-{number}", payload) for number in range(4)]) as answers:
            found = await latencies(node)
            note = f"({answers()} calls of {LONG_SECONDS * 1e3:.0f} ms meanwhile)"
        show("short asks while four actors are in 10 ms calls", found, "p99 < 1 ms", note)

        # Of different lengths, so that they do not end in step.
        sleeps = [(f"other-{number}", f'[["sleep", {90 + number}]]'.encode()) for number in range(20)]
        async with busy(node, sleeps) as answers:
            found = await latencies(node)
            note = f"({answers()} sleeps of 90 to 109 ms meanwhile)"
        show("short asks while 20 guests sleep", found, "p99 < 1 ms", note)

        other = sqlite3.connect(storage, isolation_level=None)
        with contextlib.closing(other):
            other.execute("BEGIN IMMEDIATE")
            async with busy(node, [(f"other-{number}", WRITE) for number in range(20)]):
                found = await latencies(node)
                other.execute("ROLLBACK")
        show("short asks while 20 guests wait for storage", found, "p99 < 1 ms")


if __name__ == "__main__":
    asyncio.run(with_guest(measure))
