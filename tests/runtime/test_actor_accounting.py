"""An accountant of its own: random traffic over random trees, and every accepted message in exactly one place."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Coroutine
from typing import Any

import pytest
from actor_helpers import on_loop, settle

from airssys_sdk.runtime import (
    ActorRef,
    ActorSystem,
    Backoff,
    ChildSpec,
    Context,
    DeadLetter,
    Envelope,
    Intensity,
    MailboxOptions,
    ManualClock,
    OnCrash,
    Pending,
    Policy,
    Priority,
    Strategy,
    SupervisorSpec,
)
from airssys_sdk.runtime.errors import ActorStopped, MailboxFull, MessageError

Message = tuple[int, str]


class Books:
    """What senders and receivers write down themselves."""

    def __init__(self) -> None:
        self.accepted: set[int] = set()
        self.asked: dict[int, asyncio.Future[Any]] = {}
        self.begun: Counter[int] = Counter()
        self.returned: Counter[int] = Counter()
        self.raised: Counter[int] = Counter()
        self.unfinished: list[tuple[Pending, int]] = []


class Chaotic:
    """Does with a message what the message says."""

    def __init__(self, books: Books) -> None:
        self.books = books

    def receive(self, message: Message, context: Context) -> object:
        number, kind = message
        self.books.begun[number] += 1
        match kind:
            case "pending":
                pending = Pending()
                self.books.unfinished.append((pending, number))
                return pending
            case "wait":
                return self.wait(number)
            case "fail":
                self.books.raised[number] += 1
                raise MessageError("refused")
            case "crash":
                self.books.raised[number] += 1
                raise RuntimeError("crashed")
            case "stop":
                context.stop()
            case _:
                pass
        self.books.returned[number] += 1
        return number

    async def wait(self, number: int) -> int:
        for _ in range(number % 4):
            await asyncio.sleep(0)
        self.books.returned[number] += 1
        return number


def tree(rng: random.Random, books: Books, system: ActorSystem) -> list[ActorRef[Message]]:
    names: list[str] = []

    def child(depth: int) -> ChildSpec[Message] | SupervisorSpec:
        if depth < 2 and rng.random() < 0.3:
            children = tuple(child(depth + 1) for _ in range(rng.randint(1, 3)))
            return SupervisorSpec(
                children, rng.choice(list(Strategy)), intensity=Intensity(rng.randint(0, 2))
            )
        names.append(f"actor {len(names)}")
        return ChildSpec(
            lambda: Chaotic(books),
            name=names[-1],
            policy=rng.choice(list(Policy)),
            shutdown=rng.choice([0.0, 1.0]),
            intensity=Intensity(rng.randint(0, 4)),
            backoff=Backoff(base=rng.choice([0.0, 0.1]), jitter=0.5),
            mailbox=MailboxOptions(capacity=rng.choice([1, 5, 100])),
            on_crash=OnCrash(retries=rng.randint(0, 2), keep=rng.random() < 0.7),
        )

    for _ in range(4):
        system.spawn(child(0))
    return [ref for ref in map(system.find, names) if ref is not None]


async def traffic(rng: random.Random, books: Books, system: ActorSystem, clock: ManualClock) -> None:
    refs = tree(rng, books, system)
    await settle()
    for number in range(400):
        if not refs:
            return
        ref = rng.choice(refs)
        kind = rng.choices(["ok", "wait", "pending", "fail", "crash", "stop"], [40, 15, 10, 10, 6, 3])[0]
        envelope: Envelope[Message] = Envelope((number, kind), priority=rng.choice(list(Priority)))
        if rng.random() < 0.2:
            envelope.time_to_live = 0.05
        try:
            if rng.random() < 0.5:
                ref.tell((number, kind))
            else:
                if rng.random() < 0.5:
                    books.asked[number] = asyncio.get_running_loop().create_future()
                    envelope.reply_to = system.requests.expect(books.asked[number], None)
                ref.deliver(envelope)
        except (MailboxFull, ActorStopped):
            if (refused := books.asked.pop(number, None)) is not None:
                refused.cancel()
                envelope.reply_to.fail(MessageError("refused"))
        else:
            books.accepted.add(number)
        if rng.random() < 0.1:
            await asyncio.sleep(0)
        if rng.random() < 0.05:
            clock.advance(rng.random())
        if books.unfinished and rng.random() < 0.3:
            finish(books, rng.choice(books.unfinished))
        if rng.random() < 0.01:
            await patiently(ref.stop(), clock)
            refs = [ref for ref in refs if ref.alive]


async def patiently(stop: Coroutine[Any, Any, object], clock: ManualClock) -> None:
    """Wait for a stop, which may need time to pass."""
    stopping = asyncio.ensure_future(stop)
    while not stopping.done():
        await settle()
        clock.advance(1.0)
    await stopping


def finish(books: Books, unfinished: tuple[Pending, int]) -> None:
    books.unfinished.remove(unfinished)
    pending, number = unfinished
    if not pending.done:
        books.returned[number] += 1
        pending.succeed(number)


@pytest.mark.parametrize("seed", range(60))
def test_every_accepted_message_ends_in_exactly_one_place(seed: int) -> None:
    account_for(seed)


@pytest.mark.soak
@pytest.mark.parametrize("begin", range(1000, 3000, 100))
def test_every_accepted_message_ends_in_exactly_one_place_over_thousands_of_systems(begin: int) -> None:
    for seed in range(begin, begin + 100):
        account_for(seed)


def account_for(seed: int) -> None:
    """Run one random system and compare its counts with the books of senders and receivers."""

    @on_loop
    async def run() -> None:
        rng, books, clock = random.Random(seed), Books(), ManualClock()  # noqa: S311 - a seed to repeat a failure
        system = ActorSystem(clock=clock, random=rng.random, keep_dead_letters=10_000)
        letters: list[DeadLetter] = []
        system.events.subscribe(
            lambda event: letters.append(event) if isinstance(event, DeadLetter) else None
        )
        await traffic(rng, books, system, clock)
        for unfinished in list(books.unfinished):
            finish(books, unfinished)
        await patiently(system.stop(), clock)
        await settle()

        metrics = system.metrics()
        assert metrics.received == len(books.accepted)
        assert metrics.in_progress == metrics.depth == 0
        dead = Counter(letter.payload[0] for letter in letters)
        assert metrics.dead_lettered + metrics.expired == sum(dead.values())
        assert set(dead) <= books.accepted
        assert set(dead.values()) <= {1}
        # A dead letter may have crashed its actor, or been killed in the middle, but it has not returned ...
        killed = {letter.payload[0] for letter in letters if letter.reason.value == "killed"}
        assert not (set(dead) - killed) & set(books.returned)
        # ... and whatever is no dead letter was handled, or failed, or crashed and was dropped.
        handled = set(books.returned) - set(dead)
        assert metrics.handled == len(handled)
        assert set(books.returned.values()) <= {1}
        assert metrics.failed + metrics.dropped == len(books.accepted - handled - set(dead))
        assert books.accepted - handled - set(dead) <= set(books.raised)
        # Everybody who asked has heard, the right thing.
        for number, future in books.asked.items():
            assert future.done()
            if future.exception() is None:
                assert future.result() in {number, None}
                assert number in handled
            else:
                assert number not in handled
        assert len(system.requests) == 0
        assert asyncio.all_tasks() == {asyncio.current_task()}

    run()
