"""How fast plain actors are, as ratios to floors that are measured in the same run, with pykka and thespian beside ours.

`python -m benchmarks actors` prints a table: `tell` with 1, 1,000 and 100,000 actors against a deque's append and
popleft; `ask` against a round trip of an asyncio future; spawning 100,000 actors against the clock and the memory of
the process. Times are processor time, the best of short rounds that take turns.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import sys
import time
import tracemalloc
from collections import deque

from airssys_sdk.runtime import ActorRef, ActorSystem, Context

from .peers.actors import Pykka, Thespian
from .peers.common import Unavailable

MESSAGES = 10_000
ASKS = 1_000
ROUNDS = 30
MANY = 100_000


class Sink:
    def receive(self, message: object, context: Context) -> None:
        pass


class Echo:
    def receive(self, message: object, context: Context) -> object:
        return message


def deque_floor() -> float:
    """Seconds for an append and a popleft."""
    waiting: deque[int] = deque()
    start = time.process_time()
    for number in range(MESSAGES):
        waiting.append(number)
        waiting.popleft()
    return (time.process_time() - start) / MESSAGES


async def future_floor() -> float:
    """Seconds until a future is awaited that another callback of the loop resolves."""
    loop = asyncio.get_running_loop()
    start = time.process_time()
    for _ in range(ASKS):
        future: asyncio.Future[int] = loop.create_future()
        loop.call_soon(future.set_result, 1)
        await future
    return (time.process_time() - start) / ASKS


async def tell(refs: list[ActorRef[int]]) -> float:
    """Seconds for a message to be sent and handled, sent in bursts of 1,000, or of one for each actor."""
    bursts = max(1, MESSAGES // max(len(refs), 1_000))
    tells = [ref.tell for ref in refs] * max(1, 1_000 // len(refs))
    last = refs[-1].cell.mailbox
    start = time.process_time()
    for _ in range(bursts):
        for send in tells:
            send(1)
        while last.depth:  # noqa: ASYNC110 - an event would be measured too
            await asyncio.sleep(0)
    return (time.process_time() - start) / (bursts * len(tells))


async def ask(ref: ActorRef[int]) -> float:
    """Seconds from an ask to its answer, one at a time, with a timeout."""
    start = time.process_time()
    for number in range(ASKS):
        await ref.ask(number)
    return (time.process_time() - start) / ASKS


async def spawn(*, collecting: bool) -> float:
    """Seconds to spawn an actor, until there are 100,000, with Python's garbage collector or without."""
    gc.collect()
    async with ActorSystem() as system:
        if not collecting:
            gc.disable()
        start = time.process_time()
        refs = [system.spawn(Sink) for _ in range(MANY)]
        seconds = (time.process_time() - start) / MANY
        gc.enable()
        del refs
    return seconds


async def memory() -> float:
    """Bytes of an actor that has handled a message, when 100,000 live."""
    async with ActorSystem() as system:
        gc.collect()
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        refs = [system.spawn(Sink) for _ in range(MANY)]
        for ref in refs:
            ref.tell(1)
        while refs[-1].metrics.depth:  # noqa: ASYNC110 - an event would be measured too
            await asyncio.sleep(0)
        gc.collect()
        size = (tracemalloc.get_traced_memory()[0] - before) / MANY
        tracemalloc.stop()
    return size


def row(figure: str, value: str, ratio: str, goal: str) -> None:
    print(f"{figure:<34}{value:>12}{ratio:>12}   {goal}", flush=True)


async def measure_tell(actors: int, goal: int) -> float:
    """Print a row; returns the seconds."""
    async with ActorSystem() as system:
        refs: list[ActorRef[int]] = [system.spawn(Sink) for _ in range(actors)]
        rounds = ROUNDS if actors < MANY else 7
        floors, values = list[float](), list[float]()
        for _ in range(rounds):
            floors.append(deque_floor())
            values.append(await tell(refs))
        metrics = system.metrics()
        assert metrics.handled == metrics.received
    floor, value = min(floors), min(values)
    text = f"<= {goal} x deque append + popleft ({floor * 1e9:.0f} ns)"
    row(f"tell, {actors:,} actors", f"{value * 1e9:.0f} ns", f"{value / floor:.1f} x", text)
    return value


async def main() -> None:
    print(f"CPython {sys.version.split()[0]}, plain actors; processor time, the best of {ROUNDS} rounds")
    row("figure", "value", "ratio", "goal")
    told = await measure_tell(1, 10)
    await measure_tell(1_000, 12)
    await measure_tell(MANY, 25)
    async with ActorSystem() as system:
        ref: ActorRef[int] = system.spawn(Echo)
        rounds = [(await future_floor(), await ask(ref)) for _ in range(ROUNDS)]
    floor, asked = (min(column) for column in zip(*rounds, strict=True))
    text = f"<= 1.5 x future round trip ({floor * 1e6:.2f} us)"
    row("ask", f"{asked * 1e6:.2f} us", f"{asked / floor:.2f} x", text)
    for collecting, title in ((False, "collector off"), (True, "collector on")):
        seconds = min([await spawn(collecting=collecting) for _ in range(3)])
        goal = "(it looks at all live objects again and again)" if collecting else "< 2 us"
        row(f"spawn of {MANY:,}, {title}", f"{seconds * 1e6:.2f} us", "", goal)
    row("memory of an actor", f"{await memory():.0f} B", "", f"< 1200 B, {MANY:,} live")
    for name, kind in (("pykka", Pykka), ("thespian", Thespian)):
        try:
            peer = kind()
        except Unavailable as why:
            print(f"{name} is left out: {why}")
            continue
        with contextlib.closing(peer):
            their_tell = min(peer.tell() for _ in range(ROUNDS))
            their_ask = min(peer.ask() for _ in range(ROUNDS))
        title = f"{name} {peer.version}"
        row(
            f"tell, 1 actor, {title}",
            f"{their_tell * 1e9:.0f} ns",
            f"{their_tell / told:.1f} x",
            "of ours above",
        )
        row(f"ask, {title}", f"{their_ask * 1e6:.2f} us", f"{their_ask / asked:.2f} x", "of ours above")


if __name__ == "__main__":
    asyncio.run(main())
