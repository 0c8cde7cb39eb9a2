"""What cannot be generated yet is said before anything is made, with every place."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from generator_worlds import Source, corpus_packages, corpus_worlds, needs_corpus, world_of

from airssys_generator import GenerationError, NamesFile, Options, Target, generate
from airssys_sdk.component import World

REFUSED = tomllib.loads(Path(__file__).with_name("refused_worlds.toml").read_text())


@needs_corpus
@pytest.mark.parametrize("target", ["host", "guest"])
@pytest.mark.parametrize("source", corpus_worlds(), ids=lambda source: source.name)
def test_a_world_is_refused_exactly_for_what_the_list_says(source: Source, target: Target) -> None:
    assert sorted(_refused(source, target)) == REFUSED[target].get(source.name, [])


@needs_corpus
@pytest.mark.parametrize("source", corpus_packages(), ids=lambda source: source.name)
def test_a_package_is_refused_exactly_for_what_the_list_says(source: Source) -> None:
    assert sorted(_refused(source, "host")) == REFUSED["package"].get(source.name, [])


@needs_corpus
@pytest.mark.parametrize("table", ["host", "guest", "package"])
def test_everything_on_the_list_is_there(table: str) -> None:
    sources = corpus_packages() if table == "package" else corpus_worlds()
    assert set(REFUSED[table]) <= {source.name for source in sources}


def test_every_place_is_named_with_a_reason_and_what_to_do(tmp_path: Path) -> None:
    text = """
    package a:b@1.0.0;
    interface i {
      resource cursor { next: func() -> u8; }
      record page { rest: list<option<stream<u8>>>, count: u8 }
      fine: func() -> u8;
      later: async func() -> u8;
      open: func(at: u8) -> result<own<cursor>, error-context>;
    }
    world w { export i; import now: func() -> future<u8>; import soon: async func(); }
    """
    resolve, world = world_of(text, tmp_path)
    with pytest.raises(GenerationError) as caught:
        generate(resolve, world, "host")
    places = {(found.where, found.construct) for found in caught.value.diagnostics}
    assert places == {
        ("a:b/i@1.0.0#page.rest", "stream"),
        ("a:b/i@1.0.0#open", "error-context"),
        ("a:b/w@1.0.0#now", "future"),
        ("a:b/w@1.0.0#soon", "async import"),
    }
    assert all(found.reason and found.hint for found in caught.value.diagnostics)
    assert all(found.where in str(caught.value) for found in caught.value.diagnostics)
    assert caught.value.exit_code == 7


def test_a_place_in_an_inline_interface_has_its_world_and_its_name(tmp_path: Path) -> None:
    text = """
    package a:b@1.0.0;
    interface i { use types.{z}; type y = z; }
    interface types { type z = u8; }
    world w {
      import i;
      import first: interface { record r { rest: stream<u8>, mro: u8, last: u8 } }
      export second: interface { variant r { a, open(future<u8>) } type s = list<u8, 4>; }
    }
    """
    resolve, world = world_of(text, tmp_path)
    with pytest.raises(GenerationError) as caught:
        generate(resolve, world, "host")
    assert [found.where for found in caught.value.diagnostics] == [
        "a:b/w@1.0.0/first#r.rest",
        "a:b/w@1.0.0/second#r.open",
        "a:b/w@1.0.0/second#s",
    ]
    resolve, world = world_of(text.replace("type s = list<u8, 4>;", ""), tmp_path)
    with pytest.raises(GenerationError) as caught:
        generate(resolve, world, "guest")
    assert [found.where for found in caught.value.diagnostics] == ["a:b/w@1.0.0/first#r.mro"]


def test_a_target_that_there_is_not_is_refused_with_those_that_there_are(tmp_path: Path) -> None:
    resolve, world = world_of("package a:b; world w { export f: func(); }", tmp_path)
    nonsense: Any = "nonsense"
    with pytest.raises(
        ValueError, match="there is no target 'nonsense' to generate for; give 'host' or 'guest'"
    ):
        generate(resolve, world, nonsense)
    with pytest.raises(ValueError, match="'nonsense'"):
        generate(resolve, resolve.main, nonsense)


def test_names_that_meet_in_python_are_refused_with_both_places(tmp_path: Path) -> None:
    text = "package a:b; interface store { f: func(); } world w { export store; export run: func(); }"
    resolve, world = world_of(text, tmp_path)
    names = NamesFile.parse('[exports]\n"a:b/store" = "run"\n', "names.toml")
    with pytest.raises(GenerationError, match=r"a:b/w#run: its Python name 'run' is also that of a:b/store"):
        generate(resolve, world, "host", Options(names=names))
    assert "    store: _store.Store\n" in generate(resolve, world, "host")["__init__.py"]


def test_a_world_type_with_the_name_of_the_guests_world_class_is_refused(tmp_path: Path) -> None:
    resolve, world = world_of("package a:b; world w { record wit-world { a: u8 } }", tmp_path)
    with pytest.raises(GenerationError, match="'WitWorld'"):
        generate(resolve, world, "guest")


def test_a_function_named_like_a_member_of_every_world_is_refused_with_a_way_out(tmp_path: Path) -> None:
    resolve, world = world_of("package a:b; world w { export load: func(); export close: func(); }", tmp_path)
    with pytest.raises(GenerationError) as caught:
        generate(resolve, world, "host")
    assert {found.where for found in caught.value.diagnostics} == {"a:b/w#load", "a:b/w#close"}
    names = NamesFile.parse('[functions]\n"load" = "load_function"\n"close" = "shut"\n', "names.toml")
    files = generate(resolve, world, "host", Options(names=names))
    assert '@wit.function("load")\n    def load_function(self)' in files["__init__.py"]
    assert '@wit.function("close")\n    def shut(self)' in files["__init__.py"]


def test_every_public_member_of_the_world_class_is_known_to_the_generator(tmp_path: Path) -> None:
    members = [name for name in dir(World) if not name.startswith("_")]
    functions = " ".join(f"export {name.replace('_', '-')}: func();" for name in ("load", *members))
    resolve, world = world_of(f"package a:b; world w {{ {functions} }}", tmp_path)
    with pytest.raises(GenerationError) as caught:
        generate(resolve, world, "host")
    assert len(caught.value.diagnostics) == len(members) + 1


def test_an_interface_named_like_a_member_of_every_world_is_refused_with_a_way_out(tmp_path: Path) -> None:
    resolve, world = world_of("package a:b; interface load { f: func(); } world w { export load; }", tmp_path)
    with pytest.raises(GenerationError, match=r'\[exports\] "a:b/load" = "load_interface"'):
        generate(resolve, world, "host")
    names = NamesFile.parse('[exports]\n"a:b/load" = "load_interface"\n', "names.toml")
    files = generate(resolve, world, "host", Options(names=names))
    assert "    load_interface: _load_interface.LoadInterface\n" in files["__init__.py"]
    assert (
        '@wit.interface("a:b/load")\nclass LoadInterface(wit.Exports):' in files["exports/load_interface.py"]
    )


def test_a_guest_function_with_a_parameter_named_self_is_refused_and_a_host_takes_it(tmp_path: Path) -> None:
    resolve, world = world_of("package a:b; world w { export f: func(self: u8); }", tmp_path)
    with pytest.raises(GenerationError, match="two parameters named 'self'"):
        generate(resolve, world, "guest")
    assert "def f(_self, self: wit.U8)" in generate(resolve, world, "host")["__init__.py"]


@pytest.mark.parametrize(
    ("inside", "place"),
    [
        ("enum %enum { a } enum later { b }", "a:b/i#enum"),
        ("flags %flag { a } flags later { b }", "a:b/i#flag"),
        ("variant union { a } variant later { b }", "a:b/i#union"),
        ("record r { mro: u8, next: u8 }", "a:b/i#r.mro"),
        ("record err { a: u8 } g: func() -> result;", "a:b/i#err"),
        ("isinstance: func(); g: func() -> result;", "a:b/i#isinstance"),
    ],
)
def test_a_name_that_breaks_the_modules_of_componentize_py_is_refused_for_guests(
    inside: str, place: str, tmp_path: Path
) -> None:
    text = f"package a:b; interface i {{ {inside} f: func(); }} world w {{ import i; }}"
    resolve, world = world_of(text, tmp_path)
    with pytest.raises(GenerationError) as caught:
        generate(resolve, world, "guest")
    assert [found.where for found in caught.value.diagnostics] == [place]
    assert generate(resolve, world, "host")


@pytest.mark.parametrize(
    ("interface", "world", "place"),
    [
        ("abstractmethod: func(); g: func();", "export i;", "a:b/i#abstractmethod"),
        ("f: func(isinstance: u8) -> result;", "import i;", "a:b/i#f(isinstance)"),
        (
            "resource weakref { constructor(weakref: u8); }",
            "import i;",
            "a:b/i#[constructor]weakref(weakref)",
        ),
        ("weakref: func(); resource r { constructor(); }", "import i;", "a:b/i#weakref"),
        ("componentize-py-runtime: func();", "import i;", "a:b/i#componentize-py-runtime"),
        ("resource r { s: static func(cls: u8); }", "import i;", "a:b/i#[static]r.s"),
        *(
            (
                "resource r { classmethod: func(); s: static func(); }",
                f"{word} i;",
                "a:b/i#[method]r.classmethod",
            )
            for word in ("import", "export")
        ),
        ("resource protocol; resource r;", "export i;", "a:b/i#protocol"),
        ("record protocol { a: u8 }", "use i.{protocol as p}; type protocol = p; export f: func();", None),
        ("f: func();", "import i; import imports: func();", "a:b/w#imports"),
        ("f: func();", "export i; import exports: func();", "a:b/w#exports"),
        ("", "record protocol { a: u8 } export f: func(p: protocol);", "a:b/w#protocol"),
        ("", "import abstractmethod: func(); export f: func();", "a:b/w#abstractmethod"),
        ("", "export exports: interface { f: func(); }", "a:b/w#exports"),
        ("", "export exports: func();", "a:b/w#exports"),
        ("", "export read: func();", "a:b/w#read"),
        ("", "import read: func();", None),
        ("record r { a: u8 }", "import i; export read: interface { read: func(); }", None),
    ],
)
def test_a_guest_is_refused_for_names_that_componentize_py_needs_and_a_host_is_not(
    interface: str, world: str, place: str | None, tmp_path: Path
) -> None:
    resolve, read = world_of(f"package a:b; interface i {{ {interface} }} world w {{ {world} }}", tmp_path)
    assert generate(resolve, read, "host")
    if place is None:
        assert generate(resolve, read, "guest")
        return
    with pytest.raises(GenerationError) as caught:
        generate(resolve, read, "guest")
    assert {found.where for found in caught.value.diagnostics} == {place}


def test_an_interface_whose_module_hides_something_may_have_another_module(tmp_path: Path) -> None:
    text = "interface dataclass { record r { a: u8 } } interface i { use dataclass.{r}; f: func(r: r); }"
    resolve, world = world_of(f"package a:b; {text} world w {{ import i; }}", tmp_path)
    with pytest.raises(GenerationError, match="give its module another name in the names file") as caught:
        generate(resolve, world, "guest")
    assert [found.where for found in caught.value.diagnostics] == ["a:b/dataclass"]
    names = NamesFile.parse('[imports]\n"a:b/dataclass" = "data"\n', "names.toml")
    assert "wit_world/imports/data.py" in generate(resolve, world, "guest", Options(names=names))


@pytest.mark.parametrize(
    ("inside", "world"),
    [
        (
            "enum a { a } enum %enum { a } flags %flag { a } variant union { a } record err { mro: u8 } f: func();",
            "import i;",
        ),
        ("isinstance: func(isinstance: u8); weakref: func(weakref: u8); resource r;", "import i;"),
        ("f: func(); abstractmethod: func(isinstance: u8) -> result;", "export i;"),
        ("resource abstractmethod { constructor(); s: static func(); classmethod: func(); }", "export i;"),
        ("resource protocol { constructor(); }", "export i;"),
        ("resource protocol; resource r;", "import i;"),
    ],
)
def test_such_a_name_is_no_matter_where_nothing_needs_what_it_hides(
    inside: str, world: str, tmp_path: Path
) -> None:
    resolve, read = world_of(f"package a:b; interface i {{ {inside} }} world w {{ {world} }}", tmp_path)
    assert generate(resolve, read, "guest")


def test_a_class_that_hides_what_comparing_values_needs_is_refused(tmp_path: Path) -> None:
    text = "interface i { record not-implemented { a: u8 } }"
    resolve, world = world_of(f"package a:b; {text} world w {{ export i; }}", tmp_path)
    for target in ("host", "guest"):
        with pytest.raises(GenerationError, match="hides Python's own 'NotImplemented'"):
            generate(resolve, world, target)


def test_the_class_of_an_interface_hides_nothing_that_comparing_values_needs(tmp_path: Path) -> None:
    text = "interface not-implemented { record r { a: u8 } f: func() -> r; }"
    resolve, world = world_of(f"package a:b; {text} world w {{ export not-implemented; }}", tmp_path)
    files = generate(resolve, world, "host")
    assert "\nclass NotImplementedInterface(wit.Exports):\n" in files["exports/not_implemented.py"]
    with pytest.raises(GenerationError, match="hides Python's own 'NotImplemented'"):
        generate(resolve, world, "guest")


def _refused(source: Source, target: Target) -> set[str]:
    try:
        source.generate(target)
    except GenerationError as error:
        return {found.construct for found in error.diagnostics}
    return set()
