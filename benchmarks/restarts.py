"""How soon a Python guest that crashed answers again.

`python -m benchmarks restarts` has a guest trap, and asks its successor for an answer the moment that the failure is known: with
a ready instance from the pool, and without one. The trap itself is not in the figure; making the guest's traceback
takes longer than the restart. The table has processor time too, which a busy machine disturbs little.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from airssys_sdk.component import CallError
from airssys_sdk.runtime import Node
from airssys_sdk.runtime.components.pool import PAUSE

from .components import CRASH, PAYLOAD, percentile, row, spec, with_guest

CRASHES = 60


async def restarts(node: Node, wasm: Path, name: str, pool: int) -> list[tuple[float, float]]:
    """Seconds, and seconds of this thread's processor time, from each trap to the next reply."""
    await node.start(spec(wasm, name, pool=pool))
    found: list[tuple[float, float]] = []
    for _ in range(CRASHES):
        await node.ask(name, PAYLOAD)
        # Until the pool has another instance ready, if it has any.
        await asyncio.sleep(PAUSE * 3)
        try:
            await node.ask(name, CRASH)
        except CallError:
            begin = time.perf_counter(), time.thread_time()
            await node.ask(name, PAYLOAD)
            found.append((time.perf_counter() - begin[0], time.thread_time() - begin[1]))
    return found


async def measure(wasm: Path, folder: Path) -> None:
    """Print the table."""
    print(f"Python guest, metered; {CRASHES} crashes each, from the trap to the next reply")
    for name, pool, goal in (("from the pool", 1, 3), ("without a pool", 0, 10)):
        async with Node(folder / f"{pool}.db") as node:  # components of one node share their pool
            walls, processor = zip(*await restarts(node, wasm, name.replace(" ", "-"), pool), strict=True)
            half, low = percentile(walls, 50), percentile(processor, 50)
            note = f"p95 {percentile(walls, 95) * 1e3:.1f} ms, processor time {low * 1e3:.2f} ms"
            row(f"restart of a crashed guest, {name}", f"{half * 1e3:.2f} ms", f"< {goal} ms", note)


if __name__ == "__main__":
    asyncio.run(with_guest(measure))
