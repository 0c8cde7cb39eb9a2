"""What belongs to one life of an actor ends with it: watches, timers, the context, the actor itself."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from actor_helpers import on_loop, settle, until

from airssys_sdk.errors import UsageError
from airssys_sdk.runtime import (
    IMMEDIATE,
    ActorRef,
    ActorStopped,
    ActorSystem,
    Backoff,
    ChildSpec,
    Context,
    Intensity,
    ManualClock,
    SupervisorSpec,
    Terminated,
)
from airssys_sdk.runtime.events import (
    ActorFailed,
    ActorStarted,
    LifeEnded,
    RestartPlanned,
    SupervisorGaveUp,
)

SOON = 10.0
"""Seconds; a limit, never a measurement."""


class Echo:
    def receive(self, message: Any, context: Context) -> object:
        if isinstance(message, Exception):
            raise message
        return message


class Kept(Echo):
    """Keeps the contexts of all its lives, and what it is told."""

    def __init__(self, contexts: list[Context], told: list[object]) -> None:
        self.contexts = contexts
        self.told = told

    def started(self, context: Context) -> None:
        self.contexts.append(context)

    def receive(self, message: Any, context: Context) -> object:
        self.told.append(message)
        return super().receive(message, context)


class Watcher(Kept):
    """Watches another in each of its lives."""

    def __init__(self, contexts: list[Context], told: list[object], other: ActorRef[Any]) -> None:
        super().__init__(contexts, told)
        self.other = other

    def started(self, context: Context) -> None:
        super().started(context)
        context.watch(self.other)


def quick(factory: Any, **options: Any) -> ChildSpec[Any]:
    return ChildSpec(factory, backoff=Backoff(base=0.0), **options)


@on_loop
async def test_a_watch_belongs_to_one_life() -> None:
    told: list[object] = []
    async with ActorSystem() as system:
        other = system.spawn(Echo)
        watcher = system.spawn(quick(lambda: Watcher([], told, other)))
        for _ in range(3):
            watcher.tell(ValueError("crash"))
            assert await watcher.ask("hello", SOON) == "hello"
        await other.stop()
        await until(lambda: any(isinstance(message, Terminated) for message in told))
        await settle()
        assert len([message for message in told if isinstance(message, Terminated)]) == 1


@on_loop
async def test_whoever_watches_no_more_hears_nothing() -> None:
    contexts, told = list[Context](), list[object]()
    async with ActorSystem() as system:
        other = system.spawn(Echo)
        system.spawn(lambda: Watcher(contexts, told, other))
        contexts[0].watch(other)
        contexts[0].unwatch(other)
        await other.stop()
        await settle()
        assert told == []
        contexts[0].unwatch(other)


@on_loop
async def test_whoever_watches_what_has_ended_hears_it_at_once() -> None:
    contexts, told = list[Context](), list[object]()
    async with ActorSystem() as system:
        other = system.spawn(Echo)
        exit_ = await other.stop()
        watcher = system.spawn(lambda: Watcher(contexts, told, other))
        assert await watcher.ask("hello", SOON) == "hello"
        assert told == [Terminated(other, exit_), "hello"]


@on_loop
async def test_whoever_gives_up_waiting_for_an_end_is_forgotten() -> None:
    async with ActorSystem() as system:
        ref = system.spawn(Echo)
        for _ in range(10):
            ended = asyncio.ensure_future(ref.ended())
            await settle()
            ended.cancel()
            await settle()
        assert not ref.cell.rare.listeners


@on_loop
async def test_the_context_of_a_life_that_has_ended_does_nothing_to_the_next_one() -> None:
    contexts, told = list[Context](), list[object]()
    async with ActorSystem() as system:
        ref = system.spawn(quick(lambda: Kept(contexts, told)))
        other = system.spawn(Echo)
        ref.tell(ValueError("crash"))
        assert await ref.ask("hello", SOON) == "hello"
        for act in (
            lambda: contexts[0].after(0.0, "ring"),
            lambda: contexts[0].spawn(Echo, name="child"),
            lambda: contexts[0].watch(other),
        ):
            with pytest.raises(UsageError, match="has ended"):
                act()
        contexts[0].stop()
        await settle()
        assert system.find("child") is None
        assert len(contexts) == 2


@on_loop
async def test_whoever_gives_up_waiting_for_a_takeover_leaves_the_old_actor_at_work() -> None:
    problems: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, details: problems.append(details))
    starting, stopped = list[int](), list[int]()

    class Never(Echo):
        async def started(self, context: Context) -> None:
            starting.append(1)
            await asyncio.Event().wait()

        def stopped(self, context: Context) -> None:
            stopped.append(1)

    async with ActorSystem() as system:
        ref: ActorRef[Any] = system.spawn(Echo)
        replacing = asyncio.ensure_future(ref.replace(ChildSpec(Never)))
        await until(lambda: starting)
        waits = asyncio.ensure_future(ref.ask("waits", SOON))
        replacing.cancel()
        assert await waits == "waits"
        assert await ref.ask("hello", SOON) == "hello"
        assert stopped == [1]
    assert problems == []


@on_loop
async def test_each_life_begins_at_no_message_and_knows_how_many_there_were() -> None:
    seen = list[tuple[object, ...]]()

    class Beginner(Echo):
        def started(self, context: Context) -> None:
            seen.append((context.envelope, context.sender, context.restarts))

    clock = ManualClock()
    async with ActorSystem(clock=clock) as system:
        later = ChildSpec(Beginner, backoff=Backoff(base=1.0))
        ref: ActorRef[Any] = system.spawn(later)
        for lives in (1, 2):
            assert seen == [(None, None, number) for number in range(lives)]
            ref.tell(ValueError("poison"))
            await settle()
        assert len(seen) == 2
        await ref.replace(later)  # of an actor that waits for its restart, which begins at once
        assert seen[2:] == [(None, None, 2)]
        clock.advance(10)
        await settle()
        assert len(seen) == 3


@on_loop
async def test_each_life_has_an_object_of_its_own() -> None:
    made: list[Echo] = []

    def factory() -> Echo:
        made.append(Echo())
        return made[-1]

    def running() -> object:
        return ref.cell.actor

    async with ActorSystem() as system:
        ref: ActorRef[Any] = system.spawn(quick(factory))
        for life in range(3):
            assert await ref.ask("hello", SOON) == "hello"
            assert len(made) == life + 1
            assert running() is made[life]
            ref.tell(ValueError("crash"))
            await until(lambda lives=life + 1: ref.cell.restarts == lives)


@pytest.mark.parametrize(("number", "expected"), [(0.0, 0.1), (1.0, 0.3)])
def test_the_jitter_of_a_restart_is_applied(number: float, expected: float) -> None:
    @on_loop
    async def run() -> None:
        async with ActorSystem(clock=ManualClock(), random=lambda: number) as system:
            spec = ChildSpec(Echo, backoff=Backoff(base=0.1, jitter=0.5))
            ref: ActorRef[Any] = system.spawn(spec)
            delays: list[float] = []
            system.events.subscribe(
                lambda event: delays.append(event.delay) if isinstance(event, RestartPlanned) else None
            )
            for _ in range(2):
                ref.tell(ValueError("crash"))
                await settle()
            assert delays == pytest.approx([0.0, expected])

    run()


@on_loop
async def test_an_immediate_shutdown_skips_the_hook_stopping() -> None:
    called: list[str] = []

    class Hooked(Echo):
        def stopping(self, context: Context) -> None:
            called.append("stopping")

        def stopped(self, context: Context) -> None:
            called.append("stopped")

    async with ActorSystem() as system:
        await system.spawn(ChildSpec(Hooked, shutdown=IMMEDIATE)).stop()
        assert called == ["stopped"]
        await system.spawn(ChildSpec(Hooked)).stop()
        assert called == ["stopped", "stopping", "stopped"]


@on_loop
async def test_each_step_of_a_life_is_told_as_an_event() -> None:
    events: list[Any] = []
    async with ActorSystem(clock=ManualClock()) as system:
        system.events.subscribe(events.append)
        child = ChildSpec(Echo, name="it", intensity=Intensity(1, 60.0))
        await system.spawn(SupervisorSpec((child,), name="top")).ready()
        ref, crash = system.get("it"), ValueError("crash")
        ref.tell(crash)
        await settle()
        ref.tell(crash)
        await settle()
        await ref.stop()
    told = [event for event in events if getattr(event, "name", "it") == "it"]
    assert [event for event in told if isinstance(event, ActorStarted)] == [
        ActorStarted("it", lives) for lives in range(3)
    ]
    assert [event for event in told if isinstance(event, ActorFailed)] == [ActorFailed("it", crash)] * 2
    assert [event for event in told if isinstance(event, RestartPlanned)] == [RestartPlanned("it", 0.0, 1)]
    gave_up = [event for event in told if isinstance(event, SupervisorGaveUp)]
    assert [(event.supervisor, event.child) for event in gave_up] == [("top", "it")]
    assert len([event for event in told if isinstance(event, LifeEnded)]) == 1


@on_loop
async def test_a_failure_that_nobody_listens_for_is_logged_with_its_traceback(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with ActorSystem() as system:
        ref: ActorRef[Any] = system.spawn(Echo, name="echo")
        with system.events.listen(ActorFailed) as failures:
            ref.tell(ValueError("heard"))
            assert str((await anext(failures)).error) == "heard"
        ref.tell(ValueError("poison"))
        assert await ref.ask("well") == "well"
    (record,) = caplog.records
    assert (record.name, record.getMessage()) == ("airssys.runtime", "echo failed: ValueError: poison")
    assert "in receive" in caplog.text


@on_loop
async def test_whoever_sends_to_an_actor_that_did_not_start_hears_why() -> None:
    class Needy(Echo):
        def __init__(self, need: str) -> None: ...

    async with ActorSystem() as system:
        needy: Any = Needy
        ref: ActorRef[Any] = system.spawn(needy, name="needy")
        with pytest.raises(ActorStopped, match=r"needy has stopped: TypeError: .*'need'") as refused:
            ref.tell("x")
        assert isinstance(refused.value.__cause__, TypeError)
        with pytest.raises(ActorStopped, match=r"needy has stopped: TypeError: .*'need'"):
            await ref.ask("x")
        well: ActorRef[Any] = system.spawn(Echo, name="well")
        await well.stop()
        with pytest.raises(ActorStopped, match=r"well has stopped\n"):
            well.tell("x")
