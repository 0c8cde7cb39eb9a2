"""When the clock is looked at: by whom a turn is called long, and what ends turns and drains."""

from __future__ import annotations

import asyncio
from time import monotonic

import pytest
from actor_helpers import until

from airssys_sdk.runtime import ActorSystem, Envelope, Priority, behaviour
from airssys_sdk.runtime.actors import turns
from airssys_sdk.runtime.scheduling import queue


class Hand:
    """A clock that is set by hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        for module in (turns, queue):
            monkeypatch.setattr(module, "monotonic", lambda: self.now)


def test_only_a_turn_with_one_bare_message_need_not_be_timed() -> None:
    async def scenario() -> None:
        async with ActorSystem() as system:
            ref = system.spawn(behaviour(lambda message, context: None))
            await ref.ready()
            ref.tell(1)
            assert ref.cell.turn(monotonic()) is False
            ref.tell(1)
            ref.tell(2)
            assert ref.cell.turn(monotonic()) is True
            ref.tell(1)  # the mark of before does not stay
            assert ref.cell.turn(monotonic()) is False
            ref.deliver(Envelope(1, priority=Priority.HIGH))
            assert ref.cell.turn(monotonic()) is True
            assert ref.metrics.handled == 5

    asyncio.run(scenario())


def test_a_turn_ends_after_the_message_that_takes_it_over_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        async with ActorSystem() as system:
            hand = Hand(monkeypatch)

            def take(seconds: float, context: object) -> None:
                hand.now += seconds

            ref = system.spawn(behaviour(take))
            await ref.ready()
            for seconds, handled in ((60e-6, 2), (30e-6, 4), (200e-6, 1), (1e-9, 20)):
                for _ in range(20):
                    ref.tell(seconds)
                before = ref.metrics.handled
                ref.cell.turn(hand.now)
                assert ref.metrics.handled - before == handled
                await until(lambda: not ref.metrics.depth)

    asyncio.run(scenario())


def test_a_drain_ends_with_the_turn_that_takes_it_over_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    class Long:
        def turn(self, now: float, /) -> bool:
            hand.now += 0.9e-3
            taken.append(now)
            return True

    async def scenario() -> list[int]:
        run_queue = queue.RunQueue(asyncio.get_running_loop())
        run_queue.ready.extend([Long() for _ in range(16)])
        run_queue.arm()
        counts = []
        while len(taken) < 16:
            await asyncio.sleep(0)
            counts.append(len(taken))
        return counts

    hand, taken = Hand(monkeypatch), list[float]()
    assert asyncio.run(scenario())[:4] == [2, 4, 6, 8]
