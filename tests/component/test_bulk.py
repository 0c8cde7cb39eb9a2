"""Byte strings come back as they went, through adapters or without, and nobody can tell the difference but by a clock."""

from __future__ import annotations

import asyncio
import gc
import itertools
import logging
import os
import random
import re
import tempfile
import types
from array import array
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from effort import SOAK
from natives import MEMORY, build, dummy
from random_values import RandomTypes, random_value

from airssys_sdk.component import (
    Component,
    DeadlineExceeded,
    Err,
    HostImportFailed,
    Instance,
    InstanceDead,
    InvalidType,
    Limits,
    LinkError,
    MemoryExhausted,
    Ok,
    Trap,
    World,
    begin,
    world,
)
from airssys_sdk.component.bulk import composing, forms, kept, sections
from airssys_sdk.component.bulk.names import PREFIX
from airssys_sdk.component.engine.cache import Cache
from airssys_sdk.component.hosting.exports import find_bulk
from airssys_sdk.component.output.traceback import ADAPTERS
from airssys_sdk.errors import ToolMissingError
from airssys_sdk.wit.model import Resolve
from airssys_sdk.wit.reader import find_world, read
from airssys_sdk.wit.tools import WasmToolsError, run_wasm_tools

MIB = 1 << 20
WIT = """package t:t;
interface api {
  record entry { key: string, value: list<u8>, more: option<list<u8>> }
  variant problem { code(u64), said(list<u8>), none }
  resource box { constructor(content: list<u8>); }
  echo: func(a: list<u8>) -> list<u8>;
  size: func(a: list<u8>) -> u32;
  zeros: func(n: u32) -> list<u8>;
  fail: func(a: list<u8>) -> result<list<u8>, list<u8>>;
  either: func(a: result<list<u8>, u64>) -> result<list<u8>, u64>;
  maybe: func(a: option<list<u8>>) -> option<list<u8>>;
  both: func(a: list<u8>, text: string, b: list<u8>) -> tuple<list<u8>, string, list<u8>>;
  keep: func(a: entry) -> entry;
  tell: func(a: problem) -> problem;
  many: func(a: list<list<u8>>) -> list<list<u8>>;
  entries: func(a: list<entry>) -> list<entry>;
  trap: func(a: list<u8>);
  forever: func(a: list<u8>);
  add: func(a: u32, b: u32) -> u32;
  unpack: func(a: box, more: list<u8>) -> list<u8>;
}
world w { export api; }"""
CORE = f"""(module
  (import "[export]t:t/api" "[resource-new]box" (func $new (param i32) (result i32)))
  {MEMORY}
  (func $done (result i32) (global.set $top (i32.const 4096)) (i32.const 0))
  (func $pair (param i32 i32) (result i32)
    (i32.store (i32.const 0) (local.get 0)) (i32.store (i32.const 4) (local.get 1)) (call $done))
  (export "t:t/api#echo" (func $pair))
  (export "t:t/api#many" (func $pair))
  (export "t:t/api#entries" (func $pair))
  (func (export "t:t/api#size") (param i32 i32) (result i32) (drop (call $done)) (local.get 1))
  (func (export "t:t/api#zeros") (param i32) (result i32)
    (memory.fill (i32.const 65536) (i32.const 0) (local.get 0)) (call $pair (i32.const 65536) (local.get 0)))
  (func (export "t:t/api#fail") (param i32 i32) (result i32)
    (i32.store (i32.const 4) (local.get 0)) (i32.store (i32.const 8) (local.get 1))
    (i32.store (i32.const 0) (i32.and (local.get 1) (i32.const 1))) (call $done))
  (func (export "t:t/api#either") (param i32 i64 i32) (result i32)
    (i32.store (i32.const 0) (local.get 0)) (i64.store (i32.const 8) (local.get 1))
    (if (i32.eqz (local.get 0)) (then (i32.store (i32.const 12) (local.get 2)))) (call $done))
  (func (export "t:t/api#maybe") (param i32 i32 i32) (result i32)
    (i32.store (i32.const 0) (local.get 0)) (i32.store (i32.const 4) (local.get 1)) (i32.store (i32.const 8) (local.get 2))
    (call $done))
  (func (export "t:t/api#both") (param i32 i32 i32 i32 i32 i32) (result i32)
    (i32.store (i32.const 0) (local.get 0)) (i32.store (i32.const 4) (local.get 1)) (i32.store (i32.const 8) (local.get 2))
    (i32.store (i32.const 12) (local.get 3)) (i32.store (i32.const 16) (local.get 4)) (i32.store (i32.const 20) (local.get 5))
    (call $done))
  (func (export "t:t/api#keep") (param i32 i32 i32 i32 i32 i32 i32) (result i32)
    (i32.store (i32.const 0) (local.get 0)) (i32.store (i32.const 4) (local.get 1)) (i32.store (i32.const 8) (local.get 2))
    (i32.store (i32.const 12) (local.get 3)) (i32.store (i32.const 16) (local.get 4)) (i32.store (i32.const 20) (local.get 5))
    (i32.store (i32.const 24) (local.get 6)) (call $done))
  (func (export "t:t/api#tell") (param i32 i64 i32) (result i32)
    (i32.store (i32.const 0) (local.get 0)) (i64.store (i32.const 8) (local.get 1))
    (if (i32.eq (local.get 0) (i32.const 1)) (then (i32.store (i32.const 12) (local.get 2)))) (call $done))
  (func $boom unreachable)
  (func $outer (export "t:t/api#trap") (param i32 i32) (call $boom))
  (func (export "t:t/api#forever") (param i32 i32) (loop $again (br $again)))
  (func (export "t:t/api#add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "t:t/api#[constructor]box") (param i32 i32) (result i32) (call $new (call $pair (local.get 0) (local.get 1))))
  (func (export "t:t/api#unpack") (param i32 i32 i32) (result i32) (call $pair (local.get 1) (local.get 2)))
)"""
LENGTHS = sorted(
    {
        *range(300),
        *(near for power in range(8, 21) for near in ((1 << power) - 1, 1 << power, (1 << power) + 1)),
        *(near for size in (16, 32, 48, 64) for near in (65536 - size, 65536 + size, 65536 - size - 1)),
    }
    - {MIB + 1}
)
FEWER = [*range(70), 255, 256, 257, 4095, 4097, 65535, 65536, 65537]


