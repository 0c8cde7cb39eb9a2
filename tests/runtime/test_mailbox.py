from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any

import pytest
from actor_helpers import Gate, Recorder, on_loop, settle, until

from airssys_sdk.runtime import (
    ActorRef,
    ActorSystem,
    ChildSpec,
    Context,
    DeadReason,
    Envelope,
    MailboxOptions,
    ManualClock,
    OnCrash,
    Policy,
    Priority,
    behaviour,
)
from airssys_sdk.runtime.errors import ActorStopped, MailboxFull, MessageError, MessageExpired, RequestTimeout
from airssys_sdk.runtime.events import MessageFailed


def gated(gate: asyncio.Event, seen: list[str], **options: Any) -> ChildSpec[str]:
    return ChildSpec(lambda: Gate(gate, seen), mailbox=MailboxOptions(**options))


@on_loop
async def test_priorities_order_the_delivery_and_equals_keep_their_order() -> None:
    seen: list[str] = []
    async with ActorSystem() as system:
        ref: ActorRef[str] = system.spawn(lambda: Recorder(seen))
        for number in range(2):
            for priority in (Priority.LOW, Priority.NORMAL, Priority.CRITICAL, Priority.HIGH):
                ref.deliver(Envelope(f"{priority.name} {number}", priority=priority))
        await until(lambda: len(seen) == 8)
    assert seen == [
        f"{name} {number}" for name in ("CRITICAL", "HIGH", "NORMAL", "LOW") for number in range(2)
    ]


@on_loop
async def test_an_urgent_message_overtakes_those_that_wait_while_a_turn_is_under_way() -> None:
    seen: list[str] = []

    def work(message: str, context: Context) -> None:
        seen.append(message)
        if message == "first":
            context.ref.deliver(Envelope("urgent", priority=Priority.HIGH))

    async with ActorSystem() as system:
        ref = system.spawn(behaviour(work))
        for message in ("first", "second", "third"):
            ref.tell(message)
        await until(lambda: len(seen) == 4)
    assert seen == ["first", "urgent", "second", "third"]


@on_loop
async def test_a_full_mailbox_refuses_whatever_the_priority_and_says_what_to_do() -> None:
    gate, seen = asyncio.Event(), list[str]()
    async with ActorSystem() as system:
        ref = system.spawn(gated(gate, seen, capacity=3))
        ref.tell("in progress")
        await until(lambda: seen)
        ref.deliver(Envelope("urgent", priority=Priority.CRITICAL))
        ref.tell("one")
        ref.tell("two")
        for refused in (Envelope("three"), Envelope("three", priority=Priority.CRITICAL)):
            with pytest.raises(MailboxFull, match=r"is full \(3 messages wait\)"):
                ref.deliver(refused)
        with pytest.raises(MailboxFull, match="hint"):
            ref.tell("three")
        with pytest.raises(MailboxFull):
            await ref.ask("three")
        with pytest.raises(MailboxFull):
            await ref.send("three")
        assert ref.metrics.refused == 5
        assert ref.metrics.depth == 3
        gate.set()
        await until(lambda: ref.metrics.handled == 4)
        ref.tell("room again")
    assert (
        seen[::2]
        == [f"{name} begins" for name in ("in progress", "urgent", "one", "two", "room again")][
            : len(seen[::2])
        ]
    )


@on_loop
async def test_a_thousand_messages_may_wait_unless_said_otherwise() -> None:
    gate, seen = asyncio.Event(), list[str]()
    async with ActorSystem() as system:
        ref: ActorRef[str] = system.spawn(lambda: Gate(gate, seen))
        ref.tell("in progress")
        await until(lambda: seen)
        for _ in range(1000):
            ref.tell("waits")
        with pytest.raises(MailboxFull):
            ref.tell("one too many")
        gate.set()
        await until(lambda: ref.metrics.handled == 1001)


@on_loop
async def test_a_sender_may_wait_for_room_and_gets_in_when_there_is_some() -> None:
    gate, seen = asyncio.Event(), list[str]()
    async with ActorSystem() as system:
        ref = system.spawn(gated(gate, seen, capacity=1, overflow="block"))
        ref.tell("in progress")
        await until(lambda: seen)
        ref.tell("waits")
        with pytest.raises(MailboxFull):
            ref.tell("tell never waits")
        senders = [asyncio.ensure_future(ref.send(f"sender {number}")) for number in range(3)]
        asker = asyncio.ensure_future(ref.ask("asker"))
        await settle()
        senders[1].cancel()
        await settle()
        assert not senders[0].done()
        assert ref.metrics.depth == 1
        gate.set()
        await asyncio.gather(senders[0], senders[2])
        assert await asker == "asker"
    assert {entry for entry in seen if entry.endswith("begins")} == {
        f"{name} begins" for name in ("in progress", "waits", "sender 0", "sender 2", "asker")
    }


