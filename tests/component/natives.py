"""Small native components for tests: built from WIT and WAT text in a few milliseconds, no Python guest needed.

Values pass through untouched by a trick of the canonical ABI: a function with more than 16 flat parameters takes one
pointer to all of them in memory, and a result that needs more than one register is returned as a pointer. So
`echo: func(value: T, pad: pad) -> T`, where `pad` has 16 fields, gives its value back by returning its own parameter.
"""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Mapping
from pathlib import Path

from airssys_sdk.wit._keywords import specifier
from airssys_sdk.wit.tools import run_wasm_tools

PAD = "tuple<u32, u32, u32, u32, u32, u32, u32, u32, u32, u32, u32, u32, u32, u32, u32, u32>"
NO_PAD = (0,) * 16

MEMORY = """
  (memory (export "memory") 64)
  (global $top (mut i32) (i32.const 4096))
  (func (export "cabi_realloc") (param $old i32) (param $old-size i32) (param $align i32) (param $size i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $top) (i32.const 15)) (i32.const -16)))
    (global.set $top (i32.add (local.get $at) (local.get $size)))
    (block $enough
      (br_if $enough (i32.le_u (global.get $top) (i32.mul (memory.size) (i32.const 65536))))
      (br_if $enough (i32.ne (i32.const -1) (memory.grow (i32.add (i32.const 1)
        (i32.div_u (i32.sub (global.get $top) (i32.mul (memory.size) (i32.const 65536))) (i32.const 65536))))))
      (unreachable))
    (if (local.get $old) (then (memory.copy (local.get $at) (local.get $old) (local.get $old-size))))
    (local.get $at))
"""
"""A memory with a bump allocator; a guest sets `$top` back when a call ends."""

_LOADS: Mapping[str, tuple[str, str]] = {
    "bool": ("i32", "i32.load8_u"),
    "s8": ("i32", "i32.load8_s"),
    "u8": ("i32", "i32.load8_u"),
    "s16": ("i32", "i32.load16_s"),
    "u16": ("i32", "i32.load16_u"),
    "s32": ("i32", "i32.load"),
    "u32": ("i32", "i32.load"),
    "s64": ("i64", "i64.load"),
    "u64": ("i64", "i64.load"),
    "f32": ("f32", "f32.load"),
    "f64": ("f64", "f64.load"),
    "char": ("i32", "i32.load"),
}


def build(wit: str, core: str, world: str) -> bytes:
    """A component of `world` from WIT text and the WAT text of its core module."""
    with tempfile.TemporaryDirectory() as folder:
        package, module = Path(folder, "package.wit"), Path(folder, "core.wasm")
        package.write_text(wit, encoding="utf-8")
        module.write_bytes(run_wasm_tools(["parse", "-"], stdin=core.encode()))
        embedded = run_wasm_tools(["component", "embed", package, module, "--world", world])
    return run_wasm_tools(["component", "new", "-"], stdin=embedded)


def dummy(source: Path, world: str, *, all_features: bool = False) -> bytes:
    """A component of a world of somebody's WIT, with functions that trap."""
    gates = ["--all-features"] if all_features else []
    embed = ["component", "embed", *gates, "--world", specifier(world), "--dummy", "--", source]
    return run_wasm_tools(["component", "new", "-"], stdin=run_wasm_tools(embed))


def echo(declarations: str, types: Mapping[str, str], loads: Mapping[str, str] | None = None) -> bytes:
    """A component that gives values back, by itself and through an import of its host.

    Args:
        declarations: the WIT of the types that `types` uses.
        types: name to WIT type; for each there is `echo-NAME` and `via-NAME`, which asks the import `give-NAME`.
        loads: for names whose type is one flat value and no number, char or bool: the number it is stored as
            (an enum of up to 256 cases is a `u8`).
    """
    wit = [f"package t:t;\ninterface types {{ {declarations}\n type pad = {PAD}; }}"]
    names = ", ".join(["pad", *_declared(declarations)])
    echoes = " ".join(
        f"echo-{n}: func(value: {t}, pad: pad) -> {t}; via-{n}: func(value: {t}, pad: pad) -> {t};"
        for n, t in types.items()
    )
    gives = " ".join(f"give-{n}: func(value: {t}, pad: pad) -> {t};" for n, t in types.items())
    wit.append(f"interface host {{ use types.{{{names}}}; {gives} }}")
    wit.append(f"interface api {{ use types.{{{names}}}; {echoes} }}")
    wit.append("world w { import host; export api; }")
    imports, functions = list[str](), list[str]()
    for name, wit_type in types.items():
        load = _LOADS.get((loads or {}).get(name, wit_type))
        if load is None:
            imports.append(f'(import "t:t/host" "give-{name}" (func $give-{name} (param i32 i32)))')
            functions.append(f'(func (export "t:t/api#echo-{name}") (param i32) (result i32) (local.get 0))')
            functions.append(
                f'(func (export "t:t/api#via-{name}") (param i32) (result i32)'
                f" (call $give-{name} (local.get 0) (i32.const 1024)) (i32.const 1024))"
            )
        else:
            register, instruction = load
            imports.append(
                f'(import "t:t/host" "give-{name}" (func $give-{name} (param i32) (result {register})))'
            )
            functions.append(
                f'(func (export "t:t/api#echo-{name}") (param i32) (result {register}) ({instruction} (local.get 0)))'
            )
            functions.append(
                f'(func (export "t:t/api#via-{name}") (param i32) (result {register}) (call $give-{name} (local.get 0)))'
            )
        for kind in ("echo", "via"):
            result = "" if load is None else f" (param {load[0]})"
            functions.append(
                f'(func (export "cabi_post_t:t/api#{kind}-{name}"){result or " (param i32)"}'
                " (global.set $top (i32.const 4096)))"
            )
    return build("\n".join(wit), f"(module {' '.join(imports)} {MEMORY} {' '.join(functions)})", "w")


def _declared(declarations: str) -> list[str]:
    words = declarations.replace("{", " { ").split()
    kinds = {"record", "variant", "enum", "flags", "type"}
    return [after.lstrip("%") for word, after in itertools.pairwise(words) if word in kinds]
