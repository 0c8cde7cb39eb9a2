from __future__ import annotations

import asyncio
import math
import threading
import time
import weakref

import pytest
from actor_helpers import on_loop, until
from hypothesis import given
from hypothesis import strategies as st

from airssys_sdk.errors import UsageError
from airssys_sdk.runtime import (
    ActorRef,
    ActorSystem,
    Context,
    ManualClock,
    Pending,
    RequestTimeout,
    behaviour,
)
from airssys_sdk.runtime.scheduling.queue import DRAIN_SECONDS, TURN_SECONDS
from airssys_sdk.runtime.scheduling.timers import Timer, Timers
from airssys_sdk.runtime.scheduling.workers import Workers


def busy_for(seconds: float) -> None:
    """Hold the thread, as a long computation does."""
    import time

    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass


@on_loop
async def test_a_turn_ends_when_its_time_is_over_and_the_next_actor_gets_its_own() -> None:
    order: list[str] = []

    def slow(message: str, context: Context) -> None:
        order.append(message)
        busy_for(TURN_SECONDS * 2)

    async with ActorSystem() as system:
        first, second = system.spawn(behaviour(slow)), system.spawn(behaviour(slow))
        for _ in range(3):
            first.tell("first")
            second.tell("second")
        await until(lambda: len(order) == 6)
    assert order == ["first", "second"] * 3


@on_loop
async def test_a_drain_yields_to_the_loop_though_actors_are_ready() -> None:
    handled: list[int] = []
    seen_by_loop: list[int] = []

    def slow(message: int, context: Context) -> None:
        handled.append(message)
        busy_for(DRAIN_SECONDS)

    async with ActorSystem() as system:
        refs = [system.spawn(behaviour(slow)) for _ in range(32)]
        for number, ref in enumerate(refs):
            ref.tell(number)
        asyncio.get_running_loop().call_soon(lambda: seen_by_loop.append(len(handled)))
        asyncio.get_running_loop().call_soon(
            lambda: asyncio.get_running_loop().call_soon(lambda: seen_by_loop.append(len(handled)))
        )
        await until(lambda: len(handled) == 32)
    assert len(seen_by_loop) == 2
    assert seen_by_loop[-1] < 32


@on_loop
async def test_an_idle_system_schedules_nothing() -> None:
    async with ActorSystem() as system:
        ref: ActorRef[int] = system.spawn(behaviour(lambda message, context: None))
        ref.tell(1)
        await until(lambda: ref.metrics.handled)
        await asyncio.sleep(0)
        assert not system.run_queue.awake
        assert not system.run_queue.ready
        assert len(asyncio.all_tasks()) <= 2  # this test and the one around it: no task per actor


@on_loop
async def test_an_interrupt_in_a_handler_passes_through_and_the_others_keep_their_turns() -> None:
    seen: list[str] = []

    class Interrupt(BaseException):
        pass

    def work(message: str, context: Context) -> None:
        if message == "interrupt":
            raise Interrupt
        seen.append(message)

    async with ActorSystem() as system:
        problems: list[object] = []
        system.loop.set_exception_handler(lambda loop, details: problems.append(details["exception"]))
        first, second = system.spawn(behaviour(work)), system.spawn(behaviour(work))
        first.tell("interrupt")
        second.tell("work")
        await until(lambda: seen and problems)
        assert isinstance(problems[0], Interrupt)
        await first.ready()
        assert first.metrics.dead_lettered == 1


@given(st.lists(st.tuples(st.integers(0, 50), st.booleans())))
def test_timers_ring_in_the_order_of_their_times_unless_cancelled(plans: list[tuple[int, bool]]) -> None:
    clock = ManualClock(now=100.0)
    timers = Timers(clock)
    rung: list[tuple[float, int]] = []
    made: list[Timer] = []

    def plan(number: int, seconds: int) -> Timer:
        return timers.after(seconds, lambda: rung.append((clock.now(), number)))

    for number, (seconds, _) in enumerate(plans):
        made.append(plan(number, seconds))
    for timer, (_, cancelled) in zip(made, plans, strict=True):
        if cancelled:
            timer.cancel()
            timer.cancel()
    expected = sorted(
        (100.0 + seconds, number) for number, (seconds, cancelled) in enumerate(plans) if not cancelled
    )
    assert len(timers) == len(expected)
    clock.advance(25.0)
    assert rung == [entry for entry in expected if entry[0] <= 125.0]
    clock.advance(25.0)
    assert rung == expected
    assert len(timers) == 0


