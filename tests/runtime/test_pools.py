"""Pools of plain actors: who gets a message, who is passed over, and what becomes of what waits."""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import Callable
from typing import Any

import pytest
from actor_helpers import Gate, Recorder, on_loop, settle, until

from airssys_sdk.errors import UsageError
from airssys_sdk.runtime import (
    IMMEDIATE,
    ActorNotFound,
    ActorRef,
    ActorStopped,
    ActorSystem,
    Backoff,
    ChildSpec,
    Context,
    DeadReason,
    Envelope,
    ExitKind,
    Intensity,
    MailboxFull,
    MailboxOptions,
    ManualClock,
    Policy,
    PoolRef,
    PoolSpec,
    Priority,
    RequestTimeout,
    StartFailed,
    Strategy,
    SupervisorSpec,
)
from airssys_sdk.runtime.state import State


class Worker:
    """Remembers what it handled under its number; waits where its gate, or the message, is closed; raises an exception."""

    def __init__(self, number: int, seen: list[tuple[int, object]], gate: asyncio.Event) -> None:
        self.number, self.seen, self.gate = number, seen, gate

    async def receive(self, message: object, context: Context) -> int:
        if isinstance(message, Exception):
            raise message
        await self.gate.wait()
        if isinstance(message, asyncio.Event):
            await message.wait()
        self.seen.append((self.number, message))
        return self.number


class Shop:
    """A pool of such workers, each with a gate of its own."""

    def __init__(self, system: ActorSystem, size: int, routing: Any = "round-robin", **options: Any) -> None:
        self.seen: list[tuple[int, object]] = []
        self.gates = [asyncio.Event() for _ in range(size)]
        for gate in self.gates:
            gate.set()
        child: ChildSpec[object] = ChildSpec(self.make, **options)
        self.numbers = itertools.count()
        self.ref: ActorRef[object] = system.spawn(PoolSpec(child, size, "pool", routing))
        assert isinstance(self.ref, PoolRef)
        self.pool: PoolRef[object] = self.ref

    def make(self) -> Worker:
        number = next(self.numbers) % len(self.gates)
        return Worker(number, self.seen, self.gates[number])

    @property
    def by_worker(self) -> list[list[object]]:
        return [[message for who, message in self.seen if who == number] for number in range(len(self.gates))]


@on_loop
async def test_round_robin_gives_everybody_a_turn() -> None:
    async with ActorSystem() as system:
        shop = Shop(system, 3)
        pool: ActorRef[object] = system.get("pool")
        assert pool == shop.ref
        pool.tell(0)
        pool.deliver(Envelope(1, priority=Priority.HIGH))
        await pool.send(2)
        assert await pool.ask(3) == 0
        assert await pool.ask(Envelope(4)) == 1
        pool.tell(5)
        await until(lambda: len(shop.seen) == 6)
        assert shop.by_worker == [[0, 3], [1, 4], [2, 5]]


@on_loop
async def test_workers_take_messages_at_once_and_are_found_by_their_names() -> None:
    async with ActorSystem() as system:
        shop = Shop(system, 2)
        await shop.ref.ready()
        assert [worker.name for worker in shop.pool.workers] == ["pool/0", "pool/1"]
        assert await system.get("pool/1").ask("directly") == 1
        assert shop.ref.metrics.handled == 1


@on_loop
async def test_no_message_passes_through_another_mailbox() -> None:
    async with ActorSystem() as system:
        shop = Shop(system, 2)
        shop.gates[0].clear()
        shop.gates[1].clear()
        for number in range(4):
            shop.ref.tell(number)
        # Before anything had a turn, each message waits where it will be handled.
        assert [worker.metrics.depth for worker in shop.pool.workers] == [2, 2]
        assert shop.ref.cell.mailbox.depth == 0
        for gate in shop.gates:
            gate.set()
        await until(lambda: len(shop.seen) == 4)


@on_loop
async def test_least_loaded_passes_over_who_still_starts() -> None:
    gate, seen, numbers = asyncio.Event(), list[Any](), itertools.count()

    class Worker:
        def __init__(self) -> None:
            self.number = next(numbers)

        def started(self, context: Context) -> Any:
            return gate.wait() if self.number else None

        def receive(self, message: object, context: Context) -> None:
            seen.append((self.number, message))

    async with ActorSystem() as system:
        pool: Any = system.spawn(PoolSpec(Worker, 2, routing="least-loaded"))
        for number in range(4):
            pool.tell(number)
        await settle()
        assert seen == [(0, number) for number in range(4)]
        gate.set()
        await pool.ready()


