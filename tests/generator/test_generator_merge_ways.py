"""Merges into modules whose authors write methods and signatures in their own ways, or let them stand elsewhere."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from merge_versions import Change

from airssys_generator import GenerationError

HALL = "interface hall { enter: func(); }"


def _hall(function: str) -> str:
    return f"interface hall {{ {function} }} world app {{ export hall; }}"


# What looks like a method, or stands elsewhere


@pytest.mark.parametrize(
    "of_it",
    [
        "    @property\n    def count(self) -> int:\n        return 1\n\n    @count.setter\n    def count(self, n: int) -> None: ...\n",
        "    @functools.cached_property\n    def count(self) -> int:\n        return 1\n",
    ],
)
def test_a_property_stays_as_it_is_and_is_told_when_the_function_changes(change: Change, of_it: str) -> None:
    old, new = change(_hall("count: func() -> u32;"), _hall("count: func(unit: string) -> u32;"))
    text = old.skeleton[: old.skeleton.index("    def count")] + of_it
    text = f"import functools\n{text}"
    assert old.merged(text, old).lost == ()
    merged = new.merged(text, old)
    assert merged.text == text
    assert merged.changes == ()
    assert [str(one) for one in merged.lost] == [
        (
            "component.py: the WIT asks something else of 'Hall.count' than before, and here no method of that name can "
            "be brought up; let what is called so do what the bindings say"
        )
    ]


def test_a_property_whose_name_the_wit_takes_is_refused(change: Change) -> None:
    old, new = change(_hall("enter: func();"), _hall("enter: func(); count: func() -> u32;"))
    text = f"{old.skeleton}\n    @property\n    def count(self) -> int:\n        return 1\n"
    with pytest.raises(GenerationError, match="would have to be a method, which the WIT calls"):
        new.merge(text, old)


@pytest.mark.parametrize(
    "way",
    [
        "from parts import Hall\n",
        "def hall():\n    class Hall:\n        def enter(self): ...\n    return Hall\n\n\nHall = hall()\n",
    ],
)
def test_a_class_that_stands_elsewhere_is_told_when_the_wit_asks_something_else_of_it(
    change: Change, way: str
) -> None:
    old, new = change(_hall("enter: func();"), _hall("enter: func(n: u8);"))
    assert old.merged(way, old).lost == ()
    merged = new.merged(way, old)
    assert merged.text == way
    (told,) = merged.lost
    assert told.construct == "class"
    assert "something else of 'Hall' than before" in told.reason


def test_a_name_that_the_wit_takes_for_a_class_and_that_is_imported_is_told(change: Change) -> None:
    old, new = change(
        f"{HALL} world app {{ export hall; }}",
        f"{HALL} interface counter {{ next: func() -> u32; }} world app {{ export hall; export counter; }}",
    )
    text = f"from collections import Counter\n{old.skeleton}"
    (told,) = new.merged(text, old).lost
    assert "something else of 'Counter' than before" in told.reason


@pytest.mark.parametrize(
    "edit",
    [
        lambda text: f"from parts import enter\n{text[: text.index('    def enter')]}    enter = enter\n",
        lambda text: text.replace("class Hall(", "class Base(") + "\n\nclass Hall(Base):\n    '''Above.'''\n",
    ],
)
def test_a_method_that_stands_elsewhere_is_told_when_its_signature_changes(
    change: Change, edit: Callable[[str], str]
) -> None:
    old, new = change(_hall("enter: func();"), _hall("enter: func(n: u8);"))
    text = edit(old.skeleton)
    assert old.merged(text, old).lost == ()
    merged = new.merged(text, old)
    assert merged.text == text
    (told,) = merged.lost
    assert told.construct == "method"
    assert "something else of 'Hall.enter' than before" in told.reason


def test_a_class_that_derives_from_one_of_its_own_name_inherits_its_methods(change: Change) -> None:
    old, new = change(
        _hall("enter: func(); leave: func();"), _hall("enter: func(n: u8); leave: func(); stay: func();")
    )
    own = "class Hall({}):\n    def leave(self) -> None:\n        return None\n"
    for text in (
        f"{old.skeleton}\n\n_plain = Hall\n\n\n{own.format('_plain')}",
        f"{old.skeleton}\n\n{own.format('Hall')}",
    ):
        assert old.merge(text, old) == text
        merged = new.merged(text, old)
        assert merged.text.count("def enter") == 1
        assert merged.lost == ()  # the one above is brought up


# Ways to write a signature


@pytest.mark.parametrize("receiver", ["", "cls, "])
def test_a_method_that_the_author_made_static_stays_so(change: Change, receiver: str) -> None:
    old, new = change(_hall("enter: func(n: u8);"), _hall("enter: func(n: string);"))
    decorator = f"    @{'classmethod' if receiver else 'staticmethod'}  # why\n"
    text = old.skeleton.replace("    def enter(self, ", f"{decorator}    def enter({receiver}")
    for before in (old, None):
        assert old.merge(text, before) == text
        assert f"{decorator}    def enter({receiver}n: str) -> None:\n" in new.merge(text, before)


def test_what_takes_anything_goes_on_handing_on_all_of_it(change: Change) -> None:
    old, new = change(_hall("enter: func(n: u8);"), _hall("enter: func(n: u8, m: u8) -> u8;"))
    text = old.skeleton.replace("(self, n: int)", "(self, *args: object, **kwargs: object)")
    assert old.merge(text, old) == text
    assert old.merge(text, None) == text
    assert "    def enter(self, *args: object, **kwargs: object) -> int:\n" in new.merge(text, old)
    narrow = text.replace("object", "int")
    assert "    def enter(self, n: int, m: int, *args: int, **kwargs: int) -> int:\n" in new.merge(
        narrow, old
    )


def test_type_comments_go_with_the_signature_that_they_are_part_of(change: Change) -> None:
    old, new = change(_hall("enter: func(n: u8);"), _hall("enter: func(n: string);"))
    head = "    def enter(self, n: int) -> None:\n"
    updated = new.merge(old.skeleton, old)
    for spelled in (
        "    def enter(self, n):  # type: (int) -> None\n",
        "    def enter(self, n):\n        # type: (int) -> None\n",
        "    def enter(self,  # type: Hall\n              n):\n\n        # type: (...) -> None\n",
    ):
        text = old.skeleton.replace(head, spelled)
        assert old.merge(text, old) == text
        assert [line for line in new.merge(text, old).splitlines() if line] == [
            line for line in updated.splitlines() if line
        ]
    ignored = old.skeleton.replace(head, "    def enter(self, n):  # type: ignore[no-untyped-def]\n")
    assert "    def enter(self, n: str) -> None:  # type: ignore[no-untyped-def]\n" in new.merge(ignored, old)
