"""A new version reaches all instances of a component, or a whole pool, one after the other, or none of them."""

from __future__ import annotations

import asyncio
import dataclasses
from pathlib import Path
from typing import Any

import pytest
from component_nodes import do, run, spec

from airssys_sdk.component import Trap
from airssys_sdk.runtime import ActorNotFound, ComponentSpec, DeploymentFailed, Node

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("actor-guest")]

POOL = "test/a/pool"


def version(wasm: Path, number: str, instance: str = "0", **config: Any) -> ComponentSpec:
    """A version that answers `["config"]` with its number."""
    found = spec(wasm, config={"number": number, **config}, instance=instance)
    component = found.manifest.component.model_copy(update={"version": number})
    return dataclasses.replace(found, manifest=found.manifest.model_copy(update={"component": component}))


async def numbers(node: Node) -> list[str]:
    return [
        str((await do(node, str(component), ["config"]))["data"]["number"]) for component in node.components()
    ]


def test_all_instances_of_a_pool_get_the_new_version_and_no_message_is_lost(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start_pool(version(actor_wasm, "1", "pool"), 3)
            deploying = asyncio.ensure_future(node.deploy_all(POOL, version(actor_wasm, "2")))
            asked = 0
            while not deploying.done():
                assert await do(node, POOL, ["value", asked]) == asked
                asked += 1
            deployed = await deploying
            assert [str(one.component) for one in deployed] == [f"{POOL}-{number}" for number in range(3)]
            assert await numbers(node) == ["2", "2", "2"]
            assert asked > 3
            assert not node.dead_letters
            # Under the pool's own name in part, and code alone.
            deployed = await node.deploy_all("a", actor_wasm)
            assert [one.record.number for one in deployed] == [3, 3, 3]

    run(scenario)


def test_a_name_that_fits_several_means_all_of_them(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            for instance in ("0", "1"):
                await node.start(version(actor_wasm, "1", instance))
            await node.start(spec(actor_wasm, "b", config={"number": "other"}))
            await node.deploy_all("test/a", version(actor_wasm, "2"))
            assert await numbers(node) == ["2", "2", "other"]
            await node.deploy_all("test/a/1", version(actor_wasm, "3"))
            assert await numbers(node) == ["2", "3", "other"]
            with pytest.raises(ActorNotFound, match="no component 'nobody'"):
                await node.deploy_all("nobody", version(actor_wasm, "2"))

    run(scenario)


def test_if_one_does_not_get_it_the_others_get_back_what_they_had(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start_pool(version(actor_wasm, "1", "pool"), 3)
            own = version(actor_wasm, "1.1", "pool-0")
            await node.deploy(f"{POOL}-0", own)
            slow = version(actor_wasm, "9", "pool-2", initialize=[["sleep", 3000]])
            busy = asyncio.ensure_future(node.deploy(f"{POOL}-2", slow))
            await asyncio.sleep(0)
            with pytest.raises(DeploymentFailed, match="another deployment") as raised:
                await node.deploy_all(POOL, version(actor_wasm, "2"))
            assert raised.value.where == f"{POOL}-2"
            assert f"back at the version of before: {POOL}-1, {POOL}-0" in raised.value.message
            busy.cancel()
            with pytest.raises(asyncio.CancelledError):
                await busy
            assert await numbers(node) == ["1.1", "1", "1"]
            assert [record.reason for record in node.history(f"{POOL}-1")] == ["start", "deploy", "rollback"]

    run(scenario)


def test_the_first_one_that_fails_changes_nothing_at_all(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start_pool(version(actor_wasm, "1", "pool"), 2)
            with pytest.raises(DeploymentFailed) as raised:
                await node.deploy_all(POOL, version(actor_wasm, "2", initialize=[["trap"]]))
            assert "back at" not in raised.value.message
            assert await numbers(node) == ["1", "1"]
            assert [len(node.history(f"{POOL}-{number}")) for number in range(2)] == [2, 1]

    run(scenario)


async def took_over(node: Node, component: str, turns: int) -> None:
    """A component has its second version, and the loop has turned so often since."""
    while len(node.history(component)) == 1:  # noqa: ASYNC110 - there is no event for it
        await asyncio.sleep(0)
    for _ in range(turns):
        await asyncio.sleep(0)


@pytest.mark.parametrize("turns", range(8))
def test_whoever_cancels_it_leaves_all_at_the_old_version(actor_wasm: Path, turns: int) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start_pool(version(actor_wasm, "1", "pool"), 2)
            slow = version(actor_wasm, "2", initialize=[["sleep", 300]])
            deploying = asyncio.ensure_future(node.deploy_all(POOL, slow))
            await took_over(node, f"{POOL}-0", turns)
            deploying.cancel()
            with pytest.raises(asyncio.CancelledError):
                await deploying
            assert await numbers(node) == ["1", "1"]
            assert len(node.history(f"{POOL}-1")) == 1

    run(scenario)


@pytest.mark.parametrize("turns", range(6))
def test_whoever_cancels_one_too_late_has_the_new_version_whole(actor_wasm: Path, turns: int) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start(version(actor_wasm, "1"))
            deploying = asyncio.ensure_future(node.deploy("a", version(actor_wasm, "2")))
            await took_over(node, "a", turns)
            if deploying.cancel():
                with pytest.raises(asyncio.CancelledError):
                    await deploying
            with pytest.raises(Trap):
                await do(node, "a", ["crash", "boom"])
            # The next life is one of the version that took over, and it can be replaced in its turn.
            assert await numbers(node) == ["2"]
            await node.rollback("a")
            assert await numbers(node) == ["1"]

    run(scenario)


@pytest.mark.parametrize("turns", [0, 1, 2, 3, 5, 8, 12, 20])
def test_whoever_cancels_it_twice_leaves_all_at_the_old_version(actor_wasm: Path, turns: int) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start_pool(version(actor_wasm, "1", "pool"), 3)
            slow = version(actor_wasm, "2", initialize=[["sleep", 300]])
            deploying = asyncio.ensure_future(node.deploy_all(POOL, slow))
            await took_over(node, f"{POOL}-1", 0)
            for _ in range(3):
                deploying.cancel()
                for _ in range(turns):
                    await asyncio.sleep(0)
            with pytest.raises(asyncio.CancelledError):
                await deploying
            assert await numbers(node) == ["1", "1", "1"]

    run(scenario)
