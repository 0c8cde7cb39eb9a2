"""A host's names stay while its world grows, whatever the WIT gains: modules, classes, exceptions, re-exports."""

from __future__ import annotations

import ast
import importlib
import random
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from unittest.mock import MagicMock

import pytest
from generator_worlds import world_of
from natives import dummy

from airssys_generator import GenerationError, NamesFile, Options, generate, write_files
from airssys_sdk.component import Trap

STORE = (
    "get: func() -> result<u8, failure>;",
    "record failure-raised { a: u8 }",
    "enum failure-error-raised { a }",
    "record failure-raised-type { a: u8 }",
    "worse: func() -> result<u8, failure-raised>;",
    "type failure-raised-raised = u8;",
    "record store { a: u8 }",
    "flags store-interface { a }",
    "put: func() -> result;",
    "variant put-raised { a(u8), none }",
    "failed: func() -> result<u8, pit>;",
    "resource pit;",
    "cursor-next: func() -> result;",
    "resource cursor { constructor(); next: func() -> result<u8, string>; go: static func(); }",
    "record cursor-class { a: u8 }",
    "type cursor-next-raised = string;",
    "resource worse-raised { constructor(); }",
)
"""What an interface `store` gains besides `variant failure`: types called like what the generator names itself."""

WORLD = (
    "import store;",
    "export store;",
    "import look: func() -> result;",
    "export look: func() -> result<u8, string>;",
    "record look-raised { a: u8 }",
    "enum look-import-raised { a }",
    "record w-imports { a: u8 }",
    "variant bad { a }",
    "import try: func() -> result<u8, bad>;",
    "record bad-raised { a: u8 }",
    "export other:pkg/store@1.0.0;",
    "import other:pkg/store@2.0.0;",
)
OTHER = "package other:pkg@{}.0.0; interface store {{ variant failure {{ a }} get: func() -> result<u8, failure>; }}"


@pytest.mark.parametrize("seed", range(12))
def test_whatever_a_world_gains_everything_that_can_be_imported_stays_what_it_is(
    seed: int, tmp_path: Path
) -> None:
    chance = random.Random(seed)  # noqa: S311  (the same worlds every time)
    gains = [*STORE, *WORLD]
    chance.shuffle(gains)
    names, before, had = NamesFile(), dict[tuple[str, str], str](), list[str]()
    files: Mapping[str, str] = {}
    while gains:
        gained = [gain for gain in gains[:3] if _is_complete(gain, [*had, *gains[:3]])]
        gains = [gain for gain in gains if gain not in gained]
        if not gained:  # what the next needs comes later
            gains = [*gains[1:], gains[0]]
            continue
        had += gained
        chance.shuffle(had)
        files = _grown(had, names, tmp_path / str(len(had)))
        after = dict(_importable(files))
        assert {key: after.get(key) for key in before} == before, gained
        names, before = NamesFile.parse(files["names.toml"], "names.toml"), after
        assert _grown(had, names, tmp_path / f"again{len(had)}") == files
    assert {"look", "put", "failure"} <= {_item(key) for key in names.errors}
    _loads(files, tmp_path / str(len(had)) / "wit", f"grown_{seed}", tmp_path)


def test_a_type_that_comes_later_leaves_an_exception_and_a_class_their_names(tmp_path: Path) -> None:
    text = "package a:b; interface store {{ variant failure {{ x }} {} get: func() -> result<u8, failure>; }} world w {{ export store; }}"
    resolve, world = world_of(text.format(""), tmp_path / "old")
    names = NamesFile.parse(generate(resolve, world, "host")["names.toml"], "names.toml")
    assert names.classes == {"export a:b/store": "Store"}
    assert names.errors == {"export a:b/store#failure": "FailureRaised"}
    more = "record failure-raised { a: u8 } record store { a: u8 } variant store-type { x }"
    resolve, world = world_of(text.format(more), tmp_path / "new")
    files = generate(resolve, world, "host", Options(names=names))
    module = files["exports/store.py"]
    assert "class Store(wit.Exports):" in module
    assert "class FailureRaised(wit.Err[Failure]):" in module
    assert (
        '@wit.record("a:b/store#failure-raised")\n@dataclasses.dataclass(slots=True)\nclass FailureRaisedType:'
        in module
    )
    assert "class Store_:" not in module
    assert "class StoreType_:" in module  # StoreType is another type's
    later = NamesFile.parse(files["names.toml"], "names.toml")
    assert later.types == {
        "export a:b/store#failure-raised": "FailureRaisedType",
        "export a:b/store#store": "StoreType_",
    }
    resolve, world = world_of(text.format(more).replace("result<u8, failure>", "u8"), tmp_path / "less")
    assert (
        NamesFile.parse(generate(resolve, world, "host", Options(names=later))["names.toml"], "names.toml")
        == later
    )  # what left may come back


