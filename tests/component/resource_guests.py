"""Native guests with resources, written as components: one that implements a resource, one that uses the host's."""

from __future__ import annotations

import functools

from airssys_sdk.wit.tools import run_wasm_tools

MAKER = """
(component
  (core module $table
    (memory (export "memory") 1)
    (global $dropped (mut i32) (i32.const 0))
    (func (export "destroy") (param i32)
      (if (i32.eq (local.get 0) (i32.const 666)) (then unreachable))
      (global.set $dropped (i32.add (global.get $dropped) (i32.const 1))))
    (func (export "dropped") (result i32) (global.get $dropped)))
  (core instance $table (instantiate $table))
  (type $thing (resource (rep i32) (dtor (core func $table "destroy"))))
  (core func $new (canon resource.new $thing))
  (core func $rep (canon resource.rep $thing))
  (core func $drop (canon resource.drop $thing))
  (core module $code
    (import "" "new" (func $new (param i32) (result i32)))
    (import "" "rep" (func $rep (param i32) (result i32)))
    (import "" "drop" (func $drop (param i32)))
    (import "" "memory" (memory 1))
    (global $free (mut i32) (i32.const 1024))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (local $at i32)
      (local.set $at (global.get $free))
      (global.set $free (i32.add (global.get $free) (i32.and (i32.add (local.get 3) (i32.const 15)) (i32.const -16))))
      (if (i32.gt_u (global.get $free) (i32.const 60000)) (then (global.set $free (i32.const 1024))))
      (local.get $at))
    (func (export "make") (param i32) (result i32) (call $new (local.get 0)))
    (func (export "value") (param i32) (result i32) (local.get 0))
    (func (export "sum") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
    (func (export "take") (param i32) (result i32) (local $value i32)
      (local.set $value (call $rep (local.get 0)))
      (call $drop (local.get 0))
      (local.get $value))
    (func (export "both") (param i32 i32) (result i32) (local $value i32)
      (local.set $value (i32.add (local.get 0) (call $rep (local.get 1))))
      (call $drop (local.get 1))
      (local.get $value))
    (func (export "total") (param i32 i32) (result i32) (local $sum i32)
      (block $done
        (loop $next
          (br_if $done (i32.eqz (local.get 1)))
          (local.set $sum (i32.add (local.get $sum) (call $rep (i32.load (local.get 0)))))
          (call $drop (i32.load (local.get 0)))
          (local.set 0 (i32.add (local.get 0) (i32.const 4)))
          (local.set 1 (i32.sub (local.get 1) (i32.const 1)))
          (br $next)))
      (local.get $sum)))
  (core instance $code (instantiate $code (with "" (instance
    (export "new" (func $new)) (export "rep" (func $rep)) (export "drop" (func $drop))
    (export "memory" (memory $table "memory"))))))
  (func $make (param "n" u32) (result (own $thing)) (canon lift (core func $code "make")))
  (func $value (param "self" (borrow $thing)) (result u32) (canon lift (core func $code "value")))
  (func $sum (param "a" (borrow $thing)) (param "b" (borrow $thing)) (result u32) (canon lift (core func $code "sum")))
  (func $take (param "thing" (own $thing)) (result u32) (canon lift (core func $code "take")))
  (func $both (param "lent" (borrow $thing)) (param "given" (own $thing)) (result u32)
    (canon lift (core func $code "both")))
  (func $total (param "things" (list (own $thing))) (result u32)
    (canon lift (core func $code "total") (memory (core memory $table "memory")) (realloc (core func $code "realloc"))))
  (func $dropped (result u32) (canon lift (core func $table "dropped")))
  (component $things
    (import "import-thing" (type $thing (sub resource)))
    (import "make" (func $make (param "n" u32) (result (own $thing))))
    (import "value" (func $value (param "self" (borrow $thing)) (result u32)))
    (import "sum" (func $sum (param "a" (borrow $thing)) (param "b" (borrow $thing)) (result u32)))
    (import "take" (func $take (param "thing" (own $thing)) (result u32)))
    (import "both" (func $both (param "lent" (borrow $thing)) (param "given" (own $thing)) (result u32)))
    (import "total" (func $total (param "things" (list (own $thing))) (result u32)))
    (export $out "thing" (type $thing))
    (export "[constructor]thing" (func $make) (func (param "n" u32) (result (own $out))))
    (export "[method]thing.value" (func $value) (func (param "self" (borrow $out)) (result u32)))
    (export "sum" (func $sum) (func (param "a" (borrow $out)) (param "b" (borrow $out)) (result u32)))
    (export "take" (func $take) (func (param "thing" (own $out)) (result u32)))
    (export "both" (func $both) (func (param "lent" (borrow $out)) (param "given" (own $out)) (result u32)))
    (export "total" (func $total) (func (param "things" (list (own $out))) (result u32))))
  (instance $things (instantiate $things
    (with "import-thing" (type $thing)) (with "make" (func $make)) (with "value" (func $value))
    (with "sum" (func $sum)) (with "take" (func $take)) (with "both" (func $both)) (with "total" (func $total))))
  (export "test:things/things" (instance $things))
  (export "dropped" (func $dropped)))
"""
"""Things are numbers; `dropped` counts destructors. The destructor of the thing 666 traps."""

