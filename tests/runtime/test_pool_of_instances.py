"""Ready instances: a crashed component lives again at once, and what is ready belongs to nobody."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any

import pytest
from component_nodes import do, run, spec

from airssys_sdk.component import InstanceDead, Trap
from airssys_sdk.runtime import ComponentSpec, Node
from airssys_sdk.runtime.components.pool import Pool, Ready

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("actor-guest")]


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Ready]:
    """Every instance that is made, in order."""
    found: list[Ready] = []
    original = Ready.__init__

    def noted(self: Ready, *arguments: Any) -> None:
        original(self, *arguments)
        found.append(self)

    monkeypatch.setattr(Ready, "__init__", noted)
    return found


def _pool(node: Node, name: str) -> Pool:
    return node._run().directory.find(name).hosted.version.pool


async def _filled(pool: Pool) -> None:
    while pool.ready < pool.size:  # noqa: ASYNC110  (instances are made when nothing else happens)
        await asyncio.sleep(0.01)


async def _told(caplog: pytest.LogCaptureFixture, text: str) -> None:
    while text not in caplog.text:  # noqa: ASYNC110  (instances are made when nothing else happens)
        await asyncio.sleep(0.01)


def _with(wasm: Path, size: int, name: str = "a", instance: str = "0") -> ComponentSpec:
    return spec(
        wasm,
        name,
        instance=instance,
        runtime={"pool": size},
        supervision={"intensity": {"restarts": 100, "within": 60.0}},
    )


def test_the_next_life_is_one_that_was_ready(actor_wasm: Path, made: list[Ready]) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start(_with(actor_wasm, 2))
            pool = _pool(node, "a")
            await _filled(pool)
            assert (len(made), pool.ready) == (3, 2)
            with pytest.raises(Trap):
                await do(node, "a", ["crash", "x"])
            assert await do(node, "a", ["count"]) == 1
            assert len(made) == 3
            await _filled(pool)
            assert len(made) == 4
        assert pool.ready == 0

    run(scenario)


def test_components_of_the_same_code_share_what_is_ready(actor_wasm: Path, made: list[Ready]) -> None:
    async def scenario() -> None:
        async with Node() as node:
            for instance in ("0", "1", "2"):
                await node.start(_with(actor_wasm, 1, instance=instance))
            other = spec(actor_wasm, "b", limits={"memory": 100_000_000})
            await node.start(other)
            pool = _pool(node, "test/a/0")
            assert _pool(node, "test/a/2") is pool
            assert _pool(node, "b") is not pool
            await _filled(pool)
            await _filled(_pool(node, "b"))
            assert pool.ready == 1
            for instance in ("0", "1", "2"):
                with pytest.raises(Trap):
                    await do(node, f"test/a/{instance}", ["crash", "x"])
                assert await do(node, f"test/a/{instance}", ["self"]) == f"test/a/{instance}"
                assert await do(node, f"test/a/{instance}", ["add", "n", 1]) == 1
            for instance in ("0", "1"):
                await node.stop_component(f"test/a/{instance}")
            await _filled(pool)
            await node.stop_component("test/a/2")
            assert (pool.size, pool.ready) == (0, 0)

    run(scenario)


def test_a_ready_instance_prints_and_calls_for_the_component_that_gets_it(
    actor_wasm: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "airssys.component")

    async def scenario() -> None:
        async with Node() as node:
            await node.start(_with(actor_wasm, 1, "a"))
            await node.start(_with(actor_wasm, 1, "b"))
            await _filled(_pool(node, "a"))
            with pytest.raises(Trap):
                await do(node, "b", ["crash", "x"])
            await do(node, "b", ["print", "hello"], ["log", "info", "from b"])
            await do(node, "b", ["value", 1])

    run(scenario)
    told = {(record.getMessage(), getattr(record, "component", None)) for record in caplog.records}
    assert ("hello (stream=stdout)", "test/b/0") in told
    assert ("from b", "test/b/0") in told


def test_a_pool_of_none_makes_each_when_it_is_needed(actor_wasm: Path, made: list[Ready]) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start(_with(actor_wasm, 0))
            await asyncio.sleep(0.1)
            assert len(made) == 1
            with pytest.raises(Trap):
                await do(node, "a", ["crash", "x"])
            assert await do(node, "a", ["count"]) == 1
            assert len(made) == 2

    run(scenario)


def test_an_instance_that_cannot_be_made_ready_is_made_when_it_is_needed(
    actor_wasm: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start(_with(actor_wasm, 1))
            pool = _pool(node, "a")

            def refused(*_: object) -> Ready:
                raise Trap("no memory left")

            with monkeypatch.context() as patched:
                patched.setattr(pool, "_make", refused)
                pool.fill()
                await _told(caplog, "no memory left")
            with pytest.raises(Trap):
                await do(node, "a", ["crash", "x"])
            assert await do(node, "a", ["count"]) == 1

    run(scenario)


def test_a_node_that_stops_frees_what_is_ready(actor_wasm: Path, made: list[Ready]) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start(_with(actor_wasm, 4))
            await _filled(_pool(node, "a"))
        assert len(made) == 5

    run(scenario)
    for ready in made:
        with pytest.raises(InstanceDead):
            ready.world.component_lifecycle.health()
