"""The control channel of a node: no client can harm it, whatever it says, however slow it is, however many there are."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import socket
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path

import pytest
from component_nodes import run, until
from control_clients import controlled, folder, raw

from airssys_sdk.errors import UsageError
from airssys_sdk.runtime import Node
from airssys_sdk.runtime.events import ActorStarted
from airssys_sdk.runtime.nodes.client import ControlClient, ControlError
from airssys_sdk.runtime.nodes.control import MOST_CLIENTS
from airssys_sdk.runtime.nodes.sockets import Place
from airssys_sdk.runtime.nodes.wire import MOST_REQUEST

pytestmark = [
    pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="needs Unix domain sockets"),
    pytest.mark.usefixtures(folder.__name__),
]


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"hello",
        b"{",
        b"[]",
        b"null",
        b'"status"',
        b"\xff\xfe",
        b"{}",
        b'{"command": 1}',
        b'{"command": ["status"]}',
        b'{"command": "nothing"}',
        b'{"command": "status", "id": {}}',
        b'{"command": "status", "id": true}',
        b'{"command": "status", "arguments": []}',
        b'{"command": "status", "more": 1}',
        b'{"command": "stop"}',
        b'{"command": "stop", "arguments": {"component": 7}}',
        b'{"command": "logs", "arguments": {"component": "a", "tail": -1}}',
        b'{"command": "stop", "arguments": {"component": "\\ud800"}}',
        b'{"command": "\\ud800"}',
        b'{"command": "status", "id": "\\ud800"}',
        b'{"command": "status", "id": 1e400}',
        b'{"command": "status", "arguments": {"component": "a"}}',
        b'{"command": "stop", "arguments": {"component": "a", "number": 1}}',
        b'{"command": "stop", "arguments": {"component": "a", "\\ud800": 1}}',
        b'{"command": "status", "id": "' + b"x" * 101 + b'"}',
        b'{"command": "status", "id": ' + b"9" * 5000 + b"}",
        b"[" * 60_000,
        b'{"a":' * 10_000,
    ],
)
def test_malformed_input_is_answered_with_an_error_and_the_conversation_goes_on(line: bytes) -> None:
    async def scenario() -> None:
        async with controlled() as (_, control), raw(control) as client:
            client.say(line + b"\n")
            answer = await client.hear()
            assert answer["error"]["message"]
            assert "internal error" not in answer["error"]["message"]
            assert (await client.ask({"id": 7, "command": "status"}))["ok"]["name"] == "shop"

    run(scenario)


def test_random_bytes_never_harm() -> None:
    chance = random.Random(20)  # noqa: S311

    async def scenario() -> None:
        async with controlled() as (_, control):
            for _ in range(100):
                async with raw(control) as client:
                    data = chance.randbytes(chance.randrange(200)).replace(b"\n", b" ")
                    client.say(data + b"\n")
                    assert "error" in await client.hear()
            async with raw(control) as client:
                assert "ok" in await client.ask({"command": "status"})

    run(scenario)


def test_a_line_that_is_too_long_is_refused_and_ends_the_conversation() -> None:
    async def scenario() -> None:
        async with controlled() as (_, control):
            async with raw(control) as client:
                client.say(b"x" * (MOST_REQUEST + 10))
                assert str(MOST_REQUEST) in (await client.hear())["error"]["message"]
                with pytest.raises(asyncio.IncompleteReadError):
                    await client.hear()
            async with raw(control) as client:
                assert "ok" in await client.ask({"command": "status"})

    run(scenario)


def test_the_next_request_ends_a_stream() -> None:
    async def scenario() -> None:
        async with controlled() as (node, control), raw(control) as client:
            client.say(b'{"id": 1, "command": "events"}\n')
            hearing = asyncio.ensure_future(client.hear())

            async def heard() -> bool:
                node.events.publish(ActorStarted("probe", 0))
                return hearing.done()

            await until(heard)
            assert hearing.result()["item"]["name"] == "probe"
            client.say(b'{"id": 2, "command": "status"}\n')
            while (answer := await client.hear())["id"] == 1 and "item" in answer:
                pass
            assert answer == {"id": 1, "end": True}
            assert (await client.hear())["id"] == 2
        assert not node_listens(node)

    def node_listens(node: Node) -> bool:
        with contextlib.suppress(UsageError):
            return node.events.wanted
        return False

    run(scenario)


def test_several_clients_speak_at_once_and_one_too_many_is_sent_away() -> None:
    async def scenario() -> None:
        async with controlled() as (node, control), contextlib.AsyncExitStack() as stack:
            clients = [await stack.enter_async_context(raw(control)) for _ in range(MOST_CLIENTS)]
            answers = await asyncio.gather(*(client.ask({"command": "status"}) for client in clients))
            assert all(answer["ok"]["name"] == "shop" for answer in answers)
            for client in clients:
                client.say(b'{"command": "events"}\n')
            async with asyncio.timeout(60):
                for client in clients:
                    hearing = asyncio.ensure_future(client.hear())
                    while not hearing.done():
                        node.events.publish("an event")
                        await asyncio.sleep(0.01)
                # Nobody is idle, so nobody makes room.
                async with raw(control) as late:
                    assert str(MOST_CLIENTS) in (await late.hear())["error"]["message"]
                clients[0].writer.close()

                async def room() -> bool:
                    async with raw(control) as another:
                        return "ok" in await another.ask({"command": "status"})

                while True:
                    with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                        if await room():
                            break

    run(scenario)


def test_clients_that_ask_nothing_keep_nobody_out() -> None:
    async def scenario() -> None:
        async with controlled() as (_, control), contextlib.AsyncExitStack() as stack:
            clients = [await stack.enter_async_context(raw(control)) for _ in range(MOST_CLIENTS)]
            for client in clients[1:]:
                assert "ok" in await client.ask({"command": "status"})
            async with ControlClient(control.place) as late:
                assert (await late.status()).name == "shop"
            # The first has been idle for longest: it is told why it has to go.
            assert "asked nothing for longest" in (await clients[0].hear())["error"]["message"]
            with pytest.raises(asyncio.IncompleteReadError):
                await clients[0].hear()
            for client in clients[1:]:
                assert "ok" in await client.ask({"command": "status"})

    run(scenario)


def test_an_argument_that_a_command_does_not_have_is_named_and_nothing_is_done() -> None:
    done = list[Mapping[str, object]]()

    async def back(arguments: Mapping[str, object]) -> object:
        done.append(arguments)
        return None

    async def scenario() -> None:
        async with controlled() as (_, control), ControlClient(control.place) as client:
            control.register("back", back, takes=("component", "to"))
            with pytest.raises(ControlError, match="the command 'back' has no argument 'number'") as refused:
                await client.call("back", component="a", number=1)
            assert refused.value.hint == "its arguments are component, to"
            assert done == []
            await client.call("back", component="a", to=1)
            assert done == [{"component": "a", "to": 1}]

    run(scenario)


def test_a_client_that_does_not_read_is_dropped_and_the_others_are_not() -> None:
    async def flood(_: Mapping[str, object]) -> AsyncGenerator[object, None]:
        try:
            while True:
                sent.append(None)
                yield "x" * 10_000
        finally:
            over.set()

    sent: list[None] = []
    over = asyncio.Event()

    async def scenario() -> None:
        async with controlled(patience=0.2) as (_, control), raw(control) as other:
            control.register("flood", flood)
            with socket.socket(socket.AF_UNIX) as slow:
                slow.connect(os.fspath(control.place.path))
                slow.send(b'{"command": "flood"}\n')
                await over.wait()
                # What fits into the buffers of the system and of one transport is a few hundred kilobytes.
                assert 0 < len(sent) < 500
                assert "ok" in await other.ask({"command": "status"})

    run(scenario)


def test_a_watcher_that_is_too_slow_is_told_how_much_it_lost() -> None:
    async def scenario() -> None:
        async with controlled() as (node, control), raw(control) as client:
            client.say(b'{"command": "events"}\n')

            hearing = asyncio.ensure_future(client.hear())

            async def heard() -> bool:
                node.events.publish(ActorStarted("first", 0))
                return hearing.done()

            await until(heard)
            for number in range(5000):  # in one go: nobody can read in between
                node.events.publish(ActorStarted("many", number))
            lost = 0
            while not lost:
                item = (await client.hear())["item"]
                if item["event"] == "lost":
                    lost = item["count"]
            assert 3500 < lost < 5000

    run(scenario)


def test_a_node_that_stops_ends_streams_and_lets_commands_finish() -> None:
    async def slow(_: Mapping[str, object]) -> object:
        began.set()
        await asyncio.sleep(0.1)
        return "done"

    began = asyncio.Event()

    async def scenario() -> None:
        before = asyncio.all_tasks()
        async with controlled() as (_, control):
            control.register("slow", slow)
            client = ControlClient(control.place)
            listening = asyncio.ensure_future(collect(client))
            answer = asyncio.ensure_future(client.call("slow"))
            await began.wait()
        assert await answer == "done"
        assert await listening == 0
        with pytest.raises(ControlError, match="cannot be reached"):
            await client.status()
        await asyncio.sleep(0)
        assert asyncio.all_tasks() == before

    async def collect(client: ControlClient) -> int:
        return len([event async for event in client.events()])

    run(scenario)


@pytest.mark.parametrize("begun", [b"", b'{"ok"'])
def test_a_node_that_ends_before_or_in_an_answer_is_said_to_have_ended(folder: Path, begun: bytes) -> None:
    async def half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\n")
        writer.write(begun)
        writer.close()

    async def scenario() -> None:
        async with await asyncio.start_unix_server(half, place.path):
            with pytest.raises(ControlError, match="the node has ended, or hung up, before it answered"):
                await ControlClient(place).call("status")
            assert [item async for item in ControlClient(place).stream("logs")] == []

    folder.mkdir(mode=0o700)
    place = Place("gone", os.getpid(), folder / "gone.sock")
    run(scenario)
