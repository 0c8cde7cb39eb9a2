"""Asynchronous functions of a guest that gives way to its host again and again: others on the loop go on meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator

import pytest

from airssys_sdk.component import Component, Instance, InstanceBusy, InstanceDead, LinkError
from airssys_sdk.wit.tools import run_wasm_tools

YIELDING = """
(component
  (core module $code
    (import "" "return" (func $return (param i32)))
    (global $asked (mut i32) (i32.const 0))
    (global $left (mut i32) (i32.const 0))
    (func (export "begin") (param i32) (result i32)
      (global.set $asked (local.get 0))
      (global.set $left (local.get 0))
      (i32.const 1)) ;; yield
    (func (export "again") (param i32 i32 i32) (result i32)
      (if (i32.eqz (global.get $left)) (then (call $return (global.get $asked)) (return (i32.const 0))))
      (global.set $left (i32.sub (global.get $left) (i32.const 1)))
      (i32.const 1)))
  (core func $return (canon task.return (result u32)))
  (core instance $code (instantiate $code (with "" (instance (export "return" (func $return))))))
  (func (export "yield-times") async (param "times" u32) (result u32)
    (canon lift (core func $code "begin") async (callback (core func $code "again")))))
"""
NEVER_DONE = 0xFFFFFFFF


@pytest.fixture
def instance() -> Iterator[Instance]:
    with Component.open(run_wasm_tools(["parse", "-"], stdin=YIELDING.encode())).instantiate() as made:
        yield made


@contextlib.asynccontextmanager
async def under_way(instance: Instance) -> AsyncIterator[None]:
    """A call that goes on for hours, after its first steps; it is cancelled in the end."""
    task = asyncio.create_task(instance.call("yield-times", NEVER_DONE))
    for _ in range(5):
        await asyncio.sleep(0)
    yield
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize("times", [0, 1, 10, 100])
def test_others_on_the_loop_go_on_each_time_the_guest_gives_way(instance: Instance, times: int) -> None:
    async def run() -> None:
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                ticks += 1
                await asyncio.sleep(0)

        ticking = asyncio.create_task(tick())
        assert await instance.call("yield-times", times) == times
        ticking.cancel()
        assert ticks >= times

    asyncio.run(run())


def test_a_call_that_is_awaited_occupies_its_instance(instance: Instance) -> None:
    async def run() -> None:
        async with under_way(instance):
            with pytest.raises(InstanceBusy):
                await instance.call("yield-times", 1)
            with pytest.raises(InstanceBusy):
                instance.close()

    asyncio.run(run())


def test_cancelling_an_awaited_call_ends_its_instance(instance: Instance) -> None:
    async def run() -> None:
        async with under_way(instance):
            pass
        with pytest.raises(InstanceDead, match="yield-times ended with CancelledError"):
            await instance.call("yield-times", 1)

    asyncio.run(run())


def test_time_that_is_up_ends_an_awaited_call(instance: Instance) -> None:
    async def run() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(instance.call("yield-times", NEVER_DONE), 0.05)
        with pytest.raises(InstanceDead):
            await instance.call("yield-times", 1)

    asyncio.run(run())


ASKING = """
(component
  (import "ask" (func $ask KIND (param "n" u32) (result u32)))
  (core module $code
    (import "" "ask" (func $ask (param i32) (result i32)))
    (import "" "return" (func $return (param i32)))
    (func (export "begin") (param i32) (result i32) (call $return (call $ask (local.get 0))) (i32.const 0))
    (func (export "again") (param i32 i32 i32) (result i32) (unreachable)))
  (core func $ask (canon lower (func $ask)))
  (core func $return (canon task.return (result u32)))
  (core instance $code (instantiate $code (with "" (instance (export "ask" (func $ask)) (export "return" (func $return))))))
  (func (export "run") async (param "n" u32) (result u32)
    (canon lift (core func $code "begin") async (callback (core func $code "again")))))
"""
"""A guest whose asynchronous function asks its host."""


def asking(kind: str) -> Component:
    text = ASKING.replace("KIND", kind)
    return Component.open(run_wasm_tools(["parse", "-"], stdin=text.encode()))


async def ask_later(n: int) -> int:
    return n


def ask(n: int) -> int:
    return n + 1


def test_an_asynchronous_guest_asks_a_host_that_answers_at_once() -> None:
    with asking("").instantiate({"ask": ask}) as instance:
        assert asyncio.run(instance.call("run", 3)) == 4


def test_an_import_that_suspends_is_refused_without_advice_that_does_not_help() -> None:
    with pytest.raises(LinkError, match="suspending import") as caught:
        asking("").instantiate({"ask": ask_later})
    assert caught.value.hint is not None
    assert "limits" not in caught.value.hint


@pytest.mark.parametrize("implementation", [ask, ask_later])
def test_an_asynchronous_import_is_refused_whatever_implements_it(
    implementation: Callable[[int], object],
) -> None:
    with pytest.raises(LinkError, match="ask: the component imports an async func, which a host cannot give"):
        asking("async").instantiate({"ask": implementation})
