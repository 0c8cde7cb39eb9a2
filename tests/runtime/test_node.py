"""A node: what it refuses to start, how components are found, what they are told, how it ends."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import sys
import threading
from pathlib import Path

import pytest
from component_nodes import do, run, spec

from airssys_generator import Options, generate
from airssys_sdk.component import HostImportFailed, InvalidComponent, LinkError
from airssys_sdk.component.engine.cache import Cache, default_cache
from airssys_sdk.errors import UsageError, ValidationError
from airssys_sdk.runtime import ActorNotFound, ComponentSpec, NameTaken, Node, NotEnforced, StartFailed
from airssys_sdk.security import PatternError
from airssys_sdk.services.database import StorageUnavailable
from airssys_sdk.wit.reader import find_world, read

ROOT = Path(__file__).resolve().parents[2]
BINDINGS = ROOT / "airssys_sdk" / "runtime" / "components" / "bindings"
GENERATE = "airssys-sdk generate host ../../../wit/airssys-core --world runtime-host --out bindings"

guest = pytest.mark.slow
together = pytest.mark.xdist_group("actor-guest")


def test_the_checked_in_bindings_are_what_the_generator_makes() -> None:
    resolve = read(ROOT / "wit" / "airssys-core", world="runtime-host")
    options = Options(
        source="../../../wit/airssys-core", command=GENERATE, seen_from="the folder that holds bindings"
    )
    files = generate(resolve, find_world(resolve, "runtime-host"), "host", options)
    there = {
        path.relative_to(BINDINGS).as_posix(): path.read_text("utf-8")
        for path in BINDINGS.rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert there == dict(files)


@pytest.mark.parametrize(
    ("component", "key"),
    [
        (spec(b"", permissions={"filesystem": {"read": ["/data/**"]}}), "permissions.filesystem.read"),
        (spec(b"", permissions={"network": {"outbound": ["a.example:443"]}}), "permissions.network.outbound"),
        (spec(b"", permissions={"process": {"spawn": ["/bin/true"]}}), "permissions.process.spawn"),
        (spec(b"", runtime={"profile": "plain"}, limits={"fuel": 1}), "limits.fuel"),
        (spec(b"", runtime={"profile": "plain"}, limits={"deadline": 1.0}), "limits.deadline"),
    ],
)
def test_what_nothing_enforces_yet_is_refused_by_its_key(component: ComponentSpec, key: str) -> None:
    async def scenario() -> None:
        async with Node() as node:
            with pytest.raises(NotEnforced) as raised:
                await node.start(component)
            assert raised.value.where == key

    run(scenario)


def test_empty_sections_of_what_is_not_enforced_are_accepted() -> None:
    spec(b"", permissions={"filesystem": {"read": []}, "network": {}}, runtime={"pool": 1}).check()


def test_a_malformed_permission_names_its_key() -> None:
    async def scenario() -> None:
        async with Node() as node:
            with pytest.raises(PatternError) as raised:
                await node.start(spec(b"", permissions={"messaging": {"send": ["a/b**"]}}))
            assert raised.value.where == "permissions.messaging.send[0]"

    run(scenario)


def test_a_component_of_another_world_is_refused(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            other = spec(b"")
            component = other.manifest.component.model_copy(update={"world": "demo:shop/inventory@1.2.0"})
            manifest = other.manifest.model_copy(update={"component": component})
            with pytest.raises(ValidationError, match="demo:shop/inventory"):
                await node.start(type(other)(manifest, b""))

    run(scenario)


def test_a_file_that_is_no_component_is_refused(tmp_path: Path) -> None:
    text = tmp_path / "text.wasm"
    text.write_text("hello")
    empty = bytes.fromhex("0061736d0d000100")

    async def scenario() -> None:
        async with Node() as node:
            for wasm in (text, tmp_path / "missing.wasm"):
                with pytest.raises(InvalidComponent):
                    await node.start(spec(wasm))
            with pytest.raises(LinkError, match="lacks exports"):
                await node.start(spec(empty))
            assert list(node.components()) == []

    run(scenario)


def test_a_second_node_on_one_storage_file_is_refused(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with Node(tmp_path / "node.db"):
            with pytest.raises(StorageUnavailable, match="belongs to another node"):
                await Node(tmp_path / "node.db").open()
        async with Node(tmp_path / "node.db"):
            pass

    run(scenario)


def test_a_node_leaves_no_thread_task_or_setting_behind(tmp_path: Path) -> None:
    before = sys.getswitchinterval()

    async def scenario() -> None:
        there = asyncio.all_tasks()
        async with Node(tmp_path / "node.db"):
            assert sys.getswitchinterval() < before
        node = Node()
        await node.stop()
        with pytest.raises(UsageError, match="does not run"):
            _ = node.events
        assert asyncio.all_tasks() - there == set()

    run(scenario)
    assert sys.getswitchinterval() == before
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("airssys-worker")]


@guest
@together
def test_components_are_found_by_their_id_or_what_is_unique_of_it(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start(spec(actor_wasm, "a"))
            await node.start(spec(actor_wasm, "b"))
            await node.start(spec(actor_wasm, "b", instance="1"))
            assert str(node.resolve("a")) == str(node.resolve("test/a")) == "test/a/0"
            for unclear in ("b", "test/b"):
                with pytest.raises(ActorNotFound, match="fits several components: test/b/0, test/b/1"):
                    node.resolve(unclear)
            with pytest.raises(ActorNotFound) as raised:
                node.resolve("c")
            assert raised.value.hint == "components that run: test/a/0, test/b/0, test/b/1"
            with pytest.raises(NameTaken):
                await node.start(spec(actor_wasm, "a"))
            await node.stop_component("test/b/1")
            assert str(node.resolve("b")) == "test/b/0"

    run(scenario)


@guest
@together
def test_a_component_is_told_its_configuration_and_limits_and_nothing_of_the_hosts_environment(
    actor_wasm: Path,
) -> None:
    async def scenario() -> None:
        async with Node() as node:
            component = spec(
                actor_wasm,
                config={"language": "en", "deep": {"list": [1, 2.5, "ä"]}},
                limits={"memory": 128 * 1024**2, "deadline": 2.5, "fuel": 10**10},
                environment={"MODE": "test"},
            )
            await node.start(component)
            assert await do(node, "a", ["config"]) == {
                "env": [["MODE", "test"]],
                "data": {"language": "en", "deep": {"list": [1, 2.5, "ä"]}},
                "limits": [128 * 1024**2, 2500, 10**10],
            }

    run(scenario)


@guest
@together
def test_a_component_with_a_limit_on_fuel_is_loaded_once_as_it_then_runs(
    actor_wasm: Path, tmp_path: Path
) -> None:
    cache, other = Cache(tmp_path), default_cache()
    before = dataclasses.replace(other.counters)

    async def scenario() -> None:
        async with Node(cache=cache) as node:
            await node.start(spec(actor_wasm, "a", limits={"fuel": 1 << 40}))
            assert await node.ask("a", b"echoed") == b"echoed"

    run(scenario)
    assert cache.counters.compiled == 1
    assert other.counters == before, "nothing was loaded again beside the node's cache"


@guest
@together
def test_a_component_sees_itself_the_others_and_the_time(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start(spec(actor_wasm, "a"))
            await node.start(spec(actor_wasm, "b"))
            assert await do(node, "a", ["self"]) == "test/a/0"
            assert await do(node, "a", ["list"]) == ["test/a/0", "test/b/0"]
            assert await do(node, "a", ["look-up", "test/b/0"]) == ["test/b/0", "b", "0.1.0", "unknown"]
            case, text = await do(node, "a", ["try", [["look-up", "test/c/0"]]])
            assert case == "InvalidState"
            assert "test/c/0" in text
            seconds, nanoseconds, milliseconds = await do(node, "a", ["clock"])
            assert seconds > 1_700_000_000
            assert 0 <= nanoseconds < 10**9
            assert milliseconds >= seconds * 1000

    run(scenario)


@guest
@together
def test_a_component_logs_under_its_own_name(actor_wasm: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start(spec(actor_wasm))
            await do(node, "a", ["log", "warn", "careful\x1b[2J", [["key", "value"]]])

    with caplog.at_level(logging.DEBUG, "airssys.component"):
        run(scenario)
    [record] = caplog.records
    assert (record.name, record.levelno) == ("airssys.component.test.a", logging.WARNING)
    assert record.getMessage() == "careful\\x1b[2J (key=value)"
    assert record.__dict__["component"] == "test/a/0"


@guest
@together
def test_what_a_guest_prints_is_logged_line_by_line(
    actor_wasm: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start(spec(actor_wasm))
            await do(node, "a", ["print", "one\ntwo", 3], ["print", "four\x1b[2J"])

    with caplog.at_level(logging.INFO, "airssys.component"):
        run(scenario)
    said = [(record.getMessage(), record.__dict__["context"]) for record in caplog.records]
    assert said == [
        ("one (stream=stdout)", {"stream": "stdout"}),
        ("two 3 (stream=stdout)", {"stream": "stdout"}),
        ("four\\x1b[2J (stream=stdout)", {"stream": "stdout"}),
    ]


@guest
@together
def test_a_mistake_of_the_host_is_no_crash_of_the_component(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start(spec(actor_wasm))
            assert await do(node, "a", ["count"]) == 1
            with pytest.raises(TypeError, match="not str"):
                await node.ask("a", "text")  # type: ignore[arg-type]  # the mistake under test
            with pytest.raises(UsageError):
                await node.send("a", b"x", content_type="text/plain\x00")
            assert await do(node, "a", ["count"]) == 2

    run(scenario)


@guest
@together
@pytest.mark.parametrize("long", [False, True])
def test_a_trusted_component_runs_without_slices(actor_wasm: Path, long: bool) -> None:
    async def scenario() -> None:
        async with Node() as node:
            runtime = {"profile": "plain", "long": long}
            await node.start(
                spec(actor_wasm, "a", runtime=runtime, permissions={"messaging": {"send": ["**"]}})
            )
            await node.start(spec(actor_wasm, "b"))
            assert await do(node, "a", ["set", "k", "1"], ["send", "test/b/0", "x"], ["get", "k"]) == "1"
            if long:
                assert await do(node, "a", ["sleep", 1], ["count"]) == 1
            else:
                with pytest.raises(HostImportFailed, match="long = true"):
                    await do(node, "a", ["sleep", 1])
                assert await do(node, "a", ["count"]) == 1
            assert node.metrics("b").received == 1

    run(scenario)


@guest
@together
@pytest.mark.parametrize("after", [0.0, 0.05])
def test_a_start_during_which_the_node_stops_says_so(actor_wasm: Path, after: float) -> None:
    async def scenario() -> None:
        node = Node()
        await node.open()
        slow = spec(actor_wasm, config={"initialize": [["sleep", 60_000]]}, supervision={"shutdown": 0.0})
        starting = asyncio.ensure_future(node.start(slow))
        await asyncio.sleep(after)
        await node.stop()
        with pytest.raises(StartFailed) as raised:
            await starting
        assert raised.value.where == "test/a/0"
        assert raised.value.message in {
            "the node stops, and starts nothing any more",
            "the component did not start: it was stopped",
        }

    run(scenario)
