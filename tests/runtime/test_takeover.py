"""One actor takes the name of another between two messages: nothing accepted is lost, and a failure changes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from actor_helpers import on_loop, settle, until

from airssys_sdk.errors import UsageError
from airssys_sdk.runtime import (
    ActorRef,
    ActorStopped,
    ActorSystem,
    Backoff,
    ChildSpec,
    Context,
    Health,
    HealthStatus,
    HookFailed,
    Intensity,
    MailboxFull,
    MailboxOptions,
    ManualClock,
    StartFailed,
    SupervisorSpec,
)
from airssys_sdk.runtime.events import RestartPlanned


class Version:
    """Notes who handled what, and its hooks."""

    def __init__(self, name: str, seen: list[str], gate: asyncio.Event | None = None) -> None:
        self.name = name
        self.seen = seen
        self.gate = gate

    def started(self, context: Context) -> None:
        self.seen.append(f"{self.name} started")

    def receive(self, message: Any, context: Context) -> object:
        self.seen.append(f"{self.name} {message}")
        if message == "crash":
            raise RuntimeError("crash")
        return self._slow(message) if message == "slow" else f"{self.name} {message}"

    async def _slow(self, message: object) -> str:
        assert self.gate is not None
        await self.gate.wait()
        return f"{self.name} {message}"

    def stopping(self, context: Context) -> None:
        self.seen.append(f"{self.name} stopping")

    def stopped(self, context: Context) -> None:
        self.seen.append(f"{self.name} stopped")


def _spec(name: str, seen: list[str], gate: asyncio.Event | None = None, **options: Any) -> ChildSpec[str]:
    return ChildSpec(lambda: Version(name, seen, gate), **options)


@on_loop
async def test_the_new_actor_handles_what_waits_and_the_old_one_stops_in_order() -> None:
    seen: list[str] = []
    async with ActorSystem() as system:
        ref = system.spawn(_spec("old", seen), name="it")
        ref.tell("1")
        taken = await ref.replace(_spec("new", seen))
        assert taken.retired is not None
        await taken.retired
        assert await ref.ask("2") == "new 2"
        assert system.get("it") == ref
        ref.tell("crash")
        await until(lambda: seen[-1] == "new started" and "new crash" in seen)
        assert await ref.ask("3") == "new 3"
    assert [line for line in seen if "started" in line][:2] == ["old started", "new started"]
    assert seen.index("new started") < seen.index("old stopping") < seen.index("old stopped")
    assert ("old 1" in seen) != ("new 1" in seen)


@on_loop
async def test_the_message_in_progress_ends_first_and_those_behind_it_go_to_the_new_actor() -> None:
    seen: list[str] = []
    gate = asyncio.Event()
    async with ActorSystem() as system:
        ref = system.spawn(_spec("old", seen, gate))
        slow = asyncio.ensure_future(ref.ask("slow"))
        behind = [asyncio.ensure_future(ref.ask(str(n))) for n in range(3)]
        await until(lambda: "old slow" in seen)
        taken = asyncio.ensure_future(ref.replace(_spec("new", seen)))
        await settle()
        assert not taken.done()
        gate.set()
        assert await slow == "old slow"
        assert [await one for one in behind] == ["new 0", "new 1", "new 2"]
        assert (await taken).pause >= 0
    assert system.metrics().handled == 4


@on_loop
async def test_a_start_that_fails_or_takes_its_time_leaves_the_old_actor_in_its_place() -> None:
    seen: list[str] = []

    class Failing(Version):
        async def started(self, context: Context) -> None:  # type: ignore[override]
            await asyncio.sleep(0)
            raise ValueError("no")

    async with ActorSystem() as system:
        ref = system.spawn(_spec("old", seen))
        for factory in (lambda: Failing("new", seen), lambda: 1 / 0, lambda: "no actor"):
            attempt = asyncio.ensure_future(ref.replace(ChildSpec(factory)))  # type: ignore[arg-type]
            asked = [asyncio.ensure_future(ref.ask(str(n))) for n in range(3)]
            with pytest.raises(StartFailed, match="the new actor did not start") as raised:
                await attempt
            assert isinstance(raised.value.__cause__, (ValueError, ZeroDivisionError, TypeError))
            assert [await one for one in asked] == ["old 0", "old 1", "old 2"]
        assert "new stopped" in seen
        assert "old stopping" not in seen


@on_loop
async def test_a_crash_in_the_middle_of_a_takeover_lets_the_new_actor_be_the_next_life() -> None:
    seen: list[str] = []
    clock = ManualClock()
    async with ActorSystem(clock=clock) as system:
        ref = system.spawn(_spec("old", seen, backoff=Backoff(base=10.0)))
        for _ in range(2):  # the second restart waits
            ref.tell("crash")
            await settle()
        ref.tell("waits")
        await settle()
        assert "old waits" not in seen
        taken = await ref.replace(_spec("new", seen))
        assert taken.retired is None
        await until(lambda: "new waits" in seen)
        clock.advance(60.0)  # the restart that was planned is none any more
        await settle()
        assert seen.count("new started") == 1


@on_loop
async def test_the_restarts_of_the_actor_before_do_not_count_for_the_new_one() -> None:
    seen: list[str] = []
    clock = ManualClock()
    few = Intensity(restarts=2, within=60.0)
    async with ActorSystem(clock=clock) as system:
        ref = system.spawn(_spec("old", seen, intensity=few))
        with system.events.listen(RestartPlanned) as planned:
            for version in ("old", "new"):
                for delay, count in ((0.0, 1), (0.2, 2)):
                    ref.tell("crash")
                    decided = await anext(planned)
                    assert (decided.delay, decided.count) == (pytest.approx(delay), count), version
                    clock.advance(1.0)
                    await ref.ready()
                await ref.replace(_spec("new", seen, intensity=few))
        assert await ref.ask("hi") == "new hi"


@on_loop
async def test_who_takes_over_starts_with_the_context_that_comes_with_its_messages() -> None:
    seen = list[object]()

    class New:
        def started(self, context: Context) -> None:
            seen.append(context)

        def receive(self, message: object, context: Context) -> None:
            seen.append(context)

    async with ActorSystem() as system:
        ref: ActorRef[Any] = system.spawn(lambda: Version("old", []))
        await ref.replace(ChildSpec(New))
        ref.tell("x")
        await settle()
        assert isinstance(seen[0], Context)
        assert seen[0] is seen[1]


@on_loop
async def test_nobody_takes_over_from_an_actor_that_its_supervisor_gives_up() -> None:
    seen = list[str]()
    async with ActorSystem() as system:
        supervisor = system.spawn(SupervisorSpec(policy="temporary"))
        ref = system.spawn(_spec("old", seen, intensity=Intensity(1, 60.0)), under=supervisor)
        ref.tell("crash")
        await until(lambda: seen.count("old started") == 2)
        ref.tell("crash")
        # Its turn comes after the crash, and before the supervisor's end.
        with pytest.raises(ActorStopped):
            await asyncio.ensure_future(ref.replace(_spec("new", seen)))
        assert seen.count("old crash") == 2
        assert "new started" not in seen


@on_loop
async def test_health_is_watched_as_the_spec_of_the_actor_that_runs_says() -> None:
    seen: list[str] = []

    class Unwell(Version):
        def health(self, context: Context) -> HealthStatus:
            return HealthStatus.UNHEALTHY

    def unwell(name: str, health: Health | None) -> ChildSpec[str]:
        return ChildSpec(lambda: Unwell(name, seen), health=health)

    clock = ManualClock()
    async with ActorSystem(clock=clock) as system:
        ref = system.spawn(unwell("first", Health(interval=1.0, threshold=1)))
        for health in (None, Health(interval=5.0, threshold=1)):
            await ref.replace(unwell(f"watched: {health is not None}", health))
            clock.advance(2.0)
            await settle()
        assert "first started" not in seen[1:]
        assert [seen.count(f"watched: {watched} started") for watched in (False, True)] == [1, 1]
        clock.advance(4.0)
        await until(lambda: seen.count("watched: True started") == 2)


@on_loop
async def test_a_name_that_is_gone_or_ends_first_cannot_be_taken() -> None:
    seen: list[str] = []
    gate = asyncio.Event()
    async with ActorSystem() as system:
        gone = system.spawn(_spec("old", seen))
        await gone.stop()
        with pytest.raises(ActorStopped):
            await gone.replace(_spec("new", seen))
        busy = system.spawn(_spec("old", seen, gate, shutdown=0.0))
        asked = asyncio.ensure_future(busy.ask("slow"))
        await until(lambda: "old slow" in seen)
        taken = asyncio.ensure_future(busy.replace(_spec("new", seen)))
        await settle()
        await busy.stop()
        with pytest.raises(ActorStopped):
            await taken
        with pytest.raises(Exception, match="killed"):
            await asked
    assert not [line for line in seen if line.startswith("new")]


@on_loop
async def test_whoever_gives_up_waiting_for_a_takeover_calls_it_off() -> None:
    seen: list[str] = []
    gate = asyncio.Event()
    async with ActorSystem() as system:
        ref = system.spawn(_spec("old", seen, gate))
        slow = asyncio.ensure_future(ref.ask("slow"))
        await until(lambda: "old slow" in seen)
        taken = asyncio.ensure_future(ref.replace(_spec("new", seen)))
        await settle()
        taken.cancel()
        await settle()
        gate.set()
        await slow
        assert await ref.ask("1") == "old 1"


@on_loop
async def test_the_old_actors_timers_do_not_ring_and_an_error_in_its_stop_is_told() -> None:
    seen: list[str] = []
    clock = ManualClock()

    class Old(Version):
        def started(self, context: Context) -> None:
            context.after(5.0, "ring")

        def stopping(self, context: Context) -> None:
            raise ValueError("stop")

    async with ActorSystem(clock=clock) as system:
        with system.events.listen(HookFailed) as failed:
            ref = system.spawn(ChildSpec(lambda: Old("old", seen)))
            taken = await ref.replace(_spec("new", seen))
            assert taken.retired is not None
            await taken.retired
            assert (await anext(failed)).hook == "stopping"
        clock.advance(10.0)
        await settle()
        assert "new ring" not in seen
        assert "old stopped" in seen


@on_loop
async def test_the_mailbox_takes_as_many_as_the_new_spec_says() -> None:
    seen: list[str] = []
    gate = asyncio.Event()
    async with ActorSystem() as system:
        ref = system.spawn(_spec("old", seen, gate, mailbox=MailboxOptions(2)))
        asked = asyncio.ensure_future(ref.ask("slow"))
        await until(lambda: "old slow" in seen)
        ref.tell("1")
        ref.tell("2")
        with pytest.raises(MailboxFull):
            ref.tell("3")
        gate.set()
        await asked
        gate.clear()
        await ref.replace(_spec("new", seen, gate, mailbox=MailboxOptions(4)))
        asked = asyncio.ensure_future(ref.ask("slow"))
        await until(lambda: "new slow" in seen)
        for n in range(4):
            ref.tell(str(n))
        with pytest.raises(MailboxFull):
            ref.tell("4")
        gate.set()


@on_loop
async def test_an_actor_with_children_is_not_replaced() -> None:
    def parent(message: Callable[[], object], context: Context) -> None:
        context.spawn(lambda: parent)

    async with ActorSystem() as system:
        ref = system.spawn(lambda: parent)
        await ref.ask(print)
        with pytest.raises(UsageError, match="children"):
            await ref.replace(ChildSpec(lambda: parent))


@on_loop
async def test_under_full_load_every_message_is_answered_once_by_one_of_the_versions() -> None:
    seen: list[str] = []
    async with ActorSystem() as system:
        ref = system.spawn(_spec("0", seen), name="it")

        async def load(number: int) -> list[str]:
            return [await ref.ask(f"{number}.{n}") for n in range(200)]

        loads = [asyncio.ensure_future(load(number)) for number in range(5)]
        for version in range(1, 20):
            await ref.replace(_spec(str(version), seen))
            await asyncio.sleep(0)
        answers = [answer for one in await asyncio.gather(*loads) for answer in one]
    assert sorted(answer.split()[1] for answer in answers) == sorted(
        f"{number}.{n}" for number in range(5) for n in range(200)
    )
    assert system.metrics().handled == 1000
