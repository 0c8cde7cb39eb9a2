from __future__ import annotations

import asyncio
from typing import Any

import pytest
from actor_helpers import Gate, Recorder, on_loop, settle, until

from airssys_sdk.errors import UsageError
from airssys_sdk.runtime import (
    IMMEDIATE,
    INFINITY,
    ActorRef,
    ActorSystem,
    Backoff,
    ChildSpec,
    Context,
    Envelope,
    ExitKind,
    Intensity,
    ManualClock,
    Pending,
    Policy,
    Priority,
    Strategy,
    SupervisorSpec,
)
from airssys_sdk.runtime.errors import ActorStopped, IntensityExceeded, MessageKilled, StartFailed
from airssys_sdk.runtime.events import (
    ActorEnded,
    ActorFailed,
    ActorStarted,
    HookFailed,
    LifeEnded,
    RestartPlanned,
    SupervisorGaveUp,
)


class Worker:
    """Writes down its life; crashes, stops or answers as told."""

    def __init__(self, name: str, log: list[str]) -> None:
        self.name = name
        self.log = log

    def started(self, context: Context) -> None:
        self.log.append(f"+{self.name}")

    def stopping(self, context: Context) -> None:
        self.log.append(f"~{self.name}")

    def stopped(self, context: Context) -> None:
        self.log.append(f"-{self.name}")

    def receive(self, message: str, context: Context) -> str:
        if message == "crash":
            raise RuntimeError(f"{self.name} crashed")
        if message == "stop":
            context.stop()
        return self.name


def worker(name: str, log: list[str], **options: Any) -> ChildSpec[str]:
    return ChildSpec(lambda: Worker(name, log), name=name, **options)


@pytest.mark.parametrize(
    ("policy", "message", "lives"),
    [
        (Policy.PERMANENT, "crash", 2),
        (Policy.PERMANENT, "stop", 2),
        (Policy.TRANSIENT, "crash", 2),
        (Policy.TRANSIENT, "stop", 1),
        (Policy.TEMPORARY, "crash", 1),
        (Policy.TEMPORARY, "stop", 1),
    ],
)
def test_the_policy_says_which_ends_are_followed_by_a_restart(
    policy: Policy, message: str, lives: int
) -> None:
    @on_loop
    async def run() -> None:
        log: list[str] = []
        async with ActorSystem() as system:
            ref = system.spawn(worker("w", log, policy=policy))
            ref.tell(message)
            await settle()
            assert log.count("+w") == lives
            assert ref.alive is (lives == 2)

    run()


@on_loop
async def test_restarts_wait_longer_and_longer_and_messages_wait_with_them() -> None:
    clock, seen = ManualClock(), list[Any]()
    async with ActorSystem(clock=clock) as system:
        ref: ActorRef[Any] = system.spawn(lambda: Recorder(seen))
        with system.events.listen(RestartPlanned) as planned:
            for expected in (0.0, 0.2, 0.4, 0.8, 1.6):
                ref.tell(ValueError("poison"))
                ref.tell("after it")
                assert (await anext(planned)).delay == pytest.approx(expected)
                await settle()
                if expected:
                    assert seen[-1] != "after it"
                    clock.advance(expected - 0.01)
                    await settle()
                    assert seen[-1] != "after it"
                    clock.advance(0.02)
                await until(lambda: seen[-1] == "after it")
        assert ref.metrics.dead_lettered == 5
        assert ref.metrics.handled == 5


@pytest.mark.parametrize("priority", [Priority.NORMAL, Priority.CRITICAL])
@on_loop
async def test_a_message_just_before_a_stop_with_others_is_for_the_next_life(priority: Priority) -> None:
    clock, seen = ManualClock(), list[Any]()

    class Last:
        def receive(self, message: object, context: Context) -> None: ...

        def stopped(self, context: Context) -> None:
            middle = system.get("middle")  # which is stopped next, before it has a turn
            middle.deliver(Envelope("just in time", priority=priority))

    async with ActorSystem(clock=clock) as system:
        inner = SupervisorSpec((ChildSpec(lambda: Recorder(seen), name="middle"), ChildSpec(Last)))
        outer = SupervisorSpec((ChildSpec(lambda: Recorder([]), name="first"), inner), strategy="one-for-all")
        await system.spawn(outer).ready()
        for delay in (0.0, 0.2):
            seen.clear()
            system.get("first").tell(ValueError("poison"))
            await settle()
            assert bool(seen) is (delay == 0)
            clock.advance(delay + 0.01)
            await settle()
            assert seen == ["just in time"]


