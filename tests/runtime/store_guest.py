"""A native guest whose world is full of resources, its generated package, and a host for it; for tests of supervised components.

Items are numbers; `dropped` counts destructors. That of item 666 traps, that of item 777 tells the host.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from component_nodes import spec

from airssys_generator import Options, generate, write_files
from airssys_sdk.runtime import ComponentSpec
from airssys_sdk.wit.reader import find_world, read
from airssys_sdk.wit.tools import run_wasm_tools

WIT = """
package acme:lib@1.0.0;
interface store {
  /// Something in the store; there is none with the number 0.
  resource item {
    constructor(n: u32) -> result<item, string>;
    value: func() -> u32;
    add: static func(a: borrow<item>, b: borrow<item>) -> item;
  }
  record lot { item: item, count: u32 }
  variant found { nothing, one(item), many(list<lot>) }
  pack: func(item: item, count: u32) -> lot;
  unpack: func(lot: lot) -> item;
  find: func(n: u32) -> found;
  sum: func(items: list<borrow<item>>) -> u32;
  swap: func(pair: tuple<item, item>) -> tuple<item, item>;
  maybe: func(item: option<item>) -> option<item>;
  index: func(items: map<u32, item>) -> map<u32, item>;
  refuse: func(item: item) -> result<u32, item>;
  trap: func(item: borrow<item>);
  spin: func(item: borrow<item>);
  ask: func(item: borrow<item>) -> u32;
  dropped: func() -> u32;
}
interface host { next: func(x: u32) -> u32; resource pen { write: func(n: u32) -> u32; } }
interface desk {
  use store.{item, lot, found}; use host.{pen};
  weigh: func(lots: list<lot>) -> u32;
  first: func(found: found) -> item;
  write: func(pen: borrow<pen>, n: u32) -> u32;
  hand-back: func(pen: pen) -> pen;
}
world lib { import host; export store; export desk; export version: func() -> u32; }
"""
WAT = """(module
  (import "acme:lib/host@1.0.0" "next" (func $next (param i32) (result i32)))
  (import "acme:lib/host@1.0.0" "[method]pen.write" (func $write (param i32 i32) (result i32)))
  (import "acme:lib/host@1.0.0" "[resource-drop]pen" (func $drop_pen (param i32)))
  (import "[export]acme:lib/store@1.0.0" "[resource-new]item" (func $new (param i32) (result i32)))
  (import "[export]acme:lib/store@1.0.0" "[resource-rep]item" (func $rep (param i32) (result i32)))
  (import "[export]acme:lib/store@1.0.0" "[resource-drop]item" (func $drop (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 64) "no item")
  (global $dropped (mut i32) (i32.const 0))
  (global $free (mut i32) (i32.const 1024))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (local $at i32)
    (local.set $at (global.get $free))
    (global.set $free (i32.add (global.get $free) (i32.and (i32.add (local.get 3) (i32.const 15)) (i32.const -16))))
    (if (i32.gt_u (global.get $free) (i32.const 60000)) (then (global.set $free (i32.const 1024))))
    (local.get $at))
  (func $pair (param i32 i32) (result i32)
    (i32.store (i32.const 0) (local.get 0)) (i32.store (i32.const 4) (local.get 1)) (i32.const 0))
  (func $take (param i32) (result i32) (local $value i32)
    (local.set $value (call $rep (local.get 0))) (call $drop (local.get 0)) (local.get $value))
  (func (export "acme:lib/store@1.0.0#[dtor]item") (param i32)
    (if (i32.eq (local.get 0) (i32.const 666)) (then unreachable))
    (if (i32.eq (local.get 0) (i32.const 777)) (then (drop (call $next (i32.const 777)))))
    (global.set $dropped (i32.add (global.get $dropped) (i32.const 1))))
  (func (export "acme:lib/store@1.0.0#[constructor]item") (param i32) (result i32)
    (if (i32.eqz (local.get 0)) (then
      (i32.store (i32.const 8) (i32.const 7)) (return (call $pair (i32.const 1) (i32.const 64)))))
    (call $pair (i32.const 0) (call $new (local.get 0))))
  (func (export "acme:lib/store@1.0.0#[method]item.value") (param i32) (result i32) (local.get 0))
  (func (export "acme:lib/store@1.0.0#[static]item.add") (param i32 i32) (result i32)
    (call $new (i32.add (local.get 0) (local.get 1))))
  (func (export "acme:lib/store@1.0.0#pack") (param i32 i32) (result i32) (call $pair (local.get 0) (local.get 1)))
  (func (export "acme:lib/store@1.0.0#unpack") (param i32 i32) (result i32)
    (call $new (i32.mul (call $take (local.get 0)) (local.get 1))))
  (func (export "acme:lib/store@1.0.0#find") (param i32) (result i32)
    (if (i32.eqz (local.get 0)) (then (return (call $pair (i32.const 0) (i32.const 0)))))
    (if (i32.eq (local.get 0) (i32.const 1)) (then (return (call $pair (i32.const 1) (call $new (i32.const 1))))))
    (i32.store (i32.const 32) (call $new (local.get 0))) (i32.store (i32.const 36) (i32.const 5))
    (i32.store (i32.const 40) (call $new (i32.const 2))) (i32.store (i32.const 44) (i32.const 6))
    (i32.store (i32.const 8) (i32.const 2))
    (call $pair (i32.const 2) (i32.const 32)))
  (func (export "acme:lib/store@1.0.0#sum") (param i32 i32) (result i32) (local $sum i32)
    (block $done (loop $next
      (br_if $done (i32.eqz (local.get 1)))
      (local.set $sum (i32.add (local.get $sum) (i32.load (local.get 0))))
      (local.set 0 (i32.add (local.get 0) (i32.const 4)))
      (local.set 1 (i32.sub (local.get 1) (i32.const 1)))
      (br $next)))
    (local.get $sum))
  (func (export "acme:lib/store@1.0.0#swap") (param i32 i32) (result i32) (call $pair (local.get 1) (local.get 0)))
  (func (export "acme:lib/store@1.0.0#maybe") (param i32 i32) (result i32) (call $pair (local.get 0) (local.get 1)))
  (func (export "acme:lib/store@1.0.0#index") (param i32 i32) (result i32) (call $pair (local.get 0) (local.get 1)))
  (func (export "acme:lib/store@1.0.0#refuse") (param i32) (result i32) (call $pair (i32.const 1) (local.get 0)))
  (func (export "acme:lib/store@1.0.0#trap") (param i32) unreachable)
  (func (export "acme:lib/store@1.0.0#spin") (param i32) (loop $for_ever (br $for_ever)))
  (func (export "acme:lib/store@1.0.0#ask") (param i32) (result i32) (call $next (local.get 0)))
  (func (export "acme:lib/store@1.0.0#dropped") (result i32) (global.get $dropped))
  (func (export "acme:lib/desk@1.0.0#weigh") (param i32 i32) (result i32) (local $sum i32)
    (block $done (loop $next
      (br_if $done (i32.eqz (local.get 1)))
      (local.set $sum (i32.add (local.get $sum)
        (i32.mul (call $take (i32.load (local.get 0))) (i32.load offset=4 (local.get 0)))))
      (local.set 0 (i32.add (local.get 0) (i32.const 8)))
      (local.set 1 (i32.sub (local.get 1) (i32.const 1)))
      (br $next)))
    (local.get $sum))
  (func (export "acme:lib/desk@1.0.0#first") (param i32 i32 i32) (result i32)
    (if (i32.eq (local.get 0) (i32.const 1)) (then (return (local.get 1))))
    unreachable)
  (func (export "acme:lib/desk@1.0.0#write") (param i32 i32) (result i32) (local $answer i32)
    (local.set $answer (call $write (local.get 0) (local.get 1))) (call $drop_pen (local.get 0)) (local.get $answer))
  (func (export "acme:lib/desk@1.0.0#hand-back") (param i32) (result i32) (local.get 0))
  (func (export "version") (result i32) (i32.const VERSION)))"""


def make_package(folder: Path) -> None:
    """Write the package `lib_host` with its actors, and beside it `one.wasm` and `two.wasm`."""
    (folder / "lib.wit").write_text(WIT, "utf-8")
    resolve = read(folder / "lib.wit", world="lib")
    files = generate(resolve, find_world(resolve, "lib"), "host", Options(actors=True))
    write_files(files, folder / "lib_host")
    for number, name in ((1, "one"), (2, "two")):
        (folder / "code.wat").write_text(WAT.replace("VERSION", str(number)), "utf-8")
        arguments = [str(folder / "lib.wit"), "-w", "lib", str(folder / "code.wat")]
        run_wasm_tools(["component", "embed", *arguments, "-o", str(folder / "core.wasm")])
        run_wasm_tools(["component", "new", str(folder / "core.wasm"), "-o", str(folder / f"{name}.wasm")])


def store_spec(wasm: Path, name: str = "lib", **sections: Any) -> ComponentSpec:
    """How the component is started; sections of its manifest as in `component_nodes.spec`."""
    found = spec(wasm, name, **sections)
    component = found.manifest.component.model_copy(update={"world": "acme:lib/lib@1.0.0"})
    return ComponentSpec(found.manifest.model_copy(update={"component": component}), found.wasm)


class Next:
    """What the world imports; its answer may be replaced."""

    def __init__(self) -> None:
        self.answer: Any = lambda x: x + 1

    def next(self, x: int) -> Any:
        return self.answer(x)


class Host:
    """Implements the imports."""

    def __init__(self) -> None:
        self.host = Next()


class Pen:
    """A resource of the host's."""

    def __init__(self) -> None:
        self.written: list[int] = []

    def write(self, n: int) -> int:
        self.written.append(n)
        return len(self.written)
