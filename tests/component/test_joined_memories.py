"""Components that share functions among more memories than the engine can join: it would end the process."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from small_guest import assemble

from airssys_sdk.component import Component, InvalidComponent
from airssys_sdk.component.bulk.memories import MOST_MEMORIES
from airssys_sdk.component.engine.cache import Cache

LIFTED = '(memory (core memory $i "memory")) (realloc (core func $i "realloc"))'
CODE = """
    (memory (export "memory") 1)
    (func (export "size") (param i32 i32) (result i32) (local.get 1))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 64))
"""
LEAF = f"""(component $leaf
  (core module $m {CODE})
  (core instance $i (instantiate $m))
  (func (export "size") (param "text" string) (result u32) (canon lift (core func $i "size") {LIFTED})))"""
TWO_NAMES = f"""(component $leaf
  (core module $m {CODE} (export "again" (memory 0)))
  (core instance $i (instantiate $m))
  (func (export "size") (param "text" string) (result u32) (canon lift (core func $i "size") {LIFTED}))
  (func (export "same") (param "text" string) (result u32) (canon lift (core func $i "size")
    (memory (core memory $i "again")) (realloc (core func $i "realloc")))))"""


def caller(functions: int, hosts: int, *, used: bool) -> str:
    """A component with one memory, which imports functions of others and of the host, and calls the last if they are `used`."""
    numbers = range(functions)
    lines = [f'(import "f{n}" (func $f{n} (param "text" string) (result u32)))' for n in numbers]
    lines += [
        '(core module $memory (memory (export "memory") 1))',
        "(core instance $memory (instantiate $memory))",
    ]
    lines += [
        f'(core func $c{n} (canon lower (func $f{n}) (memory (core memory $memory "memory"))))'
        for n in numbers
    ]
    for n in range(hosts):
        lines += [
            f'(import "h{n}" (func $h{n} (param "list" (list u8))))',
            f'(core func (canon lower (func $h{n}) (memory (core memory $memory "memory"))))',
        ]
    imports = [f'(import "f" "f{n}" (func $f{n} (param i32 i32) (result i32)))' for n in numbers if used]
    call = f"call $f{functions - 1} (i32.const 0)" if used else "block (result i32)"
    lines += [
        f"(core module $m {' '.join(imports)}",
        f'  (func (export "run") (result i32) ({call} (i32.const 7))))',
        "(core instance $f " + " ".join(f'(export "f{n}" (func $c{n}))' for n in numbers) + ")",
        '(core instance $i (instantiate $m (with "f" (instance $f))))',
        '(func (export "run") (result u32) (canon lift (core func $i "run")))',
    ]
    return "\n".join(["(component $caller", *lines, ")"])


def star(
    leaves: int, *, leaf: str = LEAF, names: tuple[str, ...] = ("size",), hosts: int = 0, used: bool = True
) -> str:
    """What stands in a component of `leaves` leaves, and of a caller of every function of theirs and of `hosts` of the host."""
    given = [(n, name) for n in range(leaves) for name in names]
    arguments = " ".join(f'(with "f{k}" (func $l{n} "{name}"))' for k, (n, name) in enumerate(given))
    arguments += " ".join(f'(with "h{n}" (func $h{n} "take"))' for n in range(hosts))
    taking = '(export "take" (func (param "list" (list u8))))'
    return "\n".join(
        [
            *(f'(import "t:t/h{n}" (instance $h{n} {taking}))' for n in range(hosts)),
            leaf,
            *(f"(instance $l{n} (instantiate $leaf))" for n in range(leaves)),
            caller(len(given), hosts, used=used),
            f"(instance $c (instantiate $caller {arguments}))",
            '(export "run" (func $c "run"))',
        ]
    )


def twice(inside: str) -> str:
    """What stands in a component with two instances of another."""
    return f"""(component $half {inside})
        (instance $a (instantiate $half)) (instance $b (instantiate $half))
        (export "run" (func $a "run"))"""


def chain(links: int, *, used: bool) -> str:
    """What stands in a component whose parts call the one before: with `used` all of them, else only to be given what it ignores."""
    imported = '(import "before" "size" (func (param i32 i32) (result i32)))' if used else ""
    link = f"""(component $link
      (import "size" (func $size (param "text" string) (result u32)))
      (core module $libc (memory (export "memory") 1))
      (core instance $libc (instantiate $libc))
      (core func $before (canon lower (func $size) (memory (core memory $libc "memory"))))
      (core module $m {imported} {CODE})
      (core instance $i (instantiate $m (with "before" (instance (export "size" (func $before))))))
      (func (export "size") (param "text" string) (result u32) (canon lift (core func $i "size") {LIFTED})))"""
    parts = [
        f'(instance $l{n} (instantiate $link (with "size" (func $l{n - 1} "size"))))' for n in range(1, links)
    ]
    return "\n".join(
        [
            LEAF,
            "(instance $l0 (instantiate $leaf))",
            link,
            *parts,
            f'(export "size" (func $l{links - 1} "size"))',
        ]
    )


def component(inside: str) -> bytes:
    return assemble(f"(component {inside})")


TOO_MANY = {
    "one more than the engine can join": (star(MOST_MEMORIES), MOST_MEMORIES + 1),
    "inside another": (
        f"(component $all {star(MOST_MEMORIES)}) (instance $a (instantiate $all))",
        MOST_MEMORIES + 1,
    ),
    "two instances of a component": (twice(star(50, used=False)), 102),
    "given what they do not use": (chain(52, used=False), 102),
}


@pytest.mark.parametrize("case", TOO_MANY)
@pytest.mark.parametrize("profile", ["plain", "metered", "concurrent"])
def test_more_memories_than_the_engine_can_join_are_refused(case: str, profile: str, tmp_path: Path) -> None:
    inside, count = TOO_MANY[case]
    file = tmp_path / "many.wasm"
    file.write_bytes(component(inside))
    for bulk in (True, False):
        with pytest.raises(InvalidComponent, match=rf"among {count} memories.* can join 100") as caught:
            Component.open(file, profile=profile, cache=Cache(tmp_path / "cache"), bulk=bulk)  # type: ignore[arg-type]
        assert caught.value.where == str(file)
        assert caught.value.hint


@pytest.mark.skipif(sys.platform == "win32", reason="a process that aborts is told from others by its signal")
@pytest.mark.parametrize("case", TOO_MANY)
def test_the_engine_itself_ends_the_process(case: str, tmp_path: Path) -> None:
    file = tmp_path / "many.wasm"
    file.write_bytes(component(TOO_MANY[case][0]))
    code = "import sys, wasmtime.component as c; c.Component(__import__('wasmtime').Engine(), open(sys.argv[1], 'rb').read())"
    done = subprocess.run([sys.executable, "-c", code, file], capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGABRT
    assert "exceeds limit of 100" in done.stderr


@pytest.mark.parametrize(
    "inside",
    [
        pytest.param(star(MOST_MEMORIES - 1), id="as many as it can join"),
        pytest.param(star(60, leaf=TWO_NAMES, names=("size", "same")), id="two names of each"),
        pytest.param(twice(star(49, used=False)), id="two instances of a component"),
    ],
)
def test_as_many_memories_as_the_engine_can_join_are_called(inside: str) -> None:
    with Component.open(component(inside), cache=Cache(None)).instantiate() as made:
        assert made.call("run") == 7


@pytest.mark.parametrize(
    "inside",
    [
        pytest.param(LEAF + "(instance (instantiate $leaf))" * 150, id="unconnected"),
        pytest.param(chain(120, used=True), id="each needs the one before"),
    ],
)
def test_memories_that_the_engine_does_not_join_are_not_counted(inside: str) -> None:
    Component.open(component(inside), cache=Cache(None)).instantiate().close()


def test_a_component_that_has_no_room_for_the_memory_of_adapters_is_called_without_them() -> None:
    """All adapters of imports have one memory, which is joined with those of the component."""
    assert Component.open(component(star(MOST_MEMORIES - 2, hosts=44)), cache=Cache(None)).bulk
    assert not Component.open(component(star(MOST_MEMORIES - 1, hosts=44)), cache=Cache(None)).bulk