@on_loop
async def test_many_senders_who_wait_for_the_room_of_one_all_get_in() -> None:
    seen: list[int] = []
    async with ActorSystem() as system:
        options = MailboxOptions(capacity=1, overflow="block")
        ref: ActorRef[int] = system.spawn(ChildSpec(lambda: Recorder(seen), mailbox=options))
        await asyncio.gather(
            *(ref.send(number) for number in range(50)), *(ref.ask(number) for number in range(50))
        )
        await until(lambda: ref.metrics.handled == 100)
        assert not system.run_queue.ready
    assert sorted(seen) == sorted([*range(50), *range(50)])


@pytest.mark.parametrize("early", ["critical", "normal critical"])
@on_loop
async def test_what_is_sent_before_the_first_life_runs_is_handled_by_priority(early: str) -> None:
    seen = list[Any]()

    def factory() -> Recorder:
        for message in early.split():
            system.get("early").deliver(Envelope(message, priority=Priority[message.upper()]))
        return Recorder(seen)

    async with ActorSystem() as system:
        system.spawn(factory, name="early")
        await settle()
        assert seen == sorted(early.split())


@on_loop
async def test_whoever_waits_for_room_before_the_actor_runs_gets_in_too() -> None:
    seen = list[Any]()

    class Eager(Recorder):
        """Its sends begin as those of an eager task do: at once."""

        def started(self, context: Context) -> None:
            for number in (1, 2, 3):
                go_on(context.ref.send(number))

    def go_on(sending: Coroutine[Any, Any, None]) -> None:
        with contextlib.suppress(StopIteration):
            sending.send(None).add_done_callback(lambda _: go_on(sending))

    async with ActorSystem() as system:
        ref = system.spawn(ChildSpec(lambda: Eager(seen), mailbox=MailboxOptions(0, "block")))
        await settle()
        assert seen == []
        await ref.replace(ChildSpec(lambda: Recorder(seen), mailbox=MailboxOptions(1, "block")))
        await settle()
        assert seen == [1, 2, 3]


@on_loop
async def test_the_timeout_of_an_ask_counts_while_it_waits_for_room() -> None:
    clock, gate, seen = ManualClock(), asyncio.Event(), list[str]()
    async with ActorSystem(clock=clock) as system:
        ref = system.spawn(gated(gate, seen, capacity=1, overflow="block"))
        ref.tell("in progress")
        await until(lambda: seen)
        ref.tell("waits")
        answer = asyncio.ensure_future(ref.ask("never accepted", timeout=1.0))
        await settle()
        clock.advance(1.0)
        with pytest.raises(RequestTimeout):
            await answer
        gate.set()
        await until(lambda: ref.metrics.handled == 2)
        await settle()
        assert ref.metrics.received == 2


@on_loop
async def test_whoever_waits_for_room_hears_of_the_end() -> None:
    gate, seen = asyncio.Event(), list[str]()
    async with ActorSystem() as system:
        ref = system.spawn(gated(gate, seen, capacity=1, overflow="block"))
        ref.tell("in progress")
        await until(lambda: seen)
        ref.tell("waits")
        sender, asker = (
            asyncio.ensure_future(ref.send("sender")),
            asyncio.ensure_future(ref.ask("asker", timeout=None)),
        )
        await settle()
        gate.set()
        await ref.stop()
        for waiting in (sender, asker):
            with pytest.raises(ActorStopped):
                await waiting


@on_loop
async def test_a_message_that_waits_too_long_becomes_a_dead_letter() -> None:
    clock, gate, seen = ManualClock(), asyncio.Event(), list[str]()
    async with ActorSystem(clock=clock) as system:
        ref = system.spawn(gated(gate, seen))
        ref.tell("in progress")
        await until(lambda: seen)
        ref.deliver(Envelope("stale", sender="somebody", time_to_live=1.0))
        ref.deliver(Envelope("fresh", time_to_live=1.5))
        answer = asyncio.ensure_future(ref.ask(Envelope("asked", time_to_live=1.0), timeout=None))
        await settle()
        clock.advance(1.0)
        gate.set()
        with pytest.raises(MessageExpired):
            await answer
        await until(lambda: ref.metrics.handled == 2)
        assert ref.metrics.expired == 2
        letter = system.dead_letters[0]
        assert (letter.payload, letter.sender, letter.reason) == ("stale", "somebody", DeadReason.EXPIRED)
    assert seen[2] == "fresh begins"


