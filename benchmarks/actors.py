"""How fast plain actors are, as ratios to floors that are measured in the same run.

`python benchmarks/actors.py` prints a table: `tell` with 1, 1,000 and 100,000 actors against a deque's append and
popleft; `ask` against a round trip of an asyncio future; spawning against the clock and the memory of the process;
publishing to 1 and 100 subscribers, with 100,000 other subscriptions there, and telling a pool, against a plain `tell`.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import time
import tracemalloc
from collections import deque

from airssys_sdk.runtime import ActorRef, ActorSystem, Context, PoolSpec, Routing

MESSAGES = 50_000
ROUNDS = 15


class Sink:
    def receive(self, message: object, context: Context) -> None:
        pass


class Echo:
    def receive(self, message: object, context: Context) -> object:
        return message


def deque_floor() -> float:
    """Seconds for an append and a popleft."""
    waiting: deque[int] = deque()
    start = time.perf_counter()
    for number in range(MESSAGES):
        waiting.append(number)
        waiting.popleft()
    return (time.perf_counter() - start) / MESSAGES


async def future_floor(count: int = 5_000) -> float:
    """Seconds until a future is awaited that another callback of the loop resolves."""
    loop = asyncio.get_running_loop()
    start = time.perf_counter()
    for _ in range(count):
        future: asyncio.Future[int] = loop.create_future()
        loop.call_soon(future.set_result, 1)
        await future
    return (time.perf_counter() - start) / count


async def tell(actors: int) -> float:
    """Seconds for a message to be sent and handled, sent in rounds of up to 1,000."""
    async with ActorSystem() as system:
        refs: list[ActorRef[int]] = [system.spawn(Sink) for _ in range(actors)]
        rounds = max(1, MESSAGES // max(actors, 1000))
        per_actor = max(1, 1000 // actors)
        tells = [ref.tell for ref in refs] * per_actor
        last = refs[-1]
        start = time.perf_counter()
        for _ in range(rounds):
            for send in tells:
                send(1)
            while last.metrics.depth:  # noqa: ASYNC110 - an event would be measured too
                await asyncio.sleep(0)
        seconds = (time.perf_counter() - start) / (rounds * actors * per_actor)
        assert system.metrics().handled == rounds * actors * per_actor
        return seconds


async def ask(count: int = 5_000) -> float:
    """Seconds from an ask to its answer, one at a time, with a timeout."""
    async with ActorSystem() as system:
        ref: ActorRef[int] = system.spawn(Echo)
        start = time.perf_counter()
        for number in range(count):
            await ref.ask(number)
        return (time.perf_counter() - start) / count


async def spawn(count: int = 20_000) -> tuple[float, float]:
    """Seconds to spawn an actor, and its bytes once it has handled a message."""
    gc.collect()
    async with ActorSystem() as system:
        start = time.perf_counter()
        refs = [system.spawn(Sink) for _ in range(count)]
        seconds = (time.perf_counter() - start) / count
        del refs
    async with ActorSystem() as system:
        gc.collect()
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        refs = [system.spawn(Sink) for _ in range(count // 2)]
        for ref in refs:
            ref.tell(1)
        while refs[-1].metrics.depth:  # noqa: ASYNC110 - an event would be measured too
            await asyncio.sleep(0)
        gc.collect()
        size = (tracemalloc.get_traced_memory()[0] - before) / (count // 2)
        tracemalloc.stop()
    return seconds, size


async def tell_pool(routing: Routing, workers: int = 8) -> float:
    """Seconds for a message to be sent to a pool and handled, sent in rounds of 1,000."""
    async with ActorSystem() as system:
        pool: ActorRef[int] = system.spawn(PoolSpec(Sink, workers, routing=routing))
        rounds = MESSAGES // 1000
        start = time.perf_counter()
        for _ in range(rounds):
            for _ in range(1000):
                pool.tell(1)
            while pool.metrics.depth:  # noqa: ASYNC110 - an event would be measured too
                await asyncio.sleep(0)
        seconds = (time.perf_counter() - start) / (rounds * 1000)
        assert pool.metrics.handled == rounds * 1000
        return seconds


async def publish(subscribers: int, others: int) -> float:
    """Seconds for a message to be published, and handled by one subscriber, beside so many other subscriptions."""
    async with ActorSystem() as system:
        refs: list[ActorRef[int]] = [system.spawn(Sink) for _ in range(subscribers)]
        for ref in refs:
            system.topics.subscribe("orders.*.created", ref)
        for number in range(others):
            system.topics.subscribe(f"others.{number}.#", refs[0])
        per_round = max(1, 1000 // subscribers)
        rounds = MESSAGES // 1000
        last = refs[-1]
        start = time.perf_counter()
        for _ in range(rounds):
            for number in range(per_round):
                system.topics.publish(f"orders.{number}.created", 1)
            while last.metrics.depth:  # noqa: ASYNC110 - an event would be measured too
                await asyncio.sleep(0)
        seconds = (time.perf_counter() - start) / (rounds * per_round * subscribers)
        assert system.metrics().handled == rounds * per_round * subscribers
        return seconds


def row(figure: str, value: str, ratio: str, goal: str) -> None:
    print(f"{figure:<34}{value:>12}{ratio:>12}   {goal}")


async def main() -> None:
    print(
        f"CPython {sys.version.split()[0]}, plain actors; best of {ROUNDS} rounds, floors measured in the same rounds"
    )
    row("figure", "value", "ratio", "goal")
    for actors, goal in ((1, 10), (1_000, 12), (100_000, 25)):
        rounds = [(deque_floor(), await tell(actors)) for _ in range(ROUNDS if actors < 100_000 else 5)]
        floor, value = (min(column) for column in zip(*rounds, strict=True))
        text = f"<= {goal} x deque append + popleft ({floor * 1e9:.0f} ns)"
        row(f"tell, {actors:,} actors", f"{value * 1e9:.0f} ns", f"{value / floor:.1f} x", text)
    rounds = [(await future_floor(), await ask()) for _ in range(ROUNDS)]
    floor, value = (min(column) for column in zip(*rounds, strict=True))
    text = f"<= 1.5 x future round trip ({floor * 1e6:.2f} us)"
    row("ask", f"{value * 1e6:.2f} us", f"{value / floor:.2f} x", text)
    against = [
        (
            await tell(1),
            await tell_pool("round-robin"),
            await tell_pool("least-loaded"),
            await publish(1, 100_000),
            await publish(100, 100_000),
        )
        for _ in range(5)
    ]
    plain, *values = (min(column) for column in zip(*against, strict=True))
    figures = (
        "tell, pool of 8 in turn",
        "tell, pool of 8 by load",
        "publish, 1 subscriber",
        "publish, 100 subscribers",
    )
    for figure, value in zip(figures, values, strict=True):
        text = f"a subscriber, beside 100,000 subscriptions; plain tell {plain * 1e9:.0f} ns"
        text = text if figure.startswith("publish") else f"plain tell {plain * 1e9:.0f} ns"
        row(figure, f"{value * 1e9:.0f} ns", f"{value / plain:.1f} x", text)
    spawned = [await spawn() for _ in range(5)]
    row("spawn", f"{min(seconds for seconds, _ in spawned) * 1e6:.2f} us", "", "< 2 us")
    row("memory of an actor", f"{min(size for _, size in spawned):.0f} B", "", "< 1200 B")


if __name__ == "__main__":
    asyncio.run(main())
