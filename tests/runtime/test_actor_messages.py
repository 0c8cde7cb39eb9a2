from __future__ import annotations

import asyncio
import sys
import threading
from typing import Any

import pytest
from actor_helpers import Gate, Recorder, on_loop, settle, until

from airssys_sdk.errors import UsageError
from airssys_sdk.runtime import (
    ActorRef,
    ActorSystem,
    ChildSpec,
    Context,
    Envelope,
    ExitKind,
    MailboxOptions,
    ManualClock,
    Pending,
    Policy,
    PoolSpec,
    Terminated,
    behaviour,
)
from airssys_sdk.runtime.errors import (
    ActorNotFound,
    ActorStopped,
    MessageError,
    NameTaken,
    RequestTimeout,
    StartFailed,
)


@on_loop
async def test_an_actor_handles_its_messages_in_the_order_in_which_they_were_sent() -> None:
    seen: list[int] = []
    async with ActorSystem() as system:
        ref: ActorRef[int] = system.spawn(lambda: Recorder(seen))
        for number in range(500):
            ref.tell(number)
        assert await ref.ask(500) == 500
    assert seen == list(range(501))


@on_loop
async def test_a_function_can_be_an_actor() -> None:
    def double(message: int, context: Context) -> int:
        return message * 2

    async with ActorSystem() as system:
        assert await system.spawn(behaviour(double)).ask(21) == 42


@on_loop
async def test_an_ask_raises_what_the_handler_raises_at_once_and_the_actor_is_restarted() -> None:
    seen: list[Any] = []
    async with ActorSystem() as system:
        ref: ActorRef[Any] = system.spawn(lambda: Recorder(seen))
        with pytest.raises(ZeroDivisionError):
            await ref.ask(ZeroDivisionError("poison"), timeout=None)
        assert await ref.ask("next") == "next"
        assert ref.metrics.failed == 1
        assert ref.metrics.handled == 1


@on_loop
async def test_a_message_error_fails_the_message_and_leaves_the_actor_alone() -> None:
    class Picky:
        def __init__(self) -> None:
            self.handled = 0

        def receive(self, message: int, context: Context) -> int:
            if message < 0:
                raise MessageError("negative")
            self.handled += 1
            return self.handled

    async with ActorSystem() as system:
        ref: ActorRef[int] = system.spawn(Picky)
        assert await ref.ask(1) == 1
        with pytest.raises(MessageError, match="negative"):
            await ref.ask(-1)
        ref.tell(-1)
        assert await ref.ask(1) == 2
        assert ref.metrics.failed == 2


@on_loop
async def test_an_actor_that_awaits_handles_no_other_message_meanwhile_and_others_go_on() -> None:
    gate, seen, others = asyncio.Event(), list[str](), list[int]()
    async with ActorSystem() as system:
        slow: ActorRef[str] = system.spawn(lambda: Gate(gate, seen))
        quick: ActorRef[int] = system.spawn(lambda: Recorder(others))
        answers = [asyncio.ensure_future(slow.ask(name)) for name in ("one", "two")]
        await until(lambda: seen)
        assert await quick.ask(1) == 1
        await settle()
        assert seen == ["one begins"]
        assert slow.metrics.in_progress == 1
        assert slow.metrics.depth == 1
        gate.set()
        assert await asyncio.gather(*answers) == ["one", "two"]
    assert seen == ["one begins", "one ends", "two begins", "two ends"]


@on_loop
async def test_an_async_handler_that_raises_crashes_its_actor_and_tells_the_asker() -> None:
    async def fail(message: str, context: Context) -> None:
        await asyncio.sleep(0)
        raise LookupError(message)

    async with ActorSystem() as system:
        ref = system.spawn(ChildSpec(behaviour(fail), policy=Policy.TEMPORARY))
        with pytest.raises(LookupError, match="gone"):
            await ref.ask("gone")
        assert (await ref.ended()).kind is ExitKind.FAILED


