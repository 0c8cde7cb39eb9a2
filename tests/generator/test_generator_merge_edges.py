"""Merges that random stories found to go wrong once, each in its smallest form."""

from __future__ import annotations

import pytest
from merge_modules import MARK
from merge_versions import Change

from airssys_generator import GenerationError

SHELF = "interface shelf { resource book { constructor(); title: func() -> string; } take: func(b: book) -> book; }"
HALL = "interface hall { enter: func(); }"
KINDS = "interface kinds { record item { id: string } record other { id: string } }"


def _hall(function: str) -> str:
    return f"interface hall {{ {function} }} world app {{ export hall; }}"


def _book(member: str) -> str:
    return f"interface shelf {{ resource book {{ {member} }} }} world app {{ export shelf; }}"


# Signatures


def test_a_function_becomes_async_and_stops_being_so(change: Change) -> None:
    plain, later = change(_hall("enter: func();"), _hall("enter: async func();"))
    merged = later.merge(plain.skeleton, plain)
    assert "    async def enter(self) -> None:\n" in merged
    assert plain.merge(merged, later) == plain.skeleton


def test_a_method_becomes_static_and_stops_being_so(change: Change) -> None:
    method, static = change(_book("t: func(n: u8);"), _book("t: static func(n: u8);"))
    merged = static.merge(method.skeleton, method)
    assert "    @classmethod\n    def t(cls, n: int) -> None:\n" in merged
    text = merged.replace("    @classmethod\n", "    # above\n    @classmethod  # why\n")
    assert "    # above\n    # why\n    def t(self, n: int) -> None:\n" in method.merge(text, static)


def test_a_staticmethod_of_the_authors_stays_one(change: Change) -> None:
    old, new = change(_book("t: static func(n: u8);"), _book("t: static func(n: string);"))
    text = old.skeleton.replace("classmethod", "staticmethod").replace("(cls, ", "(")
    assert old.merge(text, None) == text
    assert "    @staticmethod\n    def t(n: str) -> None:\n" in new.merge(text, old)


def test_the_authors_name_for_the_receiver_stays(change: Change) -> None:
    old, new = change(_hall("enter: func(n: u8);"), _hall("enter: func(n: string);"))
    text = old.skeleton.replace("self,", "this, /,")
    assert old.merge(text, None) == text
    assert "def enter(this, n: str) -> None:" in new.merge(text, old)


def test_comments_and_line_breaks_are_no_part_of_what_a_signature_says(change: Change) -> None:
    (hall,) = change(_hall("enter: func(n: u8) -> list<u8>;"))
    text = hall.skeleton.replace(
        "def enter(self, n: int) ->", "def   enter( # one\n   self, n: 'int' # two\n ) \\\n   ->"
    )
    assert hall.merge(text, None) == text


def test_a_signature_names_a_resource_by_the_authors_class(change: Change) -> None:
    old, new = change(
        f"{SHELF} world app {{ export shelf; }}",
        f"{SHELF.replace('take: func(', 'take: func(n: u8, ')} world app {{ export shelf; }}",
    )
    assert "def take(self, n: int, b: Book) -> Book:" in new.merge(old.skeleton, old)


def test_a_decorator_is_spelled_as_the_module_needs_it(change: Change) -> None:
    old, new = change(_book("t: func();"), _book("t: func(); make: static func(); classmethod: func();"))
    merged = new.merge(old.skeleton, old)
    assert "import builtins\n" in merged
    assert "    @builtins.classmethod\n    def make(cls) -> None:\n" in merged


def test_a_signature_is_written_anew_when_a_new_method_hides_what_it_says(change: Change) -> None:
    old, new = change(
        _hall("enter: func(n: string) -> string; stay: func();"),
        _hall("enter: func(n: string) -> string; stay: func(); %str: func();"),
    )
    text = old.skeleton.replace("n: str) -> str:", "n: 'str')->str:").replace(
        "def stay(self)", "def stay( self )"
    )
    merged = new.merge(text, old)
    assert "    def enter(self, n: builtins.str) -> builtins.str:\n" in merged
    assert "    def stay( self ) -> None:\n" in merged
    assert new.merge(merged, old) == merged


# What left


def test_a_resource_without_members_is_marked_when_it_leaves(change: Change) -> None:
    old, new = change("interface i { resource r; f: func(); } world app { export i; }", "world app {}")
    assert f"{MARK}\nclass R:\n" in new.merge(old.skeleton, old)