@on_loop
async def test_beyond_the_intensity_the_system_stops_with_that_reason() -> None:
    system = ActorSystem(clock=ManualClock())
    ref = system.spawn(
        ChildSpec(lambda: Recorder([]), name="frail", intensity=Intensity(2, 60.0), backoff=Backoff(base=0.0))
    )
    for _ in range(4):
        ref.tell(ValueError("poison"))
    exit_ = await system.ended()
    assert exit_.kind is ExitKind.FAILED
    assert isinstance(exit_.error, IntensityExceeded)
    assert isinstance(exit_.error.__cause__, ValueError)
    assert "frail ended more than 2 times within 60 s; root gives up" in str(exit_.error)
    assert len(system.dead_letters) == 4
    with pytest.raises(ActorStopped):
        ref.tell("too late")


@on_loop
async def test_restarts_that_are_old_enough_no_longer_count() -> None:
    clock, seen = ManualClock(), list[Any]()
    async with ActorSystem(clock=clock) as system:
        ref: ActorRef[Any] = system.spawn(ChildSpec(lambda: Recorder(seen), intensity=Intensity(1, 60.0)))
        for _ in range(10):
            ref.tell(ValueError("poison"))
            assert await ref.ask("well") == "well"
            clock.advance(60.5)
        assert ref.alive


@on_loop
async def test_a_supervisor_that_gives_up_is_restarted_by_the_one_above_with_names_and_mailboxes_kept() -> (
    None
):
    log: list[str] = []
    fragile = worker("b", log, intensity=Intensity(1, 60.0))
    async with ActorSystem(clock=ManualClock()) as system:
        spec = SupervisorSpec(children=(worker("a", log), fragile, worker("c", log)), name="sup")
        supervisor: ActorRef[Any] = system.spawn(spec)
        await supervisor.ready()
        child = system.get("b")
        with system.events.listen(SupervisorGaveUp) as gave_up:
            for message in ("crash", "crash", "one", "two"):
                child.tell(message)
            event = await anext(gave_up)
        assert (event.supervisor, event.child) == ("sup", "b")
        await until(lambda: child.metrics.handled == 2)
        assert system.get("b") == child
        assert supervisor.alive
    lives = [entry for entry in log if not entry.startswith("~")]
    first = ["+a", "+b", "+c", "-b", "+b", "-b"]
    assert lives == [*first, "-c", "-a", "+a", "+b", "+c", "-c", "-b", "-a"]


@on_loop
async def test_one_for_all_stops_in_reverse_order_and_starts_in_order() -> None:
    log: list[str] = []
    async with ActorSystem() as system:
        children = (worker("a", log), worker("b", log), worker("c", log))
        await system.spawn(SupervisorSpec(children=children, strategy=Strategy.ONE_FOR_ALL)).ready()
        system.get("b").tell("crash")
        assert await system.get("c").ask("hello") == "c"
        await until(lambda: len(log) == 11)
        assert log[3:] == ["-b", "~c", "-c", "~a", "-a", "+a", "+b", "+c"]


@on_loop
async def test_rest_for_one_leaves_alone_who_started_before() -> None:
    log: list[str] = []
    async with ActorSystem() as system:
        children = (worker("a", log), worker("b", log), worker("c", log))
        await system.spawn(SupervisorSpec(children=children, strategy=Strategy.REST_FOR_ONE)).ready()
        system.get("b").tell("crash")
        await until(lambda: len(log) == 8)
        assert log[3:] == ["-b", "~c", "-c", "+b", "+c"]


@on_loop
async def test_a_temporary_sibling_does_not_come_back_with_its_group() -> None:
    log: list[str] = []
    async with ActorSystem() as system:
        children = (worker("a", log), worker("t", log, policy=Policy.TEMPORARY))
        await system.spawn(SupervisorSpec(children=children, strategy=Strategy.ONE_FOR_ALL)).ready()
        system.get("a").tell("crash")
        await until(lambda: log.count("+a") == 2)
        await settle()
        assert system.find("t") is None
        assert log.count("+t") == 1


