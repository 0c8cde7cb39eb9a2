"""A process that sends numbered messages to a durable component and says which were accepted; somebody kills it.

The component passes each number on to another durable one, before it writes it down itself.

Arguments: the storage file, the component's code, the first number; `drain` instead of the number handles what is left and stops
in order.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from component_nodes import messaging, script, spec

from airssys_sdk.runtime import Node

TO = "test/last/0"


async def main(storage: str, wasm: str, first: str) -> None:
    """Start, send until killed."""
    async with Node(Path(storage), overflow="block" if first == "drain" else "error") as node:
        await node.start(spec(Path(wasm), "last", runtime={"durable": True}, limits={"mailbox": 100_000}))
        passing = messaging(send=[TO])
        await node.start(
            spec(Path(wasm), permissions=passing, runtime={"durable": True}, limits={"mailbox": 20})
        )
        if first == "drain":
            for name in ("a", "last"):
                await node.ask(name, script(["value", None]), timeout=None)
            return
        print("started", flush=True)
        number = int(first)
        while True:
            # The writes and the note count once, or the message is still on disk.
            writing = [["add", f"n{number}", 1], ["note", "order", str(number)], ["spin", 200]]
            message = script(["send", TO, json.dumps(writing)], *writing)
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
