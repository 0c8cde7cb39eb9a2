"""Several instances of a component behind one id: for the host, for guests, and for what is published."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from component_nodes import do, messaging, run, script, spec, until

from airssys_sdk.component import Trap
from airssys_sdk.errors import UsageError
from airssys_sdk.manifest import ComponentId
from airssys_sdk.runtime import (
    ActorNotFound,
    Deployed,
    ExitKind,
    MailboxFull,
    NameTaken,
    Node,
    RequestTimeout,
    StartFailed,
)

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("actor-guest")]

POOL = "test/a/pool"
AT_ONCE = {"shutdown": 0.0}
SLOW_RESTARTS = {
    "intensity": {"restarts": 1000, "within": 60.0},
    "backoff": {"base": 300.0, "factor": 1.0, "max": 300.0, "jitter": 0.0},
}


async def who(node: Node, target: str = POOL) -> str:
    return str(await do(node, target, ["self"]))


async def handled(node: Node) -> list[int]:
    return [node.metrics(component).handled for component in node.components()]


async def depth_is(node: Node, target: str, depth: int) -> bool:
    return node.metrics(target).depth == depth


def test_the_host_asks_a_pool_like_any_component_and_each_instance_has_its_turn(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            assert str(await node.start_pool(spec(actor_wasm, instance="pool"), 3)) == POOL
            assert [str(component) for component in node.components()] == [f"{POOL}-{n}" for n in range(3)]
            assert [await who(node) for _ in range(4)] == [f"{POOL}-{n}" for n in (0, 1, 2, 0)]
            # The pool is what its name alone means; its instances can be named too.
            assert await who(node, "a") == f"{POOL}-1"
            assert await who(node, "test/a") == f"{POOL}-2"
            assert await who(node, f"{POOL}-1") == f"{POOL}-1"
            assert node.resolve("a") == ComponentId("test", "a", "pool")
            for number in range(3):
                await node.send(POOL, script(["set", "got", str(number)]))
            assert [await do(node, f"{POOL}-{n}", ["get", "got"]) for n in range(3)] == ["0", "1", "2"]
            # A part of a name that fits the pool and another component is not decided by chance.
            await node.start(spec(actor_wasm, instance="alone"))
            with pytest.raises(ActorNotFound, match=r"fits several components: test/a/alone, test/a/pool\n"):
                await who(node, "a")

    run(scenario)


def test_a_stop_that_nobody_waits_for_any_longer_leaves_no_supervisor(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            name = str(await node.start(spec(actor_wasm, config={"shutdown": [["sleep", 200]]})))
            assert len(node.outline().children) == 1
            stopping = asyncio.ensure_future(node.stop_component(name))
            await asyncio.sleep(0.05)
            stopping.cancel()
            with pytest.raises(asyncio.CancelledError):
                await stopping
            await until(lambda: _nobody(node))

    async def _nobody(node: Node) -> bool:
        return not node.components() and not node.outline().children

    run(scenario)


def test_the_least_loaded_instance_is_chosen(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            pool = spec(actor_wasm, instance="pool", supervision=AT_ONCE)
            await node.start_pool(pool, 2, routing="least-loaded")
            await node.send(f"{POOL}-0", script(["sleep", 60_000]))
            await until(lambda: _in_progress(node))
            assert [await who(node) for _ in range(3)] == [f"{POOL}-1"] * 3

    async def _in_progress(node: Node) -> int:
        return node.metrics(f"{POOL}-0").in_progress

    run(scenario)


def test_guests_send_to_a_pool_and_request_from_it_with_permission_for_its_id_alone(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start_pool(spec(actor_wasm, instance="pool"), 2)
            allowed = {"messaging": {"send": [POOL], "request": [POOL], "broadcast": [POOL]}}
            await node.start(spec(actor_wasm, "guest", permissions=allowed))
            for text in ("x", "y"):
                await do(node, "guest", ["send", POOL, f'[["set", "got", "{text}"]]'])
            await do(node, "guest", ["broadcast", [POOL], '[["count"]]'])
            assert [await do(node, f"{POOL}-{n}", ["get", "got"]) for n in range(2)] == ["x", "y"]
            first = await do(node, "guest", ["request", POOL, '[["self"]]', 10_000])
            second = await do(node, "guest", ["request", POOL, '[["self"]]', 10_000])
            answers = await until(lambda: _two(node))
            # The answers come from the id that was asked, whoever gave them.
            assert [(correlation, sender) for correlation, sender, *_ in answers] == [
                (first, POOL),
                (second, POOL),
            ]
            assert sorted(payload for *_, payload in answers) == [f'"{POOL}-0"', f'"{POOL}-1"']
            refused = await do(node, "guest", ["try", [["send", f"{POOL}-0", "x"]]])
            assert refused == [
                "DeliveryFailed",
                f"permission denied: permissions.messaging.send does not list '{POOL}-0'",
            ]
            assert node.counters().denials == 1

    async def _two(node: Node) -> list[list[str]] | None:
        answers: list[list[str]] = await do(node, "guest", ["callbacks"])
        return answers if len(answers) == 2 else None

    run(scenario)


def test_an_instance_that_is_down_is_passed_over_and_what_waits_there_waits(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start_pool(spec(actor_wasm, instance="pool", supervision=SLOW_RESTARTS), 2)
            for _ in range(2):  # the first restart comes at once, the second takes longer than the test
                with pytest.raises(Trap):
                    await do(node, f"{POOL}-0", ["crash", "x"])
            await node.send(f"{POOL}-0", script(["count"]))
            assert [await who(node) for _ in range(3)] == [f"{POOL}-1"] * 3
            assert node.metrics(f"{POOL}-0").depth == 1
            assert node.metrics(POOL).depth == 1

    run(scenario)


def test_a_full_instance_is_passed_over_and_a_full_pool_is_queue_full(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            limits = {"mailbox": 1}
            await node.start_pool(spec(actor_wasm, instance="pool", limits=limits, supervision=AT_ONCE), 2)
            await node.start(spec(actor_wasm, "guest", permissions=messaging(send=[POOL])))
            for number in range(2):
                await node.send(f"{POOL}-{number}", script(["sleep", 60_000]))
            await until(lambda: depth_is(node, POOL, 0))
            await node.send(f"{POOL}-0", script(["set", "got", "0"]))
            await node.send(POOL, script(["set", "got", "1"]))
            assert node.metrics(f"{POOL}-1").depth == 1
            with pytest.raises(MailboxFull):
                await node.send(POOL, b"one too many")
            assert (await do(node, "guest", ["try", [["send", POOL, "x"]]]))[0] == "QueueFull"
            assert node.metrics(POOL).refused == 2
            assert node.metrics(POOL).received == 4

    run(scenario)


def test_the_host_waits_for_room_at_any_instance(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node(overflow="block") as node:
            limits = {"mailbox": 1}
            await node.start_pool(spec(actor_wasm, instance="pool", limits=limits, supervision=AT_ONCE), 2)
            await node.send(f"{POOL}-0", script(["sleep", 60_000]))
            await node.send(f"{POOL}-1", script(["sleep", 1500]))
            await until(lambda: depth_is(node, POOL, 0))
            for number in range(2):
                await node.send(f"{POOL}-{number}", script(["count"]))
            with pytest.raises(RequestTimeout):
                await node.ask(POOL, script(["self"]), timeout=0.01)
            # The first instance sleeps on.
            sent = asyncio.ensure_future(node.send(POOL, script(["count"])))
            assert await who(node) == f"{POOL}-1"
            await sent
            assert node.metrics(f"{POOL}-0").depth == 1

    run(scenario)


def test_one_instance_gets_what_is_published(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            listening = {"topics": ["news"]}
            await node.start_pool(spec(actor_wasm, instance="pool", subscriptions=listening), 2)
            await node.start(spec(actor_wasm, "other", subscriptions=listening))
            for text in ("one", "two"):
                assert await node.publish("news", script(["note", "notes", text])) == 2
            notes = [await do(node, target, ["get", "notes"]) for target in (f"{POOL}-0", f"{POOL}-1")]
            assert notes == ["one ", "two "]
            assert await do(node, "other", ["get", "notes"]) == "one two "
            await node.deploy(f"{POOL}-0", spec(actor_wasm, instance="pool-0"))
            assert await node.publish("news", script(["count"])) == 2  # the other instance still wants it
            await node.deploy(f"{POOL}-1", spec(actor_wasm, instance="pool-1"))
            assert await node.publish("news", script(["count"])) == 1

    run(scenario)


def test_a_pool_is_there_until_all_its_instances_have_ended(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            pool = spec(actor_wasm, instance="pool", subscriptions={"topics": ["news"]})
            await node.start_pool(pool, 2)
            await node.stop_component(f"{POOL}-0")
            assert [await who(node) for _ in range(2)] == [f"{POOL}-1"] * 2
            assert node.metrics(POOL).handled == 2
            await node.start(spec(actor_wasm, instance="pool-0"))  # it joins again
            assert {await who(node) for _ in range(2)} == {f"{POOL}-0", f"{POOL}-1"}
            assert (await node.stop_component(POOL)).kind is ExitKind.SHUTDOWN
            assert node.components() == []
            assert await node.publish("news", b"x") == 0
            with pytest.raises(ActorNotFound):
                await who(node)
            await node.start_pool(pool, 1)
            assert await who(node) == f"{POOL}-0"

    run(scenario)


def test_what_is_about_one_component_asks_for_one(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start_pool(spec(actor_wasm, instance="pool"), 2)
            for ask in (node.history, node.open_requests):
                with pytest.raises(UsageError, match="is a pool of several components") as refused:
                    ask(POOL)
                assert refused.value.hint == f"name one of them: {POOL}-0, {POOL}-1"
            with pytest.raises(UsageError, match="is a pool"):
                await node.deploy("a", actor_wasm)
            assert isinstance(await node.deploy(f"{POOL}-0", actor_wasm), Deployed)
            await node.start(spec(actor_wasm, "guest"))
            assert await do(node, "guest", ["list"]) == ["test/a/pool-0", "test/a/pool-1", "test/guest/0"]

    run(scenario)


def test_a_pool_starts_whole_or_not_at_all_and_takes_nobodys_id(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start(spec(actor_wasm, instance="pool-1"))
            with pytest.raises(NameTaken, match="test/a/pool-1"):
                await node.start_pool(spec(actor_wasm, instance="pool"), 3)
            assert [str(component) for component in node.components()] == ["test/a/pool-1"]
            with pytest.raises(ActorNotFound):
                node.resolve(POOL)
            await node.stop_component("a")
            failing: dict[str, Any] = {"initialize": [["refuse", "no"]]}
            with pytest.raises(StartFailed, match="no"):
                await node.start_pool(spec(actor_wasm, instance="pool", config=failing), 2)
            assert node.components() == []
            starting = asyncio.ensure_future(node.start_pool(spec(actor_wasm, instance="pool"), 2))
            with pytest.raises(NameTaken):
                await asyncio.gather(starting, node.start(spec(actor_wasm, instance="pool")))
            await starting
            with pytest.raises(NameTaken):
                await node.start_pool(spec(actor_wasm, instance="pool"), 2)
            with pytest.raises(UsageError, match="size = 0 makes no sense"):
                await node.start_pool(spec(actor_wasm, instance="other"), 0)
            with pytest.raises(UsageError, match="routing = 'random' makes no sense"):
                await node.start_pool(spec(actor_wasm, instance="other"), 1, routing="random")  # type: ignore[arg-type]
            assert len(node.components()) == 2

    run(scenario)


def test_a_durable_pool_keeps_what_waits_for_the_same_instance(actor_wasm: Path, tmp_path: Path) -> None:
    pool = spec(actor_wasm, instance="pool", runtime={"durable": True}, supervision=AT_ONCE)

    async def first() -> None:
        async with Node(tmp_path / "node.db") as node:
            await node.start_pool(pool, 2)
            for number in range(2):
                await node.send(f"{POOL}-{number}", script(["sleep", 1000]))
            await until(lambda: depth_is(node, POOL, 0))
            for text in ("one", "two"):
                await node.send(POOL, script(["note", "notes", text]))
            assert node.metrics(POOL).depth == 2

    async def second() -> None:
        async with Node(tmp_path / "node.db") as node:
            await node.start_pool(pool, 2)
            notes = [await do(node, f"{POOL}-{number}", ["get", "notes"]) for number in range(2)]
            assert notes == ["one ", "two "]

    run(first)
    run(second)