@on_loop
async def test_least_loaded_counts_what_waits_and_the_message_in_progress() -> None:
    async with ActorSystem() as system:
        shop = Shop(system, 3, "least-loaded")
        for gate in shop.gates:
            gate.clear()
        first, second, third = shop.pool.workers
        for number in range(2):
            first.tell(("first", number))
        second.deliver(Envelope("second", priority=Priority.LOW))
        await until(lambda: first.cell.state is State.BUSY and second.cell.state is State.BUSY)
        # Now the first has one waiting and one in progress, the second one in progress, the third none.
        shop.ref.tell("to the third")
        assert third.metrics.depth == 1
        second.deliver(Envelope("low", priority=Priority.LOW))
        shop.ref.tell("to the third again")
        assert third.metrics.depth == 2
        # All have two: everybody gets one.
        for _ in range(3):
            shop.ref.tell("to each")
        loads = [worker.metrics.depth + worker.metrics.in_progress for worker in shop.pool.workers]
        assert loads == [3, 3, 3]
        for gate in shop.gates:
            gate.set()
        await until(lambda: len(shop.seen) == 9)


@on_loop
async def test_a_worker_that_is_down_is_passed_over_and_what_waits_there_waits_for_its_successor() -> None:
    clock = ManualClock()
    async with ActorSystem(clock=clock) as system:
        shop = Shop(system, 2, backoff=Backoff(10.0), intensity=Intensity(10, 60.0))
        shop.gates[0].clear()
        first = shop.pool.workers[0]
        first.tell(ValueError("the first restart comes at once"))
        await until(lambda: first.cell.restarts == 1 and first.cell.state is State.RUNNING)
        first.tell(ValueError("the second waits"))
        first.tell("waits for the successor")
        await until(lambda: first.cell.state is State.DOWN)
        for number in range(4):
            shop.ref.tell(number)
        assert await shop.ref.ask("also") == 1
        assert shop.by_worker == [[], [0, 1, 2, 3, "also"]]
        assert first.metrics.depth == 1
        for gate in shop.gates:
            gate.set()
        clock.advance(31.0)
        await until(lambda: len(shop.seen) == 6)
        assert {message for _, message in shop.seen} >= {"waits for the successor"}
        assert system.dead[DeadReason.CRASHED] == 2
        assert system.dead.total() == 2


@on_loop
async def test_when_no_worker_runs_messages_wait_for_whoever_starts_again() -> None:
    clock = ManualClock()
    async with ActorSystem(clock=clock) as system:
        shop = Shop(system, 2, backoff=Backoff(10.0), intensity=Intensity(10, 60.0))
        for worker in shop.pool.workers:
            for _ in range(2):
                worker.tell(ValueError("down"))
            await until(lambda worker=worker: worker.cell.restarts == 1 and worker.cell.state is State.DOWN)
        for number in range(4):
            shop.ref.tell(number)
        asked = asyncio.ensure_future(shop.ref.ask("asked", timeout=None))
        await settle()
        assert shop.ref.alive
        assert sum(worker.metrics.depth for worker in shop.pool.workers) == 5
        assert shop.ref.metrics.depth == 5
        clock.advance(31.0)
        await until(lambda: len(shop.seen) == 5)
        assert await asked in (0, 1)


@on_loop
async def test_a_full_worker_is_passed_over_and_only_a_full_pool_refuses() -> None:
    async with ActorSystem() as system:
        shop = Shop(system, 2, mailbox=MailboxOptions(2))
        for gate in shop.gates:
            gate.clear()
        first, second = shop.pool.workers
        first.tell("a")
        first.tell("b")
        shop.ref.tell("c")
        shop.ref.tell("d")
        assert [first.metrics.depth, second.metrics.depth] == [2, 2]
        for refuse in (shop.ref.tell, lambda message: shop.ref.deliver(Envelope(message))):
            with pytest.raises(MailboxFull, match="all 2 workers of pool have full mailboxes"):
                refuse("e")
        with pytest.raises(MailboxFull):
            await shop.ref.ask("f")
        with pytest.raises(MailboxFull):
            await shop.ref.send("g")
        assert shop.ref.metrics.refused == 4
        assert system.metrics().refused == 4
        for gate in shop.gates:
            gate.set()
        await until(lambda: len(shop.seen) == 4)
        assert shop.ref.metrics.received == 4


