"""A guest of a few instructions, for tests of what surrounds calls, and typed classes for it and for the Python guest."""

from __future__ import annotations

import asyncio
import builtins
import functools
import typing

from airssys_sdk import component as wit
from airssys_sdk.wit.tools import run_wasm_tools

WAT = """
(component
  (import "pause" (func $pause (param "ms" u32) (result u32)))
  (core module $libc
    (memory (export "memory") 1)
    (global $next (mut i32) (i32.const 1024))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (local $at i32)
      (local.set $at (i32.and (i32.add (global.get $next) (i32.const 15)) (i32.const -16)))
      (global.set $next (i32.add (local.get $at) (local.get 3)))
      (local.get $at)))
  (core instance $libc (instantiate $libc))
  (core func $pause-lowered (canon lower (func $pause)))
  (core module $code
    (import "host" "pause" (func $pause (param i32) (result i32)))
    (import "libc" "memory" (memory 1))
    (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
    (func (export "spin") (param i64) (result i64)
      (local i64)
      (loop $again
        (local.set 1 (i64.add (local.get 1) (i64.const 1)))
        (br_if $again (i64.lt_u (local.get 1) (local.get 0))))
      (local.get 1))
    (func (export "forever") (loop $again (br $again)))
    (func (export "wander") (drop (call $pause (i32.const 0))) (loop $again (br $again)))
    (func (export "trap") (unreachable))
    (func (export "doze") (param i32) (result i32) (i32.add (call $pause (local.get 0)) (i32.const 1)))
    (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
    (func (export "echo") (param i32 i32) (result i32)
      (i32.store (i32.const 16) (local.get 0))
      (i32.store (i32.const 20) (local.get 1))
      (i32.const 16)))
  (core instance $code (instantiate $code
    (with "host" (instance (export "pause" (func $pause-lowered))))
    (with "libc" (instance $libc))))
  (func (export "add") (param "a" s32) (param "b" s32) (result s32) (canon lift (core func $code "add")))
  (func (export "spin") (param "turns" u64) (result u64) (canon lift (core func $code "spin")))
  (func (export "forever") (canon lift (core func $code "forever")))
  (func (export "wander") (canon lift (core func $code "wander")))
  (func (export "trap") (canon lift (core func $code "trap")))
  (func (export "doze") (param "ms" u32) (result u32) (canon lift (core func $code "doze")))
  (func (export "grow") (param "pages" s32) (result s32) (canon lift (core func $code "grow")))
  (func (export "echo") (param "text" string) (result string)
    (canon lift (core func $code "echo") (memory (core memory $libc "memory")) (realloc (core func $libc "realloc")))))
"""


@functools.cache
def small_wasm() -> bytes:
    """The guest of the text above."""
    return assemble(WAT)


def assemble(text: str) -> bytes:
    """WebAssembly from its text."""
    return run_wasm_tools(["parse", "-"], stdin=text.encode())


class PauseImports(typing.Protocol):
    @wit.function("pause")
    def pause(self, ms: wit.U32) -> wit.U32: ...


class Sleeper:
    """Implements `pause` without holding the thread."""

    async def pause(self, ms: int) -> int:
        await asyncio.sleep(ms / 1000)
        return ms


@wit.world("test:small/small")
class Small(wit.World):
    """The world of the small guest."""

    @classmethod
    def load(
        cls,
        source: wit.Source | None = None,
        *,
        imports: object | None = None,
        limits: wit.Limits | None = None,
        wasi: wit.Wasi | None = None,
        engine: wit.Engine | None = None,
        loop: asyncio.AbstractEventLoop | None = None,
    ) -> typing.Self:
        """An instance; metered unless an engine is given, with a host that sleeps unless one is given."""
        from airssys_sdk.component.engine.profiles import engine as engine_with

        return cls.open_world(
            small_wasm() if source is None else source,
            PauseImports,
            imports or Sleeper(),
            limits=limits,
            wasi=wasi,
            engine=engine or engine_with("metered"),
            loop=loop,
        )

    @wit.function("add")
    def add(self, a: wit.S32, b: wit.S32) -> wit.S32:
        raise NotImplementedError

    @wit.function("spin")
    def spin(self, turns: wit.U64) -> wit.U64:
        raise NotImplementedError

    @wit.function("forever")
    def forever(self) -> None:
        raise NotImplementedError

    @wit.function("wander")
    def wander(self) -> None:
        raise NotImplementedError

    @wit.function("trap")
    def trap(self) -> None:
        raise NotImplementedError

    @wit.function("doze")
    def doze(self, ms: wit.U32) -> wit.U32:
        raise NotImplementedError

    @wit.function("grow")
    def grow(self, pages: wit.S32) -> wit.S32:
        raise NotImplementedError

    @wit.function("echo")
    def echo(self, text: builtins.str) -> builtins.str:
        raise NotImplementedError


@wit.world("test:probe/probe")
class Probe(wit.World):
    """The world of the Python guest `tests/guests/probe`."""

    @classmethod
    def load(
        cls,
        source: wit.Source,
        *,
        imports: object | None = None,
        limits: wit.Limits | None = None,
        wasi: wit.Wasi | None = None,
        engine: wit.Engine | None = None,
        sources: dict[str, str] | None = None,
    ) -> typing.Self:
        """An instance; metered unless an engine is given, with a host that sleeps unless one is given."""
        from airssys_sdk.component.engine.profiles import engine as engine_with

        return cls.open_world(
            source,
            PauseImports,
            imports or Sleeper(),
            limits=limits,
            wasi=wasi,
            engine=engine or engine_with("metered"),
            sources=sources,
        )

    @wit.function("say")
    def say(self, out: builtins.str, err: builtins.str) -> None:
        raise NotImplementedError

    @wit.function("fail")
    def fail(self, text: builtins.str) -> None:
        raise NotImplementedError

    @wit.function("chain")
    def chain(self) -> None:
        raise NotImplementedError

    @wit.function("spin")
    def spin(self, turns: wit.U32) -> wit.U32:
        raise NotImplementedError

    @wit.function("nap")
    def nap(self, ms: wit.U32) -> wit.U64:
        raise NotImplementedError

    @wit.function("hog")
    def hog(self, mib: wit.U32) -> wit.U32:
        raise NotImplementedError

    @wit.function("doze")
    def doze(self, ms: wit.U32) -> wit.U32:
        raise NotImplementedError

    @wit.function("leave")
    def leave(self, code: wit.U8) -> None:
        raise NotImplementedError

    @wit.function("reach-out")
    def reach_out(self) -> builtins.list[builtins.str]:
        raise NotImplementedError