def test_a_resource_that_leaves_with_a_new_version_is_marked(change: Change) -> None:
    one = (
        "package demo:app@1.0.0; interface i { resource r { f: func(); } g: func(); } world app { export i; }"
    )
    two = "package demo:app@2.0.0; interface i { g: func(); } world app { export i; }"
    old, new = change(one, two)
    assert f"{MARK}\nclass R:\n" in new.merge(old.skeleton, old)


def test_an_interface_that_comes_back_with_less_has_the_rest_marked(change: Change) -> None:
    full, none, less = change(_hall("a: func(); b: func();"), "world app {}", _hall("a: func();"))
    away = none.merge(full.skeleton, full)
    assert away.count(MARK) == 3
    back = less.merge(away, none)
    assert back.count(MARK) == 1
    assert f"    {MARK}\n    def b(self)" in back


def test_an_import_of_bindings_that_are_gone_goes_when_nothing_uses_it(change: Change) -> None:
    old, new = change(
        f"{KINDS} world app {{ use kinds.{{item}}; export f: func(i: item); }}",
        "world app { export f: func(); }",
    )
    imported = "from wit_world.imports import kinds\n"
    assert imported not in new.merge(old.skeleton, old)
    text = old.skeleton.replace(imported, f"# above\n{imported[:-1]}  # beside\nimport os\n")
    assert "\n# above\n# beside\nimport os\n" in new.merge(text, old)
    used = old.skeleton + "\n\nfirst: 'kinds.Item | None' = None\n"
    assert imported in new.merge(used, old)
    told = old.skeleton + "\n\nfirst = 'what kinds.Item is'\n"
    assert imported not in new.merge(told, old)


def test_of_an_import_of_several_only_what_is_gone_goes(change: Change) -> None:
    old, new = change(
        f"{KINDS} {HALL} world app {{ import hall; use kinds.{{item}}; export f: func(i: item); }}",
        f"{HALL} world app {{ import hall; export f: func(); }}",
    )
    text = old.skeleton.replace(
        "from wit_world.imports import kinds\n",
        "import os; from wit_world.imports import hall, kinds\nhall.enter\n",
    )
    assert "import os; from wit_world.imports import hall\nhall.enter\n" in new.merge(text, old)


def test_the_support_for_streams_is_imported_only_while_a_world_has_it(change: Change) -> None:
    old, new = change(_hall("enter: func() -> stream<u8>;"), _hall("enter: func();"))
    assert "componentize_py_async_support" in old.skeleton
    assert "componentize_py_async_support" not in new.merge(old.skeleton, old)


# What comes


def test_comments_beside_imported_names_stay_beside_them(change: Change) -> None:
    old, new = change(
        f"{KINDS} {HALL} world app {{ import hall; export hall; }}",
        f"{KINDS} {HALL} world app {{ import hall; export hall; use kinds.{{item}}; export f: func(i: item); }}",
    )
    own = "from wit_world.imports import (\n    hall,  # mine\n)\n"
    text = old.skeleton.replace("\n\n\nclass", f"\n{own}\n\nclass", 1)
    merged = new.merge(text, old)
    assert own in merged
    assert "from wit_world.imports import kinds\n" in merged


@pytest.mark.parametrize(
    "binding",
    [
        "for kinds in (1, 2): pass",
        "with open(__file__) as kinds: pass",
        "(kinds := 1)",
        "[first, *kinds] = 1, 2",
        "match 1:\n    case int(kinds): pass",
        "while True:\n    kinds = 1\n    break",
        "try:\n    pass\nexcept* ValueError as kinds:\n    pass",
    ],
)
def test_no_import_takes_a_name_that_the_author_binds(change: Change, binding: str) -> None:
    old, new = change(
        f"{KINDS} {HALL} world app {{ export hall; }}",
        f"{KINDS} {HALL} world app {{ export hall; use kinds.{{item}}; export f: func(i: item); }}",
    )
    merged = new.merge(f"{old.skeleton}\n\n{binding}\n", old)
    assert "from wit_world.imports import kinds as _kinds\n" in merged
    assert "def f(self, i: _kinds.Item) -> None:" in merged


def test_a_base_class_is_not_imported_for_type_checkers_only(change: Change) -> None:
    old, new = change("world app {}", f"{HALL} world app {{ export hall; }}")
    checked = "import typing\n\nif typing.TYPE_CHECKING:\n    from wit_world import exports\n"
    assert "class Hall(_exports.Hall):" in new.merge(f"{old.skeleton}\n{checked}", old)
    either = f"{checked}else:\n    import wit_world.exports as exports\n"
    assert "class Hall(exports.Hall):" in new.merge(f"{old.skeleton}\n{either}", old)


