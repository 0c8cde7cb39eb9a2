"""A stop goes on to its end whoever gives up waiting for it, however deep the tree is and whoever listens."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from actor_helpers import on_loop, settle, until

from airssys_sdk.errors import UsageError
from airssys_sdk.runtime import (
    ActorRef,
    ActorStopped,
    ActorSystem,
    ChildSpec,
    Context,
    Exit,
    ExitKind,
    Intensity,
    SupervisorSpec,
    Terminated,
)
from airssys_sdk.runtime.events import ActorEnded

SOON = 30.0
"""Seconds; a limit, never a measurement."""


class Tidy:
    """Stops when the test opens the gate."""

    def __init__(self, gate: asyncio.Event) -> None:
        self.gate = gate

    async def stopping(self, context: Context) -> None:
        await self.gate.wait()

    def receive(self, message: Any, context: Context) -> object:
        if isinstance(message, Exception):
            raise message
        return message


class Echo:
    def receive(self, message: Any, context: Context) -> object:
        if isinstance(message, Exception):
            raise message
        return message


@on_loop
async def test_a_stop_that_nobody_waits_for_any_longer_goes_on_to_its_end() -> None:
    gate = asyncio.Event()
    async with ActorSystem() as system:
        ref = system.spawn(lambda: Tidy(gate), name="it")
        stop = asyncio.ensure_future(ref.stop())
        await settle()
        stop.cancel()
        await settle()
        gate.set()
        async with asyncio.timeout(SOON):
            assert (await ref.ended()).kind is ExitKind.SHUTDOWN
        assert system.find("it") is None
        with pytest.raises(ActorStopped):
            ref.tell("late")
        assert await system.spawn(Echo, name="it").ask("again") == "again"


@on_loop
async def test_a_system_whose_stop_nobody_waits_for_any_longer_ends() -> None:
    gate = asyncio.Event()
    system = ActorSystem()
    system.spawn(lambda: Tidy(gate))
    stop = asyncio.ensure_future(system.stop())
    await settle()
    stop.cancel()
    await settle()
    gate.set()
    async with asyncio.timeout(SOON):
        assert (await system.ended()).kind is ExitKind.SHUTDOWN
        assert (await system.stop()).kind is ExitKind.SHUTDOWN


def nested(depth: int, **options: Any) -> SupervisorSpec:
    spec: Any = ChildSpec(Echo, name="leaf", **options)
    for number in range(depth):
        spec = SupervisorSpec((spec,), name=f"level {number}", **options)
    assert isinstance(spec, SupervisorSpec)
    return spec


@on_loop
async def test_nothing_starts_in_a_system_that_has_stopped() -> None:
    system = ActorSystem()
    ref: ActorRef[Any] = system.spawn(lambda: lambda message, context: None)
    await system.stop()
    with pytest.raises(ActorStopped, match="the system stops and starts no actors any more"):
        system.spawn(lambda: lambda message, context: None)
    with pytest.raises(ActorStopped):
        ref.tell("hello")


def test_a_system_whose_loop_is_closed_says_that_it_cannot_be_stopped_any_more() -> None:
    async def made() -> ActorSystem:
        return ActorSystem()

    system = asyncio.run(made())
    with pytest.raises(UsageError, match="the event loop of the system is closed"):
        asyncio.run(system.stop())


@on_loop
async def test_a_tree_deeper_than_the_stack_of_python_stops() -> None:
    system = ActorSystem()
    await system.spawn(nested(1500)).ready()
    assert await system.get("leaf").ask("hello", SOON) == "hello"
    async with asyncio.timeout(SOON):
        assert (await system.stop()).kind is ExitKind.SHUTDOWN
    assert not system.cells()


@on_loop
async def test_a_tree_deeper_than_the_stack_of_python_gives_up() -> None:
    system = ActorSystem()
    await system.spawn(nested(1500, intensity=Intensity(0, 60.0))).ready()
    system.get("leaf").tell(ValueError("poison"))
    async with asyncio.timeout(SOON):
        assert (await system.ended()).kind is ExitKind.FAILED


@on_loop
async def test_names_end_children_first_the_last_one_first() -> None:
    system = ActorSystem()
    children = tuple(SupervisorSpec((ChildSpec(Echo, name=f"{n} leaf"),), name=n) for n in "ab")
    await system.spawn(SupervisorSpec(children, name="top")).ready()
    with system.events.listen(ActorEnded) as ended:
        await system.stop()
        ended.close()
        assert [event.name async for event in ended] == ["b leaf", "b", "a leaf", "a", "top", "root"]


@pytest.mark.parametrize("error", [ZeroDivisionError, asyncio.CancelledError])
def test_a_listener_to_an_end_that_raises_disturbs_nobody(
    error: type[BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    @on_loop
    async def run() -> None:
        heard: list[Exit] = []
        told: list[object] = []

        def broken(exit_: Exit) -> None:
            raise error("broken listener")

        class Watcher:
            def started(self, context: Context) -> None:
                context.watch(system.get("child"))

            def receive(self, message: object, context: Context) -> None:
                told.append(message)

        async with ActorSystem() as system:
            spec = SupervisorSpec((ChildSpec(Echo, name="child"),), name="top")
            supervisor: ActorRef[Any] = system.spawn(spec)
            await supervisor.ready()
            child = system.get("child")
            for listener in (broken, heard.append):
                child.on_end(listener)
            system.spawn(Watcher)
            async with asyncio.timeout(SOON):
                assert (await supervisor.stop()).kind is ExitKind.SHUTDOWN
                assert (await supervisor.ended()).kind is ExitKind.SHUTDOWN
            child.on_end(broken)
            await until(lambda: told)
            assert len(heard) == 1
            assert isinstance(told[0], Terminated)
            assert system.find("top") is system.find("child") is None
        assert "broken listener" in caplog.text

    run()
