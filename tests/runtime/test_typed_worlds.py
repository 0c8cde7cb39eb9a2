"""Components of any world, supervised: their functions are awaited, typed through the generated package."""

from __future__ import annotations

import asyncio
import importlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from component_nodes import run, script, spec

from airssys_generator import Options, generate, write_files
from airssys_sdk.component import Err, InvalidType, InvalidValue, LinkError, Trap
from airssys_sdk.runtime import (
    ActorStopped,
    ComponentSpec,
    DeploymentFailed,
    MailboxFull,
    MessageError,
    Node,
    NotEnforced,
    Traced,
)
from airssys_sdk.wit.reader import find_world, read
from airssys_sdk.wit.tools import run_wasm_tools

WIT = """
package acme:calc@1.0.0;
interface api {
  /// The sum, wrapped.
  add: func(a: s32, b: s32) -> s32;
  /// Nothing can be divided by zero.
  div: func(a: s32, b: s32) -> result<s32, string>;
  /// What the host says is next.
  ask: func(x: u32) -> u32;
  count: func() -> u32;
  spin: func();
  trap: func();
}
interface host { next: func(x: u32) -> u32; }
world calc { import host; export api; export version: func() -> u32; }
"""
WAT = """(module
  (import "acme:calc/host@1.0.0" "next" (func $next (param i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 64) "by zero")
  (global $count (mut i32) (i32.const 0))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
  (func (export "acme:calc/api@1.0.0#add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "acme:calc/api@1.0.0#div") (param i32 i32) (result i32)
    (if (i32.eqz (local.get 1)) (then
      (i32.store (i32.const 0) (i32.const 1)) (i32.store (i32.const 4) (i32.const 64))
      (i32.store (i32.const 8) (i32.const 7)) (return (i32.const 0))))
    (i32.store (i32.const 0) (i32.const 0))
    (i32.store (i32.const 4) (i32.div_s (local.get 0) (local.get 1))) (i32.const 0))
  (func (export "acme:calc/api@1.0.0#ask") (param i32) (result i32) (call $next (local.get 0)))
  (func (export "acme:calc/api@1.0.0#count") (result i32)
    (global.set $count (i32.add (global.get $count) (i32.const 1))) (global.get $count))
  (func (export "acme:calc/api@1.0.0#spin") (loop $for_ever (br $for_ever)))
  (func (export "acme:calc/api@1.0.0#trap") unreachable)
  (func (export "version") (result i32) (i32.const VERSION)))"""

OTHER = '(component (import "x:y/z" (instance (export "f" (func)))))'


@pytest.fixture(scope="module")
def calc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    """The generated `actors`, importable as `calc_host.actors`; and, beside it, `one.wasm` and `two.wasm`."""
    folder = tmp_path_factory.mktemp("calc")
    (folder / "calc.wit").write_text(WIT, "utf-8")
    resolve = read(folder / "calc.wit", world="calc")
    files = generate(resolve, find_world(resolve, "calc"), "host", Options(actors=True))
    write_files(files, folder / "calc_host")
    for number, name in ((1, "one"), (2, "two")):
        (folder / "code.wat").write_text(WAT.replace("VERSION", str(number)), "utf-8")
        arguments = [str(folder / "calc.wit"), "-w", "calc", str(folder / "code.wat")]
        run_wasm_tools(["component", "embed", *arguments, "-o", str(folder / "core.wasm")])
        run_wasm_tools(["component", "new", str(folder / "core.wasm"), "-o", str(folder / f"{name}.wasm")])
    (folder / "code.wat").write_text(OTHER, "utf-8")
    run_wasm_tools(["parse", str(folder / "code.wat"), "-o", str(folder / "other.wasm")])
    sys.path.insert(0, str(folder))
    try:
        yield importlib.import_module("calc_host.actors")
    finally:
        sys.path.remove(str(folder))