@pytest.fixture(scope="module")
def wasm() -> bytes:
    return build(WIT, CORE, "w")


@pytest.fixture(scope="module", params=["plain", "metered"])
def profile(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture(scope="module")
def component(wasm: bytes, profile: Any) -> Component:
    return Component.open(wasm, profile=profile, cache=Cache(None))


@pytest.fixture
def instance(component: Component) -> Iterator[Instance]:
    with component.instantiate() as made:
        yield made


@pytest.fixture(scope="module")
def without(wasm: bytes, profile: Any) -> Iterator[Instance]:
    """The same component, with bulk turned off."""
    with Component.open(wasm, profile=profile, cache=Cache(None), bulk=False).instantiate() as made:
        yield made


def test_bytes_of_every_length_come_back(instance: Instance) -> None:
    echo, size, zeros = (instance.function(f"api.{name}") for name in ("echo", "size", "zeros"))
    lengths = [*LENGTHS, *(random.randrange(MIB) for _ in range(5)), MIB]  # noqa: S311
    for length in lengths:
        data = os.urandom(length)
        assert echo(data) == data, length
        assert size(data) == length
        assert zeros(length) == bytes(length), length


def test_every_byte_comes_back_at_every_place(instance: Instance) -> None:
    echo = instance.function("api.echo")
    for shift in range(48):
        data = bytes(shift) + bytes(range(256))
        assert echo(data) == data
    for value in range(256):
        assert echo(bytes([value] * 33)) == bytes([value] * 33)


@pytest.mark.parametrize("length", FEWER)
def test_calls_give_the_same_with_and_without_adapters(
    instance: Instance, without: Instance, length: int
) -> None:
    data = os.urandom(length)
    calls: list[tuple[str, tuple[Any, ...]]] = [
        ("echo", (data,)),
        ("size", (data,)),
        ("either", (Ok(data),)),
        ("either", (Err(length << 32 | 7),)),
        ("maybe", (data,)),
        ("maybe", (None,)),
        ("both", (data, "text \u20ac é" * length, data[::-1])),
        ("many", ([data[:at] for at in range(0, min(length, 90), 7)],)),
    ]
    for name, arguments in calls:
        given = instance.function(f"api.{name}"), without.function(f"api.{name}")
        assert outcome(given[0], *arguments) == outcome(given[1], *arguments), name
    for name in ("fail",):
        ours, theirs = instance.function(f"api.{name}"), without.function(f"api.{name}")
        assert outcome(ours, data) == outcome(theirs, data) == (length % 2 == 1, data)
    for made in (instance, without):
        entry = made.function("api.keep")
        cls: Any = entry.signature.parameters[0].shape
        one, two = cls.cls("key", data, None), cls.cls("", data[::-1], data)
        assert entry(one) == one
        assert entry(two) == two
        assert made.call("api.entries", [one, two] * 11) == [one, two] * 11
        problem = made.function("api.tell")
        shape: Any = problem.signature.parameters[0].shape
        code, said, none = (case.cls for case in shape.cases)
        for value in (code(1 << 63), said(data), none()):
            assert problem(value) == value


def outcome(function: Any, *arguments: Any) -> Any:
    """What a call returns, or that it raises and what the error carries."""
    try:
        found = function(*arguments)
    except Err as error:
        return True, error.value
    return (False, found) if function.path.endswith("#fail") else found


def test_bytes_go_through_an_adapter_and_the_rest_does_not(component: Component, instance: Instance) -> None:
    assert component.bulk
    seen = {path: _kinds(instance, path) for path in ("echo", "add", "entries", "unpack")}
    assert seen == {"echo": True, "add": False, "entries": True, "unpack": False}
    assert component.import_names == ()
    assert not any(PREFIX in path for path in instance.paths)


def _kinds(instance: Instance, name: str) -> bool:
    live: Any = getattr(instance, "_live")  # noqa: B009
    return find_bulk(live.component, "t:t/api", name) is not None


def test_functions_with_resources_work_beside_those_with_adapters(instance: Instance) -> None:
    box = instance.resource("box")
    assert instance.call("api.unpack", box(b"in it"), b"beside it") == b"beside it"
    assert instance.call("api.echo", b"again") == b"again"


@pytest.mark.parametrize(
    "data", [bytearray(b"abc"), memoryview(b"abc"), memoryview(b"a-b-c")[::2], [97, 98, 99]]
)
def test_whatever_holds_bytes_is_taken(instance: Instance, data: Any) -> None:
    assert instance.call("api.echo", data) == b"abc"
    assert instance.call("api.many", [data] * 12) == [b"abc"] * 12


@pytest.mark.parametrize(
    "data",
    [
        *("abc", 5, None, [256], [b"a"], [1.5]),
        # Buffers whose items are of a byte's size, and yet no bytes.
        *(array("b", [-1]), memoryview(array("b", [-1])), memoryview(b"\1").cast("?")),
    ],
)
def test_what_holds_no_bytes_is_refused_in_the_same_words(
    instance: Instance, without: Instance, data: Any
) -> None:
    told = list[str]()
    for made, name, value in itertools.product((instance, without), ("echo", "many"), (data,)):
        with pytest.raises((InvalidType, ValueError)) as caught:
            made.call(f"api.{name}", [value] * 12 if name == "many" else value)
        told.append(str(caught.value))
    assert told[:2] == told[2:]


def test_a_trap_is_told_in_the_same_words(component: Component, wasm: bytes, profile: Any) -> None:
    without = Component.open(wasm, profile=profile, cache=Cache(None), bulk=False)
    told = list[tuple[str, str | None]]()
    for each in (component, without):
        with each.instantiate() as made, pytest.raises(Trap) as caught:
            made.call("api.trap", b"x" * 100)
        told.append((str(caught.value), caught.value.guest_traceback))
    assert told[0] == told[1]
    assert told[0][1] is not None
    assert ADAPTERS not in told[0][1]


def test_more_than_the_engine_copies_of_a_list_comes_back(instance: Instance) -> None:
    data = os.urandom(MIB) * 8
    assert instance.call("api.echo", data) == data


def test_memory_stays_flat_over_many_calls(component: Component) -> None:
    if component.metered:
        pytest.skip("the memory of an adapter is the same")

    def resident() -> int:
        gc.collect()
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    data = os.urandom(65536)
    with component.instantiate(limits=Limits(memory=16 << 20)) as made:
        echo, fail, size = (made.function(f"api.{name}") for name in ("echo", "fail", "size"))

        def rounds(count: int) -> None:
            for _ in range(count):
                echo(data)
                size(data)
                fail(data)

        rounds(50)
        before = resident()
        rounds(20_000 if SOAK else 1_500)
        assert resident() - before < 4 << 20


def test_a_call_that_has_no_room_in_its_adapter_says_so(component: Component) -> None:
    with component.instantiate(limits=Limits(memory=16 << 20)) as made:
        assert made.call("api.size", bytes(2 * MIB)) == 2 * MIB
        with pytest.raises(MemoryExhausted, match=r"the bytes that the call passes .* limit of 16 MiB"):
            made.call("api.size", bytes(9 * MIB))


def test_with_a_limit_too_low_for_adapters_calls_go_without(component: Component) -> None:
    with component.instantiate(limits=Limits(memory=5 * MIB)) as made:
        assert not _kinds(made, "echo")
        assert made.call("api.echo", bytes(MIB // 4)) == bytes(MIB // 4)


def test_fuel_is_the_guests_alone_so_calls_with_a_limit_on_it_go_without(wasm: bytes) -> None:
    component = Component.open(wasm, profile="metered", cache=Cache(None))
    assert component.bulk
    with component.instantiate(limits=Limits(fuel=1_000)) as made:
        assert not _kinds(made, "echo")
        assert made.call("api.echo", bytes(10_000)) == bytes(10_000), "copying costs the guest nothing"


def test_the_profile_for_asynchronous_components_goes_without(wasm: bytes) -> None:
    component = Component.open(wasm, profile="concurrent", cache=Cache(None))
    assert not component.bulk
    with component.instantiate() as made:
        data = os.urandom(1000)
        assert made.call("api.echo", data) == data


def test_a_deadline_ends_a_call_in_the_same_words(wasm: bytes) -> None:
    told = list[str]()
    for bulk in (True, False):
        component = Component.open(wasm, profile="metered", cache=Cache(None), bulk=bulk)
        with component.instantiate(limits=Limits(deadline=0.05)) as made:
            assert _kinds(made, "forever") == bulk
            with pytest.raises(DeadlineExceeded) as caught:
                made.call("api.forever", b"x" * 5000)
            with pytest.raises(InstanceDead) as dead:
                made.call("api.echo", b"x")
        told.append(f"{caught.value}\n{dead.value}")
    assert told[0] == told[1]


def test_a_call_that_went_through_an_adapter_can_be_cancelled(wasm: bytes) -> None:
    component = Component.open(wasm, profile="metered", cache=Cache(None))
    with component.instantiate(limits=Limits(slice_fuel=10_000)) as made:
        call = begin(made.function("api.forever"), b"x" * 5000)
        for _ in range(5):
            assert not call.advance()
        call.cancel()
        with pytest.raises(Exception, match="cancelled"):
            call.result()


def test_long_bytes_are_carried_in_slices(wasm: bytes) -> None:
    component = Component.open(wasm, profile="metered", cache=Cache(None))
    data = os.urandom(MIB)
    with component.instantiate(limits=Limits(slice_fuel=20_000)) as made:
        call, slices = begin(made.function("api.echo"), data), 0
        while not call.advance():
            slices += 1
        assert slices > 5
        assert call.result() == data


# ---- turning it off, and what cannot be composed


@world("t:t/w")
class Opened(World):
    """A world of which nothing is called."""


def test_bulk_can_be_turned_off_when_a_component_is_opened_or_used(wasm: bytes) -> None:
    composed = Component.open(wasm)
    assert composed.bulk
    assert Component.open(composed) is composed
    off = Component.open(composed, bulk=False)
    assert not off.bulk
    assert Component.open(off) is off
    with Opened.open_world(composed, bulk=False) as opened:
        live: Any = getattr(opened, "_live")  # noqa: B009
        assert not live.component.bulk


def test_a_composed_component_is_kept_under_a_key_of_its_own(wasm: bytes, tmp_path: Path) -> None:
    counts = list[tuple[int, int]]()
    for bulk in (True, False, True, False):
        cache = Cache(tmp_path)
        assert Component.open(wasm, cache=cache, bulk=bulk).bulk == bulk
        counts.append((cache.counters.compiled, cache.counters.hits))
    assert counts == [(1, 0), (1, 0), (0, 1), (0, 1)]


def test_that_a_component_has_nothing_to_compose_is_found_out_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = build(
        "package t:t; interface api { add: func(a: u32) -> u32; } world w { export api; }",
        '(module (func (export "t:t/api#add") (param i32) (result i32) (local.get 0)))',
        "w",
    )
    assert not Component.open(plain, cache=Cache(tmp_path)).bulk
    monkeypatch.setattr(composing, "compose", None)
    cache = Cache(tmp_path)
    assert not Component.open(plain, cache=cache).bulk
    assert cache.counters.hits == 1


def test_without_wasm_tools_components_are_opened_without_adapters(
    wasm: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(*_: object, **__: object) -> bytes:
        raise ToolMissingError("wasm-tools is not there")

    with monkeypatch.context() as changed:
        changed.setattr(composing, "run_wasm_tools", missing)
        assert not Component.open(wasm, cache=Cache(tmp_path)).bulk
    assert Component.open(wasm, cache=Cache(tmp_path)).bulk


def test_a_composed_component_that_the_engine_refuses_is_opened_as_it_is(
    wasm: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(composing, "compose", lambda *_: b"\0asm\x0d\0\1\0\4\1")
    with caplog.at_level(logging.INFO, logger=kept.__name__):
        assert not Component.open(wasm, cache=Cache(tmp_path)).bulk
    assert "refuses the composed component" in caplog.text
    with Component.open(wasm, cache=Cache(tmp_path)).instantiate() as made:
        assert made.call("api.echo", b"abc") == b"abc"


def test_a_component_that_has_names_of_ours_is_left_alone() -> None:
    wit = "package airssys:bulk; interface root { echo: func(a: list<u8>) -> list<u8>; } world w { export root; }"
    core = f"""(module {MEMORY} (func (export "airssys:bulk/root#echo") (param i32 i32) (result i32)
      (i32.store (i32.const 0) (local.get 0)) (i32.store (i32.const 4) (local.get 1)) (i32.const 0)))"""
    component = Component.open(build(wit, core, "w"), cache=Cache(None))
    assert not component.bulk
    with component.instantiate() as made:
        assert made.call("root.echo", b"abc") == b"abc"


@pytest.mark.parametrize(
    "text",
    [
        '(component (core module $m) (import "f" (func)))',
        '(component (import "a" (instance $i (export "t" (type (sub resource))))) (alias export $i "t" (type)) (core type (func)) (import "f" (func)))',
    ],
)
def test_a_component_whose_imports_are_not_all_at_its_beginning_is_not_composed(text: str) -> None:
    with pytest.raises(sections.Unreadable, match="after its first definition"):
        sections.outline(run_wasm_tools(["parse", "-"], stdin=text.encode()))


@pytest.mark.parametrize("cut", [9, 20, 100])
def test_what_is_cut_short_is_not_composed(wasm: bytes, cut: int) -> None:
    with pytest.raises(sections.Unreadable):
        sections.outline(wasm[:cut])


# ---- interfaces and worlds


def test_versions_of_an_interface_and_functions_of_the_world_have_their_own_adapters() -> None:
    wit = """package t:t@2.1.0;
    interface api { echo: func(a: list<u8>) -> list<u8>; }
    world w { import give: func(a: list<u8>) -> list<u8>; export api; export old: interface { echo: func(a: list<u8>) -> list<u8>; }
      export u:u/api@0.1.0; export echo: func(a: list<u8>) -> list<u8>; export via: func(a: list<u8>) -> list<u8>; }
    package u:u@0.1.0 { interface api { echo: func(a: list<u8>) -> list<u8>; } }"""
    names = ("t:t/api@2.1.0#echo", "old#echo", "u:u/api@0.1.0#echo", "echo")
    core = f"""(module (import "$root" "give" (func $give (param i32 i32 i32))) {MEMORY}
      (func $echo (param i32 i32) (result i32) (i32.store (i32.const 0) (local.get 0)) (i32.store (i32.const 4) (local.get 1))
        (global.set $top (i32.const 4096)) (i32.const 0))
      (func (export "via") (param i32 i32) (result i32) (call $give (local.get 0) (local.get 1) (i32.const 0))
        (global.set $top (i32.const 4096)) (i32.const 0))
      {" ".join(f'(export "{name}" (func $echo))' for name in names)})"""
    component = Component.open(build(wit, core, "w"), cache=Cache(None))
    assert component.bulk
    assert component.import_names == ("give",)
    with component.instantiate({"give": lambda a: a * 2}) as made:
        for path in made.paths:
            data = os.urandom(333)
            interface, _, name = path.rpartition("#")
            live: Any = getattr(made, "_live")  # noqa: B009
            assert find_bulk(live.component, interface or None, name) is not None, path
            assert made.call(path, data) == (data * 2 if path == "via" else data)


def passing(declarations: str, wit_types: Mapping[str, str]) -> bytes:
    """A component that passes values to its host and back: `via-NAME` calls the host's `give-NAME` with the registers it got."""
    declared = re.findall(r"(?:record|variant|enum|flags) ([a-z0-9-]+)", declarations)
    use = f"use types.{{{', '.join(declared)}}};" if declared else ""
    gives = " ".join(f"give-{n}: func(value: {t}) -> {t};" for n, t in wit_types.items())
    wit = f"""package t:t; interface types {{ {declarations} }} interface host {{ {use} {gives} }}
      interface api {{ {use} {gives.replace("give-", "via-")} }} world w {{ import host; export api; }}"""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "w.wit").write_text(wit, encoding="utf-8")
        declared_world = find_world(read(Path(folder, "w.wit")), None)
    functions = declared_world.exported_interfaces[0].interface.functions
    imports, code = list[str](), list[str]()
    for name in wit_types:
        registers = forms.registers(forms.form(functions[f"via-{name}"].parameters[0].type))
        behind = len(registers) > 1
        taken = registers if len(registers) <= 16 else ["i32"]
        passed = " ".join(f"(local.get {number})" for number in range(len(taken)))
        signature = f"(param {' '.join(taken)}{' i32' if behind else ''}) {'' if behind else f'(result {registers[0]})'}"
        imports.append(f'(import "t:t/host" "give-{name}" (func $give-{name} {signature}))')
        result, post = ("i32", "(param i32)") if behind else (registers[0], f"(param {registers[0]})")
        call = f"(call $give-{name} {passed} {'(i32.const 1024)) (i32.const 1024' if behind else ''})"
        code.append(
            f'(func (export "t:t/api#via-{name}") (param {" ".join(taken)}) (result {result}) {call})'
            f' (func (export "cabi_post_t:t/api#via-{name}") {post} (global.set $top (i32.const 4096)))'
        )
    return build(wit, f"(module {' '.join(imports)} {MEMORY} {' '.join(code)})", "w")


class GiveBack:
    """Implements every import by returning its argument."""

    def __getattr__(self, name: str) -> Any:
        def give(value: Any) -> Any:
            if isinstance(value, Err):
                raise value
            return value.value if isinstance(value, Ok) else value

        return give


WITH_BYTES = (
    "list<u8>",
    "tuple<list<u8>, {}>",
    "tuple<{}, list<u8>, u8, list<u8>>",
    "option<tuple<{}, list<u8>>>",
    "result<list<u8>, {}>",
    "result<{}, list<u8>>",
    "list<tuple<{}, list<u8>>>",
    "list<list<list<u8>>>",
)


@pytest.mark.examples
def test_values_with_bytes_anywhere_reach_the_host_and_come_back(profile: Any) -> None:
    first = random.SystemRandom().getrandbits(32) if SOAK else 1
    print(f"first seed {first}")
    adapted = 0
    for seed in range(first, first + (800 if SOAK else 12)):
        rng = random.Random(seed)  # noqa: S311
        made = RandomTypes(rng)
        named = {
            f"t{number}": rng.choice(WITH_BYTES).format(made.make(rng.randint(1, 4))) for number in range(6)
        }
        declarations = "\n".join(made.declarations)
        wasm = passing(declarations, named)
        component = Component.open(wasm, profile=profile, cache=Cache(None))
        assert component.bulk, f"seed {seed}: {named} where {declarations}"
        with component.instantiate(types.SimpleNamespace(host=GiveBack())) as instance:
            for name, wit in named.items():
                adapted += _kinds(instance, f"via-{name}")
                via = instance.function(f"api.via-{name}")
                shape = via.signature.parameters[0].shape
                for _ in range(8):
                    value = random_value(shape, rng)
                    told = f"seed {seed}: {wit} where {declarations}"
                    expected: Any = value.value if isinstance(value, Ok | Err) else value
                    assert _value(via, value) == expected, told
    assert adapted > 50


def _value(function: Any, value: Any) -> Any:
    try:
        return function(value)
    except Err as error:
        return error.value


@pytest.mark.parametrize("kind", ["direct", "waiting"])
def test_bytes_reach_an_import_of_every_length(kind: str) -> None:
    class Direct:
        def give_blob(self, value: bytes) -> bytes:
            return value

    class Waiting:
        async def give_blob(self, value: bytes) -> bytes:
            await asyncio.sleep(0)
            return value

    wasm = passing("", {"blob": "list<u8>"})
    profile: Any = "plain" if kind == "direct" else "metered"
    host = types.SimpleNamespace(host=Direct() if kind == "direct" else Waiting())
    with Component.open(wasm, profile=profile, cache=Cache(None)).instantiate(host) as made:
        via = made.function("api.via-blob")
        for length in FEWER if kind == "waiting" else LENGTHS:
            data = os.urandom(length)
            assert via(data) == data, length


@pytest.mark.parametrize("lacks", ["the interface", "the function", "a function"])
def test_a_host_that_lacks_an_import_is_told_in_the_same_words(lacks: str) -> None:
    hosts: dict[str, object] = {
        "the interface": object(),
        "the function": types.SimpleNamespace(host=object()),
        "a function": types.SimpleNamespace(host=types.SimpleNamespace(give_blob=5)),
    }
    told = list[str]()
    for bulk in (True, False):
        component = Component.open(passing("", {"blob": "list<u8>"}), cache=Cache(None), bulk=bulk)
        with pytest.raises(LinkError) as caught:
            component.instantiate(hosts[lacks])
        told.append(str(caught.value))
    assert told[0] == told[1]


def test_a_host_that_answers_with_no_bytes_is_told_in_the_same_words() -> None:
    told = list[tuple[str, str]]()
    for bulk in (True, False):
        component = Component.open(passing("", {"blob": "list<u8>"}), cache=Cache(None), bulk=bulk)
        host = types.SimpleNamespace(host=types.SimpleNamespace(give_blob=lambda value: [len(value), 256]))
        with component.instantiate(host) as made, pytest.raises(HostImportFailed) as caught:
            made.call("api.via-blob", b"abc")
        told.append((str(caught.value), str(caught.value.__cause__)))
    assert told[0] == told[1]


def test_a_host_that_calls_another_instance_during_a_call_mixes_nothing_up() -> None:
    wasm = passing("", {"blob": "list<u8>"})
    component = Component.open(wasm, cache=Cache(None))
    depth = itertools.count()

    class Deeper:
        def give_blob(self, value: bytes) -> bytes:
            if next(depth) < 5:
                with component.instantiate(types.SimpleNamespace(host=self)) as inner:
                    assert inner.call("api.via-blob", value * 2) == value * 2 + b"!"
            return value + (b"!" if not value.endswith(b"!") else b"")

    with component.instantiate(types.SimpleNamespace(host=Deeper())) as made:
        assert made.call("api.via-blob", b"abc") == b"abc!"


def test_random_worlds_are_composed_to_valid_components(tmp_path: Path) -> None:
    first = random.SystemRandom().getrandbits(31) if SOAK else 1
    print(f"first seed {first}")
    composed = 0
    for seed in range(first, first + (1500 if SOAK else 80)):
        for wasm in _random_components(seed, tmp_path):
            copy = tmp_path / "component.wasm"

            def types(given: bytes, copy: Path = copy) -> Resolve:
                copy.write_bytes(given)
                return read(copy, world="root")

            try:
                outer = composing.compose(wasm, types)
            except composing.NothingToCompose as reason:
                if "refused" in str(reason):
                    pytest.fail(f"seed {seed}: {reason}")
                continue
            composed += 1
            copy.write_bytes(outer)
            run_wasm_tools(["validate", "--features", "all", copy])
    print(f"{composed} composed")
    assert composed > 3


def _random_components(seed: int, folder: Path) -> Iterator[bytes]:
    """Components of the worlds that wasm-tools invents, with bytes where it has text."""
    noise, package = folder / "noise", folder / "package.wasm"
    chance = random.Random(seed)  # noqa: S311
    noise.write_bytes(chance.randbytes(chance.randint(500, 8000)))
    run_wasm_tools(["wit-smith", noise, "-o", package])
    text = run_wasm_tools(["component", "wit", package]).decode().replace("string", "list<u8>")
    text = re.sub(r"@\w+\(.*?\)", "", text)  # gates
    wit = folder / "package.wit"
    wit.write_text(text, encoding="utf-8")
    for made in read(wit).main.worlds.values():
        try:
            yield dummy(wit, made.path)
        except WasmToolsError:
            continue  # it cannot make a component of everything that it invents
