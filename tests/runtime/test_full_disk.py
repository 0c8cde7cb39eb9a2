"""A disk without room: nothing is accepted that is not on it, and what is only an answer is not lost."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from component_nodes import do, messaging, run, script, spec, until

from airssys_sdk.component import CallError
from airssys_sdk.runtime import Node
from airssys_sdk.services.faults import StorageFault

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("actor-guest"),
    pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on the size of files"),
]


@contextlib.contextmanager
def full(file: Path) -> Iterator[None]:
    """No file of this process may grow beyond what this one has."""
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (file.stat().st_size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_durable_mailbox_accepts_nothing_and_hears_the_answers_to_its_requests(
    actor_wasm: Path, tmp_path: Path
) -> None:
    storage = tmp_path / "node.db"
    others = messaging(send=["test/*/*"], request=["test/*/*"])

    async def scenario() -> None:
        async with Node(storage) as node:
            await node.start(spec(actor_wasm, "a", permissions=others, runtime={"durable": True}))
            await node.start(spec(actor_wasm, "b", permissions=others))
            await do(node, "a", ["request", "test/b/0", json.dumps([["sleep", 100], ["value", 5]]), 20000])
            with full(Path(f"{storage}-wal")):
                with pytest.raises(StorageFault, match="disk I/O error") as refused:
                    await node.send("a", script(["count"]))
                assert "has room" in (refused.value.hint or "")
                # It has answered the request before it comes to this.
                case, text = await do(node, "b", ["try", [["send", "test/a/0", '[["count"]]']]])
                assert case == "DeliveryFailed"
                assert "the durable mailbox of test/a/0 cannot be written" in text
            assert [one[3] for one in await do(node, "a", ["callbacks"])] == ["5"]
            assert await do(node, "a", ["count"]) == 1

    run(scenario)


@pytest.mark.parametrize("more_come", [True, False])
def test_a_message_whose_writes_are_lost_has_failed_and_is_not_handled_again(
    actor_wasm: Path, tmp_path: Path, more_come: bool
) -> None:
    storage = tmp_path / "node.db"
    durable = spec(actor_wasm, runtime={"durable": True}, supervision={"backoff": {"base": 0.001}})

    async def scenario() -> None:
        async with Node(storage) as node:
            await node.start(durable)
            slow = asyncio.ensure_future(do(node, "a", ["sleep", 100], ["set", "k", "1"]))
            await until(lambda: _in_progress(node))
            with full(Path(f"{storage}-wal")):
                with pytest.raises(CallError, match="could not be stored"):
                    await slow
                assert node.metrics("a").depth == 0
            if more_come:
                assert await do(node, "a", ["get", "k"]) is None
        async with Node(storage) as node:
            await node.start(durable)
            assert await do(node, "a", ["get", "k"]) is None
            assert node.metrics("a").handled == 1, "what was told to have failed is not handled again"

    async def _in_progress(node: Node) -> bool:
        return node.metrics("a").in_progress == 1

    run(scenario)