def _wasm(calc: ModuleType, name: str = "one") -> Path:
    return Path(calc.__file__ or "").parents[2] / f"{name}.wasm"


def _spec(calc: ModuleType, name: str = "one", **sections: Any) -> ComponentSpec:
    found = spec(_wasm(calc, name), "calc", **sections)
    component = found.manifest.component.model_copy(update={"world": "acme:calc/calc@1.0.0"})
    return ComponentSpec(found.manifest.model_copy(update={"component": component}), found.wasm)


class Next:
    def __init__(self) -> None:
        self.answer: Callable[[int], Any] = lambda x: x + 1

    def next(self, x: int) -> Any:
        return self.answer(x)


class Host:
    def __init__(self) -> None:
        self.host = Next()


def test_the_functions_of_the_world_are_the_actors_methods(calc: ModuleType) -> None:
    async def scenario() -> None:
        async with Node() as node:
            ref = await node.start_world(_spec(calc), calc.supervised(Host()))
            assert isinstance(ref, calc.CalcActor)
            assert await ref.api.add(1, 2) == 3
            assert await ref.api.add(b=5, a=1) == 6
            assert await ref.version() == 1
            assert await ref.api.ask(7) == 8
            assert await asyncio.gather(*(ref.api.add(n, n) for n in range(100))) == [
                2 * n for n in range(100)
            ]
            assert [str(component) for component in node.components()] == ["test/calc/0"]
            assert node.metrics("calc").handled == 104

    run(scenario)


@pytest.mark.parametrize(
    "runtime", [{}, {"profile": "plain"}, {"profile": "plain", "long": True}, {"long": True}]
)
def test_errors_and_bad_arguments_come_back_and_the_instance_stays(
    calc: ModuleType, runtime: dict[str, Any]
) -> None:
    async def scenario() -> None:
        async with Node() as node:
            ref = await node.start_world(_spec(calc, runtime=runtime), calc.supervised(Host()))
            assert await ref.api.count() == 1
            assert await ref.api.div(6, 3) == 2
            with pytest.raises(Err) as raised:
                await ref.api.div(1, 0)
            assert raised.value.value == "by zero"
            assert type(raised.value).__name__ == "DivRaised"
            with pytest.raises(InvalidType, match="a: expected"):
                await ref.api.add("x", 1)
            with pytest.raises(InvalidValue):
                await ref.api.add(1 << 40, 1)
            with pytest.raises(TypeError):
                await ref.api.add(1)
            assert await ref.api.count() == 2
            assert node.counters().restarts == 0

    run(scenario)


def test_a_crash_fails_the_call_in_progress_and_those_behind_it_are_handled_by_the_next_life(
    calc: ModuleType,
) -> None:
    async def scenario() -> None:
        async with Node() as node:
            ref = await node.start_world(_spec(calc, limits={"deadline": 0.2}), calc.supervised(Host()))
            await ref.api.count()
            outcomes = await asyncio.gather(
                ref.api.trap(), ref.api.count(), ref.api.spin(), ref.api.count(), return_exceptions=True
            )
            assert isinstance(outcomes[0], Trap)
            assert type(outcomes[2]).__name__ == "DeadlineExceeded"
            assert (outcomes[1], outcomes[3]) == (1, 1)
            assert node.counters().restarts == 2

    run(scenario)


def test_imports_may_wait_and_their_errors_are_told(calc: ModuleType) -> None:
    host = Host()

    async def slow(x: int) -> int:
        await asyncio.sleep(0.05)
        return x * 2

    class Waiting:
        async def next(self, x: int) -> int:
            return await slow(x)

    def broken(x: int) -> int:
        raise ValueError(f"no {x}")

    async def scenario() -> None:
        async with Node() as node:
            waits = Host()
            waits.host = Waiting()  # type: ignore[assignment]
            ref = await node.start_world(_spec(calc), calc.supervised(waits))
            assert await ref.api.ask(4) == 8
            await node.stop_component("calc")
            with pytest.raises(ActorStopped):
                await ref.api.ask(4)
            ref = await node.start_world(_spec(calc), calc.supervised(host))
            host.host.answer = broken
            with pytest.raises(Exception, match="no 4") as raised:
                await ref.api.ask(4)
            assert isinstance(raised.value.__cause__, ValueError)
            host.host.answer = lambda x: x
            assert await ref.api.ask(4) == 4

    run(scenario)


