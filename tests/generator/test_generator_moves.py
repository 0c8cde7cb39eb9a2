"""Which names of generated Python a change of WIT moves: what is told is what generating again does."""

from __future__ import annotations

import ast
import itertools
import random
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from generator_worlds import put, world_of

from airssys_generator import NamesFile, Options, Target, generate
from airssys_sdk.project.moves import Move, moves

STORE = "interface store { resource shelf { constructor(); } variant failure { x } get: func() -> result<u8, failure>; }"
VERSIONS = ("1.0.0", "2.0.0", "3.0.0")


def moved(old: str, new: str, folder: Path) -> list[Move]:
    """The moves between two texts of a world `a:b/w`."""
    put({"old.wit": old, "new.wit": new}, folder)
    return list(moves((folder / "old.wit", "a:b/w"), (folder / "new.wit", "a:b/w")))


def versions(folder: Path, *items: str) -> Path:
    """A world `g:w/w` with these imports and exports of versions of `a:b/store`, such as `import 1.0.0`."""
    world = " ".join(f"{item.split()[0]} a:b/store@{item.split()[1]};" for item in items)
    others = {f"v{one}": f"package a:b@{one};\n{STORE}\n" for one in VERSIONS}
    put({"world.wit": f"package g:w; world w {{ {world} }}\n"}, folder)
    put({f"deps/{name}/package.wit": text for name, text in others.items()}, folder)
    return folder


def told(found: list[Move] | tuple[Move, ...], target: Target) -> list[str]:
    return [f"{move.what} {move.place}: {move.old} -> {move.new}" for move in found if move.target == target]


def test_an_exception_moves_when_its_interface_does(tmp_path: Path) -> None:
    export, imported = (f"package a:b; {STORE} world w {{ {side} store; }}" for side in ("export", "import"))
    found = moved(export, imported, tmp_path)
    assert told(found, "host") == [
        "module a:b/store: exports.store -> imports.store",
        "class a:b/store: exports.store.Store -> imports.store.Store",
        "exception a:b/store#failure: exports.store.FailureRaised -> imports.store.FailureRaised",
    ]


def test_an_exception_moves_when_the_error_type_of_its_function_gets_a_name(tmp_path: Path) -> None:
    text = "package a:b; interface i { type trouble = string; get: func() -> result<u8, %s>; } world w { export i; %s }"
    found = moved(
        text % ("string", "import look: func() -> result;"),
        text % ("trouble", "enum bad { x } import look: func() -> result<_, bad>;"),
        tmp_path,
    )
    assert told(found, "host") == [
        "exception a:b/i#get: exports.i.GetRaised -> exports.i.TroubleRaised",
        "exception the world#look: LookRaised -> types.BadRaised",
    ]
    assert told(found, "guest") == []


def test_an_exception_is_told_once_however_many_functions_raise_it(tmp_path: Path) -> None:
    text = """package a:b;
    interface problems {{ enum bad {{ x }} f: func(); }}
    interface store {{ use problems.{{bad}}; get: func() -> result<_, bad>; put: func() -> result<_, bad>; }}
    world w {{ import {}; export store; }}"""
    renamed = text.replace("problems", "trouble")
    found = moved(text.format("problems"), renamed.format("trouble"), tmp_path)
    assert told(found, "host") == [  # another interface; what the functions raise is another exception
        "exception a:b/store#get: imports.problems.BadRaised -> imports.trouble.BadRaised"
    ]


def test_a_type_that_comes_with_the_name_of_an_exception_or_a_class_moves_nothing(tmp_path: Path) -> None:
    text = "package a:b; interface store {{ variant failure {{ x }} {} get: func() -> result<u8, failure>; }} world w {{ export store; }}"
    more = "record failure-raised { a: u8 } record store { a: u8 }"
    assert moved(text.format(""), text.format(more), tmp_path) == []


