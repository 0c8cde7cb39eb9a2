"""A tree of supervisors and workers in the runtime, built from a plan of the model, and what is seen of it from outside.

Time is a clock that the test turns, in steps of which all waits and windows are multiples: ends of windows are met exactly.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Coroutine
from typing import Any

from actor_helpers import until
from supervision_members import Plan, Why

from airssys_sdk.runtime import (
    IMMEDIATE,
    ActorRef,
    ActorSystem,
    Backoff,
    ChildSpec,
    Context,
    Intensity,
    ManualClock,
    Pending,
    Policy,
    Strategy,
    SupervisorSpec,
)
from airssys_sdk.runtime.errors import IntensityExceeded, StartFailed
from airssys_sdk.runtime.events import ActorStarted, LifeEnded, RestartPlanned, SupervisorGaveUp

STEP = 0.5
"""Seconds; every wait and every window is a multiple."""


class Worker:
    """Writes down its life; ends it as it is told."""

    def __init__(self, real: Real, plan: Plan, life: int, fault: str | None) -> None:
        self.real = real
        self.plan = plan
        self.life = life
        self.fault = fault
        self.held = Pending()

    def started(self, context: Context) -> None:
        if self.fault is not None:
            raise OSError(f"{self.plan.name} {self.life} did not start")
        self.context = context
        self.real.workers[self.plan.name] = self

    def stopping(self, context: Context) -> None:
        self.real.note(self.plan.name, "stopping", self.life)

    def stopped(self, context: Context) -> None:
        self.real.workers.pop(self.plan.name, None)
        self.real.note(self.plan.name, "end", self.life)

    def receive(self, message: str, context: Context) -> object:
        if message == "hold":
            return self.held
        if message == "end":
            context.stop()
            return None
        raise RuntimeError(message)


class Real:
    """A system of actors on a loop of its own, and what is seen of it from outside.

    Attributes:
        lives: by worker, how often its factory was called.
        workers: by name, those that run.
        order, decisions: as in the model, since they were last looked at.
    """

    def __init__(self) -> None:
        self.runner = asyncio.Runner()
        self.clock = ManualClock()
        self.system = self.run(self._begin())
        self.system.events.subscribe(self._hear)
        self.above: dict[str, str] = {}
        self.lives = Counter[str]()
        self.workers: dict[str, Worker] = {}
        self.faults: dict[str, list[str]] = {}
        self.order: dict[str, list[tuple[str, str, int]]] = {}
        self.decisions: dict[str, list[tuple[object, ...]]] = {}
        self.over: Why | None = None

    async def _begin(self) -> ActorSystem:
        return ActorSystem(clock=self.clock)

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Run it, and whatever follows from it without time."""

        async def bounded() -> Any:
            async with asyncio.timeout(60):
                result = await work
                await self.quiet()
                return result

        return self.runner.run(bounded())

    async def quiet(self) -> None:
        """Until nothing is ready to run; what waits for the clock is not."""
        loop: Any = asyncio.get_running_loop()
        for _ in range(10_000):
            await asyncio.sleep(0)
            if (
                not loop._ready
            ):  # nothing public tells: it is exact, other than any number of turns of the loop
                return
        raise AssertionError("the system does not come to rest")

    def note(self, name: str, what: str, life: int) -> None:
        self.order.setdefault(self.above[name], []).append((what, name, life))

    def _hear(self, event: object) -> None:
        match event:
            case ActorStarted(name, restarts) if name not in self.lives and name != "root":
                self.note(name, "start", restarts + 1)
            case LifeEnded(name) if name not in self.lives and name != "root":
                self.note(name, "end", self.system.get(name).cell.restarts + 1)
            case RestartPlanned(name, delay, count):
                self.decisions.setdefault(self.above[name], []).append(("restarts", name, delay, count))
            case SupervisorGaveUp(supervisor, child, error):
                self.decisions.setdefault(supervisor, []).append(("gives up", child, *why(error)))
            case _:
                pass

    def spec(self, plan: Plan, above: str) -> ChildSpec[str] | SupervisorSpec:
        """The plan in the words of the runtime."""
        self.above[plan.name] = above
        policy, intensity = Policy(plan.policy), Intensity(plan.limit, plan.window)
        backoff = Backoff(plan.base, 2.0, plan.maximum)
        if plan.strategy is not None:
            below = tuple(self.spec(child, plan.name) for child in plan.below)
            strategy = Strategy(plan.strategy)
            return SupervisorSpec(below, strategy, plan.name, policy, IMMEDIATE, intensity, backoff)

        self.lives[plan.name] = 0

        def make() -> Worker:
            self.lives[plan.name] += 1
            life = self.lives[plan.name]
            self.note(plan.name, "start", life)
            faults = self.faults.get(plan.name)
            fault = faults.pop(0) if faults else None
            if fault == "factory":
                raise OSError(f"{plan.name} {life} did not start")
            return Worker(self, plan, life, fault)

        shutdown = 5.0 if plan.graceful else IMMEDIATE
        return ChildSpec(make, plan.name, policy, shutdown, intensity, backoff)

    def seen(self) -> dict[str, object]:
        """What the runtime shows."""
        return {
            "over": self.over,
            "alive": {name for name in self.above if self.system.find(name) is not None},
            "running": set(self.workers),
            "lives": {name: count for name, count in self.lives.items() if count},
            "order": {name: list(order) for name, order in self.order.items()},
            "decisions": {name: list(decisions) for name, decisions in self.decisions.items()},
        }

    async def spawn(self, plan: Plan, above: str) -> bool:
        under: ActorRef[Any] | None = None if above == "root" else self.system.get(above)
        ref: ActorRef[Any] = self.system.spawn(self.spec(plan, above), under=under)
        try:
            await ref.ready()
        except StartFailed:
            return False
        return True

    async def tell(self, name: str, message: str) -> None:
        self.system.get(name).tell(message)

    async def end_at_once(self, ends: list[tuple[str, str | None]]) -> None:
        """End many lives in one turn of the loop, the crashes first: no supervisor's task can come between."""
        workers = {name: self.workers[name] for name, _ in ends}
        for name, error in ends:
            if error is not None:
                self.system.get(name).tell("hold")
        await until(
            lambda: all(
                self.system.get(name).metrics.in_progress for name, error in ends if error is not None
            )
        )
        for name, error in ends:
            if error is not None:
                workers[name].held.fail(RuntimeError(error))
            else:
                workers[name].context.stop()

    async def stop(self, name: str) -> None:
        await self.system.get(name).stop()

    async def advance(self) -> None:
        self.clock.advance(STEP)

    async def look_whether_it_ended(self) -> None:
        ended = asyncio.ensure_future(self.system.ended())
        await self.quiet()
        if ended.done():
            self.over = why(ended.result().error)
        else:
            ended.cancel()

    async def end(self) -> None:
        await self.system.stop()


def why(error: BaseException | None) -> Why:
    """The chain of supervisors that gave up, as the model counts it."""
    count = 0
    while isinstance(error, IntensityExceeded):
        count, error = count + 1, error.__cause__
    return count, "" if error is None else str(error)