@on_loop
async def test_a_group_whose_member_does_not_start_again_is_tried_again_until_the_intensity() -> None:
    clock, log, broken = ManualClock(), list[str](), list[bool]()

    class Flaky(Worker):
        def started(self, context: Context) -> None:
            if broken:
                broken.pop()
                raise OSError("not yet")
            super().started(context)

    async with ActorSystem(clock=clock) as system:
        flaky: ChildSpec[str] = ChildSpec(lambda: Flaky("b", log), name="b")
        children = (worker("a", log), flaky, worker("c", log))
        await system.spawn(SupervisorSpec(children=children, strategy=Strategy.ONE_FOR_ALL)).ready()
        broken.extend([True, True])
        system.get("a").tell("crash")
        for _ in range(10):
            await settle()
            clock.advance(1.0)
        assert await system.get("c").ask("hello", timeout=None) == "c"
        assert await system.get("b").ask("hello", timeout=None) == "b"


@on_loop
async def test_a_tree_whose_first_start_fails_does_not_start_and_leaves_nothing() -> None:
    log: list[str] = []

    class Broken(Worker):
        def started(self, context: Context) -> None:
            raise OSError("no such device")

    async with ActorSystem() as system:
        broken: ChildSpec[str] = ChildSpec(lambda: Broken("b", log), name="b")
        inner = SupervisorSpec(children=(worker("x", log), broken), name="inner")
        outer: ActorRef[Any] = system.spawn(SupervisorSpec(children=(worker("a", log), inner), name="outer"))
        with pytest.raises(StartFailed, match="no such device"):
            await outer.ready()
        assert log == ["+a", "+x", "-b", "~x", "-x", "~a", "-a"]
        assert not system.names


@on_loop
async def test_a_system_stops_its_actors_in_reverse_order_and_reports_each() -> None:
    log: list[str] = []
    system = ActorSystem()
    for name in ("a", "b", "c"):
        system.spawn(worker(name, log))
    with system.events.listen(ActorEnded) as ended:
        assert (await system.stop()).kind is ExitKind.SHUTDOWN
        ended.close()
        assert [event.name async for event in ended] == ["c", "b", "a", "root"]
    assert log[3:] == ["~c", "-c", "~b", "-b", "~a", "-a"]


@on_loop
async def test_no_child_outlives_its_parent() -> None:
    log: list[str] = []

    class Parent(Worker):
        def started(self, context: Context) -> None:
            super().started(context)
            context.spawn(worker(f"child {context.restarts}", log))

    async with ActorSystem() as system:
        ref: ActorRef[str] = system.spawn(lambda: Parent("p", log))
        child = system.get("child 0")
        ref.tell("crash")
        await until(lambda: log.count("+p") == 2)
        assert log == ["+p", "+child 0", "~child 0", "-child 0", "-p", "+p", "+child 1"]
        assert not child.alive
        await ref.stop()
        assert log[7:] == ["~p", "~child 1", "-child 1", "-p"]


@on_loop
async def test_a_graceful_stop_lets_the_message_end() -> None:
    clock, gate, seen = ManualClock(), asyncio.Event(), list[str]()
    async with ActorSystem(clock=clock) as system:
        ref: ActorRef[str] = system.spawn(ChildSpec(lambda: Gate(gate, seen), shutdown=5.0))
        answer = asyncio.ensure_future(ref.ask("work", timeout=None))
        await until(lambda: seen)
        stop = asyncio.ensure_future(ref.stop())
        await settle()
        clock.advance(4.9)
        await settle()
        assert not stop.done()
        gate.set()
        assert await answer == "work"
        assert (await stop).kind is ExitKind.SHUTDOWN


@on_loop
async def test_a_graceful_stop_kills_after_its_time_and_says_so() -> None:
    clock, gate, seen = ManualClock(), asyncio.Event(), list[str]()
    async with ActorSystem(clock=clock) as system:
        ref: ActorRef[str] = system.spawn(ChildSpec(lambda: Gate(gate, seen), name="slow", shutdown=5.0))
        answer = asyncio.ensure_future(ref.ask("work", timeout=None))
        await until(lambda: seen)
        with system.events.listen(LifeEnded) as lives:
            stop = asyncio.ensure_future(ref.stop())
            await settle()
            clock.advance(5.0)
            assert (await stop).kind is ExitKind.KILLED
            end = await anext(lives)
        assert (end.name, end.exit.kind, end.seconds) == ("slow", ExitKind.KILLED, 5.0)
        with pytest.raises(MessageKilled):
            await answer
        assert ref.metrics.dead_lettered == 1
    assert seen == ["work begins"]


