"""Whatever a factory or hook raises, no actor stays between two states, and the loop goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from actor_helpers import on_loop, settle, until

from airssys_sdk.runtime import (
    ActorRef,
    ActorStopped,
    ActorSystem,
    Backoff,
    ChildSpec,
    Context,
    ExitKind,
    Health,
    HookFailed,
    ManualClock,
    Pending,
    StartFailed,
    Strategy,
    SupervisorSpec,
)


class Odd(BaseException):
    """Neither an `Exception` nor an interrupt."""


RAISED = [asyncio.CancelledError, Odd]
"""What is caught by no `except Exception`, and does not end the loop."""

SOON = 10.0
"""Seconds; a limit, never a measurement."""


class Hooked:
    """Calls a function for each of its hooks, with the hook's name."""

    def __init__(self, called: Callable[[str, int], object], lives: int) -> None:
        self.called = called
        self.lives = lives
        called("factory", lives)

    def started(self, context: Context) -> object:
        return self.called("started", self.lives)

    def stopping(self, context: Context) -> object:
        return self.called("stopping", self.lives)

    def stopped(self, context: Context) -> None:
        self.called("stopped", self.lives)

    def health(self, context: Context) -> object:
        return self.called("health", self.lives)

    def receive(self, message: str, context: Context) -> str:
        if message == "crash":
            raise ValueError("crash")
        return message


def hooked(called: Callable[[str, int], object], **options: Any) -> ChildSpec[str]:
    lives = iter(range(1000))
    return ChildSpec(lambda: Hooked(called, next(lives)), backoff=Backoff(base=0.0), **options)


def raising(hook: str, error: type[BaseException], life: int | None = None) -> Callable[[str, int], None]:
    def called(name: str, number: int) -> None:
        if name == hook and (life is None or number == life):
            raise error

    return called


def forgive_odd() -> None:
    """Let the loop not print what it is told of errors that are none of its own."""
    asyncio.get_running_loop().set_exception_handler(lambda _loop, _context: None)


@pytest.mark.parametrize("error", RAISED)
@pytest.mark.parametrize("hook", ["stopping", "stopped"])
def test_whatever_a_hook_raises_the_stop_goes_on(hook: str, error: type[BaseException]) -> None:
    @on_loop
    async def run() -> None:
        forgive_odd()
        async with ActorSystem() as system:
            ref = system.spawn(hooked(raising(hook, error), name="it"))
            with system.events.listen(HookFailed) as failed:
                async with asyncio.timeout(SOON):
                    assert (await ref.stop()).kind is ExitKind.SHUTDOWN
                    event = await anext(failed)
            assert (event.hook, type(event.error.__cause__)) == (hook, error)
            assert system.find("it") is None

    run()


@pytest.mark.parametrize("error", RAISED)
def test_whatever_is_raised_after_a_crash_the_actor_is_restarted(error: type[BaseException]) -> None:
    @on_loop
    async def run() -> None:
        forgive_odd()
        async with ActorSystem() as system:
            ref = system.spawn(hooked(raising("stopped", error, 0)))
            ref.tell("crash")
            assert await ref.ask("hello", SOON) == "hello"

    run()


@pytest.mark.parametrize("error", RAISED)
@pytest.mark.parametrize("hook", ["factory", "started"])
@pytest.mark.parametrize("strategy", Strategy)
def test_whatever_a_start_raises_the_supervisor_tries_again(
    strategy: Strategy, hook: str, error: type[BaseException]
) -> None:
    @on_loop
    async def run() -> None:
        forgive_odd()
        children = (
            hooked(raising(hook, error, 1), name="it"),
            hooked(raising("", error), name="other"),
        )
        async with ActorSystem() as system:
            await system.spawn(SupervisorSpec(children, strategy)).ready()
            ref = system.get("it")
            ref.tell("crash")
            assert await ref.ask("hello", SOON) == "hello"
            assert await system.get("other").ask("hello", SOON) == "hello"

    run()


@pytest.mark.parametrize("error", [*RAISED, ValueError])
@pytest.mark.parametrize("hook", ["factory", "started"])
def test_a_name_is_free_whatever_its_first_start_raised(hook: str, error: type[BaseException]) -> None:
    @on_loop
    async def run() -> None:
        forgive_odd()
        async with ActorSystem() as system:
            ref = system.spawn(hooked(raising(hook, error), name="it"))
            with pytest.raises(StartFailed, match=error.__name__):
                await ref.ready()
            assert system.find("it") is None
            again = system.spawn(hooked(raising("", error), name="it"))
            assert await again.ask("hello", SOON) == "hello"

    run()


@on_loop
async def test_a_start_that_waits_for_what_is_cancelled_has_failed() -> None:
    gone = asyncio.get_running_loop().create_future()
    gone.cancel()
    async with ActorSystem() as system:
        ref: ActorRef[str] = system.spawn(hooked(lambda hook, _: gone if hook == "started" else None))
        with pytest.raises(StartFailed, match="cancelled"):
            await ref.ready()


