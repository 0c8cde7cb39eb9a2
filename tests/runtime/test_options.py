"""Options of actors are checked where they are made; texts stand for the members of enumerations."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
from actor_helpers import on_loop, until

from airssys_sdk.errors import UsageError
from airssys_sdk.runtime import (
    ActorRef,
    ActorSystem,
    Backoff,
    ChildSpec,
    Context,
    Envelope,
    GroupSpec,
    Health,
    Intensity,
    MailboxOptions,
    ManualClock,
    Node,
    OnCrash,
    Policy,
    PoolSpec,
    Strategy,
    SupervisorSpec,
    SystemSpec,
)


class Sink:
    def receive(self, message: object, context: Context) -> None: ...


def any_(value: object) -> Any:
    """What a type checker would refuse."""
    return value


@pytest.mark.parametrize(
    ("make", "option", "value"),
    [
        (lambda: MailboxOptions(-1), "MailboxOptions.capacity", "-1"),
        (lambda: MailboxOptions(any_(math.nan)), "MailboxOptions.capacity", "nan"),
        (lambda: MailboxOptions(any_("9")), "MailboxOptions.capacity", "'9'"),
        (lambda: MailboxOptions(any_(True)), "MailboxOptions.capacity", "True"),
        (lambda: MailboxOptions(overflow=any_("blok")), "MailboxOptions.overflow", "'blok'"),
        (lambda: OnCrash(-1), "OnCrash.retries", "-1"),
        (lambda: Intensity(any_(math.nan)), "Intensity.restarts", "nan"),
        (lambda: Intensity(any_(2.5)), "Intensity.restarts", "2.5"),
        (lambda: Intensity(1, math.nan), "Intensity.within", "nan"),
        (lambda: Backoff(math.nan), "Backoff.base", "nan"),
        (lambda: Backoff(math.inf), "Backoff.base", "inf"),
        (lambda: Backoff(maximum=math.nan), "Backoff.maximum", "nan"),
        (lambda: Backoff(jitter=1.5), "Backoff.jitter", "1.5"),
        (lambda: Health(interval=math.nan), "Health.interval", "nan"),
        (lambda: Health(threshold=any_(1.5)), "Health.threshold", "1.5"),
        (lambda: PoolSpec(Sink, any_(2.5)), "PoolSpec.size", "2.5"),
        (lambda: PoolSpec(Sink, any_(True)), "PoolSpec.size", "True"),
        (lambda: PoolSpec(Sink, 2, shutdown=-1), "PoolSpec.shutdown", "-1"),
        (lambda: PoolSpec(Sink, 2, policy=any_("never")), "PoolSpec.policy", "'never'"),
        (lambda: ChildSpec(any_(None)), "ChildSpec.factory", "None"),
        (lambda: ChildSpec(Sink, shutdown=any_("5s")), "ChildSpec.shutdown", "'5s'"),
        (lambda: ChildSpec(Sink, shutdown=math.nan), "ChildSpec.shutdown", "nan"),
        (lambda: ChildSpec(Sink, policy=any_("allways")), "ChildSpec.policy", "'allways'"),
        (lambda: ChildSpec(Sink, any_(7)), "ChildSpec.name", "7"),
        (lambda: ChildSpec(Sink, intensity=any_(3)), "ChildSpec.intensity", "3"),
        (lambda: ChildSpec(Sink, backoff=any_(0.1)), "ChildSpec.backoff", "0.1"),
        (lambda: ChildSpec(Sink, mailbox=any_(10)), "ChildSpec.mailbox", "10"),
        (lambda: ChildSpec(Sink, on_crash=any_("retry:3")), "ChildSpec.on_crash", "'retry:3'"),
        (lambda: ChildSpec(Sink, health=any_(30)), "ChildSpec.health", "30"),
        (lambda: PoolSpec(any_(Sink()), 2), "PoolSpec.actor", "Sink"),
        (lambda: PoolSpec(Sink, 2, intensity=any_(3)), "PoolSpec.intensity", "3"),
        (lambda: SupervisorSpec(any_(ChildSpec(Sink))), "SupervisorSpec.children", "Sink"),
        (lambda: SupervisorSpec(backoff=any_(3)), "SupervisorSpec.backoff", "3"),
        (lambda: SupervisorSpec(shutdown=-1), "SupervisorSpec.shutdown", "-1"),
        (lambda: SupervisorSpec(strategy=any_("one")), "SupervisorSpec.strategy", "'one'"),
        (lambda: SupervisorSpec((any_(Sink),)), "SupervisorSpec.children[0]", "Sink"),
        (lambda: GroupSpec("a", (), strategy=any_("one")), "GroupSpec.strategy", "'one'"),
        (lambda: GroupSpec("a", (), policy=any_([])), "GroupSpec.policy", "[]"),
        (lambda: GroupSpec("a", (), intensity=any_(3)), "GroupSpec.intensity", "3"),
        (lambda: SystemSpec("a", (), strategy=any_("one")), "SystemSpec.strategy", "'one'"),
        (lambda: SystemSpec("a", (), intensity=any_(3)), "SystemSpec.intensity", "3"),
        (lambda: Node(any_("node.db")), "Node.storage", "'node.db'"),
        (lambda: Node(overflow=any_("blok")), "Node.overflow", "'blok'"),
    ],
)
def test_an_option_that_makes_no_sense_is_named_with_its_value_when_it_is_given(
    make: Callable[[], object], option: str, value: str
) -> None:
    with pytest.raises(UsageError) as refused:
        make()
    assert refused.value.message.startswith(f"{option} = ")
    assert value in refused.value.message
    assert refused.value.hint


@on_loop
async def test_a_time_that_is_no_number_is_refused_when_it_is_used() -> None:
    clock = ManualClock()
    async with ActorSystem(clock=clock) as system:
        ref: ActorRef[Any] = system.spawn(Sink)
        system.topics.subscribe("a.b", ref)
        with pytest.raises(UsageError, match=r"Envelope\.time_to_live = nan makes no sense"):
            ref.deliver(Envelope("late", time_to_live=math.nan))
        with pytest.raises(UsageError, match=r"Envelope\.time_to_live = nan"):
            system.topics.publish("a.b", "late", time_to_live=math.nan)
        with pytest.raises(UsageError, match=r"Envelope\.time_to_live = nan"):
            await ref.ask(Envelope("late", time_to_live=math.nan))
        late = any_("2s")  # as in a manifest
        with pytest.raises(UsageError, match=r"Envelope\.time_to_live = '2s' makes no sense"):
            ref.deliver(Envelope("late", time_to_live=late))
        with pytest.raises(UsageError, match="a time = '2s' makes no sense"):
            await ref.ask("late", timeout=late)
        with pytest.raises(UsageError, match="a time = '2s' makes no sense"):
            system.timers.after(late, list)
        assert len(system.requests) == 0
        for seconds in (math.nan, -1.0):
            with pytest.raises(UsageError, match=r"ManualClock\.advance"):
                clock.advance(seconds)
        assert clock.now() == 0.0


@on_loop
async def test_an_object_in_place_of_what_makes_one_is_refused() -> None:
    async with ActorSystem() as system:
        with pytest.raises(UsageError, match="a class, a function without arguments, or a spec"):
            system.spawn(any_(Sink()))
        assert [str(cell) for cell in system.cells()] == ["root"]


def test_what_is_not_said_is_as_documented() -> None:
    spec: ChildSpec[object] = ChildSpec(Sink)
    assert (spec.policy, spec.shutdown, spec.health) == (Policy.PERMANENT, 5.0, None)
    assert spec.intensity == Intensity(restarts=5, within=60.0)
    assert spec.backoff == Backoff(base=0.1, factor=2.0, maximum=30.0, jitter=0.0)
    assert spec.mailbox == MailboxOptions(capacity=1000, overflow="error")
    assert spec.on_crash == OnCrash(retries=0, keep=True)
    assert Health() == Health(interval=30.0, timeout=5.0, threshold=3)
    for supervisor in (SupervisorSpec(), PoolSpec(Sink, 1)):
        assert (supervisor.strategy, supervisor.policy) == (Strategy.ONE_FOR_ONE, Policy.PERMANENT)
        assert (supervisor.intensity, supervisor.backoff) == (spec.intensity, spec.backoff)
        assert supervisor.shutdown == 5.0
    group = GroupSpec("a", ())
    assert (group.intensity, group.backoff) == (Intensity(restarts=3, within=60.0), spec.backoff)
    assert SystemSpec("a", ()).intensity.restarts == 0


def test_an_unknown_text_is_refused_with_all_that_are_known() -> None:
    with pytest.raises(UsageError) as refused:
        SupervisorSpec(strategy=any_("one-for-two"))
    assert all(one.value in str(refused.value) for one in Strategy)
    with pytest.raises(UsageError) as refused:
        ChildSpec(Sink, policy=any_("x" * 10_000))
    assert all(one.value in str(refused.value) for one in Policy)
    assert len(str(refused.value)) < 1000


def test_a_text_becomes_the_member_that_it_stands_for() -> None:
    assert ChildSpec(Sink, policy="temporary").policy is Policy.TEMPORARY
    supervisor = SupervisorSpec(strategy="one-for-all", policy="transient")
    assert (supervisor.strategy, supervisor.policy) == (Strategy.ONE_FOR_ALL, Policy.TRANSIENT)
    pool = PoolSpec(Sink, 2, strategy="rest-for-one", policy="transient")
    assert (pool.strategy, pool.policy) == (Strategy.REST_FOR_ONE, Policy.TRANSIENT)
    group = GroupSpec("a", (), strategy="rest-for-one", policy="temporary")
    assert (group.strategy, group.policy) == (Strategy.REST_FOR_ONE, Policy.TEMPORARY)
    assert SystemSpec("a", (), "one-for-all").strategy is Strategy.ONE_FOR_ALL
    assert SupervisorSpec(strategy="one-for-all") == SupervisorSpec(strategy=Strategy.ONE_FOR_ALL)


@on_loop
async def test_strategies_and_policies_that_are_texts_act_as_what_they_say() -> None:
    starts = list[str]()

    class Frail:
        def started(self, context: Context) -> None:
            starts.append(context.name)

        def receive(self, message: object, context: Context) -> None:
            raise ValueError

    async with ActorSystem() as system:
        children = (ChildSpec(Frail, name="x"), ChildSpec(Frail, name="y"), ChildSpec(Frail, name="z"))
        supervisor: ActorRef[object] = system.spawn(SupervisorSpec(children, strategy="one-for-one"))
        await supervisor.ready()
        system.get("x").tell(1)
        await until(lambda: len(starts) > 3)
        assert starts == ["x", "y", "z", "x"]
        once = system.spawn(ChildSpec(Frail, name="t", policy="temporary"))
        once.tell(1)
        await once.ended()
        assert starts.count("t") == 1