@on_loop
async def test_an_immediate_stop_waits_for_nothing_and_cancels_what_is_pending() -> None:
    cancelled, hooks = list[int](), list[str]()

    class Busy(Worker):
        def receive(self, message: Any, context: Context) -> Any:
            return Pending(on_cancel=lambda: cancelled.append(message))

    async with ActorSystem(clock=ManualClock()) as system:
        ref: ActorRef[Any] = system.spawn(ChildSpec(lambda: Busy("busy", hooks), shutdown=IMMEDIATE))
        ref.tell(1)
        await until(lambda: ref.metrics.in_progress)
        assert (await ref.stop()).kind is ExitKind.KILLED
    assert cancelled == [1]
    assert hooks == ["+busy", "-busy"]


@on_loop
async def test_a_stop_without_limit_waits_until_the_system_loses_patience() -> None:
    clock, gate, seen = ManualClock(), asyncio.Event(), list[str]()
    system = ActorSystem(clock=clock)
    ref: ActorRef[str] = system.spawn(ChildSpec(lambda: Gate(gate, seen), shutdown=INFINITY))
    ref.tell("work")
    await until(lambda: seen)
    stop = asyncio.ensure_future(system.stop(timeout=3600.0))
    await settle()
    clock.advance(3599.0)
    await settle()
    assert not stop.done()
    clock.advance(1.0)
    await stop
    assert (await ref.ended()).kind is ExitKind.KILLED


@on_loop
async def test_the_stopping_hook_may_take_its_time_but_no_more() -> None:
    clock, log = ManualClock(), list[str]()

    class Tidy(Worker):
        async def stopping(self, context: Context) -> None:  # type: ignore[override]
            log.append("tidying")
            await asyncio.get_running_loop().create_future()

    async with ActorSystem(clock=clock) as system:
        ref: ActorRef[str] = system.spawn(ChildSpec(lambda: Tidy("t", log), shutdown=2.0))
        stop = asyncio.ensure_future(ref.stop())
        await until(lambda: "tidying" in log)
        clock.advance(2.0)
        assert (await stop).kind is ExitKind.KILLED
    assert log == ["+t", "tidying", "-t"]


@on_loop
async def test_hooks_that_raise_are_reported_and_the_stop_goes_on() -> None:
    class Clumsy(Worker):
        def stopping(self, context: Context) -> None:
            raise ValueError("stopping")

        def stopped(self, context: Context) -> None:
            raise ValueError("stopped")

    async with ActorSystem() as system:
        ref: ActorRef[str] = system.spawn(lambda: Clumsy("c", []), name="c")
        with system.events.listen(HookFailed) as failures:
            assert (await ref.stop()).kind is ExitKind.SHUTDOWN
            failures.close()
            assert [event.hook async for event in failures] == ["stopping", "stopped"]


@on_loop
async def test_stopping_an_actor_while_it_waits_for_its_restart_ends_it() -> None:
    clock = ManualClock()
    async with ActorSystem(clock=clock) as system:
        ref: ActorRef[Any] = system.spawn(lambda: Recorder([]))
        with system.events.listen(RestartPlanned) as planned:
            ref.tell(ValueError("now"))
            await anext(planned)
            ref.tell(ValueError("later"))
            assert (await anext(planned)).delay > 0
        ref.tell("waits")
        await ref.stop()
        with system.events.listen(ActorStarted) as started:
            clock.advance(10.0)
            await settle()
            started.close()
            assert [event async for event in started] == []
        assert [letter.reason.value for letter in system.dead_letters] == ["crashed", "crashed", "stopped"]


@on_loop
async def test_a_stop_during_a_start_waits_for_the_start_and_then_stops() -> None:
    gate, log = asyncio.Event(), list[str]()

    class Slow(Worker):
        async def started(self, context: Context) -> None:  # type: ignore[override]
            await gate.wait()
            log.append(f"+{self.name}")

    async with ActorSystem() as system:
        ref: ActorRef[str] = system.spawn(lambda: Slow("s", log))
        stop = asyncio.ensure_future(ref.stop())
        await settle()
        gate.set()
        await stop
    assert log == ["+s", "~s", "-s"]