def test_names_of_classes_go_on_with_another_version(tmp_path: Path) -> None:
    text = "package a:b@{}; interface store {{ {} variant failure {{ x }} get: func() -> result<u8, failure>; }} world w {{ import store; }}"
    resolve, world = world_of(text.format("1.0.0", ""), tmp_path / "old")
    names = NamesFile.parse(generate(resolve, world, "host")["names.toml"], "names.toml")
    resolve, world = world_of(text.format("2.0.0", "enum failure-raised { x }"), tmp_path / "new")
    names = NamesFile.parse(
        generate(resolve, world, "host", Options(names=names))["names.toml"], "names.toml"
    )
    assert names.classes == {"import a:b/store@2.0.0": "Store"}
    assert names.errors == {"import a:b/store@2.0.0#failure": "FailureRaised"}
    assert names.types == {"import a:b/store@2.0.0#failure-raised": "FailureRaisedType"}


def test_an_exception_may_be_renamed_by_hand(tmp_path: Path) -> None:
    text = "package a:b; interface store { enum failure { x } get: func() -> result<u8, failure>; } world w { export store; }"
    resolve, world = world_of(text, tmp_path)
    names = NamesFile.parse('[errors]\n"export a:b/store#failure" = "StoreError"\n', "names.toml")
    module = generate(resolve, world, "host", Options(names=names))["exports/store.py"]
    assert "class StoreError(wit.Err[Failure]):" in module
    assert "raises=StoreError" in module
    twice = NamesFile.parse(
        '[classes]\n"export a:b/store" = "Same"\n[errors]\n"export a:b/store#failure" = "Same"\n',
        "names.toml",
    )
    with pytest.raises(GenerationError, match="its Python name 'Same' is also that of export a:b/store"):
        generate(resolve, world, "host", Options(names=twice))


def _is_complete(gain: str, among: list[str]) -> bool:
    needed = {
        "worse: func": "record failure-raised {",
        "failed: func": "resource pit;",
        "import try": "variant bad",
    }
    return all(
        any(other.startswith(need) for other in among)
        for start, need in needed.items()
        if gain.startswith(start)
    )


def _text(had: list[str]) -> str:
    store = "\n".join(["variant failure { x }", *(gain for gain in had if gain in STORE)])
    world = "\n".join(gain for gain in had if gain in WORLD)
    return f"package a:b;\ninterface store {{ {store} }}\nworld w {{ {world} }}\n"


def _grown(had: list[str], names: NamesFile, folder: Path) -> Mapping[str, str]:
    others = {f"v{version}": OTHER.format(version) for version in (1, 2)}
    resolve, world = world_of(_text(had), folder, others)
    return generate(resolve, world, "host", Options(names=names))


def _importable(files: Mapping[str, str]) -> Iterator[tuple[tuple[str, str], str]]:
    """The public names of each module, and what each of them stands for."""
    for path, text in files.items():
        for node in ast.parse(text).body if path.endswith(".py") else ():
            match node:
                case ast.ClassDef(name, bases, decorator_list=decorators):
                    parts = [*map(ast.unparse, bases), *map(_marker, decorators)]
                    yield (path, name), "; ".join([*parts, ast.get_docstring(node) or ""])
                case ast.AnnAssign(ast.Name(name)) if not name.startswith("_"):
                    yield (path, name), ast.unparse(node)
                case ast.ImportFrom(module, imported):
                    for one in imported:
                        if one.asname == one.name:
                            yield (path, one.name), f"from {module}"
                case _:
                    pass


def _marker(decorator: ast.expr) -> str:
    """Which item of the WIT a class says it is."""
    match decorator:
        case ast.Call(function, [path, *_]):
            return f"{ast.unparse(function)}({ast.unparse(path)})"
        case _:
            return ast.unparse(decorator)


def _item(key: str) -> str:
    return key.rpartition("#")[2].rpartition(" ")[2]


def _loads(files: Mapping[str, str], wit: Path, name: str, folder: Path) -> None:
    """Load a component of the world, which compares each of its types with the package's."""
    write_files(files, folder / name)
    sys.path.insert(0, str(folder))
    try:
        package = importlib.import_module(name)
    finally:
        sys.path.remove(str(folder))
    with package.W.load(dummy(wit, "a:b/w"), imports=MagicMock()) as loaded, pytest.raises(Trap):
        loaded.look()
