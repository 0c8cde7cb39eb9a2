"""Names: stable while a world grows, the same on both sides, and the same bytes every time."""

from __future__ import annotations

import ast
import hashlib
import os
import random
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from generator_worlds import Source, corpus_worlds, golden_sources, golden_worlds, needs_corpus, world_of

from airssys_generator import (
    GenerationError,
    NamesFile,
    NamesFileError,
    Options,
    componentize_options,
    generate,
)
from airssys_sdk.project.guest_mends import mends
from airssys_sdk.project.mended_wit import mended_wit
from airssys_sdk.wit.model import World
from airssys_sdk.wit.reader import read

STEPS = (
    ("interface types { record a { x: u8 } f: func(a: a); }", "import types;"),
    ("interface store { use types.{a}; g: func(a: a) -> a; }", "export store;"),
    ("", "import other:pkg/types@1.0.0;"),
    ("", "import other:pkg/types@2.0.0;"),
    ("", "export other:pkg/types@1.0.0;"),
    ("", "import other:pkg/store@1.0.0;"),
    ("", "export types;"),
    ("", "import clock: func();"),
    ("interface clock { now: func(); }", "import clock-face: func(); import clock; export clock;"),
)
OTHER = "package other:pkg@{0}; interface types {{ h: func(); }} interface store {{ h: func(); }}"


def test_growing_a_world_step_by_step_renames_nothing(tmp_path: Path) -> None:
    names = NamesFile()
    for count in range(1, len(STEPS) + 1):
        interfaces = "\n".join(step[0] for step in STEPS[:count])
        items = "\n".join(step[1] for step in STEPS[:count])
        text = f"package a:b;\n{interfaces}\nworld w {{ {items} }}"
        used = [version for version in ("1.0.0", "2.0.0") if version in items]
        resolve, world = world_of(text, tmp_path, {version: OTHER.format(version) for version in used})
        files = generate(resolve, world, "host", Options(names=names))
        grown = NamesFile.parse(files["names.toml"], "names.toml")
        assert names.imports.items() <= grown.imports.items()
        assert names.exports.items() <= grown.exports.items()
        assert len(set(grown.imports.values())) == len(grown.imports)
        assert len(set(grown.exports.values())) == len(grown.exports)
        names = grown
    assert names.imports["a:b/types"] == "types"
    assert names.exports["a:b/types"] == "types"


def test_a_first_names_file_has_the_names_that_componentize_py_gives_by_itself(tmp_path: Path) -> None:
    source = next(world for world in golden_worlds() if world.name.startswith("two_versions"))
    _, world = source.read()
    with_options = _componentize(source, componentize_options(world), tmp_path / "with")
    without = _componentize(source, [], tmp_path / "without")
    assert with_options.keys() == without.keys()


@pytest.mark.slow
@needs_corpus
def test_the_bindings_have_the_modules_classes_and_functions_that_componentize_py_builds_with(
    tmp_path: Path,
) -> None:
    compared = 0
    for source in [*golden_worlds("guest"), *corpus_worlds()]:
        try:
            ours = source.generate("guest")
        except GenerationError:
            continue
        resolve, world = source.read()
        theirs = _componentize(source, componentize_options(world), tmp_path / source.name)
        mine = {path: _outline(text) for path, text in ours.items() if path.startswith("wit_world/") and text}
        _without_mended(mine, world)
        assert mine == {path: _outline(text) for path, text in theirs.items()}, source.name
        assert resolve.main is world.package
        compared += 1
    assert compared > 50


