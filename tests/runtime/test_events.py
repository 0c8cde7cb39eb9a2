from __future__ import annotations

import asyncio

import pytest
from actor_helpers import on_loop, settle

from airssys_sdk.runtime.events import ActorStarted, DeadLetter, DeadReason, EventStream


@on_loop
async def test_a_reader_gets_the_kinds_that_it_asked_for_in_order() -> None:
    stream = EventStream()
    with stream.listen(DeadLetter) as letters:
        stream.publish(ActorStarted("a", 0))
        for number in range(3):
            stream.publish(DeadLetter("a", number, None, DeadReason.STOPPED))
        letters.close()
        assert [letter.payload async for letter in letters] == [0, 1, 2]
    assert not stream.wanted


@on_loop
async def test_a_slow_reader_loses_the_oldest_and_knows_how_many() -> None:
    stream = EventStream()
    with stream.listen(capacity=3) as listening:
        for number in range(5):
            stream.publish(number)
        assert [await anext(listening) for _ in range(3)] == [2, 3, 4]
        assert listening.lost == 2


@on_loop
async def test_a_waiting_reader_wakes_for_an_event_and_for_the_end() -> None:
    stream = EventStream()
    listening = stream.listen(str)

    async def read() -> list[str]:
        return [event async for event in listening]

    reader = asyncio.ensure_future(read())
    await settle()
    stream.publish("one")
    await settle()
    stream.publish("two")
    await settle()
    listening.close()
    assert await reader == ["one", "two"]


def test_a_listener_that_raises_does_not_disturb_the_others(caplog: pytest.LogCaptureFixture) -> None:
    stream, heard = EventStream(), list[object]()

    def broken(event: object) -> None:
        raise ValueError("broken listener")

    stream.subscribe(broken)
    subscription = stream.subscribe(heard.append)
    stream.publish("event")
    assert heard == ["event"]
    assert "broken listener" in caplog.text
    subscription.cancel()
    subscription.cancel()
    stream.publish("unheard")
    assert heard == ["event"]
