"""What the host publishes reaches the components whose manifests ask for it, whatever happens to them meanwhile."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from component_nodes import do, run, script, spec, until

from airssys_sdk.component import Trap
from airssys_sdk.errors import UsageError
from airssys_sdk.runtime import DeadReason, MailboxFull, Node, StartFailed, Unrouted
from airssys_sdk.services.messaging import Letter

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("actor-guest")]

MANY = {"intensity": {"restarts": 1000, "within": 60.0}}


def wanting(*patterns: str) -> dict[str, Any]:
    """A section `[subscriptions]`."""
    return {"topics": list(patterns)}


async def noted(node: Node, target: str) -> str | None:
    found: str | None = await do(node, target, ["get", "notes"])
    return found


def note(text: str) -> bytes:
    """A message that has the component note something down in its storage."""
    return script(["note", "notes", text])


def test_a_message_reaches_the_components_that_ask_for_its_topic(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start(spec(actor_wasm, "orders", subscriptions=wanting("orders.*", "orders.#")))
            await node.start(spec(actor_wasm, "errors", subscriptions=wanting("#.error")))
            await node.start(spec(actor_wasm, "nothing"))
            assert await node.publish("orders.created", note("created")) == 1
            assert await node.publish("orders.error", note("error")) == 2
            assert await noted(node, "orders") == "created error "
            assert await noted(node, "errors") == "error "
            assert await noted(node, "nothing") is None
            assert node.metrics("orders").handled == 3

    run(scenario)


def test_what_is_published_comes_from_the_host_and_wants_no_answer(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start(spec(actor_wasm, subscriptions=wanting("news")))
            # What a component was given is seen in the letter that it crashes on.
            assert await node.publish("news", script(["crash", "x"]), "application/json") == 1
            letter = await until(lambda: _crashed(node))
            assert str(letter.sender) == "airssys/host/0"
            assert (letter.reply_to, letter.correlation, letter.callback) == (None, None, False)
            assert letter.content_type == "application/json"

    async def _crashed(node: Node) -> Letter | None:
        payload = node.dead_letters[0].payload if node.dead_letters else None
        return payload if isinstance(payload, Letter) else None

    run(scenario)


def test_a_component_stays_subscribed_when_it_crashes_and_a_new_version_says_what_it_wants(
    actor_wasm: Path,
) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start(spec(actor_wasm, subscriptions=wanting("a", "b"), supervision=MANY))
            with pytest.raises(Trap):
                await do(node, "a", ["crash", "x"])
            assert await node.publish("a", note("after-crash")) == 1
            await node.deploy("a", spec(actor_wasm, subscriptions=wanting("b", "c")))
            assert await node.publish("a", note("gone")) == 0
            assert await node.publish("b", note("kept")) == 1
            assert await node.publish("c", note("new")) == 1
            # A version that does not get ready changes nothing.
            failing = spec(actor_wasm, subscriptions=wanting("d"), config={"initialize": [["refuse", "no"]]})
            with pytest.raises(StartFailed):
                await node.deploy("a", failing)
            assert await node.publish("d", note("never")) == 0
            await node.rollback("a", 1)
            assert await node.publish("a", note("again")) == 1
            assert await node.publish("c", note("gone")) == 0
            assert await noted(node, "a") == "after-crash kept new again "
            await node.stop_component("a")
            assert await node.publish("b", note("too-late")) == 0

    run(scenario)


def test_a_full_mailbox_keeps_what_is_published_from_nobody_else(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            for name, room in (("first", 10), ("full", 1), ("last", 10)):
                limits, at_once = {"mailbox": room}, {"shutdown": 0.0}
                listening = wanting("news.#")
                await node.start(
                    spec(actor_wasm, name, subscriptions=listening, limits=limits, supervision=at_once)
                )
            await node.send("full", script(["sleep", 60_000]))
            await until(lambda: _depth(node, 0))
            assert await node.publish("news", note("one")) == 3
            assert await node.publish("news", note("two")) == 2
            (letter,) = node.dead_letters
            assert (letter.target, letter.reason) == ("test/full/0", DeadReason.REFUSED)
            assert isinstance(letter.payload, Letter)
            assert letter.payload.payload == note("two")
            assert isinstance(letter.error, MailboxFull)
            assert [await noted(node, name) for name in ("first", "last")] == ["one two ", "one two "]
            assert node.metrics("full").refused == 1
            assert node.metrics("full").depth == 1

    async def _depth(node: Node, wanted: int) -> bool:
        return node.metrics("full").depth == wanted

    run(scenario)


def test_a_message_that_no_component_asks_for_is_counted_and_told(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start(spec(actor_wasm, subscriptions=wanting("news.*")))
            with node.events.listen(Unrouted) as told:
                assert await node.publish("news", b"unheard") == 0
                event = await anext(told)
            assert event.topic == "news"
            assert isinstance(event.payload, Letter)
            assert event.payload.payload == b"unheard"
            assert node.counters().unrouted == 1
            assert not node.dead_letters
        assert node.counters().unrouted == 1

    run(scenario)


def test_what_cannot_be_published_is_refused(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start(spec(actor_wasm, subscriptions=wanting("#")))
            with pytest.raises(UsageError, match="level 1, '#', holds a wildcard"):
                await node.publish("#", b"x")
            with pytest.raises(TypeError, match="a payload is bytes, not str"):
                await node.publish("news", "x")  # type: ignore[arg-type]
            with pytest.raises(UsageError, match="content type"):
                await node.publish("news", b"x", content_type="a\n")
            assert node.metrics("a").received == 0

    run(scenario)


def test_a_durable_component_has_what_was_published_also_after_its_node_has_stopped(
    actor_wasm: Path, tmp_path: Path
) -> None:
    file = tmp_path / "node.db"
    kept = spec(actor_wasm, "kept", subscriptions=wanting("news"), runtime={"durable": True})
    other = spec(actor_wasm, "other", subscriptions=wanting("news"))

    async def first() -> None:
        async with Node(file, patience=30) as node:
            await node.start(kept)
            await node.start(other)
            await node.send("kept", script(["sleep", 1000]))
            # While another process has the file, who needs no file gets the message at once.
            lock = sqlite3.connect(file, isolation_level=None)
            lock.execute("begin immediate")
            published = asyncio.ensure_future(node.publish("news", note("heard")))
            await until(lambda: _received(node, "other"))
            assert not published.done()
            lock.execute("rollback")
            lock.close()
            assert await published == 2
            assert node.metrics("kept").depth == 1

    async def _received(node: Node, name: str) -> int:
        return node.metrics(name).received

    async def second() -> None:
        async with Node(file) as node:
            await node.start(kept)
            assert await noted(node, "kept") == "heard "

    run(first)
    run(second)
