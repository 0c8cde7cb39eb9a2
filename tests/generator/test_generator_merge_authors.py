"""Merges of what authors do beyond the WIT: parameters, methods and classes of their own, names that left, and what is told."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from merge_modules import MARK
from merge_versions import Change, Version

from airssys_generator import Change as Told
from airssys_generator import GenerationError, Options, merge_skeleton, plan

SHELF = "interface shelf { resource book { constructor(); title: func() -> string; copy: func() -> book; } }"
KINDS = "interface kinds { record item { id: string } }"


def _hall(functions: str) -> str:
    return f"interface hall {{ {functions} }} world app {{ export hall; }}"


def _items(functions: str) -> str:
    return f"{KINDS} interface hall {{ use kinds.{{item}}; {functions} }} world app {{ export hall; }}"


def _told(version: Version, text: str, before: Version) -> list[tuple[str, str]]:
    return [(one.kind, one.name) for one in version.merged(text, before).changes]


# What is told


def test_what_was_added_updated_and_marked_is_told(change: Change) -> None:
    old, new = change(_hall("enter: func(); leave: func();"), _hall("enter: func(n: u8); stay: func();"))
    assert _told(old, old.skeleton, old) == []
    merged = new.merged(old.skeleton, old)
    assert merged.changes == (
        Told("updated", "Hall.enter"),
        Told("added", "Hall.stay"),
        Told("marked", "Hall.leave"),
    )
    assert _told(old, merged.text, new) == [
        ("updated", "Hall.enter"),
        ("unmarked", "Hall.leave"),
        ("marked", "Hall.stay"),
    ]


def test_classes_that_come_and_go_are_told(change: Change) -> None:
    old, new = change(_hall("enter: func();"), "interface gate { open: func(); } world app { export gate; }")
    merged = new.merged(old.skeleton, old)
    assert set(merged.changes) == {Told("marked", "Hall"), Told("added", "Gate")}
    assert Told("unmarked", "Hall") in old.merged(merged.text, new).changes


# Names that left


def test_what_is_marked_needs_no_bindings_that_are_gone(change: Change) -> None:
    old, new, back = change(
        _items("enter: func(i: item) -> list<item>;"),
        "world app {}",
        _items("enter: func(i: item) -> list<item>;"),
    )
    merged = new.merged(old.skeleton, old)
    assert merged.lost == ()
    assert f"{MARK}\nclass Hall:\n" in merged.text
    assert "    def enter(self, i: typing.Any) -> list[typing.Any]:\n" in merged.text
    assert "wit_world" not in merged.text
    again = back.merge(merged.text, new)
    assert "class Hall(exports.Hall):\n    def enter(self, i: kinds.Item) -> list[kinds.Item]:\n" in again


@pytest.mark.parametrize(
    ("head", "left"),
    [
        ("class Hall(Base, exports.Hall):", "class Hall(Base):"),
        ("class Hall(exports.Hall, Base ) : # x", "class Hall(Base ) : # x"),
        ("class Hall(exports.Hall, metaclass=type):", "class Hall(metaclass=type):"),
        (
            "class Hall(  # one\n    Base,  # two\n    exports.Hall,  # three\n):",
            "# three\nclass Hall(  # one\n    Base,  # two\n):",
        ),
        ("class Hall(Base,  # one\n    exports.Hall):", "class Hall(Base,  # one\n):"),
    ],
)
def test_a_marked_class_keeps_its_other_bases_and_every_comment(change: Change, head: str, left: str) -> None:
    old, new = change(_hall("enter: func();"), "world app {}")
    text = old.skeleton.replace("class Hall(exports.Hall):", f"class Base: ...\n\n\n{head}")
    assert text != old.skeleton
    merged = new.merge(text, old)
    assert f"{MARK}\n{left}\n" in merged
    (cls,) = [one for one in ast.parse(old.merge(merged, new)).body if getattr(one, "name", "") == "Hall"]
    assert isinstance(cls, ast.ClassDef)
    assert "exports.Hall" in [ast.unparse(base) for base in cls.bases]
    assert old.merge(merged, new).count("#") == text.count("#")


def test_authors_code_that_uses_what_left_is_named_with_its_lines(change: Change) -> None:
    old, new = change(
        _items("enter: func() -> item;"), _items("enter: func();").replace("use kinds.{item}; ", "")
    )
    body = "        one = kinds.Item('a')\n        return one\n"
    text = old.skeleton.replace('        raise NotImplementedError("demo:app/hall#enter")\n', body)
    merged = new.merged(text, old)
    lines = merged.text.splitlines()
    assert [(found.where, found.reason) for found in merged.lost] == [
        (
            f"component.py:{lines.index('from wit_world.imports import kinds') + 1}",
            "wit_world.imports.kinds has left the bindings",
        ),
        (
            f"component.py:{lines.index(body.splitlines()[0]) + 1}",
            "wit_world.imports.kinds.Item has left the bindings",
        ),
    ]


def test_what_is_marked_needs_no_class_that_the_author_has_removed(change: Change) -> None:
    old, new = change(
        f"{SHELF} interface hall {{ use shelf.{{book}}; enter: func(b: book); }} world app {{ export shelf; export hall; }}",
        "world app {}",
    )
    away = new.merge(old.skeleton, old)
    assert "    def enter(self, b: Book) -> None:\n" in away
    start = away.index(f"{MARK}\nclass Book")
    text = away[:start] + away[away.index(f"{MARK}\nclass", start + 1) :]
    merged = new.merge(text, new)
    assert "    def enter(self, b: typing.Any) -> None:\n" in merged
    assert new.merge(merged, new) == merged


@pytest.mark.parametrize("way", ["kinds.Item", "'kinds.Item'", "list['kinds.Item']"])
def test_what_left_is_named_in_strings_and_local_imports_too(change: Change, way: str) -> None:
    two = KINDS.replace("record item", "record other { id: string } record item")
    world = "interface hall {{ use kinds.{{{0}}}; enter: func() -> {0}; }} world app {{ export hall; }}"
    old, new = change(two + world.format("item"), KINDS.replace("item", "other") + world.format("other"))
    own = f"\n\ndef mine(x: {way}) -> None:\n    from wit_world.imports import kinds as k\n\n    print(k.Item)\n"
    merged = new.merged(old.skeleton + own, old)
    lines = merged.text.splitlines()
    wanted = [f"component.py:{lines.index(line) + 1}" for line in (own.splitlines()[2], "    print(k.Item)")]
    assert [found.where for found in merged.lost] == wanted
    assert {found.reason for found in merged.lost} == {"wit_world.imports.kinds.Item has left the bindings"}


def _renamed(version: Version, old: str, new: str, tmp_path: Path) -> Version:
    text = version.names.to_text()
    assert text.count(old) == 1
    return version.named(version.names.parse(text.replace(old, new), str(tmp_path / "names.toml")))


def test_a_class_that_is_renamed_in_the_names_file_is_the_authors_with_another_name(
    change: Change, tmp_path: Path
) -> None:
    (old,) = change(f"{KINDS} {_hall('enter: func(); leave: func();')}")
    new = _renamed(old, '/hall" = "hall"', '/hall" = "foyer"', tmp_path)
    text = old.skeleton.replace("class Hall(exports.Hall)", "class Hall(object, exports.Hall)").replace(
        '        raise NotImplementedError("demo:app/hall#enter")\n',
        "        Hall.leave(self)  # Hall\n        self.Hall = dict(Hall=Hall)\n",
    )
    text += "\n\ndef make(Hall: object) -> object:\n    return Hall\n\n\nfirst = Hall()\n"
    merged = new.merged(text, old)
    assert [(one.kind, one.name) for one in merged.changes] == [
        ("renamed", "wit_world.exports.hall -> wit_world.exports.foyer"),
        ("renamed", "Hall -> Foyer"),
    ]
    assert merged.text == text.replace(
        "class Hall(object, exports.Hall)", "class Foyer(object, exports.Foyer)"
    ).replace("        Hall.leave(self)", "        Foyer.leave(self)").replace(
        "Hall=Hall", "Hall=Foyer"
    ).replace("first = Hall()", "first = Foyer()")
    assert new.merged(merged.text, new).changes == ()


def test_a_module_that_is_renamed_in_the_names_file_keeps_its_name_in_the_authors_code(
    change: Change, tmp_path: Path
) -> None:
    (old,) = change(_items("enter: func() -> item;"))
    new = _renamed(old, '/kinds" = "kinds"', '/kinds" = "sorts"', tmp_path)
    text = old.skeleton + "\n\nfirst: kinds.Item | None = None\n"
    merged = new.merged(text, old)
    assert merged.changes == (Told("renamed", "wit_world.imports.kinds -> wit_world.imports.sorts"),)
    assert merged.lost == ()
    assert merged.text == text.replace("import kinds", "import sorts as kinds")


def test_names_that_change_places_take_the_authors_code_with_them(change: Change, tmp_path: Path) -> None:
    interfaces = (
        "interface a { record item { id: string } run: func() -> item; } interface b { run: func(); }"
    )
    (old,) = change(f"{interfaces} world app {{ export a; export b; }}")
    names = old.names.to_text().replace('/a" = "a"', '/a" = "c"').replace('/b" = "b"', '/b" = "a"')
    new = old.named(old.names.parse(names.replace('/a" = "c"', '/a" = "b"'), str(tmp_path / "names.toml")))
    merged = new.merged(old.skeleton, old)
    assert "class B(exports.B):\n    def run(self) -> a.Item:\n" in merged.text
    assert (
        'NotImplementedError("demo:app/a#run")'
        in merged.text.partition("class B(")[2].partition("class A(")[0]
    )
    assert "from wit_world.exports import b as a\n" in merged.text
    assert {one.kind for one in merged.changes} == {"renamed"}
    assert new.merged(merged.text, new).changes == ()


def test_an_interface_is_renamed_with_its_resource_and_with_new_functions(
    change: Change, tmp_path: Path
) -> None:
    shelf = "interface shelf { resource book { title: func() -> string; } find: func() -> book;"
    old, later = change(
        f"{shelf} }} world app {{ export shelf; }}", f"{shelf} all: func(); }} world app {{ export shelf; }}"
    )
    new = _renamed(later, '/shelf" = "shelf"', '/shelf" = "rack"', tmp_path)
    merged = new.merged(old.skeleton, old)
    assert "class Rack(exports.Rack):\n" in merged.text
    assert "from wit_world.exports import rack as shelf\n" in merged.text
    assert "class Book(shelf.Book):\n" in merged.text
    assert [(one.kind, one.name) for one in merged.changes] == [
        ("renamed", "wit_world.exports.shelf -> wit_world.exports.rack"),
        ("renamed", "Shelf -> Rack"),
        ("added", "Rack.all"),
    ]
    assert merged.lost == ()


def test_a_renamed_class_is_renamed_where_it_is_meant_and_nowhere_else(
    change: Change, tmp_path: Path
) -> None:
    (old,) = change(f"{SHELF} world app {{ export shelf; }}")
    new = _renamed(old, '#book" = "Book"', '#book" = "Tome"', tmp_path)
    own = """

