"""The runtime against `supervision_model`: random trees, random failures, and after each the same decisions in the same order.

Time is a clock that the test turns, in halves of a second, of which all waits and windows are multiples: ends of windows are met
exactly.
"""

from __future__ import annotations

import asyncio
import copy
import dataclasses
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from actor_helpers import until
from effort import tried
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)
from supervision_model import Plan, Why, World

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
from airssys_sdk.runtime.actors.supervisor import Supervisor
from airssys_sdk.runtime.errors import IntensityExceeded, StartFailed
from airssys_sdk.runtime.events import ActorStarted, LifeEnded, RestartPlanned, SupervisorGaveUp
from airssys_sdk.runtime.supervision.backoff import RestartHistory

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
            if not loop._ready:  # nothing public tells: it is exact, other than any number of turns of the loop
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
            lambda: all(self.system.get(name).metrics.in_progress for name, error in ends if error is not None)
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


policies = st.sampled_from(["permanent", "permanent", "transient", "temporary"])
strategies = st.sampled_from(["one-for-one", "one-for-all", "rest-for-one"])
limits, windows = st.integers(0, 3), st.sampled_from([1.0, 2.0, 4.0])
bases, maxima = st.sampled_from([0.0, 0.5]), st.sampled_from([1.0, 1.5])
leaves = st.builds(
    Plan,
    policy=policies,
    limit=limits,
    window=windows,
    base=bases,
    maximum=maxima,
    graceful=st.booleans(),
    strategy=st.none(),
    below=st.just(()),
)


def supervisors(children: st.SearchStrategy[Plan], most: int) -> st.SearchStrategy[Plan]:
    return st.builds(
        Plan,
        policy=policies,
        limit=limits,
        window=windows,
        base=bases,
        maximum=maxima,
        strategy=strategies,
        below=st.lists(children, min_size=1, max_size=most).map(tuple),
    )


small = supervisors(leaves, 4)
middle = supervisors(leaves | small, 4)
trees = supervisors(leaves | small | middle, 4)
faults = st.lists(st.sampled_from(["factory", "hook"]), min_size=1, max_size=3)
picks = st.integers(0, 11)
MOST = 14
"""Names in one tree."""


