"""Resources that a world itself declares: the guest uses those of its host, typed, and drops them."""

from __future__ import annotations

import dataclasses
import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import pytest
import wasmtime
from wasmtime import component as engine

from airssys_generator import generate, write_files
from airssys_sdk.component import Err
from airssys_sdk.project import Project, build, generate_project
from airssys_sdk.wit.reader import find_world, read

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("world-resources")]

MANIFEST = """
[component]
namespace = "test"
name = "counters"
version = "0.1.0"
world = "test:counters/counters@0.1.0"
"""
WIT = """
package test:counters@0.1.0;

world counters {
  import before: interface { first: func() -> u32; }

  /// Counts.
  resource counter {
    constructor(start: u32);
    next: func() -> u32;
    parse: static func(text: string) -> result<counter, string>;
  }
  resource token;
  record pair { counter: borrow<counter>, token: token }

  import total: func(counters: list<borrow<counter>>) -> u32;
  import give: func() -> token;
  import take: func(pair: pair) -> bool;

  export count: func(start: u32) -> list<u32>;
  export parse: func(text: string) -> result<u32, string>;
  export pass: func(counter: counter) -> counter;
  export swap: func() -> bool;
}
"""
APP = """
from componentize_py_types import Err

import wit_world
from wit_world import Counter, Pair
from wit_world.imports import before


class WitWorld(wit_world.WitWorld):
    def count(self, start: int) -> list[int]:
        with Counter(start) as counter:
            numbers = [before.first(), counter.next(), counter.next()]
            return [*numbers, wit_world.total([counter])]

    def parse(self, text: str) -> int:
        with Counter.parse(text) as counter:
            return counter.next()

    def pass_(self, counter: Counter) -> Counter:
        counter.next()
        return counter

    def swap(self) -> bool:
        try:
            wit_world.Token()
        except TypeError:
            return wit_world.take(Pair(Counter(1), wit_world.give()))
        return False
"""


@dataclasses.dataclass
class Made:
    """Counters by the number that the engine knows them by; those that were dropped."""

    counters: dict[int, int] = dataclasses.field(default_factory=dict[int, int])
    dropped: list[str] = dataclasses.field(default_factory=list[str])

    def counter(self, start: int) -> engine.ResourceHost:
        self.counters[number := len(self.counters) + 1] = start
        return engine.ResourceHost.own(number, 1)

    def next(self, number: int) -> int:
        self.counters[number] += 1
        return self.counters[number]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    folder = tmp_path_factory.mktemp("counters")
    (folder / "src" / "counters").mkdir(parents=True)
    (folder / "wit").mkdir()
    (folder / "Component.toml").write_text(MANIFEST)
    (folder / "wit" / "counters.wit").write_text(WIT)
    (folder / "src" / "counters" / "component.py").write_text(APP)
    made = Project.load(folder)
    generate_project(made)
    assert made.app_file.read_text() == APP  # everything is there
    return made


@pytest.fixture(scope="module")
def wasm(project: Project, kept: Path) -> Path:
    return build(project, cache=kept / "counters", precompile=False).path


@pytest.fixture(scope="module")
def component(wasm: Path) -> tuple[wasmtime.Engine, engine.Component]:
    native = wasmtime.Engine()
    return native, engine.Component.from_file(native, str(wasm))