__all__ = ["Book", "total"]


def total(*Book: int, **more: int) -> int:
    return sum(Book) + len((lambda Book: Book)([]))


class Registry:
    Book = 1

    def get(self) -> object:
        return Book("x") if self.Book else None


def make(x: "Book | None") -> list["Book"]:
    "Book"
    return [Book("x")]
"""
    merged = new.merge(old.skeleton + own, old)
    assert merged.endswith(
        own.replace('["Book", "total"]', '["Tome", "total"]')
        .replace('"Book | None"', '"Tome | None"')
        .replace('list["Book"]', 'list["Tome"]')
        .replace('Book("x")', 'Tome("x")')
    )


def test_a_new_name_that_the_author_uses_is_refused_with_its_line(change: Change, tmp_path: Path) -> None:
    (old,) = change(f"{SHELF} world app {{ export shelf; }}")
    new = _renamed(old, '#book" = "Book"', '#book" = "Tome"', tmp_path)
    text = old.skeleton + "\n\ndef make() -> object:\n    Tome = 3\n    return Book(Tome)\n"
    with pytest.raises(
        GenerationError, match="names in your module are names that the WIT needs now"
    ) as caught:
        new.merge(text, old)
    assert caught.value.diagnostics[0].where == f"component.py:{text.splitlines().index('    Tome = 3') + 1}"


def test_an_interface_that_left_with_its_name_is_not_one_that_came(change: Change, tmp_path: Path) -> None:
    old, later = change(
        "interface b { run: func(); } world app { export b; }",
        "interface c { run: func(); } world app { export c; }",
    )
    names = "".join(line for line in later.names.to_text().splitlines(True) if '/b"' not in line)
    new = later.named(later.names.parse(names, str(tmp_path / "names.toml")))
    assert {one.kind for one in new.merged(old.skeleton, old).changes} == {"marked", "added"}


def test_the_class_of_a_resource_is_renamed_with_its_signatures(change: Change, tmp_path: Path) -> None:
    (old,) = change(f"{SHELF} world app {{ export shelf; }}")
    new = _renamed(old, '#book" = "Book"', '#book" = "Tome"', tmp_path)
    merged = new.merged(old.skeleton, old)
    assert [(one.kind, one.name) for one in merged.changes] == [("renamed", "Book -> Tome")]
    assert "class Tome(shelf.Book):\n" in merged.text
    assert "def copy(self) -> Tome:" in merged.text
    assert merged.text == new.skeleton


def test_an_interface_that_replaces_one_with_the_same_functions_is_another(change: Change) -> None:
    old, new = change(_hall("enter: func();"), "interface gate { enter: func(); } world app { export gate; }")
    assert {one.kind for one in new.merged(old.skeleton, old).changes} == {"marked", "added"}


# Parameters of the author's own


def test_parameters_that_a_caller_may_leave_out_stay_when_the_signature_changes(change: Change) -> None:
    old, new = change(_hall("enter: func(a: u8);"), _hall("enter: func(a: u16, b: string);"))
    text = old.skeleton.replace(
        "a: int)", "a: int = 1, deep: bool = False, *rest: int, wide: int = 2, **more: object)"
    )
    assert old.merge(text, None) == text
    assert (
        "def enter(self, a: int, b: str, deep: bool = False, *rest: int, wide: int = 2, **more: object) -> None:"
        in new.merge(text, old)
    )
    assert old.merge(old.merge(text, None), None) == text


def test_a_default_stays_when_only_such_follow_it(change: Change) -> None:
    old, new = change(_hall("enter: func(a: u8, b: u8);"), _hall("enter: func(a: u8, b: string);"))
    text = old.skeleton.replace("b: int)", "b: int=0)")
    assert "def enter(self, a: int, b: str = 0) -> None:" in new.merge(text, old)
    first = old.skeleton.replace("a: int, b: int)", "a: int = 0, b: int = 0)")
    assert "def enter(self, a: int = 0, b: str = 0) -> None:" in new.merge(first, old)


def test_a_parameter_that_the_wit_takes_is_no_longer_the_authors(change: Change) -> None:
    old, new = change(_hall("enter: func();"), _hall("enter: func(deep: bool, rest: u8);"))
    text = old.skeleton.replace("(self)", "(self, deep: bool = False, *rest: int)")
    assert "def enter(self, deep: bool, rest: int) -> None:" in new.merge(text, old)


def test_a_star_without_name_stays_with_what_is_behind_it(change: Change) -> None:
    long = ", ".join(f"{letter * 12}: u8" for letter in "abcdefg")
    old, new = change(_hall("enter: func();"), _hall(f"enter: func({long});"))
    text = old.skeleton.replace("(self)", "(self, *, deep: bool = (  # why\n        False))")
    merged = new.merge(text, old)
    assert (
        "        gggggggggggg: int,\n        *,\n        deep: bool = (  # why\n        False),\n    ) -> None:\n"
        in merged
    )
    assert merged.count("# why") == 1
    ast.parse(merged)


def test_a_parameter_behind_a_star_stays_even_if_it_must_be_given(change: Change) -> None:
    old, new = change(_hall("enter: func();"), _hall("enter: func(n: u8);"))
    text = old.skeleton.replace("(self)", "(self, *, deep: bool)")
    assert "def enter(self, n: int, *, deep: bool) -> None:" in new.merge(text, old)


def test_a_body_that_awaits_stays_in_an_async_def_and_that_is_told(change: Change) -> None:
    old, new = change(
        _hall("enter: async func(); leave: async func();"), _hall("enter: func(); leave: func();")
    )
    text = old.skeleton.replace(
        '        raise NotImplementedError("demo:app/hall#enter")\n',
        "        async with self:\n            await self.x()\n",
    )
    merged = new.merged(text, old)
    assert "    async def enter(self) -> None:\n        async with self:\n" in merged.text
    assert "    def leave(self) -> None:\n" in merged.text
    assert [found.reason for found in merged.lost] == [
        "'Hall.enter' awaits, and is no `async func` in the WIT any more"
    ]
    ast.parse(merged.text)


# Classes and methods of the author's own


def test_a_method_of_the_authors_whose_name_the_wit_takes_is_refused_if_it_takes_other_parameters(
    change: Change,
) -> None:
    old, new = change(_hall("enter: func();"), _hall("enter: func(); stay: func(n: u8);"))
    text = old.skeleton + "\n    def stay(self, who, *, why=None):\n        return who\n"
    with pytest.raises(
        GenerationError, match="names in your module are names that the WIT needs now"
    ) as caught:
        new.merge(text, old)
    (found,) = caught.value.diagnostics
    line = text.splitlines().index("    def stay(self, who, *, why=None):") + 1
    assert found.where == f"component.py:{line}"
    assert found.reason.startswith(
        "the method 'Hall.stay' would have to take the parameters that the WIT says"
    )
    ahead = text.replace("who,", "n,")
    assert "    def stay(self, n: int, *, why=None) -> None:\n        return who\n" in new.merge(ahead, old)
    assert ("updated", "Hall.stay") in _told(new, ahead, old)


@pytest.mark.parametrize(
    "way",
    [
        "from parts import *\n",
        "match 1:\n    case 1:\n        class Hall:\n            def enter(self) -> None: ...\n",
        "for _ in (1,):\n    class Hall:\n        def enter(self) -> None: ...\n",
        "while True:\n    class Hall:\n        def enter(self) -> None: ...\n    break\n",
    ],
)
def test_a_class_that_comes_in_another_way_is_not_made_again(change: Change, way: str) -> None:
    old, new = change(
        _hall("enter: func();"),
        f"interface gate {{ open: func(); }} {_hall('enter: func();')[:-1]} export gate; }}",
    )
    for before in (old, None):
        assert old.merge(way, before) == way
    assert "\n\nclass Gate(exports.Gate):\n" in new.merge(way, old)
    assert "class Hall(exports" not in new.merge(way, old)


def test_a_class_that_the_author_calls_otherwise_is_brought_up_to_date(change: Change) -> None:
    old, new = change(_hall("enter: func();"), _hall("enter: func(n: u8); stay: func();"))
    text = old.skeleton.replace("class Hall(", "class MyHall(") + "\n\nHall = MyHall\n"
    merged = new.merged(text, old)
    assert "class MyHall(exports.Hall):\n    def enter(self, n: int) -> None:\n" in merged.text
    assert "    def stay(self) -> None:\n" in merged.text
    assert [one.kind for one in merged.changes] == ["updated", "added"]


def test_a_new_class_stands_above_what_the_module_does_when_it_is_run(change: Change) -> None:
    old, new = change("world app {}", f"{_hall('enter: func();')}")
    main = "# run\nif __name__ == '__main__':\n    print(1)\n"
    merged = new.merge(f"x = 1\n\n\n{main}", old)
    assert merged.endswith(f'NotImplementedError("demo:app/hall#enter")\n\n\n{main}')
    assert "x = 1\n\n\nclass Hall(" in merged
    assert new.merge(merged, old) == merged


@pytest.mark.parametrize("way", ["from parts import enter", "enter = print", "from parts import go as enter"])
def test_a_method_that_comes_in_another_way_is_not_made_again(change: Change, way: str) -> None:
    (hall,) = change(_hall("enter: func();"))
    text = f"from wit_world import exports\n\n\nclass Hall(exports.Hall):\n    {way}\n"
    for before in (hall, None):
        assert hall.merge(text, before) == text


def test_a_method_of_a_base_class_in_the_module_is_found_when_its_function_comes_back(change: Change) -> None:
    with_it, without = change(_hall("enter: func(); stay: func();"), _hall("stay: func();"))
    base = "class Deep:\n    def enter(self) -> None: ...\n\n\nclass Mixin(Deep): ...\n\n\n"
    head = "from wit_world import exports\n\n\n"
    text = f"{head}{base}class Hall(Mixin, exports.Hall):\n    def stay(self) -> None: ...\n"
    assert without.merge(text, with_it) == text
    assert with_it.merge(text, without) == text
    cyclic = text.replace("class Deep:", "class Deep(Mixin):").replace("def enter", "def other")
    assert "    def enter(self) -> None:\n        raise" in with_it.merge(cyclic, without)


def test_what_a_hook_adds_to_the_bindings_is_there_for_the_merge(change: Change) -> None:
    (hall,) = change(_hall("enter: func();"))
    own = "from wit_world import Order\n"

    def hook(module: plan.Module) -> plan.Module:
        if module.path != "wit_world/__init__.py":
            return module
        return module.adding(plan.Class("Order"))

    text = hall.skeleton.replace("from wit_world import exports\n", f"{own}from wit_world import exports\n")
    options = Options(names=hall.names, hook=hook)
    merged = merge_skeleton(text, hall.world, options, previous=hall.bindings)
    assert (merged.text, merged.lost) == (text, ())
    assert own not in hall.merge(text, hall)
