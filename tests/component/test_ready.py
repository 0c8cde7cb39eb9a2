"""Calls whose cells lie ready in memory that all calls of a function share: small signatures of numbers, text, records, tuples."""

from __future__ import annotations

import threading
import types
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from natives import MEMORY, build

from airssys_sdk.component import Component, Instance, InstanceBusy, InvalidType, InvalidValue

pytestmark = pytest.mark.debug_malloc

SCALARS = {
    **dict.fromkeys(("u8", "s8", "u16", "s16", "u32", "s32", "bool", "char"), "i32"),
    **dict.fromkeys(("u64", "s64"), "i64"),
    "f32": "f32",
    "f64": "f64",
}
WIT = f"""
package t:t;
interface types {{
  record inner {{ deep: s64, flag: bool }}
  record point {{ x: s32, inner: inner, z: f64 }}
}}
interface host {{ tick: func(); }}
world w {{
  use types.{{point}};
  import host;
  {" ".join(f"export same-{name}: func(value: {name}) -> {name};" for name in SCALARS)}
  export same-point: func(value: point) -> point;
  export same-text: func(value: string) -> string;
  export same-list: func(value: list<u16>) -> list<u16>;
  export same-pair: func(value: tuple<char, string>) -> tuple<char, string>;
  export same-option: func(value: option<u32>) -> option<u32>;
  export second: func(first: u8, second: string, third: f64) -> string;
  export nothing: func();
}}
"""
VECTOR = """(param i32 i32) (result i32)
    (i32.store (i32.const 8) (local.get 0)) (i32.store (i32.const 12) (local.get 1)) (i32.const 8))"""
CORE = f"""(module
  (import "t:t/host" "tick" (func $tick))
  {MEMORY}
  {
    " ".join(
        f'(func (export "same-{name}") (param {core}) (result {core}) (local.get 0))'
        for name, core in SCALARS.items()
    )
}
  (func (export "same-point") (param i32 i64 i32 f64) (result i32)
    (call $tick)
    (i32.store (i32.const 8) (local.get 0)) (i64.store (i32.const 16) (local.get 1))
    (i32.store8 (i32.const 24) (local.get 2)) (f64.store (i32.const 32) (local.get 3)) (i32.const 8))
  (func (export "same-text") {VECTOR}
  (func (export "same-list") {VECTOR}
  (func (export "same-option") {VECTOR}
  (func (export "same-pair") (param i32 i32 i32) (result i32)
    (i32.store (i32.const 8) (local.get 0)) (i32.store (i32.const 12) (local.get 1))
    (i32.store (i32.const 16) (local.get 2)) (i32.const 8))
  (func (export "second") (param i32 i32 i32 f64) (result i32)
    (i32.store (i32.const 8) (local.get 1)) (i32.store (i32.const 12) (local.get 2)) (i32.const 8))
  (func (export "nothing") (call $tick)))"""


@pytest.fixture(scope="module")
def component() -> Component:
    return Component.open(build(WIT, CORE, "w"))


@pytest.fixture
def start(component: Component) -> Iterator[Callable[..., Instance]]:
    """Makes an instance whose import does what is asked."""
    made = list[Instance]()

    def start(tick: Callable[[], None] = lambda: None) -> Instance:
        host = types.SimpleNamespace(host=types.SimpleNamespace(tick=tick))
        made.append(component.instantiate(host))
        return made[-1]

    yield start
    for instance in made:
        instance.close()


def point(instance: Instance, x: Any, deep: Any, flag: Any, z: Any) -> Any:
    shape: Any = instance.function("same-point").signature.parameters[0].shape
    return shape.cls(x, shape.fields[1].shape.cls(deep, flag), z)


class Number(int):
    """An integer of another class."""


