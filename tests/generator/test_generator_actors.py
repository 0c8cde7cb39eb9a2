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


def test_resources_and_what_has_one_in_it_have_twins_and_the_rest_stays_where_it_is(tmp_path: Path) -> None:
    files = _files(
        tmp_path,
        "package a:b; interface i { resource r { constructor(); f: func(); make: static func() -> r; }"
        " record box { inner: option<list<r>> } type alias = box; record plain { a: u8 }"
        " variant v { nothing, one(box) } f: func(p: plain); g: func() -> r; h: func(x: borrow<r>);"
        " j: func() -> result<tuple<u8, alias>, v>; } world app { export i; }",
    )
    text = files["actors/i.py"]
    for one in ("R(wit.ActorResource)", "RClass(wit.ActorResourceClass)", "Box", "V_Nothing", "V_One"):
        assert f"class {one}:" in text
    assert "class Plain" not in text
    assert "    R: RClass\n" in text
    assert "async def f(self, p: _types_.Plain) -> None" in text
    assert "async def __call__(self) -> R:" in text
    assert "async def make(self) -> R:" in text
    assert '@wit.function("j", raises=VRaised)' in text
    assert "class VRaised(wit.Err[V])" in text
    assert text.count("async def") == 7


def test_functions_with_resources_that_are_asynchronous_are_left_out_and_named(tmp_path: Path) -> None:
    text = _files(
        tmp_path,
        "package a:b; interface i { resource r { slow: async func(); } f: async func() -> r; g: async func(); }"
        " world app { export i; }",
    )["actors/i.py"]
    assert "async def g(self)" in text
    assert text.count("async def") == 1
    assert "Left out, being asynchronous and having to do with resources: `R.slow`, `f`." in text


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


def test_twins_of_resources_meet_the_quality_bar_whatever_they_are_called(
    tmp_path: Path, mypy_cache: Path
) -> None:
    out = tmp_path / "package"
    for path, text in _files(tmp_path, RESOURCES).items():
        (out / path).parent.mkdir(parents=True, exist_ok=True)
        (out / path).write_text(text, "utf-8")
    (tmp_path / "pyrightconfig.json").write_text(
        '{"typeCheckingMode": "strict", "pythonVersion": "3.11", "include": ["package"]}', "utf-8"
    )
    for command in (
        ["ruff", "check", "--isolated", "package"],
        ["ruff", "format", "--isolated", "--check", "package"],
        ["mypy", "--strict", f"--cache-dir={mypy_cache}", "package"],
        ["basedpyright", "--project", ".", "--pythonpath", sys.executable],
    ):
        done = subprocess.run(
            [sys.executable, "-m", *command], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout


RESOURCES = """
package a:b@1.0.0;
interface types {
  resource book {
    constructor(%self: string, cls: u8);
    self: func() -> u8;
    make: static func(%self: u8, cls: borrow<book>) -> option<book>;
  }
  record book-class { b: book, book-class-two: option<list<book>> }
  resource book-class-two {
    constructor(b: book-class);
    str: func(str: string) -> string;
    wit: static func() -> list<book-class>;
  }
  resource empty;
  type mine = book;
  type own-mine = own<mine>;
  type res = result<mine, book-class>;
  record plain { a: u8 }
  type plains = list<plain>;
  variant only { a(book) }
  enum color { red }
  types: func(x: mine, y: own-mine) -> res;
  actors-types: func(x: res, c: color) -> result<empty, only>;
  plain-one: func(a: plains) -> plains;
  nested: func(a: option<option<book>>, b: result<list<book>, result<_, tuple<book, color>>>)
    -> result<option<option<book>>>;
}
interface actors-types {
  use types.{book as tome, book-class, mine, plain};
  resource book-class-three { constructor(t: tome); get: func() -> mine; }
  record holder { t: tome, p: plain }
  f: func(h: holder, m: mine, b: book-class) -> result<_, tome>;
  %deprecated: func() -> tome;
}
interface none { use types.{book}; record thing { b: book } }
interface uses-none { use none.{thing}; f: func(t: thing); }
world app {
  import host: interface { resource book { constructor(); m: func(); } use-it: func(b: book) -> book; }
  use types.{book};
  export types; export actors-types; export none; export uses-none;
  export own-it: func(b: book) -> option<book>;
}
"""
