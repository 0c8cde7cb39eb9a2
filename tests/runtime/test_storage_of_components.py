"""Storage as a guest sees it: atomic with its message, isolated, bounded, never in the way of others."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest
from component_nodes import do, run, script, spec, until

from airssys_sdk.component import Trap
from airssys_sdk.runtime import ComponentFailed, Node

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("actor-guest")]


def test_writes_of_a_message_are_kept_when_it_returns_and_vanish_when_it_fails(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start(spec(actor_wasm))
            assert await do(node, "a", ["set", "kept", "1"], ["get", "kept"]) == "1"
            with pytest.raises(Trap):
                await do(node, "a", ["set", "kept", "2"], ["set", "new", "x"], ["crash", "boom"])
            with pytest.raises(ComponentFailed):
                await do(node, "a", ["set", "kept", "3"], ["delete", "kept"], ["fail", "no"])
            assert await do(node, "a", ["get", "kept"]) == "1"
            assert await do(node, "a", ["keys", None]) == ["kept"]
            assert await do(node, "a", ["usage"]) == [5, 50 * 1024**2, 1]

    run(scenario)


def test_a_retried_message_counts_once(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start(spec(actor_wasm, supervision={"on_crash": "retry:2"}))
            await node.send("a", script(["add", "n", 1], ["crash", "every time"]))
            await node.send("a", script(["add", "n", 1]))
            assert await do(node, "a", ["get", "n"]) == "1"

    run(scenario)


def test_storage_outlives_the_node_and_belongs_to_one_component(actor_wasm: Path, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with Node(tmp_path / "node.db") as node:
            await node.start(spec(actor_wasm, "a"))
            await do(node, "a", ["set", "k", "of a"])
        async with Node(tmp_path / "node.db") as node:
            reading = {"storage": {"read": ["/test/a/0/k"]}}
            await node.start(spec(actor_wasm, "a"))
            await node.start(spec(actor_wasm, "a", instance="1"))
            await node.start(spec(actor_wasm, "b", permissions=reading))
            assert await do(node, "test/a/0", ["get", "k"]) == "of a"
            assert await do(node, "test/a/1", ["exists", "k"]) is False
            assert await do(node, "b", ["get", "k"]) is None
            assert await do(node, "b", ["get", "/test/a/0/k"]) == "of a"
            case, text = await do(node, "b", ["try", [["set", "/test/a/0/k", "mine"]]])
            assert case == "InvalidKey"
            assert "permissions.storage.write" in text
            case, text = await do(node, "test/a/1", ["try", [["get", "/test/a/0/k"]]])
            assert "permissions.storage.read" in text

    run(scenario)


def test_a_quota_is_an_error_that_the_guest_can_handle(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start(spec(actor_wasm, limits={"storage": 10}))
            assert await do(node, "a", ["try", [["set", "k", "x" * 10]]]) == ["QuotaExceeded", None]
            assert await do(node, "a", ["set", "k", "123456789"], ["usage"]) == [10, 10, 1]
            assert await do(node, "a", ["try", [["delete", "missing"]]]) == ["NotFound", "missing"]

    run(scenario)


def test_what_initialize_writes_is_kept_and_vanishes_when_it_fails(actor_wasm: Path, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with Node(tmp_path / "node.db") as node:
            failing = {"initialize": [["set", "k", "1"], ["refuse", "no"]]}
            with pytest.raises(Exception, match="did not start"):
                await node.start(spec(actor_wasm, config=failing))
            working = {"initialize": [["set", "other", "1"]], "shutdown": [["set", "last", "1"]]}
            await node.start(spec(actor_wasm, config=working))
            assert await do(node, "a", ["keys", None]) == ["other"]
        async with Node(tmp_path / "node.db") as node:
            await node.start(spec(actor_wasm))
            assert await do(node, "a", ["keys", None]) == ["last", "other"]

    run(scenario)


def test_a_locked_storage_file_is_an_io_error_after_a_bounded_wait_and_others_go_on(
    actor_wasm: Path, tmp_path: Path
) -> None:
    async def scenario() -> None:
        path = tmp_path / "node.db"
        async with Node(path, patience=0.2) as node:
            await node.start(spec(actor_wasm, "a"))
            await node.start(spec(actor_wasm, "b"))
            await do(node, "a", ["set", "k", "1"])
            other = sqlite3.connect(path, isolation_level=None)
            other.execute("BEGIN IMMEDIATE")
            writing = asyncio.create_task(do(node, "a", ["try", [["set", "k", "2"]]]))
            await asyncio.sleep(0)
            assert await do(node, "b", ["count"]) == 1
            assert not writing.done()
            case, text = await writing
            assert case == "IoError"
            assert "another process" in text
            assert await do(node, "a", ["get", "k"]) == "1"
            patient = asyncio.create_task(do(node, "a", ["set", "k", "3"]))
            await do(node, "b", ["count"])
            other.execute("ROLLBACK")
            other.close()
            await patient
            assert await do(node, "a", ["get", "k"]) == "3"

    run(scenario)


def test_writes_that_cannot_be_stored_after_the_handler_returned_are_a_crash(
    actor_wasm: Path, tmp_path: Path
) -> None:
    async def scenario() -> None:
        path = tmp_path / "node.db"
        async with Node(path, patience=0.1) as node:
            await node.start(spec(actor_wasm, "a"))
            writing = asyncio.create_task(do(node, "a", ["count"], ["set", "k", "1"], ["sleep", 150]))
            other = sqlite3.connect(path, isolation_level=None)
            await until(lambda: _in_progress(node))
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(Exception, match="could not be stored"):
                await writing
            other.execute("ROLLBACK")
            other.close()
            assert await do(node, "a", ["get", "k"]) is None
            assert await do(node, "a", ["count"]) == 1

    run(scenario)


async def _in_progress(node: Node) -> bool:
    return node.metrics("a").in_progress > 0
