"""Publish and subscribe among plain actors: who gets what, and what becomes of what nobody takes."""

from __future__ import annotations

import asyncio
import gc
import weakref
from typing import Any

import pytest
from actor_helpers import Gate, Recorder, on_loop, settle, until

from airssys_sdk.errors import UsageError
from airssys_sdk.runtime import (
    ActorRef,
    ActorStopped,
    ActorSystem,
    ChildSpec,
    Context,
    DeadLetter,
    DeadReason,
    Envelope,
    MailboxFull,
    MailboxOptions,
    ManualClock,
    Policy,
    PoolSpec,
    Priority,
    TopicCounts,
    Unrouted,
    behaviour,
)


def recorder(system: ActorSystem, seen: list[Any], **options: Any) -> ActorRef[Any]:
    return system.spawn(ChildSpec(lambda: Recorder(seen), **options))


@on_loop
async def test_a_message_reaches_everybody_whose_pattern_fits() -> None:
    orders: list[str] = []
    errors: list[str] = []
    everything: list[str] = []
    async with ActorSystem() as system:
        system.topics.subscribe("orders.*", recorder(system, orders))
        system.topics.subscribe("#.error", recorder(system, errors))
        system.topics.subscribe("#", recorder(system, everything))
        assert system.topics.publish("orders.created", "first") == 2
        assert system.topics.publish("orders.error", "second") == 3
        assert system.topics.publish("shop.orders.error", "third") == 2
        await until(lambda: len(everything) == 3)
        await settle()
        assert system.topics.counts == TopicCounts(published=3, accepted=7)
        assert len(system.topics) == 3
    assert orders == ["first", "second"]
    assert errors == ["second", "third"]
    assert everything == ["first", "second", "third"]


@on_loop
async def test_an_actor_with_several_fitting_subscriptions_gets_a_message_once() -> None:
    seen: list[str] = []
    async with ActorSystem() as system:
        ref = recorder(system, seen)
        first = system.topics.subscribe("orders.*", ref)
        second = system.topics.subscribe("orders.*", ref)
        third = system.topics.subscribe("orders.#", ref)
        assert system.topics.publish("orders.created", 1) == 1
        first.cancel()
        first.cancel()
        assert (first.active, second.active) == (False, True)
        assert system.topics.publish("orders.created", 2) == 1
        second.cancel()
        assert system.topics.publish("orders.created", 3) == 1
        third.cancel()
        assert system.topics.publish("orders.created", 4) == 0
        assert len(system.topics) == 0
        await until(lambda: len(seen) == 3)
        await settle()
    assert seen == [1, 2, 3]


@on_loop
async def test_what_is_published_with_more_arrives_with_it() -> None:
    clock, gate, seen = ManualClock(), asyncio.Event(), list[object]()

    async def remember(message: str, context: Context) -> None:
        seen.append((message, context.sender))
        await gate.wait()

    async with ActorSystem(clock=clock) as system:
        refs = [system.spawn(behaviour(remember)) for _ in range(2)]
        for ref in refs:
            system.topics.subscribe("news", ref)
        publish = system.topics.publish
        assert publish("news", "first") == 2
        await until(lambda: len(seen) == 2)
        publish("news", "plain")
        publish("news", "stale", time_to_live=1.0)
        publish("news", "urgent", sender=refs[0], priority=Priority.CRITICAL)
        clock.advance(2.0)
        gate.set()
        await until(lambda: len(seen) == 6)
        await settle()
        assert [seen[index] for index in (2, 4)] == [("urgent", refs[0]), ("plain", None)]
        assert [ref.metrics.expired for ref in refs] == [1, 1]
        assert system.dead[DeadReason.EXPIRED] == 2


@on_loop
async def test_a_full_mailbox_keeps_a_message_from_nobody_else_and_the_message_is_a_dead_letter() -> None:
    gate, seen, others = asyncio.Event(), list[str](), list[str]()
    async with ActorSystem() as system:
        slow: ActorRef[str] = system.spawn(
            ChildSpec(lambda: Gate(gate, seen), name="slow", mailbox=MailboxOptions(1))
        )
        for ref in (recorder(system, others), slow, recorder(system, others)):
            system.topics.subscribe("news.*", ref)
        assert system.topics.publish("news.a", "first") == 3
        await until(lambda: seen)
        assert system.topics.publish("news.a", "second") == 3
        with system.events.listen(DeadLetter) as told:
            assert system.topics.publish("news.a", "third", sender="me") == 2
            letter = await anext(told)
        assert (letter.target, letter.payload, letter.sender) == ("slow", "third", "me")
        assert letter.reason is DeadReason.REFUSED
        assert isinstance(letter.error, MailboxFull)
        assert list(system.dead_letters) == [letter]
        assert slow.metrics.refused == 1
        assert slow.metrics.received == 2
        assert system.topics.counts == TopicCounts(published=3, accepted=8, refused=1)
        gate.set()
        await until(lambda: len(others) == 6 and slow.metrics.handled == 2)
        # Each message to each subscriber ended in exactly one way.
        total = system.metrics()
        assert (total.handled, total.refused, total.received) == (8, 1, 8)


@on_loop
async def test_a_message_that_nobody_wants_is_counted_and_told() -> None:
    async with ActorSystem() as system:
        assert system.topics.publish("news", "unheard") == 0
        with system.events.listen(Unrouted) as told:
            assert system.topics.publish("news.late", "heard", sender="me") == 0
            assert await anext(told) == Unrouted("news.late", "heard", "me")
        assert system.topics.counts == TopicCounts(published=2, unrouted=2)
        assert not system.dead_letters


