"""Messages between guests: every outcome of send, request, cancel and broadcast, with real components on a real node."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from component_nodes import do, messaging, run, script, spec, until

from airssys_sdk.component import Trap
from airssys_sdk.runtime import ActorNotFound, ComponentFailed, DeadReason, MailboxFull, Node, RequestTimeout
from airssys_sdk.runtime.events import MessageFailed
from airssys_sdk.security import AuditLog, AuditRecord
from airssys_sdk.services.messaging import Letter

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("actor-guest")]

ALL = messaging(send=["test/**"], request=["test/**"], broadcast=["test/**"])
ERROR = "application/vnd.airssys.messaging-error"


class Denials:
    def __init__(self) -> None:
        self.records: list[AuditRecord] = []

    def write(self, record: AuditRecord) -> None:
        self.records.append(record)


async def callbacks(node: Node, target: str = "a") -> list[list[Any]]:
    """What the guest's `handle-callback` got so far: id, sender, content type, payload of each."""
    found: list[list[Any]] = await do(node, target, ["callbacks"])
    return found


def test_a_message_from_one_guest_reaches_another(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start(spec(actor_wasm, "a", permissions=ALL))
            await node.start(spec(actor_wasm, "b"))
            assert await do(node, "a", ["send", "test/b/0", '[["count"]]']) is None
            assert await do(node, "b", ["count"]) == 2

    run(scenario)


def test_a_component_may_send_to_itself_before_it_is_ready(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            config = {"initialize": [["send", "test/a/0", '[["count"]]']]}
            await node.start(spec(actor_wasm, "a", permissions=ALL, config=config))
            assert await do(node, "a", ["count"]) == 2

    run(scenario)


def test_the_host_asks_and_gets_the_payload_or_none(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start(spec(actor_wasm))
            assert await node.ask("test/a/0", b"\x00\xffhello") == b"\x00\xffhello"
            assert await node.ask("test/a/0", script(["value", None])) is None
            sender, correlation, reply_to, content_type, seconds = await do(node, "a", "who")
            assert (sender, reply_to, content_type) == ("airssys/host/0", "airssys/host/0", None)
            assert correlation
            assert seconds > 1_700_000_000

    run(scenario)


def test_a_request_comes_back_as_a_callback_with_its_id(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start(spec(actor_wasm, "a", permissions=ALL))
            await node.start(spec(actor_wasm, "b"))
            first = await do(node, "a", ["request", "test/b/0", "ping", 60_000])
            second = await do(node, "a", ["request", "test/b/0", '[["value", null]]', 60_000])
            assert first != second
            await until(lambda: _enough(node, 2))
            assert await callbacks(node) == [
                [first, "test/b/0", None, "ping"],
                [second, "test/b/0", None, ""],
            ]

    run(scenario)


async def _enough(node: Node, count: int) -> bool:
    return len(await callbacks(node)) >= count


def test_a_request_that_fails_calls_back_with_the_error_as_wave_text(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start(spec(actor_wasm, "a", permissions=ALL))
            await node.start(spec(actor_wasm, "b"))
            failed = await do(node, "a", ["request", "test/b/0", '[["fail", "not today"]]', 60_000])
            await until(lambda: _enough(node, 1))
            crashed = await do(node, "a", ["request", "test/b/0", '[["crash", "boom"]]', 60_000])
            await until(lambda: _enough(node, 2))
            first, second = await callbacks(node)
            assert first == [
                failed,
                "test/b/0",
                ERROR,
                'delivery-failed("test/b/0: runtime-error: not today")',
            ]
            assert second[:3] == [crashed, "test/b/0", ERROR]
            assert second[3].startswith('delivery-failed("test/b/0: ')
            assert "ValueError: boom" in second[3]

    run(scenario)


def test_a_request_that_is_not_answered_in_time_calls_back_once_and_the_late_answer_is_counted(
    actor_wasm: Path,
) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start(spec(actor_wasm, "a", permissions=ALL))
            await node.start(spec(actor_wasm, "b"))
            busy = asyncio.create_task(do(node, "b", ["sleep", 400]))
            correlation = await do(node, "a", ["request", "test/b/0", "ping", 20])
            await until(lambda: _enough(node, 1))
            timed_out = [correlation, "test/b/0", ERROR, f'correlation-timeout("{correlation}")']
            assert await callbacks(node) == [timed_out]
            await busy
            await do(node, "b", ["count"])  # behind the late request in b's mailbox
            assert await callbacks(node) == [timed_out]
            assert node.counters().late == 1

    run(scenario)


def test_a_cancelled_request_never_calls_back(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start(spec(actor_wasm, "a", permissions=ALL))
            await node.start(spec(actor_wasm, "b"))
            correlation = await do(node, "a", ["request", "test/b/0", '[["sleep", 50]]', 60_000])
            assert await do(node, "a", ["try", [["cancel", correlation]]]) is None
            await do(node, "b", ["count"])
            assert await callbacks(node) == []
            case, text = await do(node, "a", ["try", [["cancel", correlation]]])
            assert case == "InvalidMessage"
            assert correlation in text
            assert node.counters().late == 1

    run(scenario)


def test_a_callback_may_itself_send_and_request(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start(spec(actor_wasm, "a", permissions=ALL))
            await node.start(spec(actor_wasm, "b"))
            then = [["request", "test/b/0", "second", 60_000]]
            await do(node, "a", ["request", "test/b/0", "first", 60_000, then])
            await until(lambda: _enough(node, 2))
            assert [payload for *_, payload in await callbacks(node)] == ["first", "second"]

    run(scenario)


def test_an_answer_reaches_the_successor_of_a_component_that_crashed_meanwhile(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start(spec(actor_wasm, "a", permissions=ALL))
            await node.start(spec(actor_wasm, "b"))
            correlation = await do(node, "a", ["request", "test/b/0", '[["sleep", 50]]', 60_000])
            with pytest.raises(Trap):
                await do(node, "a", ["crash", "now"])
            await until(lambda: _enough(node, 1))
            assert await callbacks(node) == [[correlation, "test/b/0", None, ""]]
            assert await do(node, "a", ["count"]) == 1

    run(scenario)


def test_a_broadcast_reaches_everybody_who_accepts_it_and_says_who_did_not(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start(spec(actor_wasm, "a", permissions=ALL))
            await node.start(spec(actor_wasm, "b"))
            await node.start(spec(actor_wasm, "b", instance="1"))
            names = ["test/b/0", "test/gone/0", "other/b/0", "test/b/1"]
            case, text = await do(node, "a", ["try", [["broadcast", names, '[["count"]]']]])
            assert case == "DeliveryFailed"
            assert "2 of 4 targets" in text
            assert "test/gone/0: target-not-found; other/b/0: permission denied" in text
            assert await do(node, "test/b/0", ["count"]) == 2
            assert await do(node, "test/b/1", ["count"]) == 2
            assert await do(node, "a", ["try", [["broadcast", ["test/b/0", "test/b/1"], "x"]]]) is None

    run(scenario)


def test_a_denied_target_names_the_missing_permission_and_is_audited(actor_wasm: Path) -> None:
    async def scenario() -> None:
        denials = Denials()
        async with Node(audit=AuditLog([denials])) as node:
            await node.start(spec(actor_wasm, "a", permissions=messaging(send=["test/b/*"])))
            await node.start(spec(actor_wasm, "c"))
            for operation, key in (
                (["send", "test/c/0", "x"], "permissions.messaging.send"),
                (["request", "test/b/0", "x", 1000], "permissions.messaging.request"),
                (["broadcast", ["test/b/0"], "x"], "permissions.messaging.broadcast"),
                (["send", "test/nobody/0", "x"], "permissions.messaging.send"),
            ):
                case, text = await do(node, "a", ["try", [operation]])
                assert case == "DeliveryFailed"
                assert key in text
                assert (denials.records[-1].policy, denials.records[-1].principal) == (key, "test/a/0")
            assert node.metrics("c").received == 0
            assert node.counters().denials == len(denials.records) == 4

    run(scenario)


def test_a_denial_that_the_guest_does_not_catch_is_a_crash_that_names_it(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start(spec(actor_wasm, "a"))
            with pytest.raises(Trap, match=r"let Err\(MessagingError_DeliveryFailed\) escape"):
                await do(node, "a", ["send", "test/b/0", "x"])
            assert await do(node, "a", ["count"]) == 1

    run(scenario)


def test_a_missing_target_is_named(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start(spec(actor_wasm, "a", permissions=ALL))
            for operation in (["send", "test/gone/0", "x"], ["request", "test/gone/0", "x", 1000]):
                assert await do(node, "a", ["try", [operation]]) == ["TargetNotFound", "test/gone/0"]
            with pytest.raises(ActorNotFound, match="test/a/0"):
                await node.ask("test/gone/0", b"x")

    run(scenario)


def test_a_full_mailbox_is_queue_full_to_a_guest_and_an_error_to_the_host(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start(spec(actor_wasm, "a", permissions=ALL))
            await node.start(spec(actor_wasm, "b", limits={"mailbox": 2}))
            busy = asyncio.create_task(do(node, "b", ["sleep", 300]))
            await do(node, "a", ["value", 1])
            sends = [["send", "test/b/0", '[["count"]]']] * 2
            assert await do(node, "a", *sends) is None
            assert await do(node, "a", ["try", sends[:1]]) == ["QueueFull", None]
            assert await do(node, "a", ["try", [["request", "test/b/0", "x", 1000]]]) == ["QueueFull", None]
            with pytest.raises(MailboxFull):
                await node.send("b", b"x")
            await busy
            assert await do(node, "b", ["count"]) == 3
            assert node.metrics("b").refused == 3

    run(scenario)


def test_the_host_can_wait_for_room_instead(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node(overflow="block") as node:
            await node.start(spec(actor_wasm, "b", limits={"mailbox": 2}))
            answers = await asyncio.gather(*(do(node, "b", ["count"]) for _ in range(20)))
            assert sorted(answers) == list(range(1, 21))

    run(scenario)


def test_a_reported_failure_reaches_the_host_and_the_component_goes_on(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start(spec(actor_wasm))
            with node.events.listen(MessageFailed) as failures:
                assert await do(node, "a", ["count"]) == 1
                with pytest.raises(ComponentFailed, match="not today") as raised:
                    await do(node, "a", ["fail", "not today"])
                assert raised.value.case == "runtime-error"
                await node.send("a", script(["fail", "nor tomorrow"]))
                assert await do(node, "a", ["count"]) == 2
                assert "not today" in str((await anext(failures)).error)
                assert "nor tomorrow" in str((await anext(failures)).error)
            metrics = node.metrics("a")
            assert (metrics.handled, metrics.failed, metrics.dead_lettered) == (2, 2, 0)

    run(scenario)


def test_the_host_stops_waiting_and_the_late_answer_is_counted(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start(spec(actor_wasm))
            with pytest.raises(RequestTimeout):
                await do(node, "a", ["sleep", 100], timeout=0.01)
            assert await do(node, "a", ["count"]) == 1
            assert node.counters().late == 1

    run(scenario)


def test_a_request_of_the_host_that_is_cancelled_is_counted_and_so_is_its_late_answer(
    actor_wasm: Path,
) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start(spec(actor_wasm, "a"))
            asked = asyncio.ensure_future(do(node, "a", ["sleep", 50]))
            await until(lambda: _begun(node))
            asked.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asked
            assert node.counters().late == 0
            await do(node, "a", ["value", 1])
            assert node.counters().late == 1
            assert node.metrics("a").handled == 2

    async def _begun(node: Node) -> int:
        return node.metrics("a").in_progress

    run(scenario)


def test_messages_wait_for_the_successor_and_end_as_dead_letters_without_one(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            once = {"intensity": {"restarts": 1, "within": 60.0}}
            await node.start(spec(actor_wasm, supervision=once))
            for payload in (["crash", "first"], ["count"]):
                await node.send("a", script(payload))
            assert await do(node, "a", ["count"]) == 2
            asking = asyncio.create_task(do(node, "a", ["sleep", 20], ["crash", "second"]))
            await asyncio.sleep(0)
            waiting = asyncio.create_task(do(node, "a", ["count"]))
            await asyncio.sleep(0)
            await node.send("a", b"left behind")
            with pytest.raises(Trap):
                await asking
            with pytest.raises(Exception, match="stopped before it came to the message"):
                await waiting
            reasons = [(letter.reason, _payload(letter.payload)) for letter in node.dead_letters]
            assert reasons == [
                (DeadReason.CRASHED, script(["crash", "first"])),
                (DeadReason.STOPPED, script(["count"])),
                (DeadReason.STOPPED, b"left behind"),
            ]
            assert list(node.components()) == []

    run(scenario)


def _payload(message: object) -> bytes:
    assert isinstance(message, Letter)
    return message.payload