def test_another_version_takes_over_under_the_same_reference(calc: ModuleType) -> None:
    async def scenario() -> None:
        async with Node() as node:
            ref = await node.start_world(_spec(calc), calc.supervised(Host()))
            calls = [asyncio.ensure_future(ref.api.add(n, 1)) for n in range(50)]
            deployed = await node.deploy("calc", _wasm(calc, "two"))
            assert deployed.record.number == 2
            assert await ref.version() == 2
            assert await asyncio.gather(*calls) == [n + 1 for n in range(50)]
            await node.rollback("calc")
            assert await ref.version() == 1
            with pytest.raises(DeploymentFailed, match="lacks exports of the world"):
                await node.deploy("calc", _wasm(calc, "other"))
            assert await ref.version() == 1

    run(scenario)


def test_a_package_that_is_out_of_date_is_told_by_the_call_and_the_component_stays(
    calc: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "calc.wit").write_text(WIT.replace("b: s32) -> s32", "b: s64) -> s32"), "utf-8")
    resolve = read(tmp_path / "calc.wit", world="calc")
    write_files(
        generate(resolve, find_world(resolve, "calc"), "host", Options(actors=True)), tmp_path / "old_host"
    )
    monkeypatch.syspath_prepend(tmp_path)
    old = importlib.import_module("old_host.actors")

    async def scenario() -> None:
        async with Node() as node:
            ref = await node.start_world(_spec(calc), old.supervised(Host()))
            assert await ref.api.count() == 1
            with pytest.raises(LinkError, match="the component's function has another type"):
                await ref.api.add(1, 2)
            assert await ref.api.count() == 2
            assert node.counters().restarts == 0

    run(scenario)


def test_what_a_typed_component_cannot_have_or_do_is_said(calc: ModuleType) -> None:
    async def scenario() -> None:
        async with Node() as node:
            for section, key, value in (
                ("runtime", "durable", True),
                ("runtime", "pool", 2),
                ("subscriptions", "topics", ["news"]),
            ):
                asking = _spec(calc, **{section: {key: value}})
                with pytest.raises(NotEnforced) as raised:
                    await node.start_world(asking, calc.supervised(Host()))
                assert raised.value.where == f"{section}.{key}"
            with pytest.raises(LinkError, match="host"):
                await node.start_world(_spec(calc), calc.supervised(object()))
            with pytest.raises(Exception, match="start_world"):
                await node.start(_spec(calc))
            assert node.components() == []
            ref = await node.start_world(_spec(calc, limits={"mailbox": 1}), calc.supervised(Host()))
            with pytest.raises(MessageError, match="typed world"):
                await node.ask("calc", script(["x"]))
            outcomes = await asyncio.gather(*(ref.version() for _ in range(3)), return_exceptions=True)
            assert any(isinstance(outcome, MailboxFull) for outcome in outcomes)

    run(scenario)


def test_whoever_stops_waiting_for_a_call_gives_it_up(calc: ModuleType) -> None:
    async def scenario() -> None:
        async with Node() as node:
            ref = await node.start_world(_spec(calc, limits={"deadline": 0.5}), calc.supervised(Host()))
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await ref.api.spin()
            assert await ref.api.add(1, 1) == 2

    run(scenario)