def test_classes_that_name_each_other_come_with_annotations_that_are_not_evaluated(change: Change) -> None:
    old, new = change(
        f"{HALL} world app {{ export hall; }}", f"{HALL} {SHELF} world app {{ export hall; export shelf; }}"
    )
    future = "from __future__ import annotations\n"
    assert future not in old.skeleton
    merged = new.merge(old.skeleton, old)
    assert merged.index('"""\n\nfrom __future__') < merged.index("import exports")
    bare = old.skeleton[old.skeleton.index("from wit_world") :]
    assert new.merge(bare, old).startswith(f"{future}\nfrom wit_world import exports\n")
    odd = f"'a'; 'b'\n{bare}"
    assert new.merge(odd, old).startswith(f"{future}\n'a'; 'b'\n")


def test_methods_that_moved_to_the_only_base_class_are_not_added_again(change: Change) -> None:
    old, new = change(_hall("enter: func();"), _hall("enter: func(); leave: func();"))
    text = (
        old.skeleton.replace("class Hall(", "class Base(")
        + "\n\nclass Hall(Base):\n    '''All of it above.'''\n"
    )
    merged = new.merge(text, old)
    assert merged.count("def enter") == 1
    assert merged.endswith(
        "    '''All of it above.'''\n\n    def leave(self) -> None:\n        raise NotImplementedError(\"demo:app/hall#leave\")\n"
    )


# Layout


def test_comments_and_blank_lines_at_the_end_stay(change: Change) -> None:
    old, new = change(
        f"{HALL} world app {{ export hall; }}", f"{HALL} world app {{ export hall; export f: func(); }}"
    )
    text = old.skeleton + "x = 1\n    # one\n\n    # two\n\n\n"
    merged = new.merge(text, old)
    assert "x = 1\n    # one\n\n    # two\n\n\nclass WitWorld(" in merged


def test_docstrings_of_new_methods_have_the_line_ends_and_tabs_of_the_module(change: Change) -> None:
    function = (
        "/// One.\n/// Two.\nenter: func(" + ", ".join(f"{one * 9}: list<u8>" for one in "abcde") + ");"
    )
    old, new = change(_hall("leave: func();"), _hall(f"leave: func();\n{function}"))
    text = old.skeleton.replace("    ", "\t").replace("\n", "\r\n")
    added = new.merge(text, old)
    assert "\n" not in added.replace("\r\n", "")
    assert "    " not in added
    assert "\tdef enter(\r\n\t\tself,\r\n\t\taaaaaaaaa: bytes,\r\n" in added
    assert '\t\t"""One.\r\n\t\tTwo.\r\n\t\t"""\r\n' in added


def test_form_feeds_on_lines_of_their_own_stay(change: Change) -> None:
    old, new = change(_hall("enter: func();"), _hall("enter: func(n: u8);"))
    text = old.skeleton.replace("\nclass", "\f\nclass")
    assert "\n\f\nclass Hall" in new.merge(text, old)


def test_a_byte_order_mark_stays(change: Change) -> None:
    old, new = change(_hall("enter: func();"), _hall("enter: func(n: u8);"))
    assert new.merge("\ufeff" + old.skeleton, old) == "\ufeff" + new.merge(old.skeleton, old)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = 1\n\fclass A:\n  pass\n", "cannot be kept byte for byte"),
        ("class A:\n\f  pass\n", "cannot be kept byte for byte"),
        ("if 1:\n  class A:\n\t  x = 1\n", "it cannot be read here: tokenizer error"),
    ],
)
def test_a_layout_that_cannot_be_kept_is_refused(change: Change, text: str, said: str) -> None:
    (hall,) = change(_hall("enter: func();"))
    with pytest.raises(GenerationError, match=said):
        hall.merge(text, None)


# What bodies read


def test_a_body_that_reads_a_parameter_which_has_another_name_is_told_with_its_line(change: Change) -> None:
    old, new = change(_hall("enter: func(name: string);"), _hall("enter: func(guest: string);"))
    text = old.skeleton.replace(
        'raise NotImplementedError("demo:app/hall#enter")', "print(name.upper())\n        self.seen = name"
    )
    assert "print(name" in text
    merged = new.merged(text, old)
    assert "def enter(self, guest: str) -> None:\n        print(name.upper())\n" in merged.text
    found, again = merged.lost
    line = merged.text.splitlines().index("        print(name.upper())") + 1
    assert str(found) == (
        f"component.py:{line}: 'Hall.enter' has no parameter 'name' any more, and its body reads it; "
        "read 'guest', which stands in its place"
    )
    assert again.where == f"component.py:{line + 1}"