@pytest.fixture
def world(component: tuple[wasmtime.Engine, engine.Component]) -> Iterator[tuple[Any, Made]]:
    """Calls an export by its name, with the engine's own package: the guest alone is looked at."""
    native, compiled = component
    made = Made()
    store = wasmtime.Store(native)
    store.set_wasi(wasmtime.WasiConfig())
    linker = engine.Linker(native)
    linker.add_wasip2()
    numbers = {"one": 1, "two": 2}

    def rep(context: Any, value: Any) -> int:
        return int(value.to_host(context).rep)

    def parse(context: Any, text: str) -> Any:
        if text not in numbers:
            return f"no number: {text}"
        return made.counter(numbers[text]).to_any(context)

    with linker.root() as root:
        root.add_resource(
            "counter", engine.ResourceType.host(1), lambda _, n: made.dropped.append(f"counter {n}")
        )
        root.add_resource(
            "token", engine.ResourceType.host(2), lambda _, n: made.dropped.append(f"token {n}")
        )
        root.add_func("[constructor]counter", lambda context, start: made.counter(start).to_any(context))
        root.add_func("[method]counter.next", lambda context, self: made.next(rep(context, self)))
        root.add_func("[static]counter.parse", parse)
        root.add_func("total", lambda context, given: sum(made.counters[rep(context, one)] for one in given))
        root.add_func("give", lambda context: engine.ResourceHost.own(7, 2).to_any(context))
        root.add_func(
            "take", lambda context, pair: (rep(context, pair.counter), rep(context, pair.token)) == (1, 7)
        )
        with root.add_instance("before") as before:
            before.add_func("first", lambda _: 100)
    instance = linker.instantiate(store, compiled)

    def call(name: str, *arguments: Any) -> Any:
        function = instance.get_func(store, name)
        assert function is not None
        return function(store, *arguments)

    call.__dict__["store"] = store
    yield call, made
    store.close()


def test_the_guest_makes_uses_and_drops_resources_of_its_host(world: tuple[Any, Made]) -> None:
    call, made = world
    assert call("count", 5) == [100, 6, 7, 7]
    assert made.dropped == ["counter 1"]


def test_a_static_function_gives_an_object_or_raises_its_error(world: tuple[Any, Made]) -> None:
    call, made = world
    assert call("parse", "two") == 3
    assert made.dropped == ["counter 1"]
    assert call("parse", "three") == "no number: three"


def test_an_object_that_is_passed_through_is_not_dropped(world: tuple[Any, Made]) -> None:
    call, made = world
    passed = call("pass", made.counter(40).to_any(call.store))
    assert made.counters[passed.to_host(call.store).rep] == 41
    assert made.dropped == []


def test_a_resource_without_members_is_given_and_taken_but_not_made(world: tuple[Any, Made]) -> None:
    call, made = world
    assert call("swap") is True
    assert made.dropped == ["counter 1"]  # the token was handed over, so the guest may not drop it


class HostCounter:
    """A counter of the host's, which a guest makes."""

    alive = 0

    def __init__(self, start: int) -> None:
        self.number = start
        HostCounter.alive += 1

    @classmethod
    def parse(cls, text: str) -> HostCounter:
        if text != "two":
            raise Err(f"no number: {text}")
        return cls(2)

    def next(self) -> int:
        self.number += 1
        return self.number

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        HostCounter.alive -= 1


class Host:
    """Implements the Protocol of the world's imports."""

    Counter = HostCounter

    class before:
        @staticmethod
        def first() -> int:
            return 100

    def total(self, counters: list[HostCounter]) -> int:
        return sum(counter.number for counter in counters)

    def give(self) -> object:
        return self

    def take(self, pair: Any) -> bool:
        return pair.token is self and pair.counter.number == 1


@pytest.fixture
def package(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The generated package of the host."""
    path = "test:counters/counters@0.1.0"
    resolve = read(project.wit, world=path)
    write_files(generate(resolve, find_world(resolve, path), "host"), tmp_path / "counters_host")
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module("counters_host")
    for name in [name for name in sys.modules if name.partition(".")[0] == "counters_host"]:
        del sys.modules[name]


def test_a_host_implements_resources_of_the_world_through_its_package(package: Any, wasm: Path) -> None:
    with package.Counters.load(wasm, imports=Host()) as counters:
        assert counters.count(5) == [100, 6, 7, 7]
        assert counters.parse("two") == 3
        with pytest.raises(package.ParseRaised) as raised:
            counters.parse("three")
        assert raised.value.value == "no number: three"
        assert counters.swap() is True
        mine = HostCounter(40)
        assert counters.pass_(mine) is mine
        assert mine.number == 41
        assert HostCounter.alive == 1


def test_the_guest_is_typed(project: Project, mypy_cache: Path) -> None:
    (project.folder / "mypy.ini").write_text("[mypy]\nmypy_path = bindings\npython_version = 3.14\n")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", mypy_cache, "src"],
        cwd=project.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "Success: no issues found in 1 source file\n")
