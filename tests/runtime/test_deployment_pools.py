"""What a deployment means for the ready instances: the version that runs needs them, whichever way the deployment ended."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from component_nodes import run
from test_deployment_of_several import took_over, version

from airssys_sdk.runtime import DeploymentFailed, Node

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("actor-guest")]


def joined(node: Node) -> list[int]:
    """How many ready instances each version wants that may still begin lives."""
    shared = node._run().deployments._hosting._pools._shared
    return [size for one in shared.values() for size in one.sizes]


@pytest.mark.parametrize("turns", [None, *range(4)])
def test_the_old_version_needs_none_any_more_however_late_the_deployment_was_cancelled(
    actor_wasm: Path, turns: int | None
) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start(version(actor_wasm, "1"))
            assert len(joined(node)) == 1
            deploying = asyncio.ensure_future(node.deploy("a", version(actor_wasm, "2")))
            if turns is not None:
                await took_over(node, "a", turns)
                deploying.cancel()
            await asyncio.wait((deploying,))
            assert len(joined(node)) == 1

    run(scenario)


def test_a_version_that_failed_or_was_given_up_needs_none(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start(version(actor_wasm, "1"))
            with pytest.raises(DeploymentFailed):
                await node.deploy("a", version(actor_wasm, "2", initialize=[["trap"]]))
            assert len(joined(node)) == 1
            slow = asyncio.ensure_future(
                node.deploy("a", version(actor_wasm, "2", initialize=[["sleep", 3000]]))
            )
            await asyncio.sleep(0.3)
            slow.cancel()
            await asyncio.wait((slow,))
            assert slow.cancelled()
            assert len(joined(node)) == 1

    run(scenario)
