"""Components below supervisors that stand below one another: start, stop, strategies, and who gives up when."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from component_nodes import do, run, script, spec, until

from airssys_sdk.component import Trap
from airssys_sdk.errors import UsageError, ValidationError
from airssys_sdk.manifest import load_system
from airssys_sdk.runtime import (
    ActorNotFound,
    ComponentSpec,
    ExitKind,
    GroupSpec,
    Intensity,
    NameTaken,
    Node,
    NotEnforced,
    Policy,
    StartFailed,
    Strategy,
    SystemSpec,
)
from airssys_sdk.runtime.errors import IntensityExceeded
from airssys_sdk.runtime.events import ActorEnded, ActorStarted, LifeEnded, SupervisorGaveUp

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("actor-guest")]

ONCE = {"intensity": {"restarts": 0, "within": 60.0}}
CRASH = script(["crash", "boom"])


def lives(node: Node) -> list[str]:
    """Write down from now on which components start (+), stop in order (-) and are gone for good (x)."""
    told: list[str] = []
    signs = {ActorStarted: "+", LifeEnded: "-", ActorEnded: "x"}

    def listen(event: Any) -> None:
        if (sign := signs.get(type(event))) and event.name.startswith("test/"):
            told.append(f"{sign}{event.name.split('/')[1]}")

    node.events.subscribe(listen)
    return told


async def became(told: list[str], *expected: str) -> None:
    """Wait until as much is told as is expected, and compare."""
    while len(told) < len(expected):  # noqa: ASYNC110 - each round is one of the node's
        await asyncio.sleep(0)
    assert told == list(expected)
    told.clear()


async def counts(node: Node, *names: str) -> list[int]:
    """How often each of them has been asked in this life, this time included."""
    return [await do(node, name, ["count"]) for name in names]


async def crash(node: Node, name: str) -> None:
    with pytest.raises(Trap):
        await node.ask(name, CRASH)


def three(wasm: Path, **sections: Any) -> tuple[ComponentSpec, ...]:
    return tuple(spec(wasm, name, **sections) for name in ("a", "b", "c"))


def test_a_system_starts_in_order_and_stops_in_reverse(actor_wasm: Path) -> None:
    async def scenario() -> None:
        a, b, c = three(actor_wasm)
        inner = GroupSpec("inner", (b,), Strategy.REST_FOR_ONE)
        outer = GroupSpec("outer", (a, inner, spec(actor_wasm, "a", instance="1")))
        async with Node() as node:
            told = lives(node)
            ids = await node.start_system(SystemSpec("all", (outer, c)))
            assert [str(one) for one in ids] == ["test/a/0", "test/b/0", "test/a/1", "test/c/0"]
            assert node.components() == ids
            assert told == ["+a", "+b", "+a", "+c"]
            assert await do(node, "test/a/1", ["self"]) == "test/a/1"
            told.clear()
        assert [one for one in told if one.startswith("-")] == ["-c", "-a", "-b", "-a"]

    run(scenario)


def test_one_for_all_restarts_every_sibling_and_nobody_else(actor_wasm: Path) -> None:
    async def scenario() -> None:
        group = GroupSpec("group", three(actor_wasm), Strategy.ONE_FOR_ALL)
        async with Node() as node:
            await node.start_system(SystemSpec("all", (group, spec(actor_wasm, "outside"))))
            assert await counts(node, "a", "b", "c", "outside") == [1, 1, 1, 1]
            await do(node, "a", ["add", "kept", 5])
            told = lives(node)
            await crash(node, "b")
            await became(told, "-c", "-a", "+a", "+b", "+c")
            assert await counts(node, "c", "b", "a", "outside") == [1, 1, 1, 2]
            assert await do(node, "a", ["get", "kept"]) == "5"
            assert node.counters().restarts == 3

    run(scenario)


def test_rest_for_one_restarts_those_that_started_later(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start_system(SystemSpec("all", three(actor_wasm), Strategy.REST_FOR_ONE))
            assert await counts(node, "a", "b", "c") == [1, 1, 1]
            told = lives(node)
            await crash(node, "b")
            await became(told, "-c", "+b", "+c")
            assert await counts(node, "a", "b", "c") == [2, 1, 1]
            await crash(node, "c")
            await became(told, "+c")
            assert await counts(node, "a", "b", "c") == [3, 2, 1]

    run(scenario)


def test_a_group_counts_as_one_child_of_the_supervisor_above(actor_wasm: Path) -> None:
    # rest-for-one above: a group that gives up takes along what started after it.
    async def scenario() -> None:
        a, b, c = three(actor_wasm, supervision=ONCE)
        group = GroupSpec("group", (b,))
        async with Node() as node:
            await node.start_system(SystemSpec("all", (a, group, c), Strategy.REST_FOR_ONE))
            assert await counts(node, "a", "b", "c") == [1, 1, 1]
            with node.events.listen(SupervisorGaveUp) as gave_up:
                told = lives(node)
                await crash(node, "b")
                await became(told, "-c", "+b", "+c")
                first = await anext(gave_up)
            assert (first.supervisor, first.child) == ("group (supervisor)", "test/b/0")
            assert await counts(node, "b", "c", "a") == [1, 1, 2]

    run(scenario)


def test_messages_wait_while_siblings_are_restarted(actor_wasm: Path) -> None:
    async def scenario() -> None:
        group = three(actor_wasm)
        async with Node() as node:
            await node.start_system(SystemSpec("all", group, Strategy.ONE_FOR_ALL))
            await node.send("b", CRASH)
            for number in range(20):
                await node.send("c", script(["add", "n", number]))
            assert await until(lambda: done(node, 190))
            [letter] = node.dead_letters
            assert letter.target == "test/b/0"

    async def done(node: Node, total: int) -> bool:
        return await do(node, "c", ["get", "n"]) == str(total)

    run(scenario)


def test_what_is_too_much_for_all_supervisors_ends_the_node_with_the_reason(actor_wasm: Path) -> None:
    async def scenario() -> None:
        a, b, c = three(actor_wasm, supervision=ONCE)
        inner = GroupSpec("inner", (a, b), intensity=Intensity(1))
        outer = GroupSpec("outer", (inner,), intensity=Intensity(0))
        async with Node() as node:
            told = lives(node)
            await node.start_system(SystemSpec("all", (c, outer)))
            told.clear()
            await crash(node, "b")
            # The first time, the inner supervisor starts again, with both.
            await became(told, "-a", "+a", "+b")
            with node.events.listen(SupervisorGaveUp) as gave_up:
                await crash(node, "b")
                exit_ = await node.ended()
                assert [(await anext(gave_up)).child for _ in range(4)] == [
                    "test/b/0",
                    "inner (supervisor)",
                    "outer (supervisor)",
                    "all (system)",
                ]
            assert exit_.kind is ExitKind.FAILED
            chain: list[BaseException] = []
            error: BaseException | None = exit_.error
            while error is not None:
                chain.append(error)
                error = error.__cause__
            assert [type(one) for one in chain[:4]] == [IntensityExceeded] * 4
            assert "all (system) ended" in str(chain[0])
            assert "test/b/0 ended more than 0 times within 60 s; inner (supervisor) gives up" in str(
                chain[3]
            )
            assert isinstance(chain[4], Trap)
            assert node.components() == []
            assert [one for one in told if one.startswith("-")] == ["-a", "-c"]
            with pytest.raises(ActorNotFound):
                await node.ask("c", b"hi")

    run(scenario)


def test_a_system_starts_again_as_a_whole_as_often_as_it_may(actor_wasm: Path) -> None:
    async def scenario() -> None:
        a, b, c = three(actor_wasm, supervision=ONCE)
        system = SystemSpec(
            "all", (a, GroupSpec("group", (b,), intensity=Intensity(0)), c), intensity=Intensity(1)
        )
        async with Node() as node:
            await node.start_system(system)
            await counts(node, "a", "b", "c")
            told = lives(node)
            await crash(node, "b")
            await became(told, "-c", "-a", "+a", "+b", "+c")
            assert await counts(node, "c", "b", "a") == [1, 1, 1]
            await crash(node, "c")
            assert (await node.ended()).kind is ExitKind.FAILED

    run(scenario)


def test_if_one_does_not_start_those_before_it_stop_in_reverse_order(actor_wasm: Path) -> None:
    async def scenario() -> None:
        a, b, c = three(actor_wasm)
        bad = spec(actor_wasm, "bad", config={"initialize": [["refuse", "not today"]]})
        async with Node() as node:
            await node.start(spec(actor_wasm, "other"))
            told = lives(node)
            with pytest.raises(StartFailed, match="not today") as raised:
                await node.start_system(SystemSpec("all", (a, GroupSpec("group", (b, bad)), c)))
            assert raised.value.where == "test/bad/0"
            assert raised.value.__notes__ == [
                "test/bad/0 is the component that did not start",
                "what had started before it has stopped again: test/b/0, test/a/0",
            ]
            assert told == ["+a", "+b", "xbad", "-b", "-a", "xb", "xa"]
            assert [str(one) for one in node.components()] == ["test/other/0"]
            # Nothing of it is left: the same names can be used again, and the node goes on.
            await node.start_system(SystemSpec("all", (a, GroupSpec("group", (b,)), c)))
            assert await counts(node, "a", "b", "c", "other") == [1, 1, 1, 1]

    run(scenario)


def test_what_cannot_be_loaded_is_found_before_anything_starts(actor_wasm: Path, tmp_path: Path) -> None:
    async def scenario() -> None:
        a, b, _ = three(actor_wasm)
        text = tmp_path / "text.wasm"
        text.write_text("no wasm")
        async with Node() as node:
            told = lives(node)
            with pytest.raises(ValidationError):
                await node.start_system(SystemSpec("all", (a, b, spec(text, "c"))))
            plain = spec(actor_wasm, "c", runtime={"profile": "plain"}, limits={"fuel": 5})
            with pytest.raises(NotEnforced):
                await node.start_system(SystemSpec("all", (a, b, plain)))
            assert told == []
            await node.start(a)

    run(scenario)


def test_a_name_belongs_to_one_of_them_only(actor_wasm: Path) -> None:
    async def scenario() -> None:
        a, b, c = three(actor_wasm)
        async with Node() as node:
            for children in ((a, GroupSpec("group", (a,))), (GroupSpec("x", (a,)), GroupSpec("x", (b,)))):
                with pytest.raises(UsageError, match=r"two .* of the system all are called"):
                    await node.start_system(SystemSpec("all", children))
            for wrong in (SystemSpec("All", (a,)), SystemSpec("all", (GroupSpec("a b", (a,)),))):
                with pytest.raises(UsageError, match="cannot name a supervisor"):
                    await node.start_system(wrong)
            await node.start_system(SystemSpec("all", (GroupSpec("group", (a,)),)))
            for taken in (
                SystemSpec("all", (b,)),
                SystemSpec("second", (GroupSpec("group", (b,)),)),
                SystemSpec("second", (b, a)),
            ):
                with pytest.raises(NameTaken):
                    await node.start_system(taken)
            with pytest.raises(NameTaken):
                await node.start(a)
            await node.start_system(SystemSpec("second", (b, c)))
            assert [str(one) for one in node.components()] == ["test/a/0", "test/b/0", "test/c/0"]

    run(scenario)


def test_a_start_that_is_given_up_leaves_nothing(actor_wasm: Path) -> None:
    async def scenario() -> None:
        a, _, _ = three(actor_wasm)
        slow = spec(
            actor_wasm, "slow", config={"initialize": [["sleep", 60_000]]}, supervision={"shutdown": 0.0}
        )
        async with Node() as node:
            with node.events.listen(ActorStarted) as started:
                starting = asyncio.ensure_future(node.start_system(SystemSpec("all", (a, slow))))
                while (await anext(started)).name != "test/a/0":
                    pass
                starting.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await starting
            assert node.components() == []
            await node.start_system(SystemSpec("all", (a,)))

    run(scenario)


def test_a_component_that_is_stopped_or_replaced_stays_so_when_its_siblings_restart(actor_wasm: Path) -> None:
    async def scenario() -> None:
        a, b, c = three(actor_wasm)
        async with Node() as node:
            await node.start_system(SystemSpec("all", (a, b, c), Strategy.ONE_FOR_ALL))
            assert (await node.stop_component("a")).kind is ExitKind.SHUTDOWN
            newer = spec(actor_wasm, "b", environment={"VERSION": "2"})
            await node.deploy("b", newer)
            assert await counts(node, "b", "c") == [1, 1]
            told = lives(node)
            await crash(node, "c")
            await became(told, "-b", "+b", "+c")
            assert await counts(node, "b", "c") == [1, 1]
            assert (await do(node, "b", ["config"]))["env"] == [["VERSION", "2"]]
            assert [str(one) for one in node.components()] == ["test/b/0", "test/c/0"]

    run(scenario)


def test_a_temporary_component_is_not_started_again_with_its_siblings(actor_wasm: Path) -> None:
    async def scenario() -> None:
        a, b, _ = three(actor_wasm)
        temporary = spec(actor_wasm, "c", supervision={"policy": "temporary"})
        group = GroupSpec("group", (a, temporary, b), Strategy.ONE_FOR_ALL, Policy.TRANSIENT)
        async with Node() as node:
            await node.start_system(SystemSpec("all", (group,)))
            told = lives(node)
            await crash(node, "b")
            await became(told, "-c", "xc", "-a", "+a", "+b")
            assert [str(one) for one in node.components()] == ["test/a/0", "test/b/0"]

    run(scenario)


def test_a_durable_mailbox_in_a_system_is_read_before_anything_else(actor_wasm: Path, tmp_path: Path) -> None:
    async def scenario() -> None:
        a, _, c = three(actor_wasm)
        waits = {"intensity": {"restarts": 5}, "backoff": {"base": 60.0, "max": 60.0}}
        durable = spec(actor_wasm, "b", runtime={"durable": True}, supervision=waits)
        async with Node(tmp_path / "node.db") as node:
            await node.start_system(SystemSpec("all", (a, durable, c)))
            await crash(node, "b")
            await crash(node, "b")  # now it waits for its restart
            await node.send("b", script(["add", "n", 3]))
        async with Node(tmp_path / "node.db") as node:
            await node.start_system(SystemSpec("all", (a, GroupSpec("group", (durable,)))))
            assert await do(node, "b", ["get", "n"]) == "3"

    run(scenario)


SYSTEM = """\
[system]
name = "shop"
strategy = "rest-for-one"
intensity = { restarts = 2 }
[supervisors.orders]
strategy = "one-for-all"
policy = "transient"
backoff = { base = "1s" }
shutdown = "infinity"
[components.many]
manifest = "many.toml"
wasm = "actor.wasm"
instances = 2
under = "orders"
environment = { LANGUAGE = "en" }
limits = { memory = "128MiB" }
[components.one]
manifest = "one"
"""
MANIFEST = """\
[component]
namespace = "test"
name = "NAME"
version = "1.0.0"
world = "airssys:core/runtime-host@1.0.0"
"""


def test_a_system_of_a_file_runs_once_its_projects_are_built(actor_wasm: Path, tmp_path: Path) -> None:
    (tmp_path / "System.toml").write_text(SYSTEM)
    (tmp_path / "many.toml").write_text(MANIFEST.replace("NAME", "many"))
    (tmp_path / "actor.wasm").symlink_to(actor_wasm)
    (tmp_path / "one" / "dist").mkdir(parents=True)
    (tmp_path / "one" / "Component.toml").write_text(MANIFEST.replace("NAME", "one"))
    manifest = load_system(tmp_path)
    with pytest.raises(ValidationError, match="has not been built") as raised:
        SystemSpec.of(manifest)
    line = 1 + SYSTEM[: SYSTEM.index("[components.one]")].count("\n")
    assert raised.value.where == f"{tmp_path / 'System.toml'}:{line}: components.one"
    assert raised.value.hint == f"build it: airssys-sdk build {tmp_path / 'one'}"
    (tmp_path / "one" / "dist" / "one.wasm").symlink_to(actor_wasm)
    system = SystemSpec.of(manifest)
    assert (system.strategy, system.intensity) == (Strategy.REST_FOR_ONE, Intensity(2, 60.0))
    (orders, _) = system.children
    assert isinstance(orders, GroupSpec)
    assert (orders.strategy, orders.policy) == (Strategy.ONE_FOR_ALL, Policy.TRANSIENT)
    assert (orders.intensity, orders.backoff.base, orders.shutdown) == (Intensity(3, 60.0), 1.0, float("inf"))

    async def scenario() -> None:
        async with Node() as node:
            ids = await node.start_system(system)
            assert [str(one) for one in ids] == ["test/many/0", "test/many/1", "test/one/0"]
            config = await do(node, "test/many/1", ["config"])
            assert config["env"] == [["LANGUAGE", "en"]]
            assert config["limits"][0] == 128 * 1024**2
            assert await counts(node, "test/many/0", "test/one") == [1, 1]
            told = lives(node)
            await crash(node, "test/many/1")
            await became(told, "-many", "+many", "+many")
            assert await counts(node, "test/many/0", "test/one") == [1, 2]

    run(scenario)