class SupervisionMachine(RuleBasedStateMachine):
    """One tree in the runtime and the worlds that the model allows it to be in."""

    def __init__(self) -> None:
        super().__init__()
        self.serial = 0

    @initialize(tree=trees)
    def begin(self, tree: Plan) -> None:
        self.real = Real()
        self.worlds = [World()]
        self.spawn(tree, "root")

    @precondition(lambda self: self.over)
    @rule(tree=trees)
    def begin_again(self, tree: Plan) -> None:
        self.teardown()
        self.begin(tree)

    @precondition(lambda self: self.running())
    @rule(pick=picks)
    def crash(self, pick: int) -> None:
        self.end(pick, crashes=True)

    @precondition(lambda self: self.running())
    @rule(pick=picks)
    def end_normally(self, pick: int) -> None:
        self.end(pick, crashes=False)

    @precondition(lambda self: self.running())
    @rule(pick=picks, faults=faults)
    def crash_and_fail_the_next_starts(self, pick: int, faults: list[str]) -> None:
        self.fail_starts(self.picked(self.running(), pick), faults)
        self.end(pick, crashes=True)

    @precondition(lambda self: self.leaves())
    @rule(pick=picks, faults=faults)
    def let_starts_fail_from_now_on(self, pick: int, faults: list[str]) -> None:
        self.fail_starts(self.picked(self.leaves(), pick), faults)

    @precondition(lambda self: len(self.running()) > 1)
    @rule(
        crashes=st.lists(picks, min_size=1, max_size=3),
        normally=st.lists(picks, max_size=2),
        failing=st.none() | st.tuples(picks, faults),
    )
    def end_several_before_anybody_reacts(
        self, crashes: list[int], normally: list[int], failing: tuple[int, list[str]] | None
    ) -> None:
        if failing is not None:
            self.fail_starts(self.picked(self.leaves(), failing[0]), failing[1])
        ends: dict[str, str | None] = {}
        for number, pick in enumerate(crashes + normally):
            name = self.picked(self.running(), pick)
            ends.setdefault(name, f"{name} crashed with others" if number < len(crashes) else None)
        self.real.run(self.real.end_at_once(list(ends.items())))
        for world in self.worlds:
            for name, error in ends.items():
                world.end(name, error)
        self.compare()

    @precondition(lambda self: self.alive())
    @rule(pick=picks)
    def stop_for_good(self, pick: int) -> None:
        name = self.picked(self.alive(), pick)
        self.real.run(self.real.stop(name))
        for world in self.worlds:
            world.stop(name)
        self.compare()

    @precondition(lambda self: self.supervisors() and len(self.alive()) < MOST)
    @rule(pick=picks, plan=leaves | small, failing=st.none() | st.tuples(picks, st.just(["hook"])))
    def add(self, pick: int, plan: Plan, failing: tuple[int, list[str]] | None) -> None:
        self.spawn(plan, self.picked(self.supervisors(), pick), failing)

    @rule(steps=st.integers(1, 6))
    def wait(self, steps: int) -> None:
        for _ in range(steps):
            if not self.over:
                self.real.run(self.real.advance())
                for world in self.worlds:
                    world.wait(STEP)
                self.compare()

    # What the rules share.

    @property
    def over(self) -> bool:
        return self.worlds[0].over is not None or not self.worlds[0].members["root"].below

    def alive(self) -> list[str]:
        members = self.worlds[0].members
        return [name for name, member in members.items() if member.state != "gone" and name != "root"]

    def leaves(self) -> list[str]:
        return [name for name in self.alive() if self.worlds[0].members[name].plan.strategy is None]

    def running(self) -> list[str]:
        return [name for name in self.leaves() if self.worlds[0].members[name].state == "up"]

    def supervisors(self) -> list[str]:
        members = self.worlds[0].members
        return [name for name, member in members.items() if member.plan.strategy and member.state == "up"]

    @staticmethod
    def picked(names: list[str], pick: int) -> str:
        return names[pick % len(names)]

    def named(self, plan: Plan, room: int) -> Plan:
        """The plan with names, and no more of them than there is room for."""
        self.serial += 1
        name, last = f"{'S' if plan.strategy else 'w'}{self.serial}", self.serial + room - 1
        below = list[Plan]()
        for child in plan.below:
            if self.serial < last:
                below.append(self.named(child, last - self.serial))
        return dataclasses.replace(plan, name=name, below=tuple(below))

    def spawn(self, tree: Plan, above: str, failing: tuple[int, list[str]] | None = None) -> None:
        plan = self.named(tree, MOST - len(self.alive()))
        if failing is not None:
            self.fail_starts(self.picked(_leaves(plan) or [plan.name], failing[0]), failing[1])
        started = self.real.run(self.real.spawn(plan, above))
        for world in self.worlds:
            assert world.spawn(plan, above) is started
        self.compare()

    def end(self, pick: int, *, crashes: bool) -> None:
        name = self.picked(self.running(), pick)
        error = f"{name} crashed" if crashes else None
        self.real.run(self.real.tell(name, error or "end"))
        for world in self.worlds:
            world.end(name, error)
        self.compare()

    def fail_starts(self, name: str, faults: list[str]) -> None:
        self.real.faults[name] = list(faults)
        for world in self.worlds:
            world.faults[name] = list(faults)

    def compare(self) -> None:
        """The runtime shows what one of the worlds says, which then goes on."""
        self.real.run(self.real.look_whether_it_ended())
        seen = seen_of(self.real)
        worlds = [outcome for world in self.worlds for outcome in world.outcomes()]
        self.worlds = [world for world in worlds if said_by(world) == seen]
        if not self.worlds:
            lines = [f"the runtime: {seen}", *(f"the model:   {said_by(world)}" for world in worlds)]
            raise AssertionError("\n".join(lines))
        for place in (self.real, *self.worlds):
            place.order.clear()
            place.decisions.clear()

    def teardown(self) -> None:
        if hasattr(self, "real"):
            try:
                self.real.run(self.real.end())
            finally:
                self.real.runner.close()


def _leaves(plan: Plan) -> list[str]:
    return [plan.name] if plan.strategy is None else [name for child in plan.below for name in _leaves(child)]


def seen_of(real: Real) -> dict[str, object]:
    """What the runtime shows."""
    return {
        "over": real.over,
        "alive": {name for name in real.above if real.system.find(name) is not None},
        "running": set(real.workers),
        "lives": {name: count for name, count in real.lives.items() if count},
        "order": {name: list(order) for name, order in real.order.items()},
        "decisions": {name: list(decisions) for name, decisions in real.decisions.items()},
    }


def said_by(world: World) -> dict[str, object]:
    """What one world says that it shows."""
    members = {name: member for name, member in world.members.items() if name != "root"}
    workers = {name: member for name, member in members.items() if member.plan.strategy is None}
    return {
        "over": world.over,
        "alive": {name for name, member in members.items() if member.state != "gone"},
        "running": {name for name, member in workers.items() if member.state == "up"},
        "lives": {name: member.life for name, member in workers.items()},
        "order": copy.deepcopy(world.order),
        "decisions": copy.deepcopy(world.decisions),
    }


TestSupervisionMachine = pytest.mark.examples(SupervisionMachine.TestCase)
TestSupervisionMachine.settings = tried(60, stateful_step_count=15)
