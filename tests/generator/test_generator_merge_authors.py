"""Merges of what authors do beyond the WIT: parameters, methods and classes of their own, names that left, and what is told."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from merge_modules import MARK
from merge_versions import Change, Version

from airssys_generator import Change as Told
from airssys_generator import GenerationError

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


def test_a_renamed_module_is_named_where_the_author_uses_it(change: Change, tmp_path: Path) -> None:
    (old,) = change(_items("enter: func() -> item;"))
    new = _renamed(old, '/kinds" = "kinds"', '/kinds" = "sorts"', tmp_path)
    text = old.skeleton + "\n\nfirst: kinds.Item | None = None\n"
    merged = new.merged(text, old)
    assert "    def enter(self) -> sorts.Item:\n" in merged.text
    assert {found.reason for found in merged.lost} == {
        "wit_world.imports.kinds has left the bindings",
        "wit_world.imports.kinds.Item has left the bindings",
    }


SHELF = "interface shelf { resource book { constructor(); title: func() -> string; copy: func() -> book; } }"


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
    assert [(one.kind, one.name) for one in merged.changes] == [("renamed", "Hall -> Foyer")]
    assert merged.text == text.replace(
        "class Hall(object, exports.Hall)", "class Foyer(object, exports.Foyer)"
    ).replace("        Hall.leave(self)", "        Foyer.leave(self)").replace(
        "Hall=Hall", "Hall=Foyer"
    ).replace("first = Hall()", "first = Foyer()")
    assert new.merged(merged.text, new).changes == ()


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
