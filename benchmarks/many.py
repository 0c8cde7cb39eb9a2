"""How many Python guests live in one process, by the memory that each adds.

`python -m benchmarks many` starts some hundred copies of the tests' guest on one node, lets each answer a message, and looks at the
process's proportional set size (PSS: what it alone uses, and its share of what it has in common with others) before and after. How
many fit into 16 GiB is extrapolated from that, not tried. It needs Linux.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from airssys_sdk.runtime import Node

from .components import PAYLOAD, row, spec, with_guest

FIRST, MORE = 20, 400
GIBIBYTES = 16
ROLLUP = Path("/proc/self/smaps_rollup")


def pss() -> int:
    """Bytes of this process."""
    for line in ROLLUP.read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    raise ValueError("the system does not say")


async def start(node: Node, wasm: Path, numbers: range) -> None:
    """Start copies, and have each answer."""
    for number in numbers:
        await node.start(spec(wasm, "guest", instance=f"i{number}", pool=0))
        await node.ask(f"bench/guest/i{number}", PAYLOAD)


async def measure(wasm: Path, folder: Path) -> None:
    """Print the table."""
    async with Node(folder / "node.db") as node:
        await start(node, wasm, range(FIRST))
        before, begin = pss(), time.process_time()
        await start(node, wasm, range(FIRST, FIRST + MORE))
        each, seconds = (pss() - before) / MORE, (time.process_time() - begin) / MORE
    fit = int(((GIBIBYTES << 30) - before) / each) + FIRST
    note = f"extrapolated from {MORE}: {each / 1e6:.2f} MB each, {seconds * 1e3:.1f} ms of processor time to start"
    row(f"live Python guests in {GIBIBYTES} GiB (PSS)", f"{fit:,}", ">= 8,000", note)


if __name__ == "__main__":
    if ROLLUP.exists():
        asyncio.run(with_guest(measure))
    else:
        print("left out: this system does not tell the proportional set size of a process")
