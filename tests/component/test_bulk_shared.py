"""All functions that go through an adapter share its memory: what one of them has there, no other overwrites."""

from __future__ import annotations

import itertools
import os
import types
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from natives import MEMORY, build

from airssys_sdk.component import Component, Err, Instance
from airssys_sdk.component.engine.cache import Cache

MIB = 1 << 20
WIT = """package t:t;
interface one { give: func(a: list<u8>) -> list<u8>; }
interface two { give: func(a: list<u32>) -> list<u32>; fail: func(a: list<u8>) -> result<list<u8>, list<u8>>; }
interface api {
  record item { key: string, value: list<u8> }
  both: func(a: list<u8>, b: list<u32>) -> tuple<list<u8>, list<u8>, list<u32>, list<u32>>;
  ask: func(a: list<u8>) -> result<list<u8>, list<u8>>;
  keep: func(a: item) -> item;
}
interface more {
  record item { value: list<u64>, count: u64 }
  keep: func(a: item) -> item;
}
world w { import one; import two; export api; export more; export echo: func(a: list<u8>) -> list<u8>; }"""
CORE = f"""(module
  (import "t:t/one" "give" (func $one (param i32 i32 i32)))
  (import "t:t/two" "give" (func $two (param i32 i32 i32)))
  (import "t:t/two" "fail" (func $fail (param i32 i32 i32)))
  {MEMORY}
  (func $done (param i32) (global.set $top (i32.const 4096)))
  (func $copy (param $to i32) (param $from i32) (i64.store (local.get $to) (i64.load (local.get $from))))
  (func $pair (param $to i32) (param i32 i32)
    (i32.store (local.get $to) (local.get 1)) (i32.store offset=4 (local.get $to) (local.get 2)))
  (func (export "t:t/api#both") (param i32 i32 i32 i32) (result i32)
    (call $one (local.get 0) (local.get 1) (i32.const 1024))
    (call $two (local.get 2) (local.get 3) (i32.const 1032))
    (call $pair (i32.const 2048) (local.get 0) (local.get 1))
    (call $copy (i32.const 2056) (i32.const 1024))
    (call $copy (i32.const 2064) (i32.const 1032))
    (call $pair (i32.const 2072) (local.get 2) (local.get 3))
    (i32.const 2048))
  (func (export "t:t/api#ask") (param i32 i32) (result i32)
    (call $fail (local.get 0) (local.get 1) (i32.const 1024)) (i32.const 1024))
  (func (export "t:t/api#keep") (param i32 i32 i32 i32) (result i32)
    (call $pair (i32.const 1024) (local.get 0) (local.get 1)) (call $pair (i32.const 1032) (local.get 2) (local.get 3))
    (i32.const 1024))
  (func (export "t:t/more#keep") (param i32 i32 i64) (result i32)
    (call $pair (i32.const 1024) (local.get 0) (local.get 1)) (i64.store (i32.const 1032) (local.get 2))
    (i32.const 1024))
  (func (export "echo") (param i32 i32) (result i32)
    (call $pair (i32.const 1024) (local.get 0) (local.get 1)) (i32.const 1024))
  {" ".join(f'(export "cabi_post_{name}" (func $done))' for name in ("t:t/api#both", "t:t/api#ask", "t:t/api#keep", "t:t/more#keep", "echo"))})"""
LENGTHS = (0, 1, 15, 16, 17, 31, 33, 1000, 65535, 65537, MIB)


class _Host:
    """Gives back what it is given, changed; before that, it does what a test wants done in the middle of a call."""

    def __init__(self, then: Callable[[], object] = lambda: None) -> None:
        self.one = types.SimpleNamespace(give=self._bytes)
        self.two = types.SimpleNamespace(give=self._numbers, fail=self._fail)
        self._then = then

    def _bytes(self, a: bytes) -> bytes:
        self._then()
        return a[::-1] + b"!"

    def _numbers(self, a: list[int]) -> list[int]:
        self._then()
        return [*a[::-1], 7]

    def _fail(self, a: bytes) -> bytes:
        self._then()
        if len(a) % 2:
            raise Err(a[::-1])
        return a


@pytest.fixture(scope="module", params=["plain", "metered"])
def component(request: pytest.FixtureRequest) -> Component:
    made = Component.open(build(WIT, CORE, "w"), profile=request.param, cache=Cache(None))
    assert made.bulk
    return made


@pytest.fixture
def instance(component: Component) -> Iterator[Instance]:
    with component.instantiate(_Host()) as made:
        yield made


def _ask(made: Instance, length: int, count: int) -> None:
    """Call the function that calls two imports in between, and look at everything that it gives back."""
    data, numbers = os.urandom(length), list(memoryview(os.urandom(4 * count)).cast("I"))
    found = made.call("api.both", data, numbers)
    assert found == (data, data[::-1] + b"!", [*numbers[::-1], 7], numbers)


def _fails(made: Instance, data: bytes) -> tuple[bool, object]:
    """Whether the import that is asked gives an error, and what it gives."""
    try:
        return False, made.call("api.ask", data)
    except Err as error:
        return True, error.value


@pytest.mark.parametrize("length", LENGTHS)
def test_imports_that_are_called_during_a_call_leave_what_it_passed_alone(
    instance: Instance, length: int
) -> None:
    for other in LENGTHS[:-1]:
        _ask(instance, length, other // 4)
        _ask(instance, other, length // 4)


def test_functions_of_different_interfaces_follow_each_other(instance: Instance) -> None:
    """After a long call the next one finds the memory as it left it, whatever interface it belongs to."""
    item = _class(instance, "api.keep")
    counted = _class(instance, "more.keep")
    for length, other in itertools.product((0, 1, 33, 70_000), repeat=2):
        data, numbers = os.urandom(length), list(memoryview(os.urandom(8 * other)).cast("Q"))
        assert instance.call("echo", data) == data
        one = item("key" * other, data)
        assert instance.call("api.keep", one) == one
        two = counted(numbers, 1 << 63)
        assert instance.call("more.keep", two) == two
        _ask(instance, other, length // 4)
        assert _fails(instance, data) == ((True, data[::-1]) if length % 2 else (False, data))


def _class(made: Instance, name: str) -> Any:
    shape: Any = made.function(name).signature.parameters[0].shape
    return shape.cls


def test_a_host_that_calls_another_instance_in_the_middle_of_a_call_mixes_nothing_up(
    component: Component,
) -> None:
    with component.instantiate(_Host()) as other:

        def then() -> None:
            _ask(other, 40_000, 10_000)
            assert other.call("echo", b"abc") == b"abc"

        with component.instantiate(_Host(then)) as made:
            for length, count in itertools.product((0, 33, 40_000), repeat=2):
                _ask(made, length, count)
            assert _fails(made, b"odd") == (True, b"ddo")
