"""A WIT of ten thousand types is generated like any other, and twice as many are twice the work."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import typing
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from generator_worlds import put, world_of

from airssys_generator import Target, generate, skeleton
from airssys_sdk.wit.model import Resolve, World

COUNT = 10_000
SOME = 100
"""Enough for what grows with the square of the count to outweigh the rest."""


def records(count: int) -> Iterator[str]:
    for number in range(count):
        inner = "string" if number % 50 == 0 else f"t-{number - 1}"
        yield f"record t-{number} {{ a: u32, b: option<{inner}> }}"
    yield f"f: func(x: t-{count - 1});"


def resources(count: int) -> Iterator[str]:
    for number in range(count):
        yield f"resource t-{number} {{ constructor(); m: func() -> result<u8, t-{number // 2}>; s: static func(); }}"


def variants(count: int) -> Iterator[str]:
    yield "variant t-0 { a, b }"
    for number in range(1, count):
        yield f"variant t-{number} {{ a, b(t-{number - 1}) }}"
        yield f"f-{number}: func() -> result<t-{number // 2}, t-{number}>;"


def aliases(count: int) -> Iterator[str]:
    """One chain, in the order in which nobody would write it."""
    yield f"f: func(x: t-{count - 1}, y: list<t-{count - 1}>) -> result<t-{count - 1}, t-{count - 1}>;"
    for number in reversed(range(1, count)):
        yield f"type t-{number} = t-{number - 1};"
    yield "type t-0 = u8;"


def aliases_of_a_resource(count: int) -> Iterator[str]:
    yield "resource r;"
    yield "type t-0 = r;"
    for number in range(1, count):
        yield f"type t-{number} = t-{number - 1};"
        yield f"f-{number}: func() -> result<u8, t-{number % 5}>;"


def errors_without_a_name(count: int) -> Iterator[str]:
    yield "type t-0 = u8;"
    for number in range(1, count):
        yield f"f-{number}: func() -> result<t-0, list<t-0>>;"


def streams(count: int) -> Iterator[str]:
    yield "record t-0 { a: u8 }"
    for number in range(1, count):
        yield f"record t-{number} {{ a: option<t-{number - 1}>, b: list<t-{number - 1}> }}"
        yield f"f-{number}: func() -> stream<t-{number}>;"


KINDS = (records, resources, variants, aliases, aliases_of_a_resource, errors_without_a_name)
WORLDS = {"import": "import i;", "export": "export i;", "both": "import i; export i;"}
Kind = Callable[[int], Iterator[str]]


def read_all(kind: Kind, count: int, side: str, folder: Path) -> tuple[Resolve, World]:
    inside = "\n".join(kind(count))
    return world_of(f"package a:b;\ninterface i {{\n{inside}\n}}\nworld w {{ {WORLDS[side]} }}\n", folder)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("side", ["import", "export"])
def test_ten_thousand_items_are_generated_for_both_sides(side: str, kind: Kind, tmp_path: Path) -> None:
    resolve, world = read_all(kind, COUNT, side, tmp_path)
    named = kind in (records, resources, variants)  # a guest has no names for aliases
    for target, path, count in (
        ("host", f"{side}s/i.py", COUNT if kind is not errors_without_a_name else 1),
        ("guest", f"wit_world/{side}s/i.py", COUNT if named else 0),
    ):
        files = generate(resolve, world, "host" if target == "host" else "guest")
        module = ast.parse(files.get(path, ""))
        names = {node.name for node in module.body if isinstance(node, ast.ClassDef)}
        names |= {ast.unparse(node.target) for node in module.body if isinstance(node, ast.AnnAssign)}
        assert {f"T{number}" for number in range(count)} <= names
    ast.parse(skeleton(world))


@pytest.mark.parametrize("side", ["import", "export"])
def test_a_guest_has_streams_of_a_long_chain_of_records(side: str, tmp_path: Path) -> None:
    resolve, world = read_all(streams, 2000, side, tmp_path)
    module = ast.parse(generate(resolve, world, "guest")["wit_world/__init__.py"])
    names = {node.name for node in module.body if isinstance(node, ast.FunctionDef)}
    assert {f"i_t_{number}_stream" for number in range(1, 2000)} <= names


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("side", WORLDS)
@pytest.mark.parametrize("target", ["host", "guest"])
def test_twice_as_many_items_are_twice_the_work(
    target: Target, side: str, kind: Kind, tmp_path: Path
) -> None:
    resolve, world = read_all(kind, SOME, side, tmp_path / "once")
    once = lines_run(lambda: generate(resolve, world, target))
    resolve, world = read_all(kind, 2 * SOME, side, tmp_path / "twice")
    assert lines_run(lambda: generate(resolve, world, target)) < 2.1 * once


def variant_of(*counts: int) -> str:
    types = "\n".join(
        f"variant v{count} {{ {', '.join(f'c{at}' for at in range(count))} }}" for count in counts
    )
    return f"package a:b; interface i {{ {types} }} world w {{ import i; export i; }}"


@pytest.mark.parametrize("target", ["host", "guest"])
def test_a_variant_of_thousands_of_cases_is_one_that_python_imports(target: Target, tmp_path: Path) -> None:
    resolve, world = world_of(variant_of(6000), tmp_path)
    files = generate(resolve, world, target)
    module = files["imports/i.py" if target == "host" else "wit_world/imports/i.py"]
    names: dict[str, Any] = {"__name__": "builtins"}  # where dataclasses look for their names
    exec(compile(module, "i.py", "exec", dont_inherit=True), names)  # noqa: S102  (it is what the test is about)
    assert len(typing.get_args(names["V6000"])) == 6000


@pytest.mark.slow
@pytest.mark.parametrize("target", ["host", "guest"])
def test_variants_of_hundreds_of_cases_pass_formatter_and_type_checkers(
    target: Target, tmp_path: Path, mypy_cache: Path
) -> None:
    resolve, world = world_of(variant_of(100, 101, 150, 250, 301), tmp_path / "source")
    put(generate(resolve, world, target), tmp_path / "out" / "package")
    python = "3.11" if target == "host" else "3.14"
    settings = {"typeCheckingMode": "strict", "pythonVersion": python, "include": ["."]}
    put({"pyrightconfig.json": json.dumps(settings)}, tmp_path / "out")
    for command in (
        ["ruff", "format", "--isolated", "--no-cache", "--diff", "."],
        ["ruff", "check", "--isolated", "--no-cache", "."],
        ["mypy", "--strict", "--python-version", python, f"--cache-dir={mypy_cache}", "package"],
        ["basedpyright", "--project", ".", "--pythonpath", sys.executable],
    ):
        program = str(Path(sys.executable).with_name(command[0]))
        done = subprocess.run(
            [program, *command[1:]], cwd=tmp_path / "out", capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]


def lines_run(work: Callable[[], object]) -> int:
    """How many lines of Python run, those of every round of a loop: the same each time, unlike time."""
    count = 0

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    work()  # what is only done once
    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


def service(interfaces: int) -> str:
    """WIT as large and as varied as that of `wasi:http/proxy`, documented as little, so that nothing but code is compared."""
    parts = [
        f"""\
