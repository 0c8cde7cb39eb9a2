"""What cannot be generated yet is said before anything is made, with every place."""

from __future__ import annotations

import tomllib
from pathlib import Path

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


def test_such_a_name_is_no_matter_where_nothing_needs_what_it_hides(tmp_path: Path) -> None:
    text = """
    package a:b;
    interface i { enum a { a } enum %enum { a } flags %flag { a } variant union { a } record err { mro: u8 } f: func(); }
    world w { import i; }
    """
    resolve, world = world_of(text, tmp_path)
    assert generate(resolve, world, "guest")


def _refused(source: Source, target: Target) -> set[str]:
    try:
        source.generate(target)
    except GenerationError as error:
        return {found.construct for found in error.diagnostics}
    return set()
