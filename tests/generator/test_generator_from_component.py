"""A component gives the host package that its WIT gives, whatever made the component: its names are kept in it."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from cli_process import Command
from generator_worlds import CORPUS, Source, corpus_worlds, golden_worlds
from natives import build, dummy

from airssys_generator import Options, generate
from airssys_sdk.wit.reader import find_world, read
from airssys_sdk.wit.tools import run_wasm_tools

REFUSED = tomllib.loads(Path(__file__).with_name("refused_worlds.toml").read_text())["host"]
WORLDS = [source for source in (*golden_worlds("host"), *corpus_worlds()) if source.name not in REFUSED]

ROOT = "root:component/root"
"""What every component calls its world, and `root:component` its package: the encoding keeps neither name."""

NOT_KEPT: Mapping[str, set[str]] = {
    "fully_qualified_java_address__bindings": {
        "imports/__init__.py",
        "imports/my_import.py",
        "names.toml: imports: foo:bar/my-import",
    },
    "issue569__command": {"imports/poll.py: Pollable"},
}
"""All that a component lacks: of imported interfaces, types that no function needs. As modules, names in modules, and lines of
the names file; the corpus has no more of them."""

SAID_BETTER = {"same_names5__name5": {"__init__.py: from .types import Name5 as Name5": ""}}
"""What the package of a component has more: a type of the world that cannot have its name where the world itself has it."""


@pytest.mark.parametrize("source", WORLDS, ids=lambda source: source.name)
def test_the_package_of_a_component_is_that_of_its_wit(source: Source, tmp_path: Path) -> None:
    assert source.world is not None
    (tmp_path / "component.wasm").write_bytes(dummy(source.path, source.world, all_features=True))
    expected = _described(source.generate("host"), source.world)
    missing = NOT_KEPT.get(source.name, set())
    assert missing <= expected.keys()
    for key in [*expected]:
        if key in missing or key.partition(": ")[0] in missing:
            del expected[key]
    expected |= SAID_BETTER.get(source.name, {})
    assert _described(_generated(tmp_path / "component.wasm"), ROOT) == expected


def test_the_worlds_that_were_compared_are_many() -> None:
    assert len(WORLDS) > (90 if CORPUS.is_dir() else 5)
    assert NOT_KEPT.keys() <= {source.name for source in WORLDS} or not CORPUS.is_dir()


# A program that uses components from elsewhere

BY_HAND = """
(component
  (import "log" (func $log (param "text" string)))
  (core module $Memory (memory (export "memory") 1) (data (i32.const 16) "adding"))
  (core instance $memory (instantiate $Memory))
  (core func $lowered (canon lower (func $log) (memory (core memory $memory "memory"))))
  (core module $Main
    (import "host" "log" (func $log (param i32 i32)))
    (func (export "add") (param i32 i32) (result i32)
      (call $log (i32.const 16) (i32.const 6))
      (i32.add (local.get 0) (local.get 1))))
  (core instance $host (export "log" (func $lowered)))
  (core instance $main (instantiate $Main (with "host" (instance $host))))
  (func $add (param "left-side" s32) (param "right" s32) (result s32) (canon lift (core func $main "add")))
  (export "add-up" (func $add))
  (instance $sums (export "add" (func $add)))
  (export "hand:made/sums@1.2.3" (instance $sums)))
"""

VERSIONS = """
package test:versions;
package shop:store@1.0.0 { interface stock { count: func(of: u32) -> u32; } }
package shop:store@2.0.0 { interface stock { count: func(of: u64) -> u64; } }
world w { import shop:store/stock@1.0.0; export shop:store/stock@1.0.0; export shop:store/stock@2.0.0; }
"""
VERSIONS_CORE = """
(module
  (import "shop:store/stock@1.0.0" "count" (func $count (param i32) (result i32)))
  (func (export "shop:store/stock@1.0.0#count") (param i32) (result i32) (call $count (local.get 0)))
  (func (export "shop:store/stock@2.0.0#count") (param i64) (result i64) (i64.mul (local.get 0) (i64.const 2))))
"""

PARTS = """
package shop:parts;
interface sums { record pair { a: u32, b: u32 } sum: func(of: pair) -> u32; }
interface front { use sums.{pair}; double: func(of: pair) -> u32; }
world inner { export sums; }
world outer { import sums; export front; }
"""
INNER = (
    '(func (export "shop:parts/sums#sum") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))'
)
OUTER = """
(import "shop:parts/sums" "sum" (func $sum (param i32 i32) (result i32)))
(func (export "shop:parts/front#double") (param i32 i32) (result i32)
  (i32.mul (i32.const 2) (call $sum (local.get 0) (local.get 1))))
"""

PROGRAM = """
import by_hand
import composed
import versions
from composed.exports import front


class Log:
    def __init__(self) -> None:
        self.lines: list[str] = []

    def log(self, text: str) -> None:
        self.lines.append(text)


class Stock:
    def count(self, of: int) -> int:
        return of + 1


class Shop:
    stock = Stock()


