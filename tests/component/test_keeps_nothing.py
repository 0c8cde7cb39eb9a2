"""What the compiled module is given and makes in a call, it lets go of."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import sys
import threading
import types
from collections.abc import Callable
from typing import Any

import pytest
from natives import MEMORY, build
from test_compiled import COMPILED, Echo, needs_module

from airssys_sdk.component import Component

WIT = """
package t:t;
interface host { number: func(a: u64, b: string, c: f64) -> u64; say: func(x: string); }
world w {
  import host;
  export number: func(a: u64, b: string, c: f64) -> u64;
  export say: func(x: string);
  export fill: func(size: u32) -> string;
  export spin: func(rounds: u32) -> u32;
}
"""
CORE = f"""(module
  (import "t:t/host" "number" (func $number (param i64 i32 i32 f64) (result i64)))
  (import "t:t/host" "say" (func $say (param i32 i32)))
  {MEMORY}
  (func $back (global.set $top (i32.const 4096)))
  (func (export "number") (param i64 i32 i32 f64) (result i64)
    (call $number (local.get 0) (local.get 1) (local.get 2) (local.get 3)) (call $back))
  (func (export "say") (param i32 i32) (call $say (local.get 0) (local.get 1)) (call $back))
  (func (export "fill") (param i32) (result i32)
    (memory.fill (i32.const 65536) (i32.const 97) (local.get 0))
    (i32.store (i32.const 8) (i32.const 65536)) (i32.store (i32.const 12) (local.get 0)) (i32.const 8))
  (func (export "spin") (param i32) (result i32)
    (loop $again
      (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
      (br_if $again (local.get 0)))
    (i32.const 1)))"""
MANY = 2000


@pytest.fixture(scope="module")
def component() -> Component:
    return Component.open(build(WIT, CORE, "w"))


def growth(step: Callable[[], object]) -> tuple[int, int, int]:
    """How many blocks of memory, and references to None and to 0, `MANY` steps leave behind."""

    def counted() -> tuple[int, int, int]:
        gc.collect()
        return sys.getallocatedblocks(), sys.getrefcount(None), sys.getrefcount(0)

    for _ in range(MANY // 10):
        step()
    before = counted()
    for _ in range(MANY):
        step()
    return tuple(now - then for now, then in zip(counted(), before, strict=True))  # type: ignore[return-value]


class Whole(int):
    """An integer that the compiled module leaves to Python."""


@pytest.mark.parametrize("unusual", [False, True])
def test_calls_and_imports_leave_nothing_behind(component: Component, unusual: bool) -> None:
    answer: Any = Whole(1 << 60) if unusual else 1 << 60
    host = types.SimpleNamespace(
        number=lambda a, b, c: answer + 0 if not unusual else answer, say=lambda x: None
    )
    with component.instantiate({"t:t/host": host}) as instance:
        number, say, fill = (instance.function(name) for name in ("number", "say", "fill"))

        def step() -> None:
            assert number(1 << 62, "käse", 0.5) == 1 << 60
            say("x" * 100)
            fill(5000)
            fill(3)

        assert max(growth(step)) < MANY // 2


def test_values_that_imports_return_are_let_go_of(component: Component) -> None:
    references = list[int]()
    for value in (1 << 60, Whole(1 << 60)):
        host = types.SimpleNamespace(
            number=lambda a, b, c, value=value: value, say=lambda x, value=value: value
        )
        before = sys.getrefcount(value)
        with component.instantiate({"t:t/host": host}) as instance:
            for _ in range(100):
                instance.call("number", 1, "", 0.5)
                instance.call("say", "")
        del host, instance
        gc.collect()
        references.append(sys.getrefcount(value) - before)
    assert max(references) < 50


@needs_module
def test_what_a_direct_call_and_a_host_import_are_made_of_is_let_go_of() -> None:
    echo = Echo("qq")
    made = [COMPILED.direct(echo.release, "x", (1,), 1, echo.release, 0) for _ in range(10)]
    assert sys.getrefcount(echo.release.__self__) > 10
    del made
    assert sys.getrefcount(echo.release.__self__) < 10

    def enter(*_: object) -> None: ...

    def lower(*_: object) -> None: ...

    before = sys.getrefcount(enter), sys.getrefcount(lower)
    for _ in range(10):
        COMPILED.host_import(enter, echo.release, lower, "x")
    assert (sys.getrefcount(enter), sys.getrefcount(lower)) == before


class MallocInfo(ctypes.Structure):
    """What `mallinfo2` of the C library returns; what has a name of it is in bytes."""

    _fields_ = (
        ("_before", ctypes.c_size_t * 4),
        ("hblkhd", ctypes.c_size_t),
        ("_between", ctypes.c_size_t * 2),
        ("uordblks", ctypes.c_size_t),
        ("_after", ctypes.c_size_t * 2),
    )


@pytest.mark.skipif(
    not hasattr(ctypes.CDLL(None), "mallinfo2"), reason="the C library is not glibc 2.33 or later"
)
def test_a_long_text_that_a_guest_returned_is_freed_before_the_next_call(component: Component) -> None:
    mallinfo2 = ctypes.CDLL(None).mallinfo2
    mallinfo2.restype = MallocInfo
    count, size = 50, 60_000

    def used() -> int:
        gc.collect()
        info = mallinfo2()
        return int(info.uordblks + info.hblkhd)

    with contextlib.ExitStack() as stack:
        host = types.SimpleNamespace(number=_nothing, say=_nothing)
        fills = [
            stack.enter_context(component.instantiate({"t:t/host": host})).function("fill")
            for _ in range(count)
        ]
        for fill in fills:
            assert fill(3) == "aaa"
        before = used()
        for fill in fills:
            assert len(fill(size)) == size
        assert used() - before < count * size / 4


def _nothing(*_: object) -> None: ...


def test_other_threads_run_while_a_guest_does(component: Component) -> None:
    host = types.SimpleNamespace(number=lambda a, b, c: 1, say=lambda x: None)
    with component.instantiate({"t:t/host": host}) as instance:
        spin, begun, count = instance.function("spin"), threading.Event(), 0
        thread = threading.Thread(target=lambda: (begun.set(), spin(1 << 30)))
        thread.start()
        assert begun.wait(30)
        while thread.is_alive():
            thread.join(0.001)
            count += 1
        assert count > 20
