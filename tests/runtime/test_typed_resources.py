"""Resources of supervised components: awaited, typed, of one life each, and dropped when nobody refers to them."""

from __future__ import annotations

import asyncio
import gc
import importlib
import subprocess
import sys
import threading
import weakref
from collections.abc import Coroutine, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from component_nodes import run, until
from store_guest import Host, Pen, make_package, store_spec

from airssys_sdk.component import InvalidType, InvalidValue, Trap, drop
from airssys_sdk.component.hosting.live import Live
from airssys_sdk.component.running.store import Store
from airssys_sdk.errors import UsageError
from airssys_sdk.runtime import MailboxFull, Node

RUNTIMES: list[dict[str, Any]] = [
    {},
    {"profile": "plain"},
    {"profile": "plain", "long": True},
    {"long": True},
]
PLAIN: list[dict[str, Any]] = [{"profile": "plain"}, {"profile": "plain", "long": True}]
ENDED = "expected Item of the component's present life, got one of a life that has ended"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where the package and the components are; on the path."""
    found = tmp_path_factory.mktemp("lib")
    make_package(found)
    sys.path.insert(0, str(found))
    try:
        yield found
    finally:
        sys.path.remove(str(found))


@pytest.fixture(scope="module")
def actors(folder: Path) -> ModuleType:
    return importlib.import_module("lib_host.actors")


@pytest.fixture(scope="module")
def store(folder: Path) -> ModuleType:
    """The types of the twins."""
    return importlib.import_module("lib_host.actors.store")


@pytest.fixture(params=RUNTIMES, ids=str)
def runtime(request: pytest.FixtureRequest) -> dict[str, Any]:
    return request.param  # type: ignore[no-any-return]


async def _start(
    node: Node, actors: ModuleType, host: Host | None = None, *, name: str = "lib", **sections: Any
) -> Any:
    wasm = Path(actors.__file__ or "").parents[2] / "one.wasm"
    return await node.start_world(store_spec(wasm, name, **sections), actors.supervised(host or Host()))


def test_resources_are_made_called_lent_and_given_inside_of_all_kinds_of_values(
    actors: ModuleType, store: ModuleType, runtime: dict[str, Any]
) -> None:
    async def scenario() -> None:
        async with Node() as node:
            ref = await _start(node, actors, runtime=runtime)
            three, four = await ref.store.Item(3), await ref.store.Item(n=4)
            assert isinstance(three, store.Item)
            assert (await three.value(), await four.value()) == (3, 4)
            assert await (await ref.store.Item.add(three, b=four)).value() == 7
            assert await ref.store.sum([three, four, three]) == 10
            lot = await ref.store.pack(three, 5)
            assert isinstance(lot, store.Lot)
            assert (await lot.item.value(), lot.count) == (3, 5)
            assert await (await ref.store.unpack(lot)).value() == 15
            five = await ref.store.maybe(await ref.store.Item(5))
            assert await five.value() == 5
            assert await ref.store.maybe(None) is None
            five, four = await ref.store.swap((four, five))
            assert (await four.value(), await five.value()) == (4, 5)
            assert await ref.store.find(0) == store.Found_Nothing()
            assert await (await ref.store.find(1)).value.value() == 1
            lots = (await ref.store.find(9)).value
            assert [(await one.item.value(), one.count) for one in lots] == [(9, 5), (2, 6)]
            items = await ref.store.index({8: four, 9: five})
            assert {key: await item.value() for key, item in items.items()} == {8: 4, 9: 5}
            assert await ref.desk.weigh([*lots, store.Lot(items[8], 10)]) == 9 * 5 + 2 * 6 + 4 * 10
            assert await (await ref.desk.first(store.Found_One(items[9]))).value() == 5

    run(scenario)


def test_errors_have_classes_and_may_have_resources(
    actors: ModuleType, store: ModuleType, runtime: dict[str, Any]
) -> None:
    package = importlib.import_module("lib_host.exports.store")

    async def scenario() -> None:
        async with Node() as node:
            ref = await _start(node, actors, runtime=runtime)
            with pytest.raises(package.ItemConstructorRaised) as refused:
                await ref.store.Item(0)
            assert refused.value.value == "no item"
            with pytest.raises(store.RefuseRaised) as raised:
                await ref.store.refuse(await ref.store.Item(6))
            assert await raised.value.value.value() == 6
            assert node.counters().restarts == 0

    run(scenario)


def test_what_was_given_away_or_dropped_cannot_be_used_and_a_bad_argument_gives_nothing_away(
    actors: ModuleType, store: ModuleType, runtime: dict[str, Any]
) -> None:
    async def scenario() -> None:
        async with Node() as node:
            ref = await _start(node, actors, runtime=runtime)
            item = await ref.store.Item(3)
            with pytest.raises(InvalidType, match=r"lots\[1\]: expected Lot, got"):
                await ref.desk.weigh([store.Lot(item, 1), 2])
            with pytest.raises(InvalidValue, match="count"):
                await ref.store.pack(item, -1)
            with pytest.raises(InvalidType, match="item: expected Item, got str"):
                await ref.store.pack("item", 1)
            assert await item.value() == 3
            lot = await ref.store.pack(item, 1)
            for use in (item.value(), ref.store.pack(item, 1), ref.store.sum([lot.item, item])):
                with pytest.raises(InvalidValue, match="got one that was handed over to the component"):
                    await use
            await drop(item)  # which is harmless
            await drop(lot.item)
            await drop(lot.item)
            with pytest.raises(InvalidValue, match="got one that was dropped"):
                await lot.item.value()
            with pytest.raises(UsageError, match="cannot be dropped"):
                drop("item")  # type: ignore[call-overload]
            with pytest.raises(TypeError, match="await what stands under its name"):
                store.Item(3)
            assert repr(item) == "<Item that was handed over to the component>"
            assert node.counters().restarts == 0

    run(scenario)


@pytest.mark.parametrize("runtime", PLAIN, ids=str)
def test_a_block_and_drop_run_the_destructor(actors: ModuleType, runtime: dict[str, Any]) -> None:
    async def scenario() -> None:
        async with Node() as node:
            ref = await _start(node, actors, runtime=runtime)
            async with await ref.store.Item(3) as item:
                assert await item.value() == 3
                assert await ref.store.dropped() == 0
            assert await ref.store.dropped() == 1
            other = await ref.store.Item(4)
            await drop(other)
            await drop(item)
            assert await ref.store.dropped() == 2

    run(scenario)


def test_a_full_mailbox_refuses_calls_and_takes_drops(actors: ModuleType) -> None:
    async def scenario() -> None:
        async with Node() as node:
            ref = await _start(node, actors, runtime={"profile": "plain"}, limits={"mailbox": 1})
            items = [await ref.store.Item(n) for n in (1, 2, 3)]
            asked: list[Coroutine[Any, Any, Any]] = [ref.version(), ref.version(), items[0].value()]
            done = await asyncio.gather(*asked, *map(drop, items), return_exceptions=True)
            assert [type(one) for one in done[1:3]] == [MailboxFull, MailboxFull]
            assert done[3:] == [None, None, None]
            assert await ref.store.dropped() == 3

    run(scenario)


@pytest.mark.parametrize("runtime", PLAIN, ids=str)
def test_what_nobody_refers_to_is_dropped_without_another_call_of_its_resources(
    actors: ModuleType, runtime: dict[str, Any]
) -> None:
    async def scenario() -> None:
        async with Node() as node:
            ref = await _start(node, actors, runtime=runtime)
            items = [await ref.store.Item(n) for n in range(1, 101)]
            kept = items.pop()
            items.clear()
            gc.collect()

            async def all_dropped() -> bool:
                return bool(await ref.store.dropped() == 99)

            await until(all_dropped)
            gc.disable()  # what a call was given is in no cycle that only the collector could end
            try:
                assert await kept.value() == 100
                del kept
                for _ in range(100):
                    if await ref.store.dropped() == 100:
                        break
                assert await ref.store.dropped() == 100
            finally:
                gc.enable()

    run(scenario)


def test_what_a_call_gives_that_nobody_waits_for_any_more_is_dropped(actors: ModuleType) -> None:
    host = Host()

    async def scenario() -> None:
        made = asyncio.Event()

        def told(x: int) -> int:
            made.set()
            return x

        host.host.answer = told
        async with Node() as node:
            ref = await _start(node, actors, host, runtime={"profile": "plain"})
            item = await ref.store.Item(5)
            calls = [asyncio.ensure_future(ref.store.ask(item)), asyncio.ensure_future(ref.store.Item(777))]
            await made.wait()
            while calls:
                calls.pop().cancel()

            async def dropped() -> bool:
                gc.collect()
                return bool(await ref.store.dropped() == 1)

            await until(dropped)
            assert await item.value() == 5

    run(scenario)


def test_a_destructor_runs_on_the_loop_whichever_thread_let_go(actors: ModuleType) -> None:
    host, threads = Host(), list[int]()

    def told(x: int) -> int:
        threads.append(threading.get_ident())
        return x

    host.host.answer = told

    async def scenario() -> None:
        async with Node() as node:
            ref = await _start(node, actors, host, runtime={"profile": "plain"})
            items = [await ref.store.Item(777)]
            thread = threading.Thread(target=items.clear)
            thread.start()
            thread.join()
            gc.collect()
            assert threads == []

            async def dropped() -> bool:
                return bool(await ref.store.dropped() == 1)

            await until(dropped)
            assert threads == [threading.get_ident()]

    run(scenario)


def test_what_is_let_go_of_during_a_call_is_dropped_after_it(actors: ModuleType) -> None:
    host, events, items = Host(), list[str](), list[Any]()

    def told(x: int) -> int:
        if x == 777:
            events.append("destructor")
            return x
        items.clear()
        gc.collect()
        events.append("call")
        return x

    host.host.answer = told

    async def scenario() -> None:
        async with Node() as node:
            ref = await _start(node, actors, host, runtime={"profile": "plain"})
            items.append(await ref.store.Item(777))
            assert await ref.store.ask(await ref.store.Item(5)) == 5

            async def dropped() -> bool:
                return bool(await ref.store.dropped() == 2)

            await until(dropped)
            assert events == ["call", "destructor"]

    run(scenario)


def test_a_destructor_that_fails_is_a_crash_of_the_component(actors: ModuleType) -> None:
    async def scenario() -> None:
        async with Node() as node:
            ref = await _start(node, actors, runtime={"profile": "plain"})
            with pytest.raises(Trap):
                await drop(await ref.store.Item(666))
            assert await ref.version() == 1
            assert node.counters().restarts == 1

    run(scenario)


async def _refused(ref: Any, store: ModuleType, item: Any) -> None:
    """A resource of an earlier life is refused wherever it is used, and that does no harm."""
    fresh = await ref.store.Item(8)
    with pytest.raises(InvalidValue, match=ENDED):
        await item.value()
    for use in (
        ref.store.pack(item, 1),
        ref.store.sum([fresh, item]),
        ref.desk.weigh([store.Lot(fresh, 1), store.Lot(item, 1)]),
    ):
        with pytest.raises(InvalidValue, match="got one of another instance, which has ended"):
            await use
    await drop(item)
    async with item:
        pass
    assert await fresh.value() == 8


def test_a_resource_ends_with_a_restart_a_deployment_and_a_stop(
    actors: ModuleType, store: ModuleType, folder: Path, runtime: dict[str, Any]
) -> None:
    async def scenario() -> None:
        async with Node() as node:
            ref = await _start(node, actors, runtime=runtime)
            item = await ref.store.Item(1)
            with pytest.raises(Trap):
                await ref.store.trap(item)
            await _refused(ref, store, item)
            item = await ref.store.Item(2)
            await node.deploy("lib", folder / "two.wasm")
            assert await ref.version() == 2
            await _refused(ref, store, item)
            item = await ref.store.Item(3)
            await node.rollback("lib")
            await _refused(ref, store, item)
            assert node.counters().restarts == 1
            item = await ref.store.Item(4)
            await node.stop_component("lib")
            with pytest.raises(InvalidValue, match=ENDED):
                await item.value()
            await drop(item)
            other = await _start(node, actors, runtime=runtime)
            await _refused(other, store, item)

    run(scenario)


def test_calls_on_a_resource_that_wait_while_its_life_ends_are_refused(actors: ModuleType) -> None:
    async def scenario() -> None:
        async with Node() as node:
            ref = await _start(node, actors, limits={"deadline": 0.2})
            item, other = await ref.store.Item(1), await ref.store.Item(2)
            done = await asyncio.gather(
                ref.store.spin(item),
                item.value(),
                ref.store.pack(item, 1),
                drop(other),
                ref.store.Item(3),
                return_exceptions=True,
            )
            assert type(done[0]).__name__ == "DeadlineExceeded"
            assert [type(one) for one in done[1:3]] == [InvalidValue, InvalidValue]
            assert ENDED in str(done[1])
            assert "got one of another instance, which has ended" in str(done[2])
            assert done[3] is None
            assert await done[4].value() == 3
            assert node.counters().restarts == 1

    run(scenario)


def test_while_a_component_stops_its_resources_are_refused_and_drops_return(actors: ModuleType) -> None:
    async def scenario() -> None:
        async with Node() as node:
            ref = await _start(node, actors, limits={"deadline": 0.5}, supervision={"shutdown": "5s"})
            item, other = await ref.store.Item(1), await ref.store.Item(2)
            spinning = asyncio.ensure_future(ref.store.spin(item))
            waiting = asyncio.ensure_future(drop(other))
            await asyncio.sleep(0.05)
            before = asyncio.ensure_future(other.value())
            stopping = asyncio.ensure_future(node.stop_component("lib"))
            await asyncio.sleep(0.05)  # it stops, and the call in progress goes on
            with pytest.raises(InvalidValue, match=ENDED):
                await other.value()
            await drop(item)
            await waiting
            await stopping
            with pytest.raises(InvalidValue, match=ENDED):
                await before
            assert isinstance((await asyncio.gather(spinning, return_exceptions=True))[0], Exception)

    run(scenario)


def test_a_resource_is_of_one_component(actors: ModuleType, store: ModuleType, folder: Path) -> None:
    package = importlib.import_module("lib_host")

    async def scenario() -> None:
        async with Node() as node:
            one, two = await _start(node, actors), await _start(node, actors, name="other")
            item = await one.store.Item(3)
            for use in (two.store.pack(item, 1), two.store.Item.add(item, item)):
                with pytest.raises(
                    InvalidValue, match=r"expected Item of this instance, got one of another instance$"
                ):
                    await use
            assert await item.value() == 3
            with package.Lib.load(folder / "one.wasm", imports=Host()) as instance:
                with pytest.raises(InvalidType, match="item: expected Item"):
                    await one.store.pack(instance.store.Item(4), 1)
                with pytest.raises(InvalidType, match="item: expected Item"):
                    instance.store.pack(item, 1)
            assert await item.value() == 3
            assert node.counters().restarts == 0

    run(scenario)


def test_nothing_of_an_old_life_is_kept(actors: ModuleType, runtime: dict[str, Any]) -> None:
    def count(kind: type[Any]) -> int:
        gc.collect()
        return sum(type(one) is kind for one in gc.get_objects())

    async def scenario() -> None:
        async with Node() as node:
            ref = await _start(
                node,
                actors,
                runtime=runtime,
                supervision={"intensity": {"restarts": 100}, "backoff": {"base": 0.001, "max": 0.001}},
            )
            await ref.store.Item(1)
            stores, lives, kept, seen = count(Store), count(Live), list[Any](), list[weakref.ref[Any]]()
            for _ in range(5):
                lots = (await ref.store.find(7)).value
                kept += [*(lot.item for lot in lots), *[await ref.store.Item(n) for n in range(1, 10)]]
                with pytest.raises(Trap):
                    await ref.store.trap(kept[-1])
                with pytest.raises(InvalidValue, match="has ended"):
                    await kept[-1].value()
            await ref.store.Item(1)
            assert count(Live) == lives  # whoever still has a resource of theirs keeps no instance
            seen += map(weakref.ref, kept)
            kept.clear()
            del lots
            assert count(Store) == stores
            assert len(seen) == 55
            assert [one for one in seen if one() is not None] == []

    run(scenario)


def test_resources_of_the_host_are_its_own_objects(actors: ModuleType, runtime: dict[str, Any]) -> None:
    async def scenario() -> None:
        async with Node() as node:
            ref = await _start(node, actors, runtime=runtime)
            pen = Pen()
            assert await ref.desk.write(pen, 4) == 1
            assert await ref.desk.write(pen, 5) == 2
            assert await ref.desk.hand_back(pen) is pen
            with pytest.raises(InvalidType, match="pen"):
                await ref.desk.write(3, 4)
            assert pen.written == [4, 5]

    run(scenario)


def test_type_checkers_know_the_twins_and_refuse_what_is_wrong(
    actors: ModuleType, folder: Path, mypy_cache: Path
) -> None:
    (folder / "user.py").write_text(USER, "utf-8")
    settings = '{"typeCheckingMode": "strict", "include": ["lib_host", "user.py"]}'
    (folder / "pyrightconfig.json").write_text(settings, "utf-8")
    wrong = {number for number, line in enumerate(USER.splitlines(), 1) if "# wrong" in line}
    for command, cut in (
        (["mypy", "--strict", f"--cache-dir={mypy_cache}", "lib_host", "user.py"], "user.py:"),
        (["basedpyright", "--pythonpath", sys.executable, "-p", "."], "user.py:"),
    ):
        done = subprocess.run(
            [sys.executable, "-m", *command], cwd=folder, capture_output=True, text=True, check=False
        )
        lines = [line for line in done.stdout.splitlines() if " error" in line and ":" in line]
        told = {int(line.partition(cut)[2].split(":")[0]) for line in lines}
        assert told == wrong, done.stdout


USER = """
from lib_host.actors import LibActor, supervised
from lib_host.actors.store import Item, Lot, RefuseRaised
from lib_host.imports.host import Pen as HostPen

from airssys_sdk.component import drop
from airssys_sdk.runtime import ComponentSpec, Node


class Pen:
    def write(self, n: int) -> int:
        return n


class Next:
    def next(self, x: int) -> int:
        return x


class Host:
    host = Next()


async def main(node: Node, spec: ComponentSpec) -> None:
    ref: LibActor = await node.start_world(spec, supervised(Host()))
    item: Item = await ref.store.Item(3)
    async with await ref.store.Item.add(item, item) as both:
        value: int = await both.value()
    lot: Lot = await ref.store.pack(item, value)
    pen: HostPen = await ref.desk.hand_back(Pen())
    await drop(lot.item)
    try:
        await ref.store.refuse(lot.item)
    except RefuseRaised as refused:
        print(await refused.value.value(), pen)
    await ref.store.Item("3")  # wrong
    await ref.store.pack("item", 3)  # wrong
    await item.values()  # wrong
    text: str = await ref.store.Item(3)  # wrong
    drop(item)  # wrong
    await drop(3)  # wrong
    print(text)
"""