@on_loop
async def test_two_stops_at_once_are_one() -> None:
    log: list[str] = []
    async with ActorSystem() as system:
        ref = system.spawn(worker("w", log))
        exits = await asyncio.gather(ref.stop(), ref.stop(), system.stop())
        assert {exit_.kind for exit_ in exits} == {ExitKind.SHUTDOWN}
    assert log == ["+w", "~w", "-w"]


@on_loop
async def test_a_supervisor_that_stops_takes_no_more_children() -> None:
    async with ActorSystem() as system:
        supervisor: ActorRef[Any] = system.spawn(SupervisorSpec(name="sup"))
        await supervisor.ready()
        system.spawn(worker("w", []), under=supervisor)
        await supervisor.stop()
        assert system.find("w") is None
        with pytest.raises(UsageError, match="sup does not run"):
            system.spawn(worker("w", []), under=supervisor)


@on_loop
async def test_a_supervisor_that_has_given_up_decides_nothing_more() -> None:
    log: list[str] = []
    async with ActorSystem(clock=ManualClock()) as system:
        children = (worker("a", log, intensity=Intensity(0, 60.0)), worker("b", log))
        await system.spawn(SupervisorSpec(children=children, name="sup")).ready()
        with system.events.listen(SupervisorGaveUp, RestartPlanned) as decisions:
            for name in ("a", "b"):
                system.get(name).tell("crash")
            await until(lambda: log.count("+b") == 2)
            await settle()
            decisions.close()
            made = [event async for event in decisions]
        assert [type(event) for event in made] == [SupervisorGaveUp, RestartPlanned]
        assert made[1].name == "sup"
    assert log[:6] == ["+a", "+b", "-a", "-b", "+a", "+b"]


class Unsteady(Worker):
    """Does not start while there is a reason in the list `reasons`, which that uses up."""

    def __init__(self, name: str, log: list[str], reasons: list[str]) -> None:
        super().__init__(name, log)
        self.reasons = reasons

    async def started(self, context: Context) -> None:  # type: ignore[override]
        await asyncio.sleep(0)
        if self.reasons:
            raise OSError(self.reasons.pop())
        super().started(context)


@pytest.mark.parametrize("strategy", [Strategy.ONE_FOR_ALL, Strategy.REST_FOR_ONE])
def test_a_supervisor_whose_restart_is_joined_by_a_group_starts_each_child_once(strategy: Strategy) -> None:
    @on_loop
    async def run() -> None:
        log, reasons = list[str](), list[str]()
        fragile: ChildSpec[str] = ChildSpec(lambda: Unsteady("b", log, reasons), name="b")
        children = (worker("a", log, intensity=Intensity(0, 60.0)), fragile, worker("c", log))
        async with ActorSystem(clock=ManualClock()) as system:
            await system.spawn(SupervisorSpec(children=children, strategy=strategy)).ready()
            reasons.append("not yet")
            del log[:]
            system.get("a").tell("crash")
            await until(lambda: "+c" in log)
            await settle()
            group = ["-b", "~a", "-a", "+a"] if strategy is Strategy.ONE_FOR_ALL else ["-b"]
            assert log == ["-a", "~c", "-c", "~b", "-b", "+a", *group, "+b", "+c"]

    run()


@on_loop
async def test_a_supervisor_starts_again_without_a_child_that_is_stopped_for_good_meanwhile() -> None:
    log, reasons = list[str](), list[str]()
    fragile: ChildSpec[str] = ChildSpec(lambda: Unsteady("b", log, reasons), name="b")
    children = (worker("a", log, intensity=Intensity(0, 60.0)), fragile, worker("c", log))
    async with ActorSystem(clock=ManualClock()) as system:
        supervisor: ActorRef[Any] = system.spawn(SupervisorSpec(children=children))
        await supervisor.ready()
        reasons.extend(["not yet", "nor now"])
        del log[:]
        system.get("a").tell("crash")
        await until(lambda: not reasons)
        await system.get("b").stop()
        await supervisor.ready()
        assert [entry for entry in log if entry.startswith("+")] == ["+a", "+c"]


