"""What becomes of a message, for each way to send it and each thing that can happen to its target."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any

import pytest
from component_nodes import do, messaging, run, script, spec, until

from airssys_sdk.component import DeadlineExceeded, FuelExhausted, MemoryExhausted, Trap
from airssys_sdk.runtime import ActorNotFound, DeadReason, Exit, ExitKind, MailboxFull, Node
from airssys_sdk.runtime.events import ActorFailed
from airssys_sdk.services.messaging import Letter

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("actor-guest")]

ALL = messaging(send=["test/**"], request=["test/**"], broadcast=["test/**"])
ERROR = "application/vnd.airssys.messaging-error"
LIMITS = {"fuel": 400_000_000, "memory": 64 * 1024**2, "deadline": 0.5}
MINUTE = 60_000
"""Milliseconds; what is told sooner was told at once."""

BEYOND = [
    pytest.param('[["crash", "boom"]]', Trap, id="traps"),
    pytest.param('[["spin", 10000000]]', FuelExhausted, id="fuel"),
    pytest.param('[["grow", 536870912]]', MemoryExhausted, id="memory"),
    pytest.param('[["sleep", 3600000]]', DeadlineExceeded, id="time"),
]


async def callbacks(node: Node, count: int) -> list[list[Any]]:
    """What `handle-callback` of the component a got, once it has been called so often."""

    async def enough() -> list[list[Any]]:
        found: list[list[Any]] = await do(node, "a", ["callbacks"])
        return found if len(found) >= count else []

    return await until(enough)


def payload(letter: object) -> bytes:
    assert isinstance(letter, Letter)
    return letter.payload


def test_nobody_is_told_what_a_handler_returns_to_a_plain_message(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start(spec(actor_wasm, "a", permissions=ALL))
            await node.start(spec(actor_wasm, "b"))
            await do(node, "a", ["send", "test/b/0", "echo"], ["broadcast", ["test/b/0"], "echo"])
            assert await do(node, "b", ["count"]) == 1  # behind both in its mailbox
            assert await do(node, "a", ["callbacks"]) == []
            assert (node.metrics("b").handled, node.metrics("a").received) == (3, 2)

    run(scenario)


def test_a_reported_failure_of_a_plain_message_is_logged_and_no_life_ends(
    actor_wasm: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start(spec(actor_wasm, "a", permissions=ALL))
            await node.start(spec(actor_wasm, "b"))
            with caplog.at_level(logging.WARNING, "airssys.runtime"):
                await do(node, "a", ["send", "test/b/0", '[["fail", "not today"]]'])
                assert await do(node, "b", ["count"]) == 1
            assert [one for one in caplog.messages if "test/b/0" in one and "not today" in one]
            assert await do(node, "a", ["callbacks"]) == []
            assert (node.metrics("b").failed, node.counters().restarts, list(node.dead_letters)) == (1, 0, [])

    run(scenario)


@pytest.mark.parametrize(("message", "error"), BEYOND)
def test_whatever_ends_a_life_each_sender_hears_what_is_meant_for_it(
    actor_wasm: Path, message: str, error: type[Exception]
) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start(spec(actor_wasm, "a", permissions=ALL))
            many = {"on_crash": "retry:1", "intensity": {"restarts": 9, "within": 60.0}}
            many["backoff"] = {"base": 0.001, "factor": 1.0, "max": 0.001}
            await node.start(spec(actor_wasm, "b", limits=LIMITS, supervision=many))
            with node.events.listen(ActorFailed) as failures:
                # A request is not tried again: whoever asked hears of the first failure.
                correlation = await do(node, "a", ["request", "test/b/0", message, MINUTE])
                [[answered, sender, content_type, text]] = await callbacks(node, 1)
                assert (answered, sender, content_type) == (correlation, "test/b/0", ERROR)
                assert text.startswith('delivery-failed("test/b/0: ')
                with pytest.raises(error):
                    await node.ask("b", message.encode())
                assert not node.dead_letters
                # A plain message is, as often as the policy says; then it is a dead letter.
                await do(node, "a", ["send", "test/b/0", message])
                assert await do(node, "b", ["count"]) == 1
                ends = [await anext(failures) for _ in range(4)]
            assert {one.name for one in ends} == {"test/b/0"}
            assert all(isinstance(one.error, error) for one in ends)
            [letter] = node.dead_letters
            assert (letter.reason, payload(letter.payload)) == (DeadReason.CRASHED, message.encode())
            assert await do(node, "a", ["callbacks"]) == [[answered, sender, content_type, text]]
            assert node.counters().restarts == 4
            metrics = node.metrics("b")
            assert (metrics.handled, metrics.failed, metrics.dead_lettered) == (1, 2, 1)

    run(scenario)


def test_a_request_that_waits_is_answered_by_the_next_life_and_by_the_next_version(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start(spec(actor_wasm, "a", permissions=ALL))
            await node.start(spec(actor_wasm, "b"))
            crashing = asyncio.create_task(do(node, "b", ["sleep", 100], ["crash", "boom"]))
            await until(lambda: _busy(node))
            await do(node, "a", ["request", "test/b/0", '[["count"]]', MINUTE])
            with pytest.raises(Trap):
                await crashing
            assert [one[3] for one in await callbacks(node, 1)] == ["1"]

            sleeping = asyncio.create_task(do(node, "b", ["sleep", 300]))
            await until(lambda: _busy(node))
            await do(node, "a", ["request", "test/b/0", '[["config"]]', MINUTE])
            await node.deploy("b", spec(actor_wasm, "b", config={"next": 1}))
            await sleeping
            second = (await callbacks(node, 2))[1]
            assert second[2] is None
            assert '"next": 1' in second[3]

    run(scenario)


def test_a_request_that_waits_where_no_life_follows_is_told_so_at_once(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start(spec(actor_wasm, "a", permissions=ALL))
            await node.start(spec(actor_wasm, "b"))
            sleeping = asyncio.create_task(do(node, "b", ["sleep", 100]))
            await until(lambda: _busy(node))
            waiting = [["send", "test/b/0", "plain"], ["request", "test/b/0", "ping", MINUTE]]
            correlation = await do(node, "a", *waiting)
            assert await node.stop_component("b") == Exit(ExitKind.SHUTDOWN)
            assert await sleeping is None  # it had begun
            [[answered, sender, content_type, text]] = await callbacks(node, 1)
            assert (answered, sender, content_type) == (correlation, "test/b/0", ERROR)
            assert text.startswith('delivery-failed("')
            assert "stopped before it came to the message" in text
            letters = [(letter.reason, payload(letter.payload)) for letter in node.dead_letters]
            assert letters == [(DeadReason.STOPPED, b"plain"), (DeadReason.STOPPED, b"ping")]

    run(scenario)


def test_a_callback_to_a_component_that_is_gone_is_a_dead_letter(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start(spec(actor_wasm, "b", permissions=ALL))
            asking = ["request", "test/b/0", "ping", MINUTE]  # of itself, so that both ends are gone
            sleeping = asyncio.create_task(do(node, "b", asking, ["sleep", 100]))
            await until(lambda: _busy(node))
            await node.stop_component("b")
            await sleeping
            question, answer = node.dead_letters
            assert (question.reason, answer.reason) == (DeadReason.STOPPED, DeadReason.STOPPED)
            assert payload(question.payload) == b"ping"
            assert isinstance(answer.payload, Letter)
            assert answer.payload.fault is not None
            assert answer.payload.fault.case == "delivery-failed"

    run(scenario)


def test_a_guest_never_waits_for_room_whatever_the_host_does(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node(overflow="block") as node:
            await node.start(spec(actor_wasm, "a", permissions=ALL))
            await node.start(spec(actor_wasm, "b", limits={"mailbox": 1}))
            busy = asyncio.create_task(do(node, "b", ["sleep", 300]))
            await until(lambda: _busy(node))
            await node.send("b", script(["count"]))
            host = asyncio.create_task(node.send("b", script(["count"])))
            message = "test/b/0", "x"
            for operation in (
                ["send", *message],
                ["request", *message, MINUTE],
                ["broadcast", ["test/b/0"], "x"],
            ):
                assert await do(node, "a", ["try", [operation]]) == ["QueueFull", None]
            assert not host.done()  # the host waits
            await busy
            await host
            assert await do(node, "b", ["count"]) == 3
            assert await do(node, "a", ["callbacks"]) == []

    run(scenario)


@pytest.mark.parametrize("durable", [False, True])
def test_an_answer_is_not_refused_by_a_full_mailbox(actor_wasm: Path, tmp_path: Path, durable: bool) -> None:
    async def scenario() -> None:
        async with Node(tmp_path / "node.db") as node:
            small = {"mailbox": 1}
            await node.start(
                spec(actor_wasm, "a", permissions=ALL, limits=small, runtime={"durable": durable})
            )
            await node.start(spec(actor_wasm, "b"))
            correlation = await do(node, "a", ["request", "test/b/0", '[["sleep", 50]]', MINUTE])
            busy = asyncio.create_task(do(node, "a", ["sleep", 1000]))
            await until(lambda: _busy(node, "a"))
            await node.send("a", script(["count"]))
            assert await do(node, "b", ["count"]) == 1  # it has answered
            assert not busy.done()
            with pytest.raises(MailboxFull):
                await node.send("a", script(["count"]))
            await busy
            assert [one[0] for one in await callbacks(node, 1)] == [correlation]
            assert await do(node, "a", ["count"]) == 2

    run(scenario)


def test_as_many_requests_are_open_as_messages_may_wait(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start(spec(actor_wasm, "a", permissions=ALL, limits={"mailbox": 2}))
            await node.start(spec(actor_wasm, "b"))
            asking = ["request", "test/b/0", '[["sleep", 100]]', MINUTE]
            first = await do(node, "a", asking, asking, ["try", [asking]])
            assert first == ["QueueFull", None]
            assert node.open_requests("a") == 2
            await callbacks(node, 2)
            assert len(await do(node, "a", ["try", [asking]])) > 10  # an id

    run(scenario)


def test_the_host_hears_of_a_target_that_is_not_there(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start(spec(actor_wasm, "a"))
            for attempt in (node.send("test/gone/0", b"x"), node.ask("test/gone/0", b"x")):
                with pytest.raises(ActorNotFound, match="test/gone/0"):
                    await attempt
            assert node.counters().messages.received == 0

    run(scenario)


async def _busy(node: Node, target: str = "b") -> int:
    return node.metrics(target).in_progress


async def _none_wait(node: Node, target: str) -> bool:
    return not node.metrics(target).depth