@on_loop
async def test_a_start_that_waits_for_another_loop_has_failed() -> None:
    loop = asyncio.new_event_loop()
    future = loop.create_future()
    try:
        async with ActorSystem() as system:
            ref: ActorRef[str] = system.spawn(hooked(lambda hook, _: future if hook == "started" else None))
            with pytest.raises(StartFailed, match="loop"):
                await ref.ready()
    finally:
        loop.close()


@pytest.mark.parametrize("error", RAISED)
def test_whatever_a_health_check_raises_is_a_crash(error: type[BaseException]) -> None:
    @on_loop
    async def run() -> None:
        forgive_odd()
        clock = ManualClock()
        async with ActorSystem(clock=clock) as system:
            ref = system.spawn(hooked(raising("health", error, 0), health=Health(interval=1.0)))
            clock.advance(1.0)
            await until(lambda: ref.cell.restarts == 1)
            assert await ref.ask("hello", SOON) == "hello"

    run()


@pytest.mark.parametrize("error", [*RAISED, ValueError])
def test_work_that_cannot_even_be_given_up_holds_up_no_stop(error: type[BaseException]) -> None:
    class Stubborn:
        def receive(self, message: str, context: Context) -> Pending:
            def give_up() -> None:
                raise error

            return Pending(give_up)

    @on_loop
    async def run() -> None:
        forgive_odd()
        async with ActorSystem() as system:
            ref = system.spawn(ChildSpec(Stubborn, shutdown=0.0, name="it"))
            ref.tell("work")
            await until(lambda: ref.metrics.in_progress)
            async with asyncio.timeout(SOON):
                assert (await ref.stop()).kind is ExitKind.KILLED
            assert system.find("it") is None

    run()


@pytest.mark.parametrize("error", RAISED)
@pytest.mark.parametrize("hook", ["factory", "started"])
def test_whatever_a_new_version_raises_the_old_one_goes_on(hook: str, error: type[BaseException]) -> None:
    @on_loop
    async def run() -> None:
        forgive_odd()
        async with ActorSystem() as system:
            ref = system.spawn(hooked(raising("", error)))
            with pytest.raises(StartFailed):
                await ref.replace(hooked(raising(hook, error)))
            assert await ref.ask("hello", SOON) == "hello"

    run()


@pytest.mark.parametrize("error", RAISED)
def test_whatever_an_old_version_raises_it_is_gone(error: type[BaseException]) -> None:
    @on_loop
    async def run() -> None:
        forgive_odd()
        called: list[str] = []

        def retiring(hook: str, _life: int) -> None:
            called.append(hook)
            if hook in ("stopping", "stopped"):
                raise error

        async with ActorSystem() as system:
            ref = system.spawn(hooked(retiring))
            with system.events.listen(HookFailed) as failed:
                taken = await ref.replace(hooked(raising("", error)))
                assert taken.retired is not None
                await taken.retired
                failed.close()
                assert [event.hook async for event in failed] == ["stopping", "stopped"]
            assert called == ["factory", "started", "stopping", "stopped"]

    run()


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("hook", ["factory", "started", "stopping", "stopped", "receive"])
def test_an_interrupt_in_a_hook_ends_the_loop_and_leaves_no_actor_between_two_states(
    hook: str, interrupt: type[BaseException]
) -> None:
    left: list[Any] = []

    class Interrupted(Hooked):
        def receive(self, message: str, context: Context) -> str:
            self.called("receive", 0)
            return message

    async def main() -> None:
        system = ActorSystem()
        try:
            ref = system.spawn(lambda: Interrupted(raising(hook, interrupt), 0), name="it")
            if hook == "receive":
                ref.tell("hello")
            elif hook.startswith("stop"):
                await ref.stop()
            await asyncio.Event().wait()
        finally:
            async with asyncio.timeout(SOON):
                await system.stop()
            left.extend(system.cells())
            left.extend(system.names)

    with pytest.raises(interrupt):
        asyncio.run(main())
    assert left == []


def test_a_stop_that_the_end_of_the_loop_cuts_short_does_not_hold_up_the_next_one() -> None:
    outcomes: list[object] = []

    class Slow:
        def __init__(self, system: ActorSystem) -> None:
            self.system = system

        async def stopping(self, context: Context) -> None:
            await asyncio.Event().wait()

        def receive(self, message: str, context: Context) -> None: ...

    async def main() -> None:
        system = ActorSystem()
        system.spawn(lambda: Slow(system), name="it")
        stop = asyncio.ensure_future(system.stop())
        await settle()
        # As the runner does at its end.
        for task in asyncio.all_tasks() - {asyncio.current_task(), stop}:
            task.cancel()
        await settle()
        async with asyncio.timeout(SOON):
            outcomes.append((await system.stop()).kind)

    asyncio.run(main())
    assert outcomes == [ExitKind.KILLED]


@on_loop
async def test_an_event_listener_that_is_cancelled_disturbs_nobody() -> None:
    def cancelled(event: object) -> None:
        raise asyncio.CancelledError

    async with ActorSystem() as system:
        system.events.subscribe(cancelled)
        ref = system.spawn(hooked(raising("", Odd), name="it"))
        ref.tell("crash")
        assert await ref.ask("hello", SOON) == "hello"
        await ref.stop()
        with pytest.raises(ActorStopped):
            ref.tell("late")
        assert system.find("it") is None