def test_a_name_that_was_changed_by_hand_is_used_on_both_sides(tmp_path: Path) -> None:
    resolve, world = world_of(
        "package a:b; interface store { record r { a: u8 } get: func() -> r; } world w { export store; }",
        tmp_path,
    )
    names = NamesFile.parse('[exports]\n"a:b/store" = "shop"\n', "names.toml")
    host = generate(resolve, world, "host", Options(names=names))
    guest = generate(resolve, world, "guest", Options(names=names))
    assert "class Shop(wit.Exports)" in host["exports/shop.py"]
    assert "    shop: _shop.Shop\n" in host["__init__.py"]
    assert "class Shop(typing.Protocol)" in guest["wit_world/exports/__init__.py"]
    assert "class R:" in guest["wit_world/exports/shop.py"]
    assert "a:b/store=shop" in componentize_options(world, names)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("imports = 3", "'imports' is not a table"),
        ("[import]\n", "unknown table 'import'"),
        ('[imports]\n"a:b/c" = "Class"\n', "'Class' is no name for a module"),
        ('[imports]\n"a:b/c" = "class"\n', "'class' is no name for a module"),
        ('[imports]\n"a:b/c" = "c__d"\n', "'c__d' is no name for a module that componentize-py keeps"),
        ('[exports]\n"a:b/c" = "c_"\n', "it would be 'c' in a guest; write that, or another name"),
        ('[imports]\n"a:b/c" = "x"\n"a:b/d" = "x"\n', "both named 'x'"),
        ("[imports\n", "not valid TOML"),
        ('[errors]\n"a:b/c#d" = "DRaised"\n', "'a:b/c#d' has no direction"),
        ('[classes]\n"import a:b/c" = "c"\n', "'c' is no name for a class"),
    ],
)
def test_a_names_file_that_is_wrong_is_an_error_with_its_place(
    text: str, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "names.toml"
    path.write_text(text)
    with pytest.raises(NamesFileError, match=re.escape(message)) as caught:
        NamesFile.read(path)
    assert str(path) in str(caught.value)


def test_a_names_file_reads_back_as_it_was_written(tmp_path: Path) -> None:
    names = NamesFile({"a:b/c@1.0.0": "c"}, {"x": "x", "a:b/d": "class_"}, {"load": "load_it"})
    path = tmp_path / "names.toml"
    path.write_text(names.to_text())
    assert NamesFile.read(path) == names
    assert NamesFile.read(tmp_path / "absent.toml") == NamesFile()


@pytest.mark.parametrize("seed", range(6))
def test_a_world_that_grows_step_by_step_renames_nothing(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)  # noqa: S311  (the same worlds every time)
    packages = ("a:b@1.0.0", "a:b@2.0.0", "a:c", "x:b", "x:types")
    dependencies = {
        package.replace(":", "-").replace("@", "-"): f"package {package};\n"
        + "".join(
            f"interface {name} {{ resource item {{ constructor(); }} get: func() -> own<item>; }}\n"
            for name in ("store", "item", "types")
        )
        for package in packages
    }
    steps = [
        f"{side} {name}/{interface}{mark}{version}"
        for side in ("import", "export")
        for package in packages
        for name, mark, version in [package.partition("@")]
        for interface in ("store", "item", "types")
    ]
    chance.shuffle(steps)
    names = NamesFile()
    modules = set[str]()
    for count in range(1, 13):
        text = f"package g:w; world w {{ {'; '.join(chance.sample(steps[:count], count))}; }}"
        resolve, world = world_of(text, tmp_path / str(count), dependencies)
        before, names = names, names.grown(world)
        for table in ("imports", "exports", "resources"):
            kept = getattr(before, table)
            assert {key: getattr(names, table)[key] for key in kept} == kept
        files = generate(resolve, world, "host", Options(names=names))
        assert modules <= files.keys()
        modules |= {path for path in files if path.startswith(("imports/", "exports/"))}
        generate(resolve, world, "guest", Options(names=names))


def test_another_version_of_an_interface_keeps_its_names(tmp_path: Path) -> None:
    text = """
    package a:b@{version};
    interface store {{ resource shelf {{ constructor(); }} get: func() -> shelf; }}
    world w {{ import store; export store; }}
    """
    _, old = world_of(text.format(version="1.0.0"), tmp_path / "old")
    _, new = world_of(text.format(version="2.0.0"), tmp_path / "new")
    before, after = NamesFile().grown(old), NamesFile().grown(old).grown(new)
    assert before.exports == {"a:b/store@1.0.0": "store"}
    assert after.imports == after.exports == {"a:b/store@2.0.0": "store"}
    assert after.resources == {"a:b/store@2.0.0#shelf": "Shelf"}


def test_two_versions_at_once_have_names_of_their_own_and_keep_them_when_one_leaves(tmp_path: Path) -> None:
    both = """
    package x:y;
    world w {{ {imports} }}
    """
    dependencies = {
        f"v{number}": f"package a:b@{number}.0.0; interface store {{ get: func() -> u8; }}"
        for number in (1, 2)
    }
    first, second = "import a:b/store@1.0.0;", "import a:b/store@2.0.0;"
    _, one = world_of(both.format(imports=first), tmp_path / "one", dependencies)
    _, two = world_of(both.format(imports=first + second), tmp_path / "two", dependencies)
    _, last = world_of(both.format(imports=second), tmp_path / "last", dependencies)
    grown = NamesFile().grown(one).grown(two)
    assert grown.imports["a:b/store@1.0.0"] == "store"
    assert grown.imports["a:b/store@2.0.0"] != "store"
    assert grown.grown(last).imports["a:b/store@2.0.0"] == grown.imports["a:b/store@2.0.0"]


def test_the_same_input_gives_the_same_bytes_whatever_the_hash_seed() -> None:
    code = (
        "import hashlib, generator_worlds as w\n"
        "texts = [s.generate(t) for s in w.golden_sources() for t in s.targets]\n"
        "print(hashlib.sha256(repr(texts).encode()).hexdigest())"
    )
    expected = [source.generate(target) for source in golden_sources() for target in source.targets]
    digest = hashlib.sha256(repr(expected).encode()).hexdigest()
    for seed in ("0", "1", "4711"):
        done = subprocess.run(
            [sys.executable, "-B", "-c", code],
            cwd=Path(__file__).parent,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.strip() == digest


def test_importing_the_generator_loads_neither_templates_nor_parsers_nor_engines() -> None:
    code = (
        "import sys, airssys_generator\n"
        "print([n for n in ('jinja2', 'libcst', 'wasmtime', 'componentize_py') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def _componentize(source: Source, options: list[str], folder: Path) -> Mapping[str, str]:
    """The modules that componentize-py itself writes, by their path."""
    program = str(Path(sys.executable).with_name("componentize-py"))
    worlds = read(source.path, all_features=True).main.worlds
    chosen = ["-w", source.world.split("/")[1].split("@")[0]] if len(worlds) > 1 else []
    command = [
        program,
        "-q",
        "--all-features",
        "-d",
        str(mended_wit(source.path, folder.with_name(f"{folder.name}-wit"), all_features=True)),
        *chosen,
        *options,
        "bindings",
        str(folder),
    ]
    subprocess.run(command, check=True, capture_output=True)
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in folder.rglob("*.py")
        if "wit_world" in path.relative_to(folder).parts
    }


def _without_mended(outlines: dict[str, dict[str, object]], world: World) -> None:
    """Take out the classes and functions that the build adds to componentize-py's modules."""
    names = NamesFile().grown(world)
    added = mends(world, names.imports, names.exports)
    for resource in added.resources:
        del outlines["wit_world/__init__.py"][resource]
    for function in added.left_out:
        if function.resource is not None:
            continue
        path = f"{function.module.replace('.', '/')}.py"
        del outlines[path][function.name]
        if not outlines[path]:
            del outlines[path]
    if not any(path.startswith("wit_world/imports/") and path[-11:] != "__init__.py" for path in outlines):
        outlines.pop("wit_world/imports/__init__.py", None)


def _outline(text: str) -> dict[str, object]:
    """The names in a module: classes with fields, members and methods, functions with parameters, aliases."""
    found: dict[str, object] = {}
    for node in ast.parse(text).body:
        if isinstance(node, ast.ClassDef):
            found[node.name] = (
                [
                    part.target.id
                    for part in node.body
                    if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name)
                ],
                [ast.unparse(part.targets[0]) for part in node.body if isinstance(part, ast.Assign)],
                {part.name: _parameters(part) for part in node.body if isinstance(part, _FUNCTION)},
            )
        elif isinstance(node, _FUNCTION):
            found[node.name] = _parameters(node)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            found[ast.unparse(node.targets[0] if isinstance(node, ast.Assign) else node.target)] = "alias"
    return found


_FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)


def _parameters(node: ast.FunctionDef | ast.AsyncFunctionDef) -> tuple[bool, list[str]]:
    return isinstance(node, ast.AsyncFunctionDef), [argument.arg for argument in node.args.args]
