"""What publishing and pools cost beside a plain `tell`.

`python -m benchmarks topics` prints a table: telling a pool of 8 workers, and publishing to 1 and 100 subscribers, with 100,000 other
subscriptions there. Times are processor time, the best of rounds that take turns.
"""

from __future__ import annotations

import asyncio
import time

from airssys_sdk.runtime import ActorRef, ActorSystem, PoolSpec, Routing

from .actors import Sink, row, tell

MESSAGES = 10_000
OTHERS = 100_000
ROUNDS = 5


async def tell_plain() -> float:
    """Seconds for a message to be sent to an actor and handled."""
    async with ActorSystem() as system:
        return await tell([system.spawn(Sink)])


async def tell_pool(routing: Routing, workers: int = 8) -> float:
    """Seconds for a message to be sent to a pool and handled, sent in rounds of 1,000."""
    async with ActorSystem() as system:
        pool: ActorRef[int] = system.spawn(PoolSpec(Sink, workers, routing=routing))
        rounds = MESSAGES // 1000
        start = time.process_time()
        for _ in range(rounds):
            for _ in range(1000):
                pool.tell(1)
            while pool.metrics.depth:  # noqa: ASYNC110 - an event would be measured too
                await asyncio.sleep(0)
        seconds = (time.process_time() - start) / (rounds * 1000)
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
        start = time.process_time()
        for _ in range(rounds):
            for number in range(per_round):
                system.topics.publish(f"orders.{number}.created", 1)
            while last.metrics.depth:  # noqa: ASYNC110 - an event would be measured too
                await asyncio.sleep(0)
        seconds = (time.process_time() - start) / (rounds * per_round * subscribers)
        assert system.metrics().handled == rounds * per_round * subscribers
        return seconds


async def main() -> None:
    rounds = [
        (
            await tell_plain(),
            await tell_pool("round-robin"),
            await tell_pool("least-loaded"),
            await publish(1, OTHERS),
            await publish(100, OTHERS),
        )
        for _ in range(ROUNDS)
    ]
    plain, *values = (min(column) for column in zip(*rounds, strict=True))
    row("figure", "value", "ratio", "")
    for figure, value, text in zip(
        (
            "tell, pool of 8 in turn",
            "tell, pool of 8 by load",
            "publish, 1 subscriber",
            "publish, 100 subscribers",
        ),
        values,
        ("", "", *[f"a subscriber, beside {OTHERS:,} subscriptions"] * 2),
        strict=True,
    ):
        row(
            figure,
            f"{value * 1e9:.0f} ns",
            f"{value / plain:.1f} x",
            f"plain tell {plain * 1e9:.0f} ns {text}",
        )


if __name__ == "__main__":
    asyncio.run(main())
