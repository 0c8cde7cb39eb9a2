"""The native guest that calls are measured with: its world and code, its generated package, and what is called.

Native, so that the calls themselves are what is measured.
"""

from __future__ import annotations

import ctypes
import dataclasses
import importlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any

from airssys_generator import generate, write_files
from airssys_sdk.wit.reader import find_world, read
from airssys_sdk.wit.tools import run_wasm_tools

WIT = """
package bench:calls;
interface host { next: func(x: u32) -> u32; }
interface api {
  record point { x: s32, y: s32, z: f64 }
  record person { name: string, age: u32, tags: list<string>, email: option<string> }
  add: func(a: s32, b: s32) -> s32;
  depth: func(p: point) -> f64;
  echo-text: func(a: string) -> string;
  echo-bytes: func(a: list<u8>) -> list<u8>;
  echo-numbers: func(a: list<u32>) -> list<u32>;
  echo-people: func(a: list<person>) -> list<person>;
  ask: func(x: u32) -> u32;
}
world bench { import host; export api; }
"""
ECHO = '(export "bench:calls/api#{}" (func $echo))'
WAT = f"""(module
  (import "bench:calls/host" "next" (func $next (param i32) (result i32)))
  (memory (export "memory") 400)
  (global $top (mut i32) (i32.const 1024))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $top) (i32.const 15)) (i32.const -16)))
    (global.set $top (i32.add (local.get $at) (local.get 3)))
    (local.get $at))
  (func (export "bench:calls/api#add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "bench:calls/api#depth") (param i32 i32 f64) (result f64) (local.get 2))
  (func (export "bench:calls/api#ask") (param i32) (result i32) (call $next (local.get 0)))
  (func $echo (param i32 i32) (result i32)
    (i32.store (i32.const 0) (local.get 0)) (i32.store (i32.const 4) (local.get 1))
    (global.set $top (i32.const 1024)) (i32.const 0))
  {" ".join(ECHO.format(name) for name in ("echo-text", "echo-bytes", "echo-numbers", "echo-people"))})"""


class Counter:
    """The imported interface."""

    def next(self, x: int) -> int:
        return x + 1


class Given:
    """What the guest imports."""

    host = Counter()


@dataclasses.dataclass(frozen=True)
class Row:
    """One line of the table: a title, the WIT name, our arguments, the engine's, and how often to call each way."""

    title: str
    name: str
    ours: tuple[Any, ...]
    engines: tuple[Any, ...]
    often: int
    seldom: int


def rows(api: ModuleType) -> list[Row]:
    """What is measured; `api` is the generated module of the interface."""
    people = [api.Person("bob", 3, ["a", "b", "c"], "x@y") for _ in range(100)]
    records = [_record(name="bob", age=3, tags=["a", "b", "c"], email="x@y") for _ in range(100)]
    numbers = list(range(10_000))
    return [
        Row("add(s32, s32)", "add", (1, 2), (1, 2), 50_000, 3_000),
        Row(
            "record of 3 scalars",
            "depth",
            (api.Point(1, 2, 3.0),),
            (_record(x=1, y=2, z=3.0),),
            50_000,
            1_000,
        ),
        Row("string, 100 characters", "echo-text", ("a" * 100,), ("a" * 100,), 30_000, 2_000),
        Row("list<u8>, 16 B", "echo-bytes", (os.urandom(16),), (os.urandom(16),), 20_000, 500),
        Row("list<u8>, 1 KiB", "echo-bytes", (os.urandom(1 << 10),), (os.urandom(1 << 10),), 5_000, 20),
        Row("list<u8>, 64 KiB", "echo-bytes", (os.urandom(1 << 16),), (os.urandom(1 << 16),), 500, 1),
        Row("list<u32> x 10,000", "echo-numbers", (numbers,), (numbers,), 50, 2),
        Row("list<person> x 100", "echo-people", (people,), (records,), 200, 2),
        Row("list<person> x 1", "echo-people", (people[:1],), (records[:1],), 10_000, 200),
        Row("host import u32 -> u32", "ask", (1,), (1,), 30_000, 2_000),
    ]


def generated() -> ModuleType:
    """The host package of the world, generated and imported."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "bench.wit")
        source.write_text(WIT, encoding="utf-8")
        resolve = read(source, world="bench")
        write_files(generate(resolve, find_world(resolve, "bench"), "host"), Path(folder, "bench_host"))
        sys.path.insert(0, folder)
        try:
            return importlib.import_module("bench_host")
        finally:
            sys.path.remove(folder)


def c_library(code: str) -> ctypes.CDLL | None:
    """C code, compiled and loaded; None without a C compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        library, source = Path(folder, "code.so"), Path(folder, "code.c")
        source.write_text(code, encoding="utf-8")
        subprocess.run([compiler, "-O2", "-shared", "-fPIC", "-o", library, source], check=True)
        return ctypes.CDLL(str(library))


def build() -> bytes:
    """The component."""
    with tempfile.TemporaryDirectory() as folder:
        package, module = Path(folder, "bench.wit"), Path(folder, "core.wasm")
        package.write_text(WIT, encoding="utf-8")
        module.write_bytes(run_wasm_tools(["parse", "-"], stdin=WAT.encode()))
        embedded = run_wasm_tools(["component", "embed", package, module, "--world", "bench"])
    return run_wasm_tools(["component", "new", "-"], stdin=embedded)


def _record(**fields: Any) -> Any:
    from wasmtime.component import Record

    made = Record()
    made.__dict__.update(fields)
    return made
