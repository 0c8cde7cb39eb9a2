"""What senders notice of a version that takes over while they send as much as they can.

`python -m benchmarks deployments` deploys two versions of a Python guest in turn, while 20 clients ask it without a pause. Every
ask must be answered, and in the order of the versions. The pause is the time in which no message was handled beyond the one
in progress, as the event `Deployed` says; the silence is what clients see: the longest time without any answer from the beginning of a
deployment to its end, which includes the new version's start beside the old one.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from airssys_sdk.runtime import Node

from .components import PAYLOAD, percentile, row, spec, with_guest

CLIENTS = 20
DEPLOYMENTS = 60


class Load:
    """Clients that ask all the time.

    Attributes:
        asked, answered: messages.
        silence: the longest time without an answer since it was set to 0.
    """

    def __init__(self, node: Node, target: str) -> None:
        self.asked = self.answered = 0
        self.silence = 0.0
        self._node, self._target = node, target
        self._last = time.perf_counter()
        self._over = False
        self._clients = [asyncio.ensure_future(self._client()) for _ in range(CLIENTS)]

    async def _client(self) -> None:
        while not self._over:
            self.asked += 1
            answer = await self._node.ask(self._target, PAYLOAD)
            assert answer == PAYLOAD
            self.answered += 1
            now = time.perf_counter()
            self.silence, self._last = max(self.silence, now - self._last), now

    async def end(self) -> None:
        """Let the clients finish; one that was not answered raises here."""
        self._over = True
        await asyncio.gather(*self._clients)


async def measure(wasm: Path, folder: Path) -> None:
    """Print the table."""
    print(
        f"Python guest, metered, {CLIENTS} clients that ask all the time; {DEPLOYMENTS} deployments, wall clock"
    )
    async with Node(folder / "node.db") as node:
        versions = [spec(wasm, "guest", version=f"1.{number}.0", pool=0) for number in range(2)]
        await node.start(versions[0])
        load = Load(node, "guest")
        pauses: list[float] = []
        silences: list[float] = []
        usual: list[float] = []
        for number in range(DEPLOYMENTS):
            load.silence = 0.0
            await asyncio.sleep(0.05)
            usual.append(load.silence)
            load.silence = 0.0
            deployed = await node.deploy("guest", versions[(number + 1) % 2])
            pauses.append(deployed.pause)
            silences.append(load.silence)
        await load.end()
        metrics = node.metrics("guest")
    lost = load.asked - load.answered
    row(
        "messages lost in hot deployments under full load",
        str(lost),
        "0",
        f"of {load.asked:,}, handled {metrics.handled:,}",
    )
    row(
        "pause of a deployment, p99",
        f"{percentile(pauses, 99) * 1e3:.2f} ms",
        "< 5 ms",
        f"p50 {percentile(pauses, 50) * 1e3:.2f} ms",
    )
    row(
        "longest silence in a deployment, p50",
        f"{percentile(silences, 50) * 1e3:.2f} ms",
        "",
        f"without one in 50 ms: {percentile(usual, 50) * 1e3:.2f} ms",
    )


if __name__ == "__main__":
    asyncio.run(with_guest(measure))