interface part-{number} {{
  variant error-code {{ timeout, refused(option<string>), size-exceeded(option<u64>), internal-error(option<string>) }}
  enum method {{ get, head, post, put, delete }}
  record details {{ rcode: option<string>, info-code: option<u16>, alert: option<string> }}
  resource fields {{
    constructor();
    from-list: static func(entries: list<tuple<string, list<u8>>>) -> result<fields, error-code>;
    get: func(name: string) -> list<list<u8>>;
    set: func(name: string, value: list<list<u8>>) -> result<_, error-code>;
    entries: func() -> list<tuple<string, list<u8>>>;
    clone: func() -> fields;
  }}
  resource request {{
    constructor(headers: fields);
    method: func() -> method;
    set-method: func(method: method) -> result;
    headers: func() -> fields;
  }}
  handle: func(request: request, timeout: option<u64>) -> result<details, error-code>;
}}"""
        for number in range(interfaces)
    ]
    uses = "\n".join(f"  import part-{number};" for number in range(interfaces - 1))
    return "\n".join(
        [
            "package demo:service@0.2.0;",
            *parts,
            f"world proxy {{\n{uses}\n  export part-{interfaces - 1};\n}}",
            "",
        ]
    )


def test_the_package_of_a_world_as_large_as_wasi_http_proxy_is_less_than_six_times_its_wit(
    tmp_path: Path,
) -> None:
    text = service(20)
    assert 16_000 < len(text) < 30_000
    resolve, world = world_of(text, tmp_path)
    files = generate(resolve, world, "host")
    assert sum(map(len, files.values())) < 6 * len(text)