@on_loop
async def test_a_pending_answer_can_come_from_another_thread() -> None:
    waiting: list[Pending] = []

    def hand_over(message: int, context: Context) -> Pending:
        pending = Pending()
        waiting.append(pending)
        return pending

    async with ActorSystem() as system:
        ref = system.spawn(behaviour(hand_over))
        first, second = (asyncio.ensure_future(ref.ask(number)) for number in (1, 2))
        await until(lambda: waiting)
        thread = threading.Thread(target=lambda: waiting[0].succeed("one"))
        thread.start()
        assert await first == "one"
        thread.join()
        await until(lambda: len(waiting) == 2)
        thread = threading.Thread(target=lambda: waiting[1].fail(MessageError("two")))
        thread.start()
        with pytest.raises(MessageError, match="two"):
            await second
        thread.join()


@on_loop
async def test_a_pending_that_is_done_before_the_handler_returns_counts_once() -> None:
    def at_once(message: int, context: Context) -> Pending:
        pending = Pending()
        pending.succeed(message)
        pending.succeed("twice")
        return pending

    async with ActorSystem() as system:
        ref = system.spawn(behaviour(at_once))
        assert await asyncio.gather(*(ref.ask(number) for number in range(5))) == list(range(5))
        assert ref.metrics.handled == 5


@on_loop
async def test_threads_can_tell_and_ask_at_the_same_time_and_nothing_is_lost() -> None:
    seen: list[int] = []
    async with ActorSystem() as system:
        spec: ChildSpec[int] = ChildSpec(lambda: Recorder(seen), mailbox=MailboxOptions(capacity=None))
        ref = system.spawn(spec)

        def talk(first: int) -> None:
            for number in range(first, first + 2000):
                ref.tell(number)
            assert ref.ask_from_thread(-1, timeout=None) == -1

        await asyncio.gather(*(asyncio.to_thread(talk, first) for first in range(0, 8000, 2000)))
        assert sorted(number for number in seen if number >= 0) == list(range(8000))
        assert ref.metrics.handled == 8004
    for first in range(0, 8000, 2000):
        of_thread = [number for number in seen if first <= number < first + 2000]
        assert of_thread == sorted(of_thread)


@on_loop
async def test_no_message_of_another_thread_waits_for_the_next_one_to_be_noticed() -> None:
    interval = sys.getswitchinterval()
    sys.setswitchinterval(
        1e-6
    )  # threads change within the few instructions in which a sender and a turn look at each other
    try:
        async with ActorSystem() as system:
            refs: list[ActorRef[int]] = [
                system.spawn(behaviour(lambda message, context: None)) for _ in range(4)
            ]
            targets = [*refs, system.spawn(PoolSpec(lambda: Recorder([]), 2))]
            for round_ in range(1, 301):

                def talk() -> None:
                    for ref in targets:
                        ref.tell(1)

                async with asyncio.timeout(20):
                    await asyncio.gather(*(asyncio.to_thread(talk) for _ in range(4)))
                    handled = [4 * round_] * len(targets)
                    await until(lambda expected=handled: [ref.metrics.handled for ref in targets] == expected)
    finally:
        sys.setswitchinterval(interval)


@on_loop
async def test_telling_a_system_whose_loop_is_gone_says_so() -> None:
    async def make() -> ActorRef[int]:
        return ActorSystem().spawn(behaviour(lambda message, context: message))

    ref = await asyncio.to_thread(lambda: asyncio.run(make()))
    with pytest.raises(ActorStopped, match="loop is closed"):
        ref.tell(1)


@on_loop
async def test_an_actor_that_always_has_work_leaves_the_loop_its_share() -> None:
    def forever(message: int, context: Context) -> None:
        context.ref.tell(message + 1)

    async with ActorSystem() as system:
        ref = system.spawn(behaviour(forever))
        ref.tell(0)
        for _ in range(20):
            await asyncio.sleep(0)
        assert ref.metrics.handled > 20


@on_loop
async def test_an_answer_after_the_timeout_is_counted_and_dropped() -> None:
    clock, gate, seen = ManualClock(), asyncio.Event(), list[str]()
    async with ActorSystem(clock=clock) as system:
        ref: ActorRef[str] = system.spawn(lambda: Gate(gate, seen))
        answer = asyncio.ensure_future(ref.ask("slow", timeout=2.0))
        await until(lambda: seen)
        clock.advance(1.9)
        await settle()
        assert not answer.done()
        clock.advance(0.2)
        with pytest.raises(RequestTimeout, match="2 s"):
            await answer
        gate.set()
        await until(lambda: ref.metrics.handled)
        assert system.requests.counts.late == 1
        assert system.requests.counts.timed_out == 1
        assert len(system.requests) == 0


