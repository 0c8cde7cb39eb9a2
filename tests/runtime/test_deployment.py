"""A new version of a component takes over while messages come in; one that fails changes nothing."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from component_nodes import do, messaging, run, script, spec, until

from airssys_sdk.component import Trap
from airssys_sdk.errors import UsageError
from airssys_sdk.runtime import (
    ActorStopped,
    ComponentSpec,
    Deployed,
    DeploymentFailed,
    DeploymentRefused,
    Node,
    NotEnforced,
    Unhealthy,
)
from airssys_sdk.runtime.events import HookFailed

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("actor-guest")]

MANY = {"intensity": {"restarts": 1000, "within": 60.0}}
OTHERS = {"messaging": {"send": ["test/*/*"], "request": ["test/*/*"]}}


def version(wasm: Path | bytes, number: str, name: str = "a", **sections: Any) -> ComponentSpec:
    """A version that answers `["config"]` with its number."""
    config = {"number": number, **sections.pop("config", {})}
    found = spec(wasm, name, config=config, **sections)
    component = found.manifest.component.model_copy(update={"version": number})
    manifest = found.manifest.model_copy(update={"component": component})
    return ComponentSpec(manifest, wasm)


async def number(node: Node, target: str = "a") -> str:
    return str((await do(node, target, ["config"]))["data"]["number"])


def test_a_new_version_takes_the_name_the_storage_and_what_waits(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start(version(actor_wasm, "1.0.0", config={"shutdown": [["set", "bye", "1"]]}))
            await do(node, "a", ["add", "n", 5], ["count"], ["count"])
            slow = asyncio.ensure_future(do(node, "a", ["sleep", 200], ["value", "slow"]))
            await asyncio.sleep(0.05)
            waiting = asyncio.ensure_future(number(node))
            with node.events.listen(Deployed) as told:
                deployed = await node.deploy("a", version(actor_wasm, "1.1.0"))
                assert await anext(told) == deployed
            assert await slow == "slow"
            assert await waiting == "1.1.0"
            assert await do(node, "a", ["add", "n", 1]) == 6
            assert await do(node, "a", ["count"]) == 1  # what was in memory is gone
            assert await until(lambda: do(node, "a", ["get", "bye"])) == "1"  # the old one has shut down
            assert (deployed.record.number, deployed.record.version, deployed.previous.number) == (
                2,
                "1.1.0",
                1,
            )
            assert deployed.record.reason == "deploy"
            assert await do(node, "a", ["look-up", "test/a/0"]) == ["test/a/0", "a", "1.1.0", "unknown"]
            assert [record.version for record in node.history("a")] == ["1.0.0", "1.1.0"]
            # A crash brings back the new version, not the old one.
            with pytest.raises(Trap):
                await do(node, "a", ["crash", "x"])
            assert await number(node) == "1.1.0"

    run(scenario)


def test_code_alone_is_deployed_under_the_manifest_that_is_there(actor_wasm: Path) -> None:
    code = actor_wasm.read_bytes()
    other = code + b"\x00\x05\x04note"  # a custom section: the same code under another digest

    async def scenario() -> None:
        async with Node() as node:
            await node.start(version(actor_wasm, "1.0.0"))
            deployed = await node.deploy("test/a", other)
            assert deployed.record.digest != deployed.previous.digest
            assert await number(node) == "1.0.0"
            back = await node.rollback("a")
            assert (back.record.digest, back.record.reason, back.record.back_to) == (
                deployed.previous.digest,
                "rollback",
                1,
            )
            assert [record.number for record in node.history("a")] == [1, 2, 3]

    run(scenario)


@pytest.mark.parametrize(
    ("config", "said", "cause"),
    [
        ({"initialize": [["set", "n", "bad"], ["crash", "boom"]]}, "boom", Trap),
        ({"initialize": [["set", "n", "bad"], ["refuse", "not today"]]}, "not today", Exception),
        ({"initialize": [["set", "n", "bad"]], "health": [["value", "unhealthy"]]}, "unhealthy", Unhealthy),
        ({"initialize": [["set", "n", "bad"]], "health": [["crash", "ill"]]}, "ill", Trap),
        ({"initialize": [["set", "n", "bad"], ["loop"]]}, "deadline", Exception),
    ],
)
def test_a_version_that_does_not_get_ready_changes_nothing(
    actor_wasm: Path, config: dict[str, Any], said: str, cause: type[Exception]
) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start(version(actor_wasm, "1.0.0"))
            await do(node, "a", ["set", "n", "good"])
            with (
                node.events.listen(DeploymentRefused) as told,
                pytest.raises(DeploymentFailed, match=said) as raised,
            ):
                await node.deploy("a", version(actor_wasm, "2.0.0", config=config, limits={"deadline": 0.5}))
            assert isinstance(raised.value.__cause__, cause)
            assert raised.value.where == "test/a/0"
            assert (await anext(told)).record.error is not None
            assert await number(node) == "1.0.0"
            assert await do(node, "a", ["get", "n"]) == "good"
            assert [record.error is None for record in node.history("a")] == [True, False]
            with pytest.raises(UsageError, match="no earlier version"):
                await node.rollback("a")
            # The next one may follow at once.
            await node.deploy("a", version(actor_wasm, "2.0.1"))
            assert await number(node) == "2.0.1"

    run(scenario)


def test_a_degraded_version_is_taken(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start(version(actor_wasm, "1.0.0"))
            await node.deploy("a", version(actor_wasm, "2.0.0", config={"health": [["value", "degraded"]]}))
            assert await number(node) == "2.0.0"

    run(scenario)


def test_what_a_version_writes_before_it_takes_over_is_seen_by_nobody_until_then(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start(version(actor_wasm, "1.0.0"))
            starting = {"initialize": [["set", "n", "new"], ["sleep", 300]]}
            deploying = asyncio.ensure_future(node.deploy("a", version(actor_wasm, "2.0.0", config=starting)))
            seen = set()
            while not deploying.done():
                config, found = await do(node, "a", ["each", [[["config"]], [["get", "n"]]]])
                seen.add((config["data"]["number"], found))
            await deploying
            assert ("1.0.0", None) in seen
            assert seen <= {("1.0.0", None), ("2.0.0", "new")}
            assert await do(node, "a", ["get", "n"]) == "new"

    run(scenario)


def test_open_requests_are_answered_to_the_version_that_runs_then(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start(version(actor_wasm, "1.0.0", permissions=OTHERS))
            await node.start(spec(actor_wasm, "b"))
            question = json.dumps([["sleep", 300], ["value", "answer"]])
            await do(node, "a", ["request", "test/b/0", question, 20000])
            asking = {"initialize": [["request", "test/b/0", json.dumps([["value", "early"]]), 20000]]}
            await node.deploy("a", version(actor_wasm, "2.0.0", permissions=OTHERS, config=asking))

            async def both() -> Any:
                found = await do(node, "a", ["callbacks"])
                return found if len(found) == 2 else None

            callbacks = await until(both)
            assert sorted(one[3] for one in callbacks) == ['"answer"', '"early"']

    run(scenario)


def test_the_requests_of_a_version_that_never_ran_are_given_up(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start(version(actor_wasm, "1.0.0", permissions=OTHERS))
            await node.start(spec(actor_wasm, "b"))
            asking = {
                "initialize": [
                    ["request", "test/b/0", json.dumps([["sleep", 100]]), 20000],
                    ["request", "test/b/0", json.dumps([["value", 1]]), 20000],
                    ["sleep", 300],
                    ["request", "test/b/0", json.dumps([["sleep", 100]]), 20000],
                    ["crash", "x"],
                ]
            }
            with pytest.raises(DeploymentFailed):
                await node.deploy("a", version(actor_wasm, "2.0.0", permissions=OTHERS, config=asking))
            assert node.open_requests("a") == 0
            await do(node, "b", ["value", 1])
            assert await do(node, "a", ["callbacks"]) == []

    run(scenario)


def test_the_quota_of_a_version_that_never_ran_counts_for_nobody(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start(version(actor_wasm, "1.0.0", limits={"storage": 1000}))
            small = version(
                actor_wasm, "2.0.0", limits={"storage": 10}, config={"initialize": [["crash", "x"]]}
            )
            with pytest.raises(DeploymentFailed):
                await node.deploy("a", small)
            await do(node, "a", ["set", "k", "x" * 500])
            assert (await do(node, "a", ["usage"]))[1] == 1000

    run(scenario)


def test_permissions_limits_and_supervision_are_those_of_the_version_that_runs(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start(spec(actor_wasm, "b"))
            sending = [["try", [["send", "test/b/0", "x"]]]]
            await node.start(version(actor_wasm, "1.0.0", limits={"storage": 100, "mailbox": 5}))
            assert (await do(node, "a", *sending))[0] == "DeliveryFailed"
            assert (await do(node, "a", ["usage"]))[1] == 100
            allowed = version(
                actor_wasm,
                "2.0.0",
                permissions=messaging(send=["test/b/0"]),
                limits={"storage": 5000, "mailbox": 2},
            )
            await node.deploy("a", allowed)
            assert await do(node, "a", *sending) is None
            assert (await do(node, "a", ["usage"]))[1] == 5000
            await node.rollback("a")
            assert (await do(node, "a", *sending))[0] == "DeliveryFailed"
            assert (await do(node, "a", ["usage"]))[1] == 100

    run(scenario)


def test_what_cannot_be_deployed_is_refused_before_anything_happens(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start(version(actor_wasm, "1.0.0"))
            with pytest.raises(UsageError, match="test/b/0"):
                await node.deploy("a", version(actor_wasm, "2.0.0", "b"))
            with pytest.raises(NotEnforced):
                await node.deploy(
                    "a", version(actor_wasm, "2.0.0", permissions={"process": {"spawn": ["/bin/true"]}})
                )
            with pytest.raises(UsageError, match="no earlier version 7"):
                await node.rollback("a", 7)
            with pytest.raises(UsageError, match="no earlier version 1"):
                await node.rollback("a", 1)
            first = asyncio.ensure_future(
                node.deploy("a", version(actor_wasm, "2.0.0", config={"initialize": [["sleep", 200]]}))
            )
            await asyncio.sleep(0.05)
            with pytest.raises(DeploymentFailed, match="another deployment"):
                await node.deploy("a", version(actor_wasm, "3.0.0"))
            await first
            assert await number(node) == "2.0.0"
            assert len(node.history("a")) == 2

    run(scenario)


def test_a_component_that_stops_or_a_node_that_stops_ends_its_deployment(actor_wasm: Path) -> None:
    async def scenario() -> None:
        node = Node()
        async with node:
            slow = {"initialize": [["sleep", 60000]]}
            await node.start(version(actor_wasm, "1.0.0"))
            deploying = asyncio.ensure_future(node.deploy("a", version(actor_wasm, "2.0.0", config=slow)))
            await asyncio.sleep(0.1)
            given_up = asyncio.ensure_future(node.deploy("a", version(actor_wasm, "2.0.0")))
            with pytest.raises(DeploymentFailed, match="another"):
                await given_up
        with pytest.raises(DeploymentFailed, match="the node stops"):
            await deploying
        async with Node() as node:
            await node.start(version(actor_wasm, "1.0.0"))
            short = {"initialize": [["sleep", 200]]}
            deploying = asyncio.ensure_future(node.deploy("a", version(actor_wasm, "2.0.0", config=short)))
            await asyncio.sleep(0.05)
            await node.stop_component("a")
            with pytest.raises(DeploymentFailed) as raised:
                await deploying
            assert isinstance(raised.value.__cause__, ActorStopped)

    run(scenario)


def test_whoever_cancels_a_deployment_leaves_the_old_version(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start(version(actor_wasm, "1.0.0"))
            slow = {"initialize": [["set", "n", "1"], ["sleep", 60000]]}
            deploying = asyncio.ensure_future(node.deploy("a", version(actor_wasm, "2.0.0", config=slow)))
            await asyncio.sleep(0.1)
            deploying.cancel()
            with pytest.raises(asyncio.CancelledError):
                await deploying
            assert await number(node) == "1.0.0"
            await node.deploy("a", version(actor_wasm, "3.0.0"))
            assert await number(node) == "3.0.0"
            assert await do(node, "a", ["get", "n"]) is None

    run(scenario)


def test_a_component_in_a_crash_loop_is_mended_by_a_deployment(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            backoff = {"backoff": {"base": 60.0, "max": 60.0}}
            await node.start(version(actor_wasm, "1.0.0", supervision=backoff))
            for _ in range(2):  # the second restart waits for a minute
                with pytest.raises(Trap):
                    await do(node, "a", ["crash", "x"])
            waiting = asyncio.ensure_future(number(node))
            await node.deploy("a", version(actor_wasm, "2.0.0"))
            assert await waiting == "2.0.0"

    run(scenario)


def test_an_old_version_that_fails_to_shut_down_is_told_and_gone(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start(
                version(
                    actor_wasm,
                    "1.0.0",
                    config={"shutdown": [["set", "n", "late"], ["sleep", 60000]]},
                    supervision={"shutdown": 0.1},
                )
            )
            with node.events.listen(HookFailed) as told:
                await node.deploy("a", version(actor_wasm, "2.0.0"))
                assert "0.1 s" in str((await anext(told)).error)
            assert await do(node, "a", ["get", "n"]) is None

    run(scenario)


def test_under_load_no_message_is_lost_however_often_versions_change(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start(version(actor_wasm, "0", supervision=MANY, limits={"mailbox": 100}))
            done = False

            async def load() -> int:
                sent = 0
                while not done:
                    assert await do(node, "a", ["add", "n", 1]) is not None
                    sent += 1
                return sent

            loads = [asyncio.ensure_future(load()) for _ in range(8)]
            for round_ in range(1, 16):
                if round_ % 5:
                    deployed = await node.deploy("a", version(actor_wasm, str(round_), supervision=MANY))
                else:
                    deployed = await node.rollback("a")
                assert deployed.pause < 5
                await asyncio.sleep(0.02)
            done = True
            sent = sum(await asyncio.gather(*loads))
            assert await do(node, "a", ["get", "n"]) == str(sent)
            assert len([record for record in node.history("a") if record.reason == "rollback"]) == 3

    run(scenario)


def test_plain_messages_wait_for_the_version_that_comes(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start(version(actor_wasm, "0"))
            deploying = asyncio.ensure_future(node.deploy("a", version(actor_wasm, "1")))
            for _ in range(200):
                await node.send("a", script(["add", "n", 1]))
                await asyncio.sleep(0)
            await deploying
            for _ in range(200):
                await node.send("a", script(["add", "n", 1]))
            assert await do(node, "a", ["get", "n"]) == "400"
            assert node.metrics("a").handled == 401

    run(scenario)


def test_nothing_of_replaced_versions_is_left(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start(version(actor_wasm, "0"))
            for round_ in range(12):
                await node.deploy("a", version(actor_wasm, str(round_)))
            entry = node._run().directory.find("a")
            await until(lambda: _none(entry.hosted.retiring))
            assert len(entry.hosted.kept) == 5
            with pytest.raises(UsageError, match="code is kept: 9, 10, 11, 12"):
                await node.rollback("a", 1)

    async def _none(tasks: set[Any]) -> bool:
        await asyncio.sleep(0)
        return not tasks

    run(scenario)
