"""Health checks: what counts, what is forgiven, and what a sick actor's supervisor does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from actor_helpers import on_loop, settle, until
from component_nodes import do, run, spec

from airssys_sdk.errors import UsageError
from airssys_sdk.runtime import (
    ActorRef,
    ActorSystem,
    ChildSpec,
    Context,
    Health,
    HealthChecked,
    HealthStatus,
    ManualClock,
    MessageError,
    Node,
    Policy,
    Unwell,
)
from airssys_sdk.runtime.events import ActorFailed

Answer = Callable[[], object]


class Patient:
    """Says of its health what the test wants; handles messages that are awaitables by waiting for them."""

    def __init__(self, answer: Answer, asked: list[int]) -> None:
        self.answer = answer
        self.asked = asked

    def receive(self, message: Any, context: Context) -> object:
        return message() if callable(message) else message

    def health(self, context: Context) -> object:
        self.asked.append(context.restarts)
        return self.answer()


class Ward:
    """A system with one patient, whose clock is moved by hand."""

    def __init__(self, system: ActorSystem, clock: ManualClock, answer: Answer, health: Health) -> None:
        self.clock = clock
        self.asked: list[int] = []
        self.failed = system.events.listen(ActorFailed)
        self.checked: list[HealthChecked] = []
        system.events.subscribe(
            lambda event: self.checked.append(event) if isinstance(event, HealthChecked) else None
        )
        self.ref: ActorRef[Any] = system.spawn(
            ChildSpec(lambda: Patient(answer, self.asked), name="patient", health=health)
        )

    async def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)
        await settle()

    @property
    def lives(self) -> int:
        return self.ref.cell.restarts


HEALTH = Health(interval=10.0, timeout=2.0, threshold=3)


@on_loop
async def test_an_actor_is_asked_at_every_interval_and_says_how_it_is() -> None:
    clock = ManualClock()
    answers: list[object] = [HealthStatus.HEALTHY, HealthStatus.DEGRADED, True, None, HealthStatus.UNKNOWN]
    async with ActorSystem(clock=clock) as system:
        ward = Ward(system, clock, lambda: answers.pop(0), HEALTH)
        await settle()
        assert ward.ref.health is HealthStatus.UNKNOWN
        await ward.wait(9.0)
        assert ward.asked == []
        await ward.wait(1.0)
        assert ward.asked == [0]
        assert ward.ref.health is HealthStatus.HEALTHY
        for _ in range(4):
            await ward.wait(10.0)
        assert [event.status.value for event in ward.checked] == [
            "healthy",
            "degraded",
            "healthy",
            "healthy",
            "unknown",
        ]
        assert [event.failures for event in ward.checked] == [0] * 5
        assert system.metrics().handled == 0  # a check is no message


@on_loop
async def test_nobody_is_asked_unless_the_spec_says_so() -> None:
    clock = ManualClock()
    asked: list[int] = []
    async with ActorSystem(clock=clock) as system:
        system.spawn(lambda: Patient(lambda: None, asked))
        for _ in range(10):
            clock.advance(30.0)
            await settle()
    assert asked == []


@on_loop
async def test_failures_in_a_row_end_the_life_and_a_healthy_check_forgives_them() -> None:
    clock = ManualClock()
    sick, well, so_so = HealthStatus.UNHEALTHY, HealthStatus.HEALTHY, HealthStatus.DEGRADED
    answers = [sick, sick, well, sick, so_so, False, sick, well]
    async with ActorSystem(clock=clock) as system:
        ward = Ward(system, clock, lambda: answers.pop(0), HEALTH)
        for lives in (0, 0, 0, 0, 0, 0, 1, 1):
            await ward.wait(10.0)
            assert ward.lives == lives
        assert [event.failures for event in ward.checked] == [1, 2, 0, 1, 1, 2, 3, 0]
        error = (await anext(ward.failed)).error
        assert isinstance(error, Unwell)
        assert str(error) == "patient failed 3 health checks in a row"


@on_loop
async def test_a_message_error_fails_a_check_and_any_other_exception_is_a_crash() -> None:
    clock = ManualClock()
    errors = [MessageError("not now"), ValueError("broken")]

    def answer() -> object:
        raise errors.pop(0)

    async with ActorSystem(clock=clock) as system:
        ward = Ward(system, clock, answer, HEALTH)
        await ward.wait(10.0)
        assert (ward.lives, ward.checked[0].failures) == (0, 1)
        assert str(ward.checked[0].error) == "not now"
        await ward.wait(10.0)
        assert ward.lives == 1
        assert isinstance((await anext(ward.failed)).error, ValueError)


@on_loop
async def test_a_check_that_has_no_answer_in_time_counts_and_its_late_answer_does_not() -> None:
    clock = ManualClock()
    gate = asyncio.Event()

    async def late() -> bool:
        await gate.wait()
        return True

    async with ActorSystem(clock=clock) as system:
        ward = Ward(system, clock, late, HEALTH)
        await ward.wait(10.0)
        assert ward.checked == []
        await ward.wait(2.0)
        assert (ward.checked[0].status, ward.checked[0].failures) == (HealthStatus.UNHEALTHY, 1)
        gate.set()
        await settle()
        assert len(ward.checked) == 1
        await ward.wait(10.0)  # the next check is well
        assert (ward.checked[1].status, ward.checked[1].failures, ward.lives) == (HealthStatus.HEALTHY, 0, 0)


@on_loop
async def test_an_actor_that_hangs_in_its_health_check_is_restarted() -> None:
    clock = ManualClock()

    async def never() -> None:
        await asyncio.Event().wait()

    async with ActorSystem(clock=clock) as system:
        ward = Ward(system, clock, never, HEALTH)
        for lives in (0, 0, 1):
            await ward.wait(10.0)
            await ward.wait(2.0)
            assert ward.lives == lives
        assert ward.asked[:1] == [0]
        assert len([life for life in ward.asked if life == 0]) == 1  # nobody asks again while it hangs


@on_loop
async def test_an_actor_that_hangs_in_a_message_is_restarted_and_the_message_is_told() -> None:
    clock = ManualClock()

    async def never() -> None:
        await asyncio.Event().wait()

    async with ActorSystem(clock=clock) as system:
        ward = Ward(system, clock, lambda: None, HEALTH)
        asked = asyncio.ensure_future(ward.ref.ask(never, None))
        await settle()
        waiting = asyncio.ensure_future(ward.ref.ask("next", None))
        for _ in range(3):
            await ward.wait(10.0)
            await ward.wait(2.0)
        with pytest.raises(Exception, match="killed in the middle"):
            await asked
        assert await waiting == "next"
        assert ward.lives == 1


@on_loop
async def test_a_long_message_that_ends_in_time_is_no_failure_and_is_not_disturbed() -> None:
    clock = ManualClock()
    gate = asyncio.Event()
    async with ActorSystem(clock=clock) as system:
        ward = Ward(system, clock, lambda: None, HEALTH)

        async def slow() -> str:
            await gate.wait()
            return "done"

        asked = asyncio.ensure_future(ward.ref.ask(slow, None))
        await settle()
        behind = asyncio.ensure_future(ward.ref.ask("behind", None))
        await ward.wait(10.0)
        await ward.wait(1.0)
        gate.set()
        assert await asked == "done"
        assert await behind == "behind"
        assert [event.failures for event in ward.checked] == [0]


@on_loop
async def test_without_a_hook_it_is_enough_to_come_to_the_question_in_time() -> None:
    clock = ManualClock()
    gate = asyncio.Event()

    async def waits(message: object, context: Context) -> None:
        await gate.wait()

    async with ActorSystem(clock=clock) as system:
        checked: list[object] = []
        system.events.subscribe(
            lambda event: checked.append(event) if isinstance(event, HealthChecked) else None
        )
        ref = system.spawn(ChildSpec(lambda: waits, health=HEALTH))
        clock.advance(10.0)
        await until(lambda: checked)
        assert ref.health is HealthStatus.HEALTHY
        ref.tell("x")
        await settle()
        clock.advance(10.0)
        await settle()
        clock.advance(2.0)
        await settle()
        assert ref.health is HealthStatus.UNHEALTHY
        gate.set()


@on_loop
async def test_a_temporary_actor_that_is_unwell_is_gone_and_nobody_asks_the_dead() -> None:
    clock = ManualClock()
    asked: list[int] = []
    async with ActorSystem(clock=clock) as system:
        health = Health(interval=1.0, timeout=1.0, threshold=1)
        ref = system.spawn(
            ChildSpec(lambda: Patient(lambda: False, asked), policy=Policy.TEMPORARY, health=health)
        )
        clock.advance(1.0)
        exit_ = await ref.ended()
        assert isinstance(exit_.error, Unwell)
        assert str(exit_.error).endswith("failed 1 health check")
        for _ in range(5):
            clock.advance(1.0)
            await settle()
        assert asked == [0]


@pytest.mark.parametrize("health", [(0, 1, 1), (1, 0, 1), (1, 1, 0), (-1, 1, 1)])
def test_numbers_that_make_no_sense_are_refused(health: tuple[float, float, int]) -> None:
    with pytest.raises(UsageError, match="makes no sense"):
        Health(*health)


# Components

QUICK = {
    "health": {"interval": 0.05, "timeout": 0.5, "threshold": 2},
    "intensity": {"restarts": 50, "within": 60.0},
}
guest = pytest.mark.slow
together = pytest.mark.xdist_group("actor-guest")


async def _until_status(node: Node, status: str) -> None:
    while (await do(node, "a", ["look-up", "test/a/0"]))[3] != status:  # noqa: ASYNC110  (checks come with time)
        await asyncio.sleep(0.01)


@guest
@together
def test_a_component_is_asked_and_others_hear_how_it_is(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start(spec(actor_wasm, supervision=QUICK))
            assert (await do(node, "a", ["look-up", "test/a/0"]))[3] == "unknown"
            await _until_status(node, "healthy")
            await do(node, "a", ["count"], ["health", [["value", "degraded"]]])
            await _until_status(node, "degraded")
            assert await do(node, "a", ["count"]) == 2  # the same life

    run(scenario)


@guest
@together
def test_a_component_that_is_unhealthy_starts_again(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            with node.events.listen(ActorFailed) as failures:
                await node.start(spec(actor_wasm, supervision=QUICK))
                await do(node, "a", ["health", [["value", "unhealthy"]]])
                assert isinstance((await anext(failures)).error, Unwell)
            await _until_status(node, "healthy")
            assert node.counters().restarts == 1

    run(scenario)


@guest
@together
def test_a_component_that_hangs_or_traps_in_its_health_check_starts_again(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start(spec(actor_wasm, supervision=QUICK))
            for script in ([["loop"]], [["sleep", 60000]], [["crash", "ill"]]):
                with node.events.listen(ActorFailed) as failures:
                    await do(node, "a", ["health", script])
                    await anext(failures)
                await _until_status(node, "healthy")

    run(scenario)
