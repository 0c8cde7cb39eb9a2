"""The control channel of a node: where it is, what it answers, who adds to it."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path
from typing import Any

import pytest
from component_nodes import do, run, spec, until
from control_clients import controlled, folder

from airssys_sdk.errors import AirssysError, UsageError
from airssys_sdk.runtime import Node
from airssys_sdk.runtime.events import ActorStarted
from airssys_sdk.runtime.nodes import sockets
from airssys_sdk.runtime.nodes.client import ControlClient, ControlError
from airssys_sdk.runtime.nodes.outline import Outline
from airssys_sdk.runtime.nodes.sockets import ControlUnavailable
from airssys_sdk.runtime.state import State

pytestmark = [
    pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="needs Unix domain sockets"),
    pytest.mark.usefixtures(folder.__name__),
]
guest = pytest.mark.slow
together = pytest.mark.xdist_group("actor-guest")


def test_the_socket_is_for_its_user_alone_and_goes_with_the_node(folder: Path) -> None:
    async def scenario() -> None:
        async with controlled() as (_, control):
            path = control.place.path
            assert path == folder / f"shop.{os.getpid()}.sock"
            assert [stat.S_IMODE(os.stat(one).st_mode) for one in (folder, path)] == [0o700, 0o600]  # noqa: PTH116
            assert sockets.places() == [control.place]
            assert sockets.find("shop") == sockets.find(str(os.getpid())) == sockets.find(None)
        assert os.listdir(folder) == []  # noqa: PTH208
        assert sockets.places() == []

    run(scenario)


def test_what_a_killed_node_left_behind_is_recognised_and_removed(folder: Path) -> None:
    program = (
        "import os, signal; from airssys_sdk.runtime.nodes import sockets\n"
        "listening, place = sockets.bind('lost'); print(place.path, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    left = Path(done.stdout.strip())
    assert left.parent == folder
    assert left.exists()
    with pytest.raises(UsageError, match="no node of yours runs here"):
        sockets.find(None)
    assert not left.exists()


def test_a_folder_that_others_can_enter_is_not_used(folder: Path) -> None:
    folder.mkdir(mode=0o755)
    folder.chmod(0o755)
    with pytest.raises(ControlUnavailable, match="closed to others"):
        sockets.bind("shop")
    folder.rmdir()
    elsewhere = folder.with_name("elsewhere")
    elsewhere.mkdir(mode=0o700)
    folder.symlink_to(elsewhere)
    with pytest.raises(ControlUnavailable, match="closed to others"):
        sockets.bind("shop")


@pytest.mark.parametrize("name", ["", "-a", "a-", "A", "a/b", "../a", "a.b", "x" * 41, "ä"])
def test_names_that_could_lead_elsewhere_are_refused(name: str) -> None:
    with pytest.raises(UsageError, match="cannot name a node"):
        sockets.bind(name)


def test_a_runtime_folder_with_a_long_path_is_passed_over(
    monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    deep = folder.parent / ("x" * 60)
    deep.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(deep))
    monkeypatch.setenv("AIRSSYS_CACHE_DIR", str(folder.parent))
    assert sockets.folder() == folder.parent / "nodes"
    monkeypatch.setenv("AIRSSYS_CACHE_DIR", str(deep))
    assert sockets.folder() == Path(tempfile.gettempdir()) / f"airssys-sdk-{os.geteuid()}"


@guest
@together
def test_status_tells_the_tree_and_everything_that_is_measured(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with controlled() as (node, control), ControlClient(control.place) as client:
            await node.start(spec(actor_wasm, limits={"memory": 100 << 20}))
            await do(node, "a", ["set", "key", "value"])
            status = await client.status()
            assert (status.name, status.process) == ("shop", os.getpid())
            there = node.metrics_snapshot()
            assert status.snapshot.component("test/a/0") == there.component("test/a/0")
            assert status.snapshot.messages == there.messages
            assert status.tree == node.outline()

    run(scenario)


@guest
@together
def test_the_tree_says_who_supervises_whom_and_how_they_are(actor_wasm: Path) -> None:
    def shape(outline: Outline) -> tuple[str, str, str, list[Any]]:
        return (outline.name, outline.kind, outline.state.value, [shape(child) for child in outline.children])

    async def scenario() -> None:
        async with Node() as node:
            await node.start(spec(actor_wasm, "a"))
            await node.start(spec(actor_wasm, "b", supervision={"backoff": {"base": 3600.0, "max": 3600.0}}))
            for _ in range(2):  # the first restart is immediate
                with pytest.raises(AirssysError):
                    await do(node, "b", ["crash", "now"])

            async def down() -> bool:
                return any(one.state is State.DOWN for one in node.metrics_snapshot().components)

            await until(down)
            below = [("test/a/0", "component", "running", []), ("test/b/0", "component", "down", [])]
            assert shape(node.outline()) == (
                "root",
                "supervisor",
                "running",
                [(f"{one[0]} (supervisor)", "supervisor", "running", [one]) for one in below],
            )

    run(scenario)


@guest
@together
def test_events_arrive_as_they_happen_without_the_content_of_messages(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with controlled() as (node, control), ControlClient(control.place) as client:
            events = client.events()
            first = asyncio.ensure_future(anext(events))

            async def listened() -> bool:
                node.events.publish(ActorStarted("probe", 0))
                return first.done()

            await until(listened)
            assert first.result() == {"event": "actor-started", "name": "probe", "restarts": 0}
            await node.start(spec(actor_wasm))
            await node.send("a", b'[["crash", "\\u001b[31msecret"]]')
            seen: dict[str, dict[str, Any]] = {}
            async for event in events:
                seen.setdefault(event["event"], event)
                if "dead-letter" in seen:
                    break
            await events.aclose()
            assert seen["dead-letter"]["target"] == "test/a/0"
            assert seen["dead-letter"]["reason"] == "crashed"
            assert "secret" not in seen["dead-letter"]["payload"]
            assert "\x1b" not in json.dumps(seen, ensure_ascii=False)

    run(scenario)


@guest
@together
def test_logs_begin_with_the_last_lines_of_that_component_and_go_on(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with controlled() as (node, control), ControlClient(control.place) as client:
            await node.start(spec(actor_wasm, "a"))
            await node.start(spec(actor_wasm, "b"))
            for number in range(5):
                await do(node, "a", ["log", "warn", f"line {number}"])
            await do(node, "b", ["log", "error", "of another"])
            logs = client.logs("a", tail=2)
            assert [(await anext(logs)).text for _ in range(2)] == ["line 3", "line 4"]
            await do(node, "a", ["log", "error", "new\x1b[2J\nsecond"])
            line = await anext(logs)
            assert (line.component, line.level, line.lost) == ("test/a/0", "error", 0)
            assert line.text == "new\\x1b[2J\\nsecond"
            await logs.aclose()
            with pytest.raises(ControlError, match="no component 'nobody'"):
                await anext(client.logs("nobody"))

    run(scenario)


@guest
@together
def test_a_component_is_stopped_from_outside(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with controlled() as (node, control), ControlClient(control.place) as client:
            await node.start(spec(actor_wasm, "a"))
            await node.start(spec(actor_wasm, "b"))
            assert await client.stop("a") == "shutdown"
            assert [str(one) for one in node.components()] == ["test/b/0"]
            with pytest.raises(ControlError, match="no component 'a' runs") as raised:
                await client.stop("a")
            assert raised.value.hint == "components that run: test/b/0"

    run(scenario)


def test_others_add_commands_that_answer_once_or_in_a_stream() -> None:
    async def double(arguments: Mapping[str, object]) -> object:
        return {"doubled": str(arguments["text"]) * 2}

    async def count(arguments: Mapping[str, object]) -> AsyncGenerator[object, None]:
        for number in range(3):
            yield {"number": number}
        raise UsageError("no more", hint="ask for less")

    async def broken(arguments: Mapping[str, object]) -> object:
        raise ValueError("a secret of the host")

    async def no_json(arguments: Mapping[str, object]) -> object:
        return object()

    async def scenario() -> None:
        async with controlled() as (_, control), ControlClient(control.place) as client:
            for name, handler in (("double", double), ("broken", broken), ("no-json", no_json)):
                control.register(name, handler, takes=("text",))
            control.register("count", count)
            assert await client.call("double", text="ab") == {"doubled": "abab"}
            counting = client.stream("count")
            assert [await anext(counting) for _ in range(3)] == [{"number": number} for number in range(3)]
            with pytest.raises(ControlError, match="no more") as raised:
                await anext(counting)
            assert raised.value.hint == "ask for less"
            with pytest.raises(ControlError) as hidden:
                await client.call("broken")
            assert hidden.value.message == "internal error: ValueError"
            with pytest.raises(ControlError, match="cannot be written as JSON"):
                await client.call("no-json")
            for name in ("double", "status", "Bad", ""):
                with pytest.raises(UsageError):
                    control.register(name, double)

    run(scenario)
