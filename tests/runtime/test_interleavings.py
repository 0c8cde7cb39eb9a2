"""Senders of other threads and the loop's thread take turns after any bytecode: no message may be left that nobody will handle."""

from __future__ import annotations

import asyncio
import contextlib
import random
import sys
import threading
from collections import deque
from collections.abc import Callable, Generator, Sequence
from typing import Any

import pytest

from airssys_sdk.runtime import ActorSystem, Envelope, PoolSpec, Priority, behaviour
from airssys_sdk.runtime.actors import lifecycle, pool, ref, turns
from airssys_sdk.runtime.messages import mailbox
from airssys_sdk.runtime.scheduling import queue

WATCHED = {module.__file__ for module in (lifecycle, pool, ref, turns, mailbox, queue)}


class Baton:
    """Threads of which one runs at a time; which one, is drawn anew at some of the bytecodes of what is watched."""

    def __init__(self, draw: random.Random, often: float) -> None:
        self._draw, self._often = draw, often
        self._changed = threading.Condition()
        self._alive: list[int] = []
        self._holder: int | None = None

    def run(self, functions: Sequence[Callable[[], None]]) -> None:
        threads = [threading.Thread(target=self._run, args=(function,)) for function in functions]
        for thread in threads:
            thread.start()
        with self._changed:
            self._changed.wait_for(lambda: len(self._alive) == len(threads))
            self._alive.sort(key=[thread.ident for thread in threads].index)  # the same order each time
            self._pass_on()
        for thread in threads:
            thread.join()

    def switch(self) -> None:
        with self._changed:
            self._pass_on()
            self._changed.wait_for(self._is_mine)

    def _run(self, function: Callable[[], None]) -> None:
        with self._changed:
            self._alive.append(threading.get_ident())
            self._changed.notify_all()
            self._changed.wait_for(self._is_mine)
        sys.settrace(self._trace)
        try:
            function()
        finally:
            sys.settrace(None)
            with self._changed:
                self._alive.remove(threading.get_ident())
                self._pass_on()

    def _is_mine(self) -> bool:
        return self._holder == threading.get_ident()

    def _pass_on(self) -> None:
        self._holder = self._draw.choice(self._alive) if self._alive else None
        self._changed.notify_all()

    def _trace(self, frame: Any, _event: str, _argument: object) -> Any:
        if frame.f_code.co_filename not in WATCHED:
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return self._step

    def _step(self, _frame: Any, event: str, _argument: object) -> Any:
        if event == "opcode" and self._draw.random() < self._often:
            self.switch()
        return self._step


class Loop:
    """In the place of the event loop of a run queue: its callbacks, to be called by hand."""

    def __init__(self) -> None:
        self.callbacks: deque[Callable[[], None]] = deque()

    def call_soon(self, callback: Callable[[], None], *, context: object = None) -> None:
        self.callbacks.append(callback)

    call_soon_threadsafe = call_soon

    @contextlib.contextmanager
    def in_place_of_that_of(self, run_queue: queue.RunQueue) -> Generator[None, None, None]:
        kept = run_queue._loop, run_queue.call_soon, run_queue.thread
        run_queue._loop, run_queue.call_soon = self, self.call_soon  # type: ignore[assignment]
        yield
        run_queue._loop, run_queue.call_soon, run_queue.thread = kept


class Worker:
    def __init__(self, got: list[int]) -> None:
        self._got = got

    def receive(self, message: int, context: object) -> None:
        self._got.append(message)


async def talk(seed: int, *, pooled: bool) -> None:
    draw = random.Random(seed)  # noqa: S311 - what is drawn is no secret
    got: list[int] = []
    async with ActorSystem() as system:
        target: Any = (
            system.spawn(PoolSpec(lambda: Worker(got), 2))
            if pooled
            else system.spawn(behaviour(lambda message, context: got.append(message)))
        )
        await asyncio.sleep(0)
        run_queue, loop = system.run_queue, Loop()
        senders, each = draw.randint(1, 3), draw.randint(1, 3)
        own = 0 if pooled else draw.choice([0, 0, 3])
        done: list[int] = []

        def send(number: int) -> None:
            for message in range(each):
                # A pool's workers have refs of their own, too.
                to = draw.choice(target.workers) if pooled and draw.random() < 0.5 else target
                to.tell(100 * number + message)
            done.append(number)

        def drain() -> None:
            run_queue.thread = threading.get_ident()
            left = own
            while len(done) < senders or loop.callbacks or left:
                if left and draw.random() < 0.3:
                    left -= 1
                    target.deliver(Envelope(1000 + left, priority=draw.choice(list(Priority))))
                elif loop.callbacks:
                    loop.callbacks.popleft()()
                else:
                    baton.switch()

        baton = Baton(draw, draw.choice([0.01, 0.03, 0.1, 0.3]))
        with loop.in_place_of_that_of(run_queue):
            baton.run([*(lambda number=number: send(number) for number in range(senders)), drain])
        expected = [100 * number + message for number in range(senders) for message in range(each)]
        assert sorted(got) == [*expected, *range(1000, 1000 + own)], f"seed {seed}"


@pytest.mark.parametrize("pooled", [False, True], ids=["actor", "pool"])
def test_no_message_is_left_whoever_goes_on_when(pooled: bool) -> None:
    async def scenario() -> None:
        for seed in range(1500):
            await talk(seed, pooled=pooled)

    asyncio.run(scenario())


async def talk_to_a_newcomer(seed: int) -> None:
    draw = random.Random(seed)  # noqa: S311 - what is drawn is no secret
    got: list[int] = []
    async with ActorSystem() as system:
        await asyncio.sleep(0)
        run_queue, loop = system.run_queue, Loop()
        senders = draw.randint(1, 3)
        done: list[int] = []

        def send(number: int) -> None:
            while (newcomer := system.find("newcomer")) is None:
                baton.switch()
            newcomer.tell(number)
            done.append(number)

        def work() -> None:
            run_queue.thread = threading.get_ident()
            system.spawn(lambda: Worker(got), name="newcomer")
            while len(done) < senders or loop.callbacks:
                if loop.callbacks:
                    loop.callbacks.popleft()()
                else:
                    baton.switch()

        baton = Baton(draw, draw.choice([0.03, 0.1, 0.3]))
        with loop.in_place_of_that_of(run_queue):
            baton.run([*(lambda number=number: send(number) for number in range(senders)), work])
        assert sorted(got) == list(range(senders)), f"seed {seed}"


def test_no_message_to_an_actor_that_just_begins_is_left() -> None:
    async def scenario() -> None:
        for seed in range(1500):
            await talk_to_a_newcomer(seed)

    asyncio.run(scenario())
