"""What it costs to have a message on disk before it counts as accepted.

`python -m benchmarks durable` has a Python guest echo 64 bytes with an ordinary and with a durable mailbox, with many asks under way
and one at a time. Accepted means here: written and committed to the storage file, and so are the end of a message and what its
handler wrote.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from airssys_sdk.runtime import Node

from .components import PAYLOAD, in_turns, row, spec, with_guest
from .messages import COUNT, UNDER_WAY, WRITE, one_by_one, under_way

ROUNDS = 25


async def measure(wasm: Path, folder: Path) -> None:
    """Print the table."""
    print(f"Python guest, metered, 64 B; processor time, the best of {ROUNDS} rounds")
    async with Node(folder / "node.db") as node:
        ordinary = str(await node.start(spec(wasm, "ordinary")))
        durable = str(await node.start(spec(wasm, "durable", durable=True)))
        for name, run, payload in (
            (f"{UNDER_WAY} under way", under_way, PAYLOAD),
            ("one by one", one_by_one, PAYLOAD),
            (f"{UNDER_WAY} under way, each writes a key", under_way, WRITE),
        ):
            best = await in_turns(
                ROUNDS,
                [lambda t=target, r=run, p=payload: r(node, t, p) for target in (ordinary, durable)],  # type: ignore[misc]
            )
            without, with_ = (seconds / COUNT for seconds in best)
            note = f"{with_ / without:.1f} x an ordinary mailbox ({without * 1e6:.0f} us)"
            row(f"durable mailbox, {name}", f"{with_ * 1e6:.0f} us {1 / with_:,.0f}/s", "", note)


if __name__ == "__main__":
    asyncio.run(with_guest(measure))