def test_a_second_version_of_an_interface_moves_nothing_of_the_first(tmp_path: Path) -> None:
    for side, other in itertools.product(("import", "export"), repeat=2):
        old = versions(tmp_path / f"{side}-{other}-old", f"{side} 1.0.0")
        new = versions(tmp_path / f"{side}-{other}-new", f"{other} 2.0.0", f"{side} 1.0.0")
        assert moves((old, "g:w/w"), (new, "g:w/w")) == ()
        raised = versions(tmp_path / f"{side}-{other}-up", f"{side} 2.0.0", f"{other} 1.0.0")
        assert moves((old, "g:w/w"), (raised, "g:w/w")) == ()


def test_a_module_that_is_named_after_its_version_moves_when_another_version_comes(tmp_path: Path) -> None:
    old = versions(tmp_path / "old", "import 1.0.0", "import 2.0.0")
    new = versions(tmp_path / "new", "import 2.0.0", "import 3.0.0")
    found = moves((old, "g:w/w"), (new, "g:w/w"))
    before, after = "imports.a_b_store_1_0_0", "imports.a_b_store_3_0_0"
    assert told(found, "host") == [
        f"module a:b/store@1.0.0: {before} -> {after}",
        f"class a:b/store@1.0.0: {before}.ABStore100 -> {after}.ABStore300",
        f"class a:b/store@1.0.0#shelf: {before}.ShelfClass -> {after}.ShelfClass",
        f"exception a:b/store@1.0.0#failure: {before}.FailureRaised -> {after}.FailureRaised",
    ]
    assert told(found, "guest") == [f"module a:b/store@1.0.0: wit_world.{before} -> wit_world.{after}"]


@pytest.mark.parametrize("seed", range(30))
def test_every_name_that_is_told_was_there_and_is_there_and_none_is_missed(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)  # noqa: S311  (the same worlds every time)
    items = [f"{side} {one}" for side in ("import", "export") for one in VERSIONS]
    sources = [
        versions(tmp_path / name, *chance.sample(items, chance.randint(1, 3))) for name in ("old", "new")
    ]
    found = [move for move in moves(*((one, "g:w/w") for one in sources)) if move.target == "host"]
    names, sides = NamesFile(), list[Mapping[str, str]]()
    for source in sources:
        resolve, world = world_of(
            (source / "world.wit").read_text(),
            source / "read",
            {one: f"package a:b@{one};\n{STORE}\n" for one in VERSIONS},
        )
        files = generate(resolve, world, "host", Options(names=names))
        names = NamesFile.parse(files["names.toml"], "names.toml")
        sides.append(dict(_names(files)))
    old, new = sides
    for move in found:
        assert move.old in old
        assert move.new in new
        assert re.sub(r"@[0-9.]*", "", old[move.old]) == re.sub(r"@[0-9.]*", "", new[move.new])
    listed = {move.old for move in found}
    for name, meaning in old.items():
        side = name.partition(".")[0]
        now = [other for other, one in new.items() if one == meaning and other.startswith(f"{side}.")]
        if now and name not in now:  # the same version, under another name
            assert name in listed, (name, now)
        if name in now:
            assert name not in listed


def _names(files: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Interface classes, exceptions and modules, and what they stand for: the version of the interface and what in it."""
    for path, text in files.items():
        if not path.startswith(("imports/", "exports/")) or path.endswith("__init__.py"):
            continue
        module = path.removesuffix(".py").replace("/", ".")
        tree = ast.parse(text)
        interface = (ast.get_docstring(tree) or "").split("`")[1]
        yield module, interface
        for node in tree.body:
            if isinstance(node, ast.ClassDef):
                docs = ast.get_docstring(node) or ""
                if any("wit.interface" in ast.unparse(one) for one in node.decorator_list):
                    yield f"{module}.{node.name}", f"{interface}: its class"
                elif docs.startswith(("Raised", "What makes")):
                    yield f"{module}.{node.name}", f"{interface}: {docs}"
