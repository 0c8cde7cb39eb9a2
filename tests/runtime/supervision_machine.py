"""A state machine of hypothesis: random trees and failures, for the runtime and for the model, compared after each."""

from __future__ import annotations

import dataclasses
from itertools import islice
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from supervised_tree import STEP, Real
from supervision_members import Plan
from supervision_model import World
from supervision_steps import outcomes

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
        real = self.real

        def may_be(world: World) -> bool:
            return _begins(real.order, world.order) and _begins(real.decisions, world.decisions)

        before, seen = self.worlds, real.seen()
        worlds = [outcome for world in before for outcome in outcomes(world, may_be)]
        self.worlds = [world for world in worlds if world.says() == seen]
        if not self.worlds:
            # Some show what is wrong; all may be very many.
            some = [outcome.says() for world in before for outcome in islice(outcomes(world), 10)]
            raise AssertionError(
                "\n".join([f"the runtime: {seen}", *(f"the model:   {one}" for one in some)])
            )
        for place in (self.real, *self.worlds):
            place.order.clear()
            place.decisions.clear()
        self.worlds = list({repr(world): world for world in self.worlds}.values())

    def teardown(self) -> None:
        if hasattr(self, "real"):
            try:
                self.real.run(self.real.end())
            finally:
                self.real.runner.close()


def _begins(whole: dict[str, list[Any]], part: dict[str, list[Any]]) -> bool:
    return all(whole.get(name, [])[: len(entries)] == entries for name, entries in part.items())


def _leaves(plan: Plan) -> list[str]:
    return [plan.name] if plan.strategy is None else [name for child in plan.below for name in _leaves(child)]