@on_loop
async def test_a_group_goes_on_without_a_member_that_is_stopped_for_good_meanwhile() -> None:
    clock, log, reasons = ManualClock(), list[str](), list[str]()
    fragile: ChildSpec[str] = ChildSpec(lambda: Unsteady("x", log, reasons), name="x")
    inner = SupervisorSpec(children=(fragile,), name="inner", shutdown=IMMEDIATE)
    children = (worker("a", log), inner, worker("c", log))
    async with ActorSystem(clock=clock) as system:
        await system.spawn(SupervisorSpec(children=children, strategy=Strategy.ONE_FOR_ALL)).ready()
        reasons.extend(["not yet", "nor now"])
        system.get("a").tell("crash")
        await until(lambda: not reasons)
        await settle()
        assert log.count("+c") == 1
        await system.get("inner").stop()
        assert await system.get("c").ask("hello", timeout=None) == "c"
        assert log[-1] == "+c"
        assert log.count("+c") == 2


@on_loop
async def test_what_ended_before_its_group_started_it_again_is_not_decided_about_later() -> None:
    log, reasons = list[str](), list[str]()
    fragile: ChildSpec[str] = ChildSpec(
        lambda: Unsteady("b", log, reasons), name="b", policy=Policy.TRANSIENT
    )
    children = (worker("a", log), fragile, worker("c", log))
    async with ActorSystem(clock=ManualClock()) as system:
        await system.spawn(SupervisorSpec(children=children, strategy=Strategy.ONE_FOR_ALL)).ready()
        with system.events.listen(RestartPlanned) as planned:
            reasons.append("not yet")
            system.get("a").tell("crash")
            system.get("b").tell("stop")
            # Its normal end lies behind: what counts is that it did not start.
            assert await system.get("c").ask("hello", timeout=None) == "c"
            await until(lambda: log.count("+c") == 2)
            assert [(await anext(planned)).name for _ in range(2)] == ["a", "b"]
        assert await system.get("b").ask("hello", timeout=None) == "b"


@pytest.mark.parametrize("strategy", ["one-for-all", "rest-for-one"])
def test_a_group_is_restarted_also_if_who_crashed_is_stopped_meanwhile(strategy: Any) -> None:
    @on_loop
    async def run() -> None:
        log, stops = list[str](), list[asyncio.Future[object]]()

        def listen(event: object) -> None:
            if isinstance(event, ActorFailed) and not stops:
                stops.append(asyncio.ensure_future(system.get("b").stop()))

        async with ActorSystem(clock=ManualClock()) as system:
            group = SupervisorSpec(tuple(worker(name, log) for name in "abc"), strategy=strategy)
            await system.spawn(group).ready()
            system.events.subscribe(listen)
            log.clear()
            system.get("b").tell("crash")
            await settle()
            assert system.find("b") is None
            first = ["~a", "-a"] if strategy == "one-for-all" else []
            again = ["+a"] if strategy == "one-for-all" else []
            assert log == ["-b", "~c", "-c", *first, *again, "+c"]
            system.get("a").tell("crash")
            await settle()
            assert log[-2:] == ["+a", "+c"]
            assert [await system.get(name).ask("who") for name in "ac"] == ["a", "c"]

    run()


@on_loop
async def test_who_ends_in_its_own_hook_does_not_run() -> None:
    class Brief(Recorder):
        def started(self, context: Context) -> None:
            with pytest.raises(StopIteration):  # there is nothing to wait for
                context.ref.stop().send(None)

    async with ActorSystem() as system:
        ref: ActorRef[Any] = system.spawn(lambda: Brief([]))
        assert not ref.alive
        with pytest.raises(StartFailed):
            await ref.ready()
        assert (await ref.ended()).kind is ExitKind.SHUTDOWN


@on_loop
async def test_a_spec_is_one_also_if_it_can_be_called_and_a_name_given_goes_before_its_own() -> None:
    class Callable(ChildSpec[str]):
        def __call__(self) -> object:
            raise AssertionError("it is no factory")

    async with ActorSystem() as system:
        spec = Callable(lambda: Recorder([]), name="own")
        refs = system.spawn(spec), system.spawn(spec, name="given")
        assert [ref.name for ref in refs] == ["own", "given"]
        for ref in refs:
            assert await ref.ask("well") == "well"