def test_cancelled_timers_do_not_pile_up() -> None:
    timers = Timers(ManualClock())
    keep = timers.after(1e6, lambda: None)
    for _ in range(10_000):
        timers.after(60.0, lambda: None).cancel()
    assert timers.size < 300
    assert len(timers) == 1
    keep.cancel()


def test_a_timer_may_set_another_one() -> None:
    clock, rung = ManualClock(), list[float]()
    timers = Timers(clock)

    def again() -> None:
        rung.append(clock.now())
        if len(rung) < 4:
            timers.after(1.0, again)

    timers.after(1.0, again)
    clock.advance(10.0)
    assert rung == [1.0, 2.0, 3.0, 4.0]


@on_loop
async def test_real_timers_ring() -> None:
    async with ActorSystem() as system:
        rung = asyncio.Event()
        system.timers.after(0.001, rung.set)
        await rung.wait()


@pytest.mark.parametrize("earlier", [False, True])
def test_a_time_that_is_no_number_is_refused_and_the_other_timers_ring(earlier: bool) -> None:
    clock, rung = ManualClock(), list[str]()
    timers = Timers(clock)
    if earlier:
        timers.after(1.0, lambda: rung.append("earlier"))
    with pytest.raises(UsageError, match="nan"):
        timers.after(math.nan, lambda: rung.append("nan"))
    timers.after(0.5, lambda: rung.append("later"))
    clock.advance(2.0)
    assert rung == ["later", "earlier"][: 1 + earlier]
    assert timers.size == 0


def test_a_time_below_zero_is_at_once_and_an_infinite_one_never() -> None:
    clock, rung = ManualClock(), list[str]()
    timers = Timers(clock)
    timers.after(math.inf, lambda: rung.append("never"))
    timers.after(0.0, lambda: rung.append("now"))
    timers.after(-math.inf, lambda: rung.append("before"))
    clock.advance(1e9)
    assert rung == ["before", "now"]


@on_loop
async def test_a_timeout_of_nan_is_refused_and_leaves_the_systems_timers_alone() -> None:
    async def ask_itself(message: object, context: Context) -> None:
        context.after(math.nan, "never")

    async with ActorSystem() as system:
        silent = system.spawn(behaviour(lambda message, context: Pending()))
        for _ in range(2):  # the refused one leaves no timeout behind that a second would join
            with pytest.raises(UsageError, match="nan"):
                await silent.ask(1, timeout=math.nan)
        with pytest.raises(UsageError, match="nan"):
            await system.spawn(behaviour(ask_itself)).ask(1)
        with pytest.raises(UsageError, match="nan"):
            await system.stop(timeout=math.nan)
        assert len(system.requests) == 0
        with pytest.raises(RequestTimeout):
            await asyncio.wait_for(silent.ask(2, timeout=0.01), 20)
        with pytest.raises(RequestTimeout):
            await asyncio.wait_for(silent.ask(3, timeout=-1), 20)
        await asyncio.wait_for(system.stop(timeout=0.01), 20)


def test_an_idle_worker_keeps_nothing_of_its_last_work() -> None:
    class Once:
        def __init__(self, over: threading.Event) -> None:
            self.over = over

        def step(self) -> bool:
            return True

        def leave(self) -> None:
            self.over.set()

    workers = Workers(1)
    over = threading.Event()
    work = Once(over)
    gone = weakref.ref(work)
    workers.submit(work)
    del work
    assert over.wait(60)
    while gone() is not None:
        time.sleep(0.001)  # until the thread has come back from it
    assert workers.close(60)
