"""A process that sends numbered messages to a durable component and says which were accepted; somebody kills it.

Arguments: the storage file, the component, the first number, how many a round; `drain` instead of the number handles what is
left and stops in order.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from component_nodes import script, spec

from airssys_sdk.runtime import Node


async def main(storage: str, wasm: str, first: str) -> None:
    """Start, send until killed."""
    async with Node(Path(storage)) as node:
        await node.start(spec(Path(wasm), runtime={"durable": True}, limits={"mailbox": 20}))
        if first == "drain":
            await node.ask("a", script(["value", None]), timeout=None)
            return
        print("started", flush=True)
        number = int(first)
        while True:
            # Its write and its note count once, or the message is still on disk.
            message = script(["add", f"n{number}", 1], ["note", "order", str(number)], ["spin", 200])
            try:
                await node.send("a", message)
            except Exception:  # noqa: BLE001  (the mailbox is full: the number was not accepted, and is tried again)
                await asyncio.sleep(0.001)
                continue
            print(number, flush=True)
            number += 1
            await asyncio.sleep(0)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