@on_loop
async def test_a_subscription_lasts_through_restarts_and_replacement_and_ends_with_the_name() -> None:
    first: list[Any] = []
    second: list[Any] = []
    async with ActorSystem() as system:
        ref = recorder(system, first)
        subscription = system.topics.subscribe("news", ref)
        system.topics.subscribe("#", ref)
        system.topics.publish("news", ValueError("crash"))
        system.topics.publish("news", "after the crash")
        await until(lambda: len(first) == 2)
        await ref.replace(ChildSpec(lambda: Recorder(second)))
        assert system.topics.publish("news", "after the replacement") == 1
        await until(lambda: second)
        assert subscription.active
        await ref.stop()
        assert not subscription.active
        assert len(system.topics) == 0
        assert system.topics.publish("news", "too late") == 0
        subscription.cancel()
        with pytest.raises(ActorStopped, match="cannot subscribe to 'news'"):
            system.topics.subscribe("news", ref)
    assert second == ["after the replacement"]


@on_loop
async def test_an_actor_that_its_supervisor_lets_go_is_subscribed_no_more() -> None:
    seen: list[Any] = []
    async with ActorSystem() as system:
        ref = recorder(system, seen, policy=Policy.TEMPORARY)
        system.topics.subscribe("news", ref)
        assert system.topics.publish("news", ValueError("crash")) == 1
        assert system.topics.publish("news", "waits and becomes a dead letter") == 1
        await ref.ended()
        assert system.topics.publish("news", "nobody") == 0
        reasons = [letter.reason for letter in system.dead_letters]
    assert reasons == [DeadReason.CRASHED, DeadReason.STOPPED]


@on_loop
async def test_an_actor_may_subscribe_publish_and_cancel_while_it_handles_what_was_published() -> None:
    seen: list[tuple[str, object]] = []

    class Chain:
        def __init__(self, name: str) -> None:
            self.name = name

        def receive(self, message: int, context: Context) -> None:
            seen.append((self.name, message))
            if message == 1:
                topics = context.system.topics
                topics.subscribe("second", context.ref)
                own.cancel()
                assert topics.publish("first", 3) == 0
                assert topics.publish("second", 2) == 1

    async with ActorSystem() as system:
        ref: ActorRef[int] = system.spawn(lambda: Chain("a"))
        own = system.topics.subscribe("first", ref)
        system.topics.publish("first", 1)
        await until(lambda: len(seen) == 2)
        await settle()
    assert seen == [("a", 1), ("a", 2)]


@on_loop
async def test_a_pool_that_subscribes_has_one_worker_handle_each_message() -> None:
    seen: list[list[int]] = [[], []]
    places = iter(seen)
    async with ActorSystem() as system:
        pool: ActorRef[int] = system.spawn(PoolSpec(lambda: Recorder(next(places)), 2, "pool"))
        system.topics.subscribe("news", pool)
        assert [system.topics.publish("news", number) for number in range(4)] == [1, 1, 1, 1]
        await until(lambda: sum(map(len, seen)) == 4)
    assert seen == [[0, 2], [1, 3]]


@on_loop
async def test_what_cannot_be_published_is_refused_before_anybody_gets_it() -> None:
    seen: list[object] = []
    async with ActorSystem() as system:
        system.topics.subscribe("#", recorder(system, seen))
        with pytest.raises(UsageError, match="level 2 is empty"):
            system.topics.publish("news.", 1)
        with pytest.raises(UsageError, match="an envelope is sent once"):
            system.topics.publish("news", Envelope(1))
        with pytest.raises(UsageError, match="has # inside a word"):
            system.topics.subscribe("news#", recorder(system, seen))
        await settle()
        assert system.topics.counts == TopicCounts()
    assert seen == []


@on_loop
async def test_a_hundred_thousand_subscriptions_are_kept_apart_and_all_go() -> None:
    seen: list[int] = []
    async with ActorSystem() as system:
        refs = [recorder(system, seen) for _ in range(10)]
        held = [
            system.topics.subscribe(f"shop.{number}.{wildcard}", refs[number % 10])
            for number in range(33_334)
            for wildcard in ("created", "*", "#")
        ]
        assert len(system.topics) == len(held) > 100_000
        assert system.topics.publish("shop.33333.created", 33_333) == 1
        assert system.topics.publish("shop.33333", 33_334) == 1
        assert system.topics.publish("shop.33334.created", 0) == 0
        await until(lambda: len(seen) == 2)
        assert refs[3].metrics.handled == 2
        for subscription in held[::2]:
            subscription.cancel()
        for ref in refs:
            await ref.stop()
        assert len(system.topics) == 0
    assert not any(subscription.active for subscription in held)


@on_loop
async def test_a_system_keeps_nothing_of_an_actor_that_has_gone() -> None:
    async with ActorSystem() as system:
        made = lambda: Recorder([])  # noqa: E731 - the actor's name holds it, and what else would hold the name
        factory = weakref.ref(made)
        ref: ActorRef[int] = system.spawn(made)
        for pattern in ("a", "a.*", "#"):
            system.topics.subscribe(pattern, ref)
        system.topics.publish("a", 1)
        await ref.stop()
        await settle()
        del made, ref
        gc.collect()
        assert factory() is None