USER = """
(component
  (import "test:things/host" (instance $host
    (export "thing" (type $thing (sub resource)))
    (export "[constructor]thing" (func (param "n" u32) (result (own $thing))))
    (export "[method]thing.value" (func (param "self" (borrow $thing)) (result u32)))
    (export "keep" (func (param "thing" (own $thing))))
    (export "sum" (func (param "a" (borrow $thing)) (param "b" (borrow $thing)) (result u32)))))
  (alias export $host "thing" (type $thing))
  (alias export $host "[constructor]thing" (func $make))
  (alias export $host "[method]thing.value" (func $value))
  (alias export $host "keep" (func $keep))
  (alias export $host "sum" (func $sum))
  (core func $make (canon lower (func $make)))
  (core func $value (canon lower (func $value)))
  (core func $keep (canon lower (func $keep)))
  (core func $sum (canon lower (func $sum)))
  (core func $drop (canon resource.drop $thing))
  (core module $code
    (import "" "make" (func $make (param i32) (result i32)))
    (import "" "value" (func $value (param i32) (result i32)))
    (import "" "keep" (func $keep (param i32)))
    (import "" "sum" (func $sum (param i32 i32) (result i32)))
    (import "" "drop" (func $drop (param i32)))
    (global $kept (mut i32) (i32.const 0))
    (func (export "use") (param i32) (result i32) (local $thing i32) (local $result i32)
      (local.set $thing (call $make (local.get 0)))
      (local.set $result (call $value (local.get $thing)))
      (call $drop (local.get $thing))
      (local.get $result))
    (func (export "give") (param i32) (call $keep (call $make (local.get 0))))
    (func (export "twice") (param i32) (result i32) (local $thing i32) (local $result i32)
      (local.set $thing (call $make (local.get 0)))
      (local.set $result (call $sum (local.get $thing) (local.get $thing)))
      (call $drop (local.get $thing))
      (local.get $result))
    (func (export "store") (param i32) (global.set $kept (local.get 0)))
    (func (export "stored") (result i32) (call $value (global.get $kept)))
    (func (export "back") (result i32) (global.get $kept))
    (func (export "look") (param i32) (result i32) (local $result i32)
      (local.set $result (call $value (local.get 0)))
      (call $drop (local.get 0))
      (local.get $result)))
  (core instance $code (instantiate $code (with "" (instance
    (export "make" (func $make)) (export "value" (func $value)) (export "keep" (func $keep))
    (export "sum" (func $sum)) (export "drop" (func $drop))))))
  (export "use" (func (param "n" u32) (result u32)) (func $use))
  (func $use (param "n" u32) (result u32) (canon lift (core func $code "use")))
)
"""


def _user() -> str:
    """`USER` with its exports; each is a lift of the core function of its name."""
    signatures = {
        "use": '(param "n" u32) (result u32)',
        "give": '(param "n" u32)',
        "twice": '(param "n" u32) (result u32)',
        "store": '(param "thing" (own $thing))',
        "stored": "(result u32)",
        "back": "(result (own $thing))",
        "look": '(param "thing" (borrow $thing)) (result u32)',
    }
    head = USER[: USER.index('  (export "use"')]
    lifts = "".join(
        f'  (func ${name} {types} (canon lift (core func $code "{name}")))\n  (export "{name}" (func ${name}))\n'
        for name, types in signatures.items()
    )
    return f"{head}{lifts})\n"


@functools.cache
def maker() -> bytes:
    """A component that implements a resource."""
    return _parsed(MAKER)


@functools.cache
def user() -> bytes:
    """A component that uses a resource of its host."""
    return _parsed(_user())


def _parsed(text: str) -> bytes:
    wasm = run_wasm_tools(["parse", "-"], stdin=text.encode())
    run_wasm_tools(["validate", "--features", "all", "-"], stdin=wasm)
    return wasm