FITTING = {
    "u8": [0, 255, Number(7)],
    "s8": [-128, 127],
    "u16": [0, 65_535],
    "s16": [-32_768, 32_767],
    "u32": [0, (1 << 32) - 1],
    "s32": [-(1 << 31), (1 << 31) - 1],
    "u64": [0, (1 << 64) - 1, Number(1 << 40)],
    "s64": [-(1 << 63), (1 << 63) - 1],
    "bool": [True, False],
    "char": ["a", "ß", "\U0001f41d"],
    "f32": [0.5, -3.0, 2],
    "f64": [1e300, float("inf"), 2],
    "text": ["", "käse", "x" * 4096, "y" * 4097, "z" * 100_000, "short"],
    "list": [[], [1, 2], list(range(1000))],
    "pair": [("é", "text"), ("a", "")],
    "option": [None, 0, 7],
}
UNFITTING = {
    "u8": [256, -1, True, 1.0, "1"],
    "s8": [128, -129, None],
    "u16": [65_536],
    "s16": [32_768],
    "u32": [1 << 32, -1],
    "s32": [1 << 31],
    "u64": [1 << 64, -1],
    "s64": [1 << 63],
    "bool": [1, None],
    "char": ["", "ab", "\ud800", 5],
    "f32": [1e300, "1"],
    "f64": ["1", True, None],
    "text": ["\ud800", b"x", None],
    "list": [[1, 65_536], [True], 5],
    "pair": [("a",), ("ab", "x"), ("a", 5), "ab"],
    "option": [-1, "x"],
}


@pytest.mark.parametrize("name", FITTING)
def test_each_call_gives_back_its_own_value(start: Callable[..., Instance], name: str) -> None:
    call = start().function(f"same-{name}")
    for _ in range(2):
        for value in FITTING[name]:
            assert call(value) == value


@pytest.mark.parametrize("name", UNFITTING)
def test_a_value_that_does_not_fit_is_refused_and_leaves_the_next_call_alone(
    start: Callable[..., Instance], name: str
) -> None:
    call = start().function(f"same-{name}")
    good = FITTING[name][-1]
    for value in UNFITTING[name]:
        with pytest.raises((InvalidType, InvalidValue), match=r"value"):
            call(value)
        assert call(good) == good


def test_the_parts_of_a_record_are_written_where_they_belong(start: Callable[..., Instance]) -> None:
    instance = start()
    call = instance.function("same-point")
    for parts in ((-1, 1 << 40, True, 0.25), (2, -3, False, 1e300)):
        assert call(point(instance, *parts)) == point(instance, *parts)
    for parts, path in (((1 << 31, 0, True, 0.0), r"value\.x"), ((0, 0, 1, 0.0), r"value\.inner\.flag")):
        with pytest.raises((InvalidType, InvalidValue), match=path):
            call(point(instance, *parts))
    assert call(point(instance, 4, 5, True, 6.0)) == point(instance, 4, 5, True, 6.0)


def test_parameters_of_several_kinds_stand_side_by_side(start: Callable[..., Instance]) -> None:
    call = start().function("second")
    assert call(255, "between", 1.5) == "between"
    with pytest.raises(InvalidValue, match="first"):
        call(256, "between", 1.5)
    assert call(first=0, second="named", third=2) == "named"


def test_a_call_inside_a_call_of_another_instance_has_memory_of_its_own(
    start: Callable[..., Instance],
) -> None:
    inner = start()
    found = list[Any]()
    outer = start(lambda: found.append(inner.call("same-point", point(inner, 9, 8, False, 7.0))))
    assert outer.call("same-point", point(outer, 1, 2, True, 3.0)) == point(outer, 1, 2, True, 3.0)
    assert found == [point(inner, 9, 8, False, 7.0)]


def test_an_odd_number_may_call_the_instance_before_its_own_call_begins(
    start: Callable[..., Instance],
) -> None:
    instance = start()

    class Asking:
        def __index__(self) -> int:
            return int(instance.call("same-u8", 5)) + 1

    assert instance.call("same-u8", Asking()) == 6


def test_a_call_from_another_thread_is_refused_and_changes_nothing(start: Callable[..., Instance]) -> None:
    inside, leave = threading.Event(), threading.Event()

    def tick() -> None:
        inside.set()
        assert leave.wait(30)

    instance = start(tick)
    found = list[Any]()
    thread = threading.Thread(
        target=lambda: found.append(instance.call("same-point", point(instance, 1, 2, True, 3.0)))
    )
    thread.start()
    try:
        assert inside.wait(30)
        with pytest.raises(InstanceBusy):
            instance.call("same-point", point(instance, 9, 9, False, 9.0))
    finally:
        leave.set()
        thread.join(30)
    assert found == [point(instance, 1, 2, True, 3.0)]


def test_a_function_without_parameters_and_result_can_be_called_again(
    start: Callable[..., Instance],
) -> None:
    ticks = list[None]()
    call = start(lambda: ticks.append(None)).function("nothing")
    for _ in range(3):
        assert call() is None
    assert len(ticks) == 3