@on_loop
async def test_whoever_waits_for_room_gets_it_at_the_first_worker_that_has_some() -> None:
    async with ActorSystem() as system:
        shop = Shop(system, 2, mailbox=MailboxOptions(1, "block"))
        for gate in shop.gates:
            gate.clear()
        for number in range(2):
            shop.ref.tell(f"in progress {number}")
        await until(lambda: all(worker.cell.state is State.BUSY for worker in shop.pool.workers))
        for number in range(2):
            shop.ref.tell(f"waits {number}")
        sent = [asyncio.ensure_future(shop.ref.send(number)) for number in range(3)]
        asked = asyncio.ensure_future(shop.ref.ask("asked", timeout=None))
        await settle()
        assert not any(task.done() for task in sent)
        shop.gates[1].set()  # the first worker never gets on
        assert await asked == 1
        await asyncio.gather(*sent)
        await until(lambda: len(shop.seen) == 6)
        assert {who for who, _ in shop.seen} == {1}
        shop.gates[0].set()
        await until(lambda: len(shop.seen) == 8)
        assert shop.ref.metrics.refused == 0


@on_loop
async def test_room_at_two_workers_at_once_serves_two_who_wait() -> None:
    async with ActorSystem() as system:
        shop = Shop(system, 2, mailbox=MailboxOptions(1, "block"))
        for gate in shop.gates:
            gate.clear()
        for number in range(2):
            shop.ref.tell(f"in progress {number}")
        await until(lambda: all(worker.cell.state is State.BUSY for worker in shop.pool.workers))
        slow = asyncio.Event()
        shop.ref.tell(slow)
        shop.ref.tell("quick")
        gone, *sent = [asyncio.ensure_future(shop.ref.send(number)) for number in range(3)]
        await settle()
        gone.cancel()
        for gate in shop.gates:
            gate.set()
        # Both have room in the same moment. The first caller takes it at the slow worker, and the other one idles then.
        await asyncio.gather(*sent)
        assert shop.pool.workers[0].metrics.depth == 1
        await until(lambda: len(shop.seen) == 4)
        slow.set()
        await until(lambda: len(shop.seen) == 6)
        assert 0 not in [message for _, message in shop.seen]


@on_loop
async def test_the_timeout_of_a_request_counts_while_it_waits_for_room() -> None:
    clock = ManualClock()
    async with ActorSystem(clock=clock) as system:
        shop = Shop(system, 1, mailbox=MailboxOptions(1, "block"))
        shop.gates[0].clear()
        shop.ref.tell("in progress")
        await until(lambda: shop.pool.workers[0].cell.state is State.BUSY)
        shop.ref.tell("waits")
        asked = asyncio.ensure_future(shop.ref.ask("too late", timeout=1.0))
        await settle()
        clock.advance(1.0)
        with pytest.raises(RequestTimeout):
            await asked
        shop.gates[0].set()
        await until(lambda: len(shop.seen) == 2)
        await settle()
        assert [message for _, message in shop.seen] == ["in progress", "waits"]


@on_loop
async def test_room_that_a_request_gets_as_its_time_is_over_goes_to_the_next_who_waits() -> None:
    clock, gate, seen = ManualClock(), asyncio.Event(), list[str]()
    async with ActorSystem(clock=clock) as system:
        ref: ActorRef[str] = system.spawn(
            ChildSpec(lambda: Gate(gate, seen), mailbox=MailboxOptions(1, "block"))
        )
        ref.tell("in progress")
        await until(lambda: seen)
        ref.tell("waits")
        asked = asyncio.ensure_future(ref.ask("too late", timeout=1.0))
        await settle()
        sent = asyncio.ensure_future(ref.send("next"))
        await settle()
        gate.set()
        await until(lambda: ref.cell.mailbox.has_room)
        clock.advance(1.0)
        with pytest.raises(RequestTimeout):
            await asked
        await sent
        await until(lambda: seen[-1] == "next ends")
        assert "too late begins" not in seen


