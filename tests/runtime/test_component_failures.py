"""A component that crashes, hangs or asks for too much fails alone; its supervisor decides, and others go on."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest
from component_nodes import do, messaging, run, script, spec, until

from airssys_sdk.component import DeadlineExceeded, FuelExhausted, MemoryExhausted, Trap
from airssys_sdk.runtime import DeadReason, Node, StartFailed
from airssys_sdk.runtime.events import ActorFailed, RestartPlanned, SupervisorGaveUp
from airssys_sdk.services.messaging import Letter

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("actor-guest")]

MANY = {"intensity": {"restarts": 50, "within": 60.0}}


def test_a_guest_that_raises_is_restarted_and_its_message_is_a_dead_letter(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            with node.events.listen(ActorFailed) as failures:
                await node.start(spec(actor_wasm))
                assert await do(node, "a", ["count"], ["add", "n", 5]) == 5
                await node.send("a", script(["add", "n", 1], ["crash", "boom"]))
                # The fresh instance has lost its memory and kept its storage.
                assert await do(node, "a", ["count"]) == 1
                assert await do(node, "a", ["get", "n"]) == "5"
                failed = await anext(failures)
            assert isinstance(failed.error, Trap)
            said = failed.error.guest_traceback or ""
            assert "ValueError: boom" in said
            assert "app.py" in said
            source = (Path(__file__).parents[1] / "guests" / "actor" / "app.py").read_text("utf-8")
            line = 1 + source[: source.index("raise ValueError")].count("\n")
            assert f"line {line}" in said
            [letter] = node.dead_letters
            assert (letter.target, letter.reason) == ("test/a/0", DeadReason.CRASHED)
            assert isinstance(letter.payload, Letter)
            assert letter.payload.payload == script(["add", "n", 1], ["crash", "boom"])
            counters = node.counters()
            assert (counters.restarts, counters.messages.dead_lettered, counters.messages.handled) == (
                1,
                1,
                3,
            )

    run(scenario)


def test_the_host_that_asks_gets_the_crash_itself(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start(spec(actor_wasm))
            with pytest.raises(Trap, match="boom") as raised:
                await do(node, "a", ["crash", "boom"])
            assert raised.value.guest_traceback is not None
            assert await do(node, "a", ["count"]) == 1
            assert not node.dead_letters

    run(scenario)


def test_the_authors_folder_stands_in_the_traceback(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            component = spec(actor_wasm)
            await node.start(type(component)(component.manifest, actor_wasm, sources={"/0": "src/of/mine"}))
            with pytest.raises(Trap) as raised:
                await do(node, "a", ["crash", "boom"])
            assert "src/of/mine/app.py" in (raised.value.guest_traceback or "")

    run(scenario)


def test_a_guest_that_loops_forever_meets_its_deadline_while_others_are_answered(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start(spec(actor_wasm, "looper", limits={"deadline": 0.5}))
            await node.start(spec(actor_wasm, "other"))
            looping = asyncio.create_task(do(node, "looper", ["loop"]))
            answered = 0
            while not looping.done():
                assert await do(node, "other", ["count"]) == answered + 1
                answered += 1
            assert answered > 10
            with pytest.raises(DeadlineExceeded):
                await looping
            assert await do(node, "looper", ["count"]) == 1

    run(scenario)


def test_a_guest_beyond_its_fuel_fails(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start(spec(actor_wasm, limits={"fuel": 20_000_000}))
            with pytest.raises(FuelExhausted):
                await do(node, "a", ["spin", 1_000_000])
            assert await do(node, "a", ["spin", 100]) == 4950

    run(scenario)


def test_a_guest_that_asks_for_too_much_memory_fails(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start(spec(actor_wasm, limits={"memory": 64 * 1024**2}))
            assert await do(node, "a", ["grow", 8 * 1024**2]) == 8 * 1024**2
            with pytest.raises(MemoryExhausted):
                await do(node, "a", ["grow", 512 * 1024**2])
            assert await do(node, "a", ["count"]) == 1

    run(scenario)


def test_long_calls_of_several_guests_end_on_the_workers(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node(workers=1) as node:
            for name in ("a", "b", "c"):
                await node.start(spec(actor_wasm, name))
            rounds = 300_000
            answers = await asyncio.gather(*(do(node, name, ["spin", rounds]) for name in ("a", "b", "c")))
            assert answers == [rounds * (rounds - 1) // 2] * 3

    run(scenario)


@pytest.mark.parametrize("long", [False, True])
def test_a_call_starts_on_the_loop_and_goes_on_a_worker_when_it_takes_long(
    actor_wasm: Path, caplog: pytest.LogCaptureFixture, long: bool
) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start(spec(actor_wasm, runtime={"long": long}))
            await do(node, "a", ["log", "info", "at first"], ["spin", 300_000], ["log", "info", "at last"])

    with caplog.at_level("INFO", "airssys.component"):
        run(scenario)
    on_the_loop = [record.threadName == threading.main_thread().name for record in caplog.records]
    assert [record.getMessage() for record in caplog.records] == ["at first", "at last"]
    assert on_the_loop == [not long, False]


def test_a_long_call_can_still_send_request_store_and_log(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            allowed = messaging(send=["test/**"], request=["test/**"])
            await node.start(spec(actor_wasm, "a", permissions=allowed, runtime={"long": True}))
            await node.start(spec(actor_wasm, "b"))
            busy = ["spin", 50_000]
            found = await do(
                node,
                "a",
                busy,
                ["send", "test/b/0", '[["count"]]'],
                ["set", "k", "1"],
                busy,
                ["request", "test/b/0", "ping", 60_000],
                ["log", "info", "long"],
                busy,
                ["get", "k"],
            )
            assert found == "1"

            async def answered() -> bool:
                return bool(await do(node, "a", ["callbacks"]))

            await until(answered)
            assert await do(node, "b", ["count"]) == 2

    run(scenario)


def test_sleeping_guests_hold_nobody_up(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node(workers=1) as node:
            for instance in range(10):
                await node.start(spec(actor_wasm, "sleeper", instance=str(instance)))
            await node.start(spec(actor_wasm, "awake"))
            asleep = [
                asyncio.create_task(do(node, f"test/sleeper/{instance}", ["sleep", 300]))
                for instance in range(10)
            ]
            await asyncio.sleep(0)
            assert await do(node, "awake", ["spin", 200_000]) is not None
            assert await asyncio.gather(*asleep) == [None] * 10

    run(scenario)


def test_a_deadline_also_ends_a_guest_that_only_waits(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start(spec(actor_wasm, limits={"deadline": 0.1}))
            with pytest.raises(DeadlineExceeded):
                await do(node, "a", ["sleep", 3_600_000])
            assert await do(node, "a", ["count"]) == 1

    run(scenario)


def test_a_crashing_message_is_retried_as_often_as_the_manifest_says(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            with node.events.listen(ActorFailed) as failures:
                await node.start(spec(actor_wasm, supervision={**MANY, "on_crash": "retry:2"}))
                await node.send("a", script(["crash", "again"]))
                for _ in range(3):
                    assert "again" in str((await anext(failures)).error)
                assert await do(node, "a", ["count"]) == 1
            [letter] = node.dead_letters
            assert letter.reason is DeadReason.CRASHED
            assert node.counters().restarts == 3

    run(scenario)


def test_a_crashing_message_is_dropped_where_the_manifest_says_so(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start(spec(actor_wasm, supervision={"on_crash": "drop"}))
            await node.send("a", script(["crash", "unseen"]))
            assert await do(node, "a", ["count"]) == 1
            assert not node.dead_letters
            assert node.metrics("a").dropped == 1

    run(scenario)


def test_beyond_its_intensity_a_component_is_gone_and_the_others_stay(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            with node.events.listen(RestartPlanned, SupervisorGaveUp) as decisions:
                quick = {"base": 0.001, "factor": 2.0, "max": 0.01}
                few = {"intensity": {"restarts": 2, "within": 60.0}, "backoff": quick}
                await node.start(spec(actor_wasm, "doomed", supervision=few))
                await node.start(spec(actor_wasm, "other"))
                for _ in range(3):
                    with pytest.raises(Trap):
                        await do(node, "doomed", ["crash", "again"])
                first, second, last = [await anext(decisions) for _ in range(3)]
            assert isinstance(first, RestartPlanned)
            assert isinstance(second, RestartPlanned)
            assert (first.delay, second.delay) == (0.0, 0.002)
            assert isinstance(last, SupervisorGaveUp)
            assert last.child == "test/doomed/0"
            assert "again" in str(last.error.__cause__)
            await until(lambda: _runs(node, ["test/other/0"]))
            assert await do(node, "other", ["count"]) == 1
            await node.start(spec(actor_wasm, "doomed"))
            assert await do(node, "doomed", ["count"]) == 1

    run(scenario)


async def _runs(node: Node, names: list[str]) -> bool:
    return [str(component) for component in node.components()] == names


def test_a_temporary_component_is_not_restarted(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start(spec(actor_wasm, supervision={"policy": "temporary"}))
            with pytest.raises(Trap):
                await do(node, "a", ["crash", "once"])
            await until(lambda: _runs(node, []))
            await node.start(spec(actor_wasm))
            assert await do(node, "a", ["count"]) == 1

    run(scenario)


def test_a_component_that_refuses_to_initialize_does_not_start(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            with pytest.raises(StartFailed, match="initialization-failed: no licence"):
                await node.start(spec(actor_wasm, config={"initialize": [["refuse", "no licence"]]}))
            with pytest.raises(StartFailed, match="ValueError: early") as raised:
                await node.start(spec(actor_wasm, config={"initialize": [["crash", "early"]]}))
            assert "app.py" in (raised.value.details or "")
            assert list(node.components()) == []
            await node.start(spec(actor_wasm))
            assert await do(node, "a", ["count"]) == 1

    run(scenario)


def test_a_crash_in_a_callback_restarts_the_component(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start(spec(actor_wasm, "a", permissions=messaging(request=["test/**"])))
            await node.start(spec(actor_wasm, "b"))
            with node.events.listen(ActorFailed) as failures:
                then = [["set", "k", "lost"], ["crash", "in the callback"]]
                await do(node, "a", ["request", "test/b/0", "x", 60_000, then])
                assert "in the callback" in str((await anext(failures)).error)
            assert await do(node, "a", ["get", "k"]) is None
            [letter] = node.dead_letters
            assert isinstance(letter.payload, Letter)
            assert letter.payload.callback

    run(scenario)


def test_components_stop_in_reverse_order_and_put_things_in_order(
    actor_wasm: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario() -> None:
        async with Node() as node:
            for name in ("first", "second", "third"):
                await node.start(
                    spec(actor_wasm, name, config={"shutdown": [["log", "info", f"bye {name}"]]})
                )

    with caplog.at_level("INFO", "airssys.component"):
        run(scenario)
    assert [record.getMessage() for record in caplog.records] == ["bye third", "bye second", "bye first"]


@pytest.mark.parametrize("ending", [["loop"], ["sleep", 3_600_000], ["crash", "late"]])
def test_a_shutdown_that_goes_wrong_does_not_hold_up_the_node(actor_wasm: Path, ending: list[object]) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start(spec(actor_wasm, supervision={"shutdown": 0.2}, config={"shutdown": [ending]}))
            await do(node, "a", ["set", "k", "1"])

    run(scenario)


@pytest.mark.parametrize("operation", [["loop"], ["sleep", 3_600_000]])
def test_a_node_stops_in_the_middle_of_a_message(actor_wasm: Path, operation: list[object]) -> None:
    async def scenario() -> None:
        node = Node()
        await node.open()
        await node.start(spec(actor_wasm, supervision={"shutdown": 0.2}))
        asking = asyncio.create_task(do(node, "a", operation))
        await until(lambda: _busy(node))
        letters = node.dead_letters
        await node.stop()
        with pytest.raises(Exception, match="killed"):
            await asking
        assert node.counters().messages.dead_lettered == 1
        assert [letter.reason for letter in letters] == [DeadReason.KILLED]

    run(scenario)


async def _busy(node: Node) -> bool:
    return node.metrics("a").in_progress > 0