def test_every_line_that_reads_a_lost_parameter_is_told_once(change: Change) -> None:
    old, new = change(_hall("enter: func(a: u8, b: u8);"), _hall("enter: func();"))
    body = "print(a, a)\n        print()\n        print(b, a)\n        return b"
    text = old.skeleton.replace('raise NotImplementedError("demo:app/hall#enter")', body)
    merged = new.merged(text, old)
    start = merged.text.splitlines().index("        print(a, a)") + 1
    assert [(one.where, one.reason.split("'")[3]) for one in merged.lost] == [
        (f"component.py:{start + step}", name) for step, name in ((0, "a"), (2, "b"), (2, "a"), (3, "b"))
    ]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("print(n, m)", ["n"]),
        ("return [n for _ in range(3)]", ["n"]),
        ("def inner() -> None:\n            print(n)", ["n"]),
        ("self.n.n(n=1)", []),
        ("n = 2\n        print(n)", []),
        ("return [n for n in range(3)]", []),
        ("def inner(n: int) -> None:\n            print(n)", []),
        ("print((lambda n: n)(1))", []),
        ("print(m)", []),
        ("from math import e as n\n        print(n)", []),
        ("print(n.real.imag)", ["n"]),
        ("print('n', f'{n}')", ["n"]),
    ],
)
def test_only_what_reads_the_lost_parameter_is_told(change: Change, body: str, told: list[str]) -> None:
    old, new = change(_hall("enter: func(n: u8, m: u8);"), _hall("enter: func(m: u8);"))
    text = old.skeleton.replace('raise NotImplementedError("demo:app/hall#enter")', body)
    assert body in text
    found = new.merged(text, old).lost
    assert [one.reason.split("'")[3] for one in found] == told
    assert all(one.hint == "change the code that uses it, or remove it" for one in found)


# Several definitions of one name


def test_a_class_in_both_branches_of_an_if_is_brought_up_in_both(change: Change) -> None:
    old, new = change(_hall("enter: func(n: u8);"), _hall("enter: func(n: string); leave: func();"))
    head, cls = old.skeleton.split("class Hall", 1)
    one = "".join(f"    {line}" if line.strip() else line for line in f"class Hall{cls}".splitlines(True))
    text = f"import sys\n{head}if sys.maxsize > 2**32:\n{one}else:\n{one}"
    merged = new.merged(text, old)
    assert merged.text.count("def enter(self, n: str) -> None:") == 2
    assert merged.text.count("def leave(self) -> None:") == 2
    assert [f"{one.kind} {one.name}" for one in merged.changes] == ["updated Hall.enter", "added Hall.leave"]
    assert new.merge(merged.text, old) == merged.text


def test_a_method_in_both_branches_of_an_if_is_brought_up_in_both(change: Change) -> None:
    old, new = change(_hall("enter: func(n: u8);"), _hall("enter: func(n: string);"))
    text = old.skeleton.replace(
        "    def enter(self, n: int) -> None:",
        "    if sys.maxsize > 2**32:\n        def enter(self, n: int) -> None:\n            pass\n"
        "    else:\n        def enter(self, n: int) -> None:",
    ).replace("        raise", "            raise")
    assert new.merge(text, old).count("def enter(self, n: str) -> None:") == 2


def test_overloads_stay_as_they_are_and_are_told(change: Change) -> None:
    old, new = change(_hall("enter: func(n: u8);"), _hall("enter: func(n: string);"))
    overloads = "    @typing.overload\n    def enter(self, n: int) -> None: ...\n"
    text = "import typing\n" + old.skeleton.replace(
        "    def enter(self, n: int) -> None:\n",
        overloads + overloads.replace("int", "bool") + "    def enter(self, n: int) -> None:\n",
    )
    merged = new.merged(text, old)
    assert overloads in merged.text
    assert "    def enter(self, n: str) -> None:\n" in merged.text
    assert [str(one) for one in merged.lost] == [
        (
            "component.py: 'Hall.enter' has another signature now, and its overloads are as you wrote them; "
            "let them say what the WIT says, or remove them"
        )
    ]
    assert old.merged(text, old).lost == ()


def test_types_that_are_gone_leave_every_definition_of_a_marked_method(change: Change) -> None:
    old, new = change(
        f"{KINDS} interface hall {{ use kinds.{{item}}; put: func(i: item); }} world app {{ export hall; }}",
        f"{KINDS} interface hall {{ enter: func(); }} world app {{ export hall; }}",
    )
    overload = "    @typing.overload\n    def put(self, i: kinds.Item) -> None: ...\n"
    text = "import typing\n" + old.skeleton.replace("    def put(", f"{overload}    def put(")
    assert "kinds.Item" in text
    merged = new.merge(text, old)
    assert "kinds.Item" not in merged
    assert merged.count("def put(self, i: typing.Any) -> None:") == 2