@on_loop
async def test_threads_may_tell_a_pool_while_its_workers_crash_and_nothing_is_lost() -> None:
    class Counter:
        def receive(self, message: int, context: Context) -> None:
            if message % 50 == 0:
                raise ValueError(message)

    async with ActorSystem() as system:
        child: ChildSpec[int] = ChildSpec(
            Counter, mailbox=MailboxOptions(None), backoff=Backoff(0.0), intensity=Intensity(10_000, 1.0)
        )
        pool: ActorRef[int] = system.spawn(PoolSpec(child, 3, "pool"))

        def tell() -> None:
            for number in range(2_000):
                pool.tell(number)

        threads = [threading.Thread(target=tell) for _ in range(3)]
        for thread in threads:
            thread.start()
        await until(lambda: not any(thread.is_alive() for thread in threads) and not pool.metrics.depth)
        assert pool.metrics.handled == 3 * 1_960
        assert pool.metrics.dead_lettered == 3 * 40
        # Everybody had a share.
        assert all(system.get(f"pool/{number}").metrics.received > 1_000 for number in range(3))


@on_loop
async def test_the_metrics_of_a_pool_are_the_sum_over_its_workers_also_of_those_that_ended() -> None:
    async with ActorSystem() as system:
        shop = Shop(system, 3)
        for number in range(9):
            shop.ref.tell(number)
        await until(lambda: len(shop.seen) == 9)
        await shop.pool.workers[1].stop()
        assert [worker.name for worker in shop.pool.workers] == ["pool/0", "pool/2"]
        assert shop.ref.metrics.handled == 9
        assert await shop.ref.ask("one of two") in (0, 2)
        assert shop.ref.metrics.handled == 10
        assert system.metrics().handled == 10


@on_loop
async def test_a_pool_ends_with_its_supervisor_and_takes_its_name_along() -> None:
    async with ActorSystem() as system:
        shop = Shop(system, 2)
        shop.gates[0].clear()
        shop.ref.tell("in progress")
        await until(lambda: shop.pool.workers[0].cell.state is State.BUSY)
        for number in range(3):
            shop.pool.workers[0].tell(number)
        stopping = asyncio.ensure_future(shop.ref.stop())
        await settle()
        shop.gates[0].set()
        assert (await stopping).kind is ExitKind.SHUTDOWN
        assert not shop.ref.alive
        assert shop.pool.workers == ()
        for refuse in (shop.ref.tell, lambda message: shop.ref.deliver(Envelope(message))):
            with pytest.raises(ActorStopped, match="pool has stopped"):
                refuse("too late")
        with pytest.raises(ActorStopped):
            await shop.ref.ask("too late")
        for name in ("pool", "pool/0", "pool/1"):
            with pytest.raises(ActorNotFound):
                system.get(name)
        assert [letter.reason for letter in system.dead_letters] == [DeadReason.STOPPED] * 3


@on_loop
async def test_a_pool_whose_workers_have_all_ended_refuses_with_a_reason() -> None:
    async with ActorSystem() as system:
        shop = Shop(system, 2, policy=Policy.TEMPORARY)
        for worker in shop.pool.workers:
            worker.tell(ValueError("gone"))
            await worker.ended()
        with pytest.raises(ActorStopped, match=r"all workers of .* have ended"):
            shop.ref.tell("nobody")
        assert shop.ref.alive
        assert shop.ref.metrics.dead_lettered == 2
        assert shop.ref.metrics.refused == 1


@on_loop
async def test_a_pool_that_its_supervisor_restarts_keeps_what_waits() -> None:
    async with ActorSystem() as system:
        shop = Shop(system, 2, intensity=Intensity(0, 60.0), shutdown=IMMEDIATE)
        shop.gates[1].clear()
        first, second = shop.pool.workers
        second.tell("in progress when the pool goes down")
        second.tell("waits")
        await until(lambda: second.cell.state is State.BUSY)
        first.tell(ValueError("more often than it may"))
        await until(lambda: shop.ref.cell.restarts == 1 and shop.ref.cell.state is State.RUNNING)
        shop.gates[1].set()
        assert shop.pool.workers == (first, second)
        await until(lambda: "waits" in [message for _, message in shop.seen])
        assert shop.ref.metrics.received == 3


@on_loop
async def test_a_restart_makes_workers_anew_that_have_ended_for_good() -> None:
    async with ActorSystem() as system:
        shop = Shop(system, 3, intensity=Intensity(0, 60.0))
        await shop.pool.workers[1].stop()
        shop.pool.workers[0].tell(ValueError("more often than it may"))
        await until(lambda: shop.ref.cell.restarts == 1 and shop.ref.cell.state is State.RUNNING)
        assert sorted(worker.name for worker in shop.pool.workers) == ["pool/0", "pool/1", "pool/2"]
        for number in range(3):
            shop.ref.tell(number)
        await until(lambda: all(worker.metrics.handled == 1 for worker in shop.pool.workers))


