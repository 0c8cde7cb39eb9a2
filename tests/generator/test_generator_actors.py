"""The twins of a host's classes for supervised components: the same functions, awaited, under names that nothing takes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from generator_worlds import Source, corpus_worlds

from airssys_generator import GenerationError, Options, generate
from airssys_sdk.wit.reader import find_world, read


def _files(tmp_path: Path, wit: str, *, actors: bool = True) -> dict[str, str]:
    source = tmp_path / "it.wit"
    source.write_text(wit, "utf-8")
    resolve = read(source, world="app")
    return dict(generate(resolve, find_world(resolve, "app"), "host", Options(actors=actors)))


def test_a_package_has_no_twins_unless_they_are_asked_for_and_they_change_nothing_else(
    tmp_path: Path,
) -> None:
    wit = "package a:b; interface i { f: func(); } world app { export i; }"
    plain, more = _files(tmp_path, wit, actors=False), _files(tmp_path, wit)
    assert not [path for path in plain if path.startswith("actors/")]
    assert {path: text for path, text in more.items() if not path.startswith("actors/")} == plain


def test_functions_with_resources_have_no_twin_however_deep_they_hide(tmp_path: Path) -> None:
    text = _files(
        tmp_path,
        "package a:b; interface i { resource r; record box { inner: option<list<r>> } type alias = box;"
        " f: func(); g: func() -> r; h: func(x: borrow<r>); j: func() -> result<tuple<u8, alias>>; }"
        " world app { export i; }",
    )["actors/i.py"]
    assert "async def f(self)" in text
    assert text.count("async def") == 1


def test_names_of_the_wit_do_not_meet_those_of_the_twins(tmp_path: Path) -> None:
    text = _files(
        tmp_path,
        "package a:b; interface types { record app-actor { a: u8 } }"
        " interface i { use types.{app-actor}; f: func(x: app-actor) -> app-actor; }"
        " world app { use types.{app-actor}; export i; export supervised: func(x: app-actor);"
        " export channel: func(); }",
    )["actors/__init__.py"]
    compile(text, "actors.py", "exec")
    assert "class AppActor" in text


@pytest.mark.parametrize("source", corpus_worlds(), ids=lambda source: source.name)
def test_every_world_of_the_corpus_has_twins_that_compile(source: Source) -> None:
    resolve, world = source.read()
    try:
        files = generate(resolve, world, "host", Options(actors=True))
    except GenerationError:
        with pytest.raises(GenerationError):  # it is refused without them too
            generate(resolve, world, "host", Options())
        return
    for path, text in files.items():
        if path.startswith("actors/"):
            compile(text, path, "exec", dont_inherit=True)


def test_twins_meet_the_quality_bar_of_emitted_code(tmp_path: Path, mypy_cache: Path) -> None:
    files = _files(
        tmp_path,
        "package a:b; interface kinds { record item { id: string } variant problem { missing(string), full } }"
        " interface host { note: func(text: string); }"
        " interface store { use kinds.{item, problem}; record local { a: u8 } enum color { red }"
        " @since(version = 1.0.0) put: func(i: item, a-parameter-with-a-long-name: local, and-another-long-one:"
        " list<tuple<color, item>>) -> result<local, problem>; str: func(%self: u8, %list: string) -> string; }"
        " world app { import host; export store; use kinds.{item}; record own-thing { i: item }"
        " export version: func(x: own-thing) -> result<own-thing>; }".replace("@since(version = 1.0.0) ", ""),
    )
    out = tmp_path / "package"
    for path, text in files.items():
        (out / path).parent.mkdir(parents=True, exist_ok=True)
        (out / path).write_text(text, "utf-8")
    for command in (
        ["ruff", "check", "--isolated", "package"],
        ["ruff", "format", "--isolated", "--check", "package"],
        ["mypy", "--strict", f"--cache-dir={mypy_cache}", "package"],
    ):
        done = subprocess.run(
            [sys.executable, "-m", *command], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout
