"""A native component of `airssys:core/runtime-host`: small and quick, and as ill-behaved as its messages ask for.

The first byte of a message says what becomes of it: `e` is echoed, `s` is stored under its whole text, `t` traps, `l` never
ends, `m` takes memory until there is none, `f` fails with its text; `r`, four bytes of a component's name and a text is a
request with that text, answered with its correlation id. A callback is stored under its correlation id.
A value is `1`, or `2` where something was stored under the key before.
"""

from __future__ import annotations

from pathlib import Path

from airssys_sdk.wit.tools import run_wasm_tools

LIFECYCLE = "airssys:core/component-lifecycle@1.0.0"
WAT = f"""(module
  (import "airssys:core/storage@1.0.0" "exists" (func $exists (param i32 i32 i32)))
  (import "airssys:core/storage@1.0.0" "set" (func $set (param i32 i32 i32 i32 i32)))
  (import "airssys:core/host-messaging@1.0.0" "request"
    (func $request (param i32 i32 i32 i32 i32 i32 i32 i32 i64 i32)))
  (memory (export "memory") 2)
  (data (i32.const 512) "test-012")
  (global $top (mut i32) (i32.const 1024))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $top) (i32.const 15)) (i32.const -16)))
    (global.set $top (i32.add (local.get $at) (local.get 3)))
    (local.get $at))
  (func $over (param i32) (global.set $top (i32.const 1024)))
  (func $fine (result i32) (i32.store (i32.const 0) (i32.const 0)) (i32.store (i32.const 4) (i32.const 0)) (i32.const 0))
  ;; Store `1` or `2` under a key; traps if storage refuses, so that nobody takes it for stored.
  (func $note (param $key i32) (param $size i32)
    (call $exists (local.get $key) (local.get $size) (i32.const 64))
    (if (i32.load8_u (i32.const 64)) (then unreachable))
    (call $set (local.get $key) (local.get $size)
      (i32.add (i32.const 518) (i32.load8_u (i32.const 68))) (i32.const 1) (i32.const 64))
    (if (i32.load8_u (i32.const 64)) (then unreachable)))
  (func $answer (param $at i32) (param $size i32) (result i32)
    (i32.store (i32.const 0) (i32.const 0)) (i32.store (i32.const 4) (i32.const 1))
    (i32.store (i32.const 8) (local.get $at)) (i32.store (i32.const 12) (local.get $size))
    (i32.const 0))
  (func (export "{LIFECYCLE}#handle-message") (param $message i32) (result i32)
    (local $at i32) (local $size i32) (local $what i32)
    (local.set $at (i32.load offset=24 (local.get $message)))
    (local.set $size (i32.load offset=28 (local.get $message)))
    (local.set $what (i32.load8_u (local.get $at)))
    (if (i32.eq (local.get $what) (i32.const 101)) (then (return (call $answer (local.get $at) (local.get $size)))))
    (if (i32.eq (local.get $what) (i32.const 115))
      (then (call $note (local.get $at) (local.get $size)) (return (call $fine))))
    (if (i32.eq (local.get $what) (i32.const 116)) (then unreachable))
    (if (i32.eq (local.get $what) (i32.const 108)) (then (loop $for_ever (br $for_ever))))
    (if (i32.eq (local.get $what) (i32.const 109))
      (then (loop $more (br_if $more (i32.ne (memory.grow (i32.const 64)) (i32.const -1)))) unreachable))
    (if (i32.eq (local.get $what) (i32.const 102)) (then
      (i32.store (i32.const 0) (i32.const 1)) (i32.store (i32.const 4) (i32.const 6))
      (i32.store (i32.const 8) (local.get $at)) (i32.store (i32.const 12) (local.get $size))
      (return (i32.const 0))))
    (if (i32.eq (local.get $what) (i32.const 114)) (then
      (call $request (i32.const 512) (i32.const 4) (i32.add (local.get $at) (i32.const 1)) (i32.const 4)
        (i32.const 517) (i32.const 1) (i32.add (local.get $at) (i32.const 5)) (i32.sub (local.get $size) (i32.const 5))
        (i64.const 5000) (i32.const 64))
      (if (i32.load8_u (i32.const 64)) (then (return (call $fine))))
      (return (call $answer (i32.load (i32.const 68)) (i32.load (i32.const 72))))))
    (call $fine))
  (func (export "cabi_post_{LIFECYCLE}#handle-message") (param i32) (call $over (i32.const 0)))
  (func (export "{LIFECYCLE}#handle-callback") (param $message i32) (result i32)
    (call $note (i32.load offset=36 (local.get $message)) (i32.load offset=40 (local.get $message)))
    (call $fine))
  (func (export "cabi_post_{LIFECYCLE}#handle-callback") (param i32) (call $over (i32.const 0)))
  (func (export "{LIFECYCLE}#initialize") (param i32 i32 i32 i32 i32 i64 i64 i32 i64) (result i32)
    (call $over (i32.const 0)) (call $fine))
  (func (export "{LIFECYCLE}#shutdown") (result i32) (call $fine))
  (func (export "{LIFECYCLE}#health") (result i32) (i32.const 0))
  (func (export "{LIFECYCLE}#metadata") (result i32) unreachable))"""


def build(folder: Path, wit: Path) -> Path:
    """Make the component in a folder."""
    text, core, made = folder / "native.wat", folder / "core.wasm", folder / "native.wasm"
    text.write_text(WAT, "utf-8")
    run_wasm_tools(["component", "embed", str(wit), "-w", "runtime-host", str(text), "-o", str(core)])
    run_wasm_tools(["component", "new", str(core), "-o", str(made)])
    return made