@on_loop
async def test_the_strategy_says_which_workers_are_restarted_together() -> None:
    made: list[int] = []

    def make() -> Recorder:
        made.append(len(made))
        return Recorder([])

    async with ActorSystem() as system:
        ref: ActorRef[object] = system.spawn(PoolSpec(make, 2, strategy=Strategy.ONE_FOR_ALL))
        assert isinstance(ref, PoolRef)
        assert [worker.cell.name for worker in ref.workers] == [None, None]
        ref.tell(ValueError("once"))
        await until(lambda: len(made) == 4)
        assert await ref.ask("fine") == "fine"


@pytest.mark.parametrize("slow", [False, True])
@on_loop
async def test_a_pool_starts_when_all_workers_have_or_not_at_all(slow: bool) -> None:
    started: list[int] = []

    class Picky:
        def __init__(self) -> None:
            self.number = len(started)
            started.append(self.number)
            if not slow and self.number == 1:
                raise ValueError("not the second")

        async def started(self, context: Context) -> None:
            if self.number == 1:
                raise ValueError("not the second")
            await asyncio.Event().wait()

        def receive(self, message: str, context: Context) -> None:
            raise AssertionError(message)

    async with ActorSystem() as system:
        child: ChildSpec[str] = ChildSpec(Picky, shutdown=IMMEDIATE)
        ref: ActorRef[str] = system.spawn(PoolSpec(child, 3, "pool"))
        ref.tell("waits for the start")
        with pytest.raises(StartFailed, match="not the second"):
            await ref.ready()
        assert started == [0, 1, 2]
        assert system.find("pool") is None
        assert system.find("pool/0") is None
        (letter,) = system.dead_letters
        assert (letter.target, letter.payload, letter.reason) == (
            "pool/0",
            "waits for the start",
            DeadReason.STOPPED,
        )


@on_loop
async def test_messages_wait_until_a_pool_has_started() -> None:
    gate = asyncio.Event()
    seen: list[int] = []

    class Slow(Recorder):
        async def started(self, context: Context) -> None:
            await gate.wait()

    async with ActorSystem() as system:
        ref: ActorRef[int] = system.spawn(PoolSpec(lambda: Slow(seen), 2))
        for number in range(4):
            ref.tell(number)
        await settle()
        assert seen == []
        gate.set()
        await ref.ready()
        await until(lambda: len(seen) == 4)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: PoolSpec(Recorder, 0), "PoolSpec.size = 0 makes no sense"),
        (lambda: PoolSpec(Recorder, 1, routing="random"), "PoolSpec.routing = 'random' makes no sense"),
    ],
)
def test_a_pool_that_makes_no_sense_is_refused(make: Callable[[], object], reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        make()


@on_loop
async def test_a_pool_may_stand_below_a_supervisor_and_restarts_with_its_siblings() -> None:
    class Counted:
        def receive(self, message: str, context: Context) -> str:
            if message == "crash":
                raise ValueError(message)
            return f"{context.name} in life {context.restarts}"

    async with ActorSystem() as system:
        spec = SupervisorSpec(
            (ChildSpec(Counted, name="other"), PoolSpec(Counted, 2, name="pool")), strategy="one-for-all"
        )
        await system.spawn(spec).ready()
        pool = system.get("pool")
        assert [await pool.ask("hi") for _ in range(2)] == ["pool/0 in life 0", "pool/1 in life 0"]
        system.get("other").tell("crash")
        assert await system.get("other").ask("hi") == "other in life 1"
        assert sorted([await pool.ask("hi") for _ in range(2)]) == ["pool/0 in life 1", "pool/1 in life 1"]


@on_loop
async def test_a_pool_may_belong_to_an_actor_and_ends_with_its_life() -> None:
    pools: list[ActorRef[int]] = []

    class Owner:
        def started(self, context: Context) -> None:
            pools.append(context.spawn(PoolSpec(lambda: Recorder([]), 2, "pool")))

        async def receive(self, message: int, context: Context) -> object:
            return await pools[-1].ask(message)

    async with ActorSystem() as system:
        owner: ActorRef[int] = system.spawn(Owner)
        assert await owner.ask(1) == 1
        await owner.stop()
        assert not pools[0].alive