@on_loop
async def test_an_ask_that_is_cancelled_leaves_nothing_behind() -> None:
    gate, seen = asyncio.Event(), list[str]()
    async with ActorSystem() as system:
        ref: ActorRef[str] = system.spawn(lambda: Gate(gate, seen))
        answer = asyncio.ensure_future(ref.ask("never mind"))
        await until(lambda: seen)
        answer.cancel()
        with pytest.raises(asyncio.CancelledError):
            await answer
        assert len(system.requests) == 0
        gate.set()
        await until(lambda: ref.metrics.handled)
        assert system.requests.counts.cancelled == 1
        assert system.requests.counts.late == 1


@on_loop
async def test_the_handler_sees_who_sent_an_envelope_and_only_then() -> None:
    senders: list[object] = []

    def remember(message: str, context: Context) -> None:
        senders.append(context.sender)

    async with ActorSystem() as system:
        ref = system.spawn(behaviour(remember))
        ref.deliver(Envelope("signed", sender="airssys/host/0"))
        ref.tell("anonymous")
        await until(lambda: len(senders) == 2)
    assert senders == ["airssys/host/0", None]


@on_loop
async def test_names_are_unique_while_their_actors_live() -> None:
    async with ActorSystem() as system:
        ref: ActorRef[object] = system.spawn(lambda: Recorder([]), name="counter")
        assert system.get("counter") == ref
        with pytest.raises(NameTaken, match="counter"):
            system.spawn(lambda: Recorder([]), name="counter")
        await ref.stop()
        assert system.find("counter") is None
        with pytest.raises(ActorNotFound):
            system.get("counter")
        again: ActorRef[object] = system.spawn(lambda: Recorder([]), name="counter")
        assert again != ref
        with pytest.raises(ActorStopped):
            ref.tell("to the old one")


@on_loop
async def test_timers_of_an_actor_ring_in_its_mailbox_and_not_after_its_life() -> None:
    clock, seen = ManualClock(), list[str]()

    class Alarm:
        def started(self, context: Context) -> None:
            context.after(5.0, f"life {context.restarts}")
            context.after(1.0, "cancelled").cancel()

        def receive(self, message: str, context: Context) -> None:
            seen.append(message)
            if message == "crash":
                raise RuntimeError(message)

    async with ActorSystem(clock=clock) as system:
        ref: ActorRef[str] = system.spawn(Alarm)
        clock.advance(2.0)
        ref.tell("crash")
        await until(lambda: seen == ["crash"])
        await ref.ready()
        clock.advance(4.0)
        await settle()
        assert seen == ["crash"]
        clock.advance(1.0)
        await until(lambda: len(seen) == 2)
    assert seen == ["crash", "life 1"]


@on_loop
async def test_a_watcher_is_told_of_the_end_for_good_and_not_of_restarts() -> None:
    seen: list[Any] = []

    class Watcher:
        def receive(self, message: Any, context: Context) -> None:
            if isinstance(message, ActorRef):
                context.watch(message)
            else:
                seen.append(message)

    async with ActorSystem() as system:
        watched: ActorRef[Any] = system.spawn(lambda: Recorder([]))
        watcher: ActorRef[Any] = system.spawn(Watcher)
        await watcher.ask(watched)
        watched.tell(ValueError("restart me"))
        assert await watched.ask("still there") == "still there"
        assert seen == []
        await watched.stop()
        await until(lambda: seen)
        (end,) = seen
        assert isinstance(end, Terminated)
        assert end.ref == watched
        assert end.exit.kind is ExitKind.SHUTDOWN
        await watcher.ask(watched)  # too late to watch: told at once
        await until(lambda: len(seen) == 2)


@on_loop
async def test_an_actor_that_stops_itself_handles_nothing_more() -> None:
    seen: list[int] = []

    def once(message: int, context: Context) -> None:
        seen.append(message)
        context.stop()

    async with ActorSystem() as system:
        ref = system.spawn(ChildSpec(behaviour(once), policy=Policy.TRANSIENT))
        ref.tell(1)
        ref.tell(2)
        assert (await ref.ended()).kind is ExitKind.NORMAL
        assert seen == [1]
        assert [letter.payload for letter in system.dead_letters] == [2]


