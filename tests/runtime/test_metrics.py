"""What a node measures: times, fuel, memory, storage, denials, of each component and of all together."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from component_nodes import do, messaging, run, script, spec, until

from airssys_sdk.component import CallError
from airssys_sdk.errors import UsageError
from airssys_sdk.runtime import ComponentSnapshot, HistogramSnapshot, Node
from airssys_sdk.runtime.metrics.histogram import SECONDS, Histogram
from airssys_sdk.runtime.state import State

guest = pytest.mark.slow
together = pytest.mark.xdist_group("actor-guest")


def of(node: Node, component: str) -> ComponentSnapshot:
    found = node.metrics_snapshot().component(component)
    assert found is not None
    return found


def test_a_value_on_a_bound_lies_in_the_bucket_that_the_bound_closes() -> None:
    histogram = Histogram((1.0, 2.0, 4.0))
    for value in (0.0, 1.0, 1.5, 2.0, 4.0, 4.1, 100.0):
        histogram.add(value)
    seen = histogram.snapshot()
    assert seen.counts == (2, 2, 1, 2)
    assert (seen.count, seen.total) == (7, 112.6)


def test_a_quantile_is_estimated_inside_its_bucket() -> None:
    seen = HistogramSnapshot((1.0, 2.0, 4.0), (0, 10, 10, 0), 45.0)
    assert seen.quantile(0.25) == 1.5
    assert seen.quantile(0.5) == 2.0
    assert seen.quantile(0.75) == 3.0
    assert HistogramSnapshot((1.0, 2.0), (0, 0, 3), 9.0).quantile(0.5) == 2.0, "beyond the last bound"
    assert HistogramSnapshot((1.0, 2.0), (0, 0, 0), 0.0).quantile(0.5) is None


def test_what_came_between_two_snapshots_is_their_difference() -> None:
    histogram = Histogram(SECONDS)
    histogram.add(0.5)
    before = histogram.snapshot()
    histogram.add(0.25)
    after = histogram.snapshot()
    assert (after - before).count == 1
    assert (after - before).total == 0.25
    assert before + (after - before) == after


def test_a_node_that_does_not_run_measures_nothing() -> None:
    with pytest.raises(UsageError, match="does not run"):
        Node().metrics_snapshot()


@guest
@together
def test_messages_are_timed_and_starts_and_stops_are_not(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start(spec(actor_wasm))
            assert of(node, "test/a/0").handling.count == 0
            await do(node, "a", ["sleep", 20])
            await do(node, "a", ["count"])
            seen = of(node, "test/a/0")
            assert (seen.state, seen.restarts, seen.messages.handled) == (State.RUNNING, 0, 2)
            assert seen.queueing.count == seen.handling.count == 2
            slowest = seen.handling.quantile(1.0)
            assert slowest is not None
            assert seen.handling.total >= 0.02
            assert slowest >= 0.02
            assert seen.handling.counts[0] == 0, "no call of a Python guest takes less than a microsecond"

    run(scenario)


@guest
@together
def test_a_message_that_waits_for_another_counts_its_waiting(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start(spec(actor_wasm))
            await node.send("a", script(["sleep", 30]))
            await do(node, "a", ["count"])
            seen = of(node, "test/a/0").queueing
            assert seen.count == 2
            assert seen.total >= 0.03

    run(scenario)


@guest
@together
def test_messages_that_fail_or_crash_are_timed_and_outlive_the_life(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start(spec(actor_wasm, supervision={"backoff": {"base": 0.001}}))
            for problem in ("fail", "crash"):
                with pytest.raises(Exception, match="on purpose"):
                    await do(node, "a", [problem, "on purpose"])
            await do(node, "a", ["count"])
            seen = of(node, "test/a/0")
            assert (seen.restarts, seen.messages.failed, seen.messages.handled) == (1, 2, 1)
            assert seen.handling.count == 3
            assert seen.fuel is not None
            assert seen.fuel.count == 3
            assert node.metrics_snapshot().restarts == 1

    run(scenario)


@guest
@together
@pytest.mark.parametrize("limit", [None, 1 << 40])
def test_fuel_is_counted_for_each_message(actor_wasm: Path, limit: int | None) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start(spec(actor_wasm, limits={} if limit is None else {"fuel": limit}))
            used: list[float] = []
            for rounds in (1000, 1000, 101_000):
                before = of(node, "test/a/0").fuel
                await do(node, "a", ["spin", rounds])
                after = of(node, "test/a/0").fuel
                assert before is not None
                assert after is not None
                used.append((after - before).total)
            assert abs(used[0] - used[1]) < used[0] / 2
            # A Python loop takes some hundred units a round.
            assert used[2] - used[1] > 100 * 100_000

    run(scenario)


@guest
@together
def test_the_whole_fuel_of_a_message_that_ran_out_of_it_was_used(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start(spec(actor_wasm, limits={"fuel": 20_000_000}))
            with pytest.raises(CallError):
                await do(node, "a", ["loop"])
            seen = of(node, "test/a/0").fuel
            assert seen is not None
            assert seen.total == 20_000_000

    run(scenario)


@guest
@together
@pytest.mark.parametrize("long", [False, True])
def test_the_profile_plain_has_times_and_no_fuel(actor_wasm: Path, long: bool) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start(spec(actor_wasm, runtime={"profile": "plain", "long": long}))
            await do(node, "a", ["spin", 20_000])
            seen = of(node, "test/a/0")
            assert seen.fuel is None
            assert seen.handling.count == 1
            assert seen.handling.total > 0.001, "twenty thousand rounds take longer than that anywhere"

    run(scenario)


@guest
@together
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells")
def test_the_memory_of_each_guest_is_known_and_grows_and_shrinks_with_it(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node(measure_memory=True) as node:
            await node.start(spec(actor_wasm, "a"))
            await node.start(spec(actor_wasm, "b", supervision={"backoff": {"base": 0.001}}))
            before = [of(node, name).memory for name in ("test/a/0", "test/b/0")]
            assert before[0] == before[1]
            assert before[0] is not None
            await do(node, "b", ["grow", 40_000_000])
            grown = of(node, "test/b/0").memory
            assert grown is not None
            assert before[0] + 38_000_000 < grown < before[0] + 60_000_000
            assert of(node, "test/a/0").memory == before[0]
            with pytest.raises(CallError):
                await do(node, "b", ["crash", "now"])
            await do(node, "b", ["count"])
            assert of(node, "test/b/0").memory == before[0], "the memory of a new life"
            whole = node.metrics_snapshot().memory
            assert whole is not None
            assert whole > 10_000_000

    run(scenario)


@guest
@together
def test_memory_that_nobody_asked_for_is_not_measured(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start(spec(actor_wasm, limits={"memory": 100 << 20}))
            seen = of(node, "test/a/0")
            assert (seen.memory, seen.memory_limit) == (None, 100 << 20)

    run(scenario)


@guest
@together
def test_storage_denials_and_dead_letters_are_told_apart(actor_wasm: Path, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with Node(tmp_path / "node.db", patience=0.01) as node:
            await node.start(spec(actor_wasm, "a", limits={"storage": 1000}))
            await node.start(spec(actor_wasm, "b"))
            await do(node, "a", ["set", "key", "value"])
            await do(node, "b", ["try", [["send", "test/a/0", "x"]]])
            await node.send("b", script(["crash", "now"]))
            await until_dead(node)
            seen = node.metrics_snapshot()
            first, second = seen.components
            assert first.storage is not None
            assert second.storage is not None
            assert (first.storage.used, first.storage.quota, first.storage.keys) == (8, 1000, 1)
            assert (second.storage.used, second.storage.keys) == (0, 0)
            assert (first.denials, second.denials, seen.denials) == (0, 1, 1)
            assert dict(seen.dead_letters) == {"crashed": 1}

    async def until_dead(node: Node) -> None:
        async def dead() -> bool:
            return bool(node.dead_letters)

        await until(dead)

    run(scenario)


@guest
@together
def test_the_numbers_of_a_component_that_has_ended_stay_with_the_node(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start(spec(actor_wasm, "a"))
            await node.start(spec(actor_wasm, "b", permissions=messaging(send=["test/**"])))
            await do(node, "a", ["count"])
            await do(node, "b", ["count"])
            before = node.metrics_snapshot()
            await node.stop_component("a")
            after = node.metrics_snapshot()
            assert [one.id for one in after.components] == ["test/b/0"]
            assert after.handling == before.handling
            assert after.handling.count == 2
            assert after.messages.handled == 2
            assert after.uptime >= before.uptime

    run(scenario)


@guest
@together
def test_what_is_measured_of_a_component_outlives_a_deployment(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node(measure_memory=True) as node:
            first = spec(actor_wasm, runtime={"pool": 2}, supervision={"backoff": {"base": 0.001}})
            await node.start(first)
            small = of(node, "test/a/0").memory
            await do(node, "a", ["grow", 40_000_000])
            assert of(node, "test/a/0").memory != small
            with pytest.raises(CallError):
                await do(node, "a", ["crash", "now"])
            await do(node, "a", ["grow", 40_000_000])
            await node.deploy("a", first)
            await do(node, "a", ["count"])
            seen = of(node, "test/a/0")
            assert seen.memory == small, "that of the new version's instance"
            assert seen.handling.count == 4
            assert seen.fuel is not None
            assert seen.fuel.count == 4

    run(scenario)