log = Log()
with by_hand.ByHand.load("by_hand.wasm", imports=log) as made:
    print(made.add_up(3, -4), made.sums.add(left_side=20, right=22), log.lines)
with versions.Versions.load("versions.wasm", imports=Shop()) as several:
    print(several.stock.count(41), several.shop_store_stock_2_0_0.count(2**40))
with composed.Composed.load("composed.wasm") as whole:
    print(whole.front.double(front.Pair(3, 4)))
"""


@pytest.fixture(scope="module")
def sdk(kept: Path) -> Command:
    return Command(kept)


def test_components_made_by_hand_of_two_versions_and_of_two_others_are_called_by_a_typed_program(
    sdk: Command, tmp_path: Path, mypy_cache: Path
) -> None:
    (tmp_path / "by_hand.wasm").write_bytes(run_wasm_tools(["parse", "-"], stdin=BY_HAND.encode()))
    (tmp_path / "versions.wasm").write_bytes(_stripped(build(VERSIONS, VERSIONS_CORE, "w")))
    (tmp_path / "inner.wasm").write_bytes(build(PARTS, f"(module {INNER})", "inner"))
    (tmp_path / "outer.wasm").write_bytes(build(PARTS, f"(module {OUTER})", "outer"))
    composed = tmp_path / "composed.wasm"
    run_wasm_tools(["compose", tmp_path / "outer.wasm", "-d", tmp_path / "inner.wasm", "-o", composed])
    for name in ("by_hand", "versions", "composed"):
        result = sdk("generate", "host", f"{name}.wasm", "--out", name, folder=tmp_path)
        assert (result.code, result.err) == (0, "")
        head = (tmp_path / name / "__init__.py").read_text().splitlines()[1]
        assert head == f"# Again: airssys-sdk generate host {name}.wasm --out {name}"
    (tmp_path / "program.py").write_text(PROGRAM)
    checked = _run(["-m", "mypy", "--strict", f"--cache-dir={mypy_cache}", "program.py"], tmp_path)
    assert checked.returncode == 0, checked.stdout
    ran = _run(["-W", "error", "program.py"], tmp_path)
    assert (ran.stdout, ran.stderr) == (f"-1 42 ['adding', 'adding']\n42 {2**41}\n14\n", "")


def test_names_and_producers_that_are_stripped_are_not_missed(tmp_path: Path) -> None:
    made = build(VERSIONS, VERSIONS_CORE, "w")
    add = ["metadata", "add", "--name", "shop", "--language", "Python=3.14", "--processed-by", "linker=1"]
    full = run_wasm_tools(add, stdin=made)
    bare = _stripped(full)
    assert b"processed-by" in full
    assert b"processed-by" not in bare
    (tmp_path / "full.wasm").write_bytes(full)
    (tmp_path / "bare.wasm").write_bytes(bare)
    assert _generated(tmp_path / "full.wasm") == _generated(tmp_path / "bare.wasm")


def test_thirty_megabytes_of_code_are_read_in_a_moment(sdk: Command, tmp_path: Path) -> None:
    component = build(VERSIONS, VERSIONS_CORE, "w") + _section(1, _core_module(30_000_000))
    assert len(component) > 30_000_000
    (tmp_path / "big.wasm").write_bytes(component)
    start = time.monotonic()
    result = sdk("generate", "host", "big.wasm", "--out", "big", folder=tmp_path)
    assert time.monotonic() - start < 10  # a fraction of a second, but machines are busy
    assert (result.code, result.err) == (0, "")
    assert (tmp_path / "big" / "exports" / "shop_store_stock_2_0_0.py").is_file()


# What is no component

MODULE = '(module (func (export "f")))'
TYPES = """
(component
  (type $point (record (field "x" u32)))
  (export "point" (type $point)))