def test_type_checkers_know_the_functions_and_refuse_what_is_wrong(
    calc: ModuleType, mypy_cache: Path
) -> None:
    folder = Path(calc.__file__ or "").parents[2]
    (folder / "user.py").write_text(USER, "utf-8")
    command = ["mypy", "--strict", f"--cache-dir={mypy_cache}", "user.py"]
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=folder, capture_output=True, text=True, check=False
    )
    wrong = [number for number, line in enumerate(USER.splitlines(), 1) if "# wrong" in line]
    told = {int(line.split(":")[1]) for line in done.stdout.splitlines() if ": error:" in line}
    assert told == set(wrong), done.stdout


USER = """
from calc_host.actors import CalcActor, supervised

from airssys_sdk.runtime import ComponentSpec, Node


class Next:
    def next(self, x: int) -> int:
        return x


class Host:
    host = Next()


async def main(node: Node, spec: ComponentSpec) -> None:
    ref = await node.start_world(spec, supervised(Host()))
    same: CalcActor = ref
    total: int = await ref.api.add(1, 2)
    version: int = await same.version()
    text: str = await ref.api.div(1, 2)  # wrong
    await ref.api.add(1, "x")  # wrong
    await ref.api.sum(1, 2)  # wrong
    await ref.nothing()  # wrong
    supervised(object())  # wrong
    print(total, version, text)
"""


@pytest.mark.parametrize("limits", [{}, {"fuel": 1 << 40}])
def test_what_its_calls_take_is_measured_as_for_any_component(
    calc: ModuleType, limits: dict[str, int]
) -> None:
    async def scenario() -> None:
        async with Node(measure_memory=True) as node:
            ref = await node.start_world(_spec(calc, limits=limits), calc.supervised(Host()))
            for number in range(3):
                await ref.api.add(number, 1)
            (seen,) = node.metrics_snapshot().components
            assert (seen.queueing.count, seen.handling.count) == (3, 3)
            assert seen.fuel is not None
            assert seen.fuel.count == 3
            each = seen.fuel.total / 3
            assert 0 < each < 1000
            with pytest.raises(InvalidValue):
                await ref.api.add(1 << 40, 1)
            with pytest.raises(Trap):
                await ref.api.trap()
            assert await ref.api.add(1, 1) == 2
            (seen,) = node.metrics_snapshot().components
            assert (seen.queueing.count, seen.handling.count) == (6, 6)
            assert seen.fuel is not None
            assert seen.fuel.count == 5  # not the one that never came to the guest
            if sys.platform.startswith("linux"):
                assert seen.memory == 65_536

    run(scenario)


@pytest.mark.parametrize("runtime", [{}, {"long": True}, {"profile": "plain"}])
def test_its_calls_and_imports_are_told_in_the_terms_of_wit(
    calc: ModuleType, runtime: dict[str, Any]
) -> None:
    told: list[Traced] = []

    async def scenario() -> None:
        async with Node(trace=told.append) as node:
            ref = await node.start_world(_spec(calc, runtime=runtime), calc.supervised(Host()))
            assert await ref.api.ask(7) == 8
            with pytest.raises(Err):
                await ref.api.div(1, 0)
            with pytest.raises(InvalidValue):
                await ref.api.add(1 << 40, 1)
            with pytest.raises(Trap):
                await ref.api.trap()
            assert await ref.version() == 1

    run(scenario)
    assert [(one.kind, one.function, one.arguments, one.outcome) for one in told] == [
        ("import", "acme:calc/host@1.0.0#next", "7", "8"),
        ("call", "acme:calc/api@1.0.0#ask", "7", "8"),
        ("call", "acme:calc/api@1.0.0#div", "1, 0", 'err("by zero")'),
        ("call", "acme:calc/api@1.0.0#add", "?(WaveError: expected s32, got int 1099511627776)", None),
        ("call", "acme:calc/api@1.0.0#trap", "", None),
        ("call", "version", "", "1"),
    ]
    assert [one.failure is None for one in told] == [True, True, True, False, False, True]
    assert {one.component for one in told} == {"test/calc/0"}