@on_loop
async def test_messages_that_wait_go_to_the_successor() -> None:
    seen: list[Any] = []
    async with ActorSystem() as system:
        ref: ActorRef[Any] = system.spawn(lambda: Recorder(seen))
        poison = ValueError("poison")
        for message in ("before", poison, "after", "later"):
            ref.tell(message)
        await until(lambda: ref.metrics.handled == 3)
        assert seen == ["before", poison, "after", "later"]
        (letter,) = system.dead_letters
        assert (letter.payload, letter.reason, letter.error) == (poison, DeadReason.CRASHED, poison)


@on_loop
async def test_without_a_successor_they_become_dead_letters_and_askers_hear_at_once() -> None:
    seen: list[Any] = []
    async with ActorSystem() as system:
        ref: ActorRef[Any] = system.spawn(ChildSpec(lambda: Recorder(seen), policy=Policy.TEMPORARY))
        ref.tell(ValueError("poison"))
        ref.tell("after")
        with pytest.raises(ActorStopped, match="before it came to the message"):
            await ref.ask("later", timeout=None)
        assert [letter.reason for letter in system.dead_letters] == [
            DeadReason.CRASHED,
            DeadReason.STOPPED,
            DeadReason.STOPPED,
        ]
        with pytest.raises(ActorStopped, match="has stopped"):
            await ref.ask("too late")


@pytest.mark.parametrize(
    ("on_crash", "attempts", "dead", "dropped"),
    [
        (OnCrash(), 1, 1, 0),
        (OnCrash(retries=2), 3, 1, 0),
        (OnCrash(retries=1, keep=False), 2, 0, 1),
        (OnCrash(keep=False), 1, 0, 1),
    ],
)
def test_the_crash_policy_decides_about_the_message(
    on_crash: OnCrash, attempts: int, dead: int, dropped: int
) -> None:
    @on_loop
    async def run() -> None:
        clock, seen = ManualClock(), list[Any]()
        async with ActorSystem(clock=clock) as system:
            ref: ActorRef[Any] = system.spawn(ChildSpec(lambda: Recorder(seen), on_crash=on_crash))
            poison = ValueError("poison")
            ref.tell(poison)
            ref.tell("after")
            while "after" not in seen:
                await settle()
                clock.advance(1.0)
            assert seen == [poison] * attempts + ["after"]
            assert ref.metrics.dead_lettered == dead
            assert ref.metrics.dropped == dropped
            assert ref.metrics.received == 2

    run()


@on_loop
async def test_a_message_is_tried_again_before_those_of_its_priority_that_wait() -> None:
    seen = list[str]()

    class Once:
        """Crashes at the first message of all, and at no other."""

        def receive(self, message: str, context: Context) -> None:
            seen.append(message)
            if len(seen) == 1:
                raise ValueError(message)

    async with ActorSystem() as system:
        ref: ActorRef[str] = system.spawn(ChildSpec(Once, on_crash=OnCrash(retries=1)))
        for name in ("a", "b"):
            for priority in (Priority.NORMAL, Priority.HIGH):
                ref.deliver(Envelope(f"{priority.name} {name}", priority=priority))
        await until(lambda: ref.metrics.handled == 4)
        assert seen == ["HIGH a", "HIGH a", "HIGH b", "NORMAL a", "NORMAL b"]


@on_loop
async def test_a_retried_message_that_is_handled_at_last_counts_once() -> None:
    attempts: list[str] = []

    def second_time_lucky(message: str, context: Context) -> None:
        attempts.append(message)
        if len(attempts) == 1:
            raise OSError("try again")

    async with ActorSystem() as system:
        ref = system.spawn(ChildSpec(behaviour(second_time_lucky), on_crash=OnCrash(retries=1)))
        ref.deliver(Envelope("work", priority=Priority.HIGH))
        await until(lambda: ref.metrics.handled)
        assert attempts == ["work", "work"]
        assert ref.metrics.received == 1


@on_loop
async def test_a_failed_message_is_an_event_and_goes_to_the_log(caplog: pytest.LogCaptureFixture) -> None:
    def refuse(message: str, context: Context) -> None:
        raise MessageError("not \x1b[31mthis\x1b[0m one")

    async with ActorSystem() as system:
        ref = system.spawn(behaviour(refuse), name="picky")
        with system.events.listen(MessageFailed) as failures:
            ref.tell("anything")
            assert (await anext(failures)).name == "picky"
    assert "picky: a message failed: MessageError: not \ufffd[31mthis" in caplog.text


@on_loop
async def test_only_the_last_dead_letters_are_kept_but_all_are_counted() -> None:
    async with ActorSystem(keep_dead_letters=2) as system:
        ref: ActorRef[Any] = system.spawn(ChildSpec(lambda: Recorder([]), policy=Policy.TEMPORARY))
        ref.tell(ValueError("poison"))
        for number in range(4):
            ref.tell(number)
        await ref.ended()
        assert [letter.payload for letter in system.dead_letters] == [2, 3]
        assert system.dead[DeadReason.STOPPED] == 4