@on_loop
async def test_an_actor_that_does_not_start_is_reported_to_whoever_waits_for_it() -> None:
    class Broken:
        async def started(self, context: Context) -> None:
            await asyncio.sleep(0)
            raise OSError("no such device")

        def receive(self, message: object, context: Context) -> None:
            pass

    async with ActorSystem() as system:
        ref: ActorRef[object] = system.spawn(Broken, name="broken")
        ref.tell("waits")
        with pytest.raises(StartFailed, match="no such device"):
            await ref.ready()
        assert system.find("broken") is None
        assert [letter.payload for letter in system.dead_letters] == ["waits"]


@on_loop
async def test_messages_wait_until_a_slow_start_is_over() -> None:
    gate, seen = asyncio.Event(), list[str]()

    class Slow:
        async def started(self, context: Context) -> None:
            await gate.wait()
            seen.append("started")

        def receive(self, message: str, context: Context) -> None:
            seen.append(message)

    async with ActorSystem() as system:
        ref: ActorRef[str] = system.spawn(Slow)
        ref.tell("early")
        await settle()
        assert seen == []
        gate.set()
        await ref.ready()
        await until(lambda: len(seen) == 2)
    assert seen == ["started", "early"]


@on_loop
async def test_none_is_a_message_like_any_other() -> None:
    seen: list[object] = []
    async with ActorSystem() as system:
        ref: ActorRef[object] = system.spawn(lambda: Recorder(seen))
        ref.tell(None)
        assert await ref.ask(None) is None
    assert seen == [None, None]


@pytest.mark.parametrize("time_to_live", [None, 60.0])
@on_loop
async def test_one_envelope_may_be_asked_with_several_times_at_once_and_each_has_its_own_answer(
    time_to_live: float | None,
) -> None:
    handled = list[str]()

    async def count(message: str, context: Context) -> int:
        await asyncio.sleep(0)
        handled.append(message)
        return len(handled)

    async with ActorSystem() as system:
        ref: ActorRef[str] = system.spawn(behaviour(count))
        envelope = Envelope("x", time_to_live=time_to_live)
        answers = await asyncio.gather(*(ref.ask(envelope, 20) for _ in range(3)))
        assert answers == [1, 2, 3]
        assert await ref.ask(envelope, 20) == 4
        assert handled == ["x"] * 4
        assert system.requests.counts.answered == 4
        assert system.requests.counts.late == 0


@on_loop
async def test_the_loops_own_thread_cannot_ask_as_another_one() -> None:
    async with ActorSystem() as system:
        ref: ActorRef[int] = system.spawn(behaviour(lambda message, context: message))
        with pytest.raises(UsageError, match="would block the thread of the event loop"):
            ref.ask_from_thread(1)
        assert await asyncio.to_thread(ref.ask_from_thread, 2) == 2


def test_all_that_comes_in_by_a_race_with_the_end_becomes_a_dead_letter() -> None:
    async def scenario() -> None:
        async with ActorSystem() as system:
            ref: Any = system.spawn(behaviour(lambda message, context: None))
            await ref.ready()
            real, gates, inside = (
                ref.cell.mailbox.normal,
                [threading.Event(), threading.Event()],
                threading.Semaphore(0),
            )

            class Slow:
                """A queue whose senders pause between their look at the room and the put."""

                def put_nowait(self, message: int) -> None:
                    inside.release()
                    gates[message].wait()
                    real.put_nowait(message)

                def __getattr__(self, name: str) -> Any:
                    return getattr(real, name)

            ref.cell.mailbox.normal = Slow()
            threads = [threading.Thread(target=ref.tell, args=(number,)) for number in range(2)]
            for thread in threads:
                thread.start()
                inside.acquire()
            await ref.stop()
            for gate, thread in zip(gates, threads, strict=True):
                gate.set()
                thread.join()
                await asyncio.sleep(0.01)
            assert [letter.payload for letter in system.dead_letters] == [0, 1]
            assert ref.metrics.depth == 0

    asyncio.run(scenario())