"""
NO_WIT = "WIT has no words for it"


@pytest.mark.parametrize(
    ("content", "message", "hint"),
    [
        pytest.param(MODULE, "input is a core wasm module", "componentize-py or `wasm-tools", id="core"),
        pytest.param(BY_HAND, "unexpected end-of-file (at offset 0x", "the file is cut off", id="cut-off"),
        pytest.param(TYPES, "component export `point` was not a function or", NO_WIT, id="type"),
        pytest.param(
            '(component (component $c) (export "c" (component $c)))',
            "component export `c` was not a function or instance",
            NO_WIT,
            id="component",
        ),
    ],
)
def test_what_is_no_component_with_wit_is_refused_with_what_to_do(
    content: str, message: str, hint: str, sdk: Command, tmp_path: Path
) -> None:
    wasm = run_wasm_tools(["parse", "-"], stdin=content.encode())
    (tmp_path / "it.wasm").write_bytes(wasm[: len(wasm) // 2] if "end-of-file" in message else wasm)
    result = sdk("generate", "host", "it.wasm", "--out", "it", folder=tmp_path)
    assert (result.code, result.out) == (7, "")
    error, place, last = result.err.splitlines()
    assert error.startswith(f"error: {message}")
    assert place == "  --> it.wasm"
    assert last.startswith("hint: ")
    assert hint in last
    assert [path.name for path in tmp_path.iterdir()] == ["it.wasm"]


def test_a_wit_package_that_is_encoded_is_read_like_its_text(sdk: Command, tmp_path: Path) -> None:
    text = "package a:b;\n/// Documented.\ninterface i { f: func(); }\nworld w { export i; }\n"
    (tmp_path / "b.wit").write_text(text)
    for name, more in (("one", ""), ("two", "world v { import i; }\n")):
        (tmp_path / "b.wit").write_text(text + more)
        wasm = tmp_path / f"{name}.wasm"
        run_wasm_tools(["component", "wit", tmp_path / "b.wit", "--wasm", "-o", wasm])
    one = sdk("generate", "host", "one.wasm", "--out", "one", folder=tmp_path)
    assert (one.code, one.err) == (0, "")
    assert '    """Documented."""' in (tmp_path / "one" / "exports" / "i.py").read_text()
    two = sdk("generate", "host", "two.wasm", "--out", "two", folder=tmp_path)
    assert two.code == 7
    assert two.err.splitlines() == [
        "error: the package has 2 worlds: w, v",
        "  --> a:b",
        "hint: say which one is meant with --world",
    ]
    assert not (tmp_path / "two").exists()


def _generated(component: Path) -> dict[str, str]:
    resolve = read(component, world=ROOT)
    return dict(generate(resolve, find_world(resolve), "host", Options(source="component")))


def _described(files: Mapping[str, str], world: str) -> dict[str, str]:
    """A package less what a component keeps no trace of: documentation, gates, the order of declarations, the world's name.

    It maps each module to nothing, each name in a module to its code, each line of the names file to its value.
    """
    found = dict.fromkeys(files, "")
    for path, text in files.items():
        if path == "names.toml":
            for table, names in tomllib.loads(text).items():
                found |= {f"{path}: {table}: {key}": name for key, name in names.items()}
        elif path.endswith(".py"):
            for name, code in _statements(text, world, is_root=path == "__init__.py"):
                assert f"{path}: {name}" not in found
                found[f"{path}: {name}"] = code
    return found


def _statements(text: str, world: str, *, is_root: bool) -> Iterator[tuple[str, str]]:
    module = ast.parse(text)
    names = {node.name: "Root" for node in module.body if is_root and _is_world(node)}  # type: ignore[attr-defined]
    names |= {f"{name.rstrip('_')}Imports": "RootImports" for name in names}
    for node in _Plain(world, names).visit(module).body:
        if isinstance(node, ast.ClassDef):
            yield node.name, ast.unparse(node)
        elif isinstance(node, ast.AnnAssign):
            yield ast.unparse(node.target), ast.unparse(node)
        else:
            assert isinstance(node, ast.Import | ast.ImportFrom), ast.unparse(node)
            yield ast.unparse(node), ""


def _is_world(node: ast.stmt) -> bool:
    return isinstance(node, ast.ClassDef) and [*map(ast.unparse, node.bases)] == ["wit.World"]


class _Plain(ast.NodeTransformer):
    """Takes out docstrings and what marks deprecated functions, and gives the world the name that components have."""

    def __init__(self, world: str, names: Mapping[str, str]) -> None:
        # Types of an interface that only the world knows have the world's package for a place.
        self.places = {world: ROOT, re.sub("/[^@]+", "", world): "root:component"}
        self.names = names

    def visit_Expr(self, node: ast.Expr) -> ast.Expr | None:
        is_text = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        return None if is_text else node

    def visit_Pass(self, _: ast.Pass) -> None:
        return None

    def visit_Import(self, node: ast.Import) -> ast.Import | None:
        return None if ast.unparse(node) == "import typing_extensions" else node

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        path, mark, item = str(node.value).partition("#")
        return ast.Constant(f"{self.places[path]}{mark}{item}") if path in self.places else node

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return ast.Name(self.names.get(node.id, node.id))

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        self.generic_visit(node)
        node.name = self.names.get(node.name, node.name)
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        self.generic_visit(node)
        gates = "typing_extensions.deprecated("
        node.decorator_list = [one for one in node.decorator_list if not ast.unparse(one).startswith(gates)]
        return node


def _stripped(component: bytes) -> bytes:
    return run_wasm_tools(["strip", "--all"], stdin=component)


def _run(arguments: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], cwd=folder, capture_output=True, text=True, check=False
    )


def _section(number: int, content: bytes) -> bytes:
    return bytes([number]) + _length(len(content)) + content


def _length(number: int) -> bytes:
    """LEB128."""
    parts = [number >> shift & 0x7F for shift in range(0, 35, 7)]
    return bytes([*(part | 0x80 for part in parts[:-1]), parts[-1]])


def _core_module(size: int) -> bytes:
    """A core module of functions that do nothing at length."""
    body = b"\0" + b"\1" * 996 + b"\x0b"  # no locals, nop, end
    function = _length(len(body)) + body
    count = size // len(function) + 1
    types = _section(1, b"\1\x60\0\0")
    functions = _section(3, _length(count) + b"\0" * count)
    return b"\0asm\1\0\0\0" + types + functions + _section(10, _length(count) + function * count)
