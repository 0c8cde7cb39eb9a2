"""Two readings compared: items that changed, and whether one world may take the place of another."""

from __future__ import annotations

from pathlib import Path

import pytest

from airssys_sdk.wit.compatibility import Verdict, verdict, world_pairs
from airssys_sdk.wit.difference import Change, differences
from airssys_sdk.wit.model import Resolve
from airssys_sdk.wit.reader import UnknownWorldError, read
from airssys_sdk.wit.uses import dependencies

from .sources import EVERYTHING

CORPUS = Path(__file__).parents[2].parent / "shared" / "corpus" / "wit"
INPUTS = sorted(CORPUS.iterdir()) if CORPUS.is_dir() else []


def readings(tmp_path: Path, *texts: str) -> tuple[Resolve, ...]:
    file = tmp_path / "source.wit"
    found: list[Resolve] = []
    for text in texts:
        file.write_text(text)
        found.append(read(file))
    return tuple(found)


def verdicts(old: Resolve, new: Resolve, world: str | None = None) -> list[Verdict]:
    return [verdict(old, new, pair) for pair in world_pairs(old, new, world)]


def compared(tmp_path: Path, old: str, new: str) -> tuple[list[tuple[str, str, str]], list[bool | None]]:
    before, after = readings(tmp_path, old, new)
    changes = [(c.status, c.kind, c.place) for c in differences(before, after)]
    return changes, [one.compatible for one in verdicts(before, after)]


@pytest.mark.skipif(not INPUTS, reason="the shared WIT corpus is not beside this checkout")
@pytest.mark.parametrize("path", INPUTS, ids=lambda path: path.name)
def test_a_corpus_input_does_not_differ_from_itself(path: Path) -> None:
    source = path / "wit" if path.is_dir() else path
    old, new = read(source), read(source)
    assert differences(old, new) == ()
    assert all(one.compatible for one in verdicts(old, new))


def test_documentation_order_and_layout_are_no_difference(tmp_path: Path) -> None:
    old = "package a:b; interface i { type t = u8; f: func(); }"
    new = "package a:b;\n/// Docs.\ninterface i {\n/// Docs.\nf: func();\n type t = u8;\n}"
    assert compared(tmp_path, old, new)[0] == []


def test_every_kind_of_item_is_found(tmp_path: Path) -> None:
    old = "package a:b@1.0.0; interface i { record r { a: u8 } f: func(); resource c { m: func(); } } world w { export i; }"
    new = (
        "package a:b@2.0.0; interface i { record r { a: u16 } resource c { m: func() -> u8; n: func(); } enum e { x } } "
        "interface j {} world w { export i; import j; import x: interface {} export g: func(); }"
    )
    changes, compatible = compared(tmp_path, old, new)
    assert sorted(changes) == [
        ("added", "enum", "a:b/i#e"),
        ("added", "function", "a:b/i#[method]c.n"),
        ("added", "function", "a:b/w#export g"),
        ("added", "import", "a:b/w#import a:b/j"),
        ("added", "import", "a:b/w#import x"),
        ("added", "interface", "a:b/j"),
        ("changed", "function", "a:b/i#[method]c.m"),
        ("changed", "package", "a:b"),
        ("changed", "record", "a:b/i#r"),
        ("removed", "function", "a:b/i#f"),
    ]
    assert compatible == [False]


def test_a_change_has_both_texts(tmp_path: Path) -> None:
    old, new = readings(
        tmp_path, "package a:b; interface i { f: func(); }", "package a:b; interface i { f: func(x: u8); }"
    )
    assert differences(old, new) == (
        Change("changed", "function", "a:b/i#f", "f: func();", "f: func(x: u8);"),
    )


@pytest.mark.parametrize("versions", [("@1.0.0", "@1.1.0"), ("@1.0.0", "@1.0.0"), ("", "")])
@pytest.mark.parametrize(
    ("old", "new", "compatible"),
    [
        ("", "import i;", True),
        ("import i;", "", False),
        ("export i;", "", True),
        ("", "export i;", False),
        ("import i;", "import i; import f: func();", True),
    ],
)
def test_what_a_component_of_the_old_world_needs_must_stay(
    old: str, new: str, compatible: bool, versions: tuple[str, str], tmp_path: Path
) -> None:
    text = (
        "package a:%world{}; interface i {{ @since(version = 1.0.0) f: func(); }} world %interface {{ {} }}"
    )
    if "" in versions:
        text = text.replace("@since(version = 1.0.0)", "")
    texts = [text.format(version, items) for version, items in zip(versions, (old, new), strict=True)]
    assert compared(tmp_path, *texts)[1] == [compatible]


def test_a_world_that_is_gone_is_not_compatible_and_a_new_one_does_not_matter(tmp_path: Path) -> None:
    old, new = readings(
        tmp_path, "package a:b; world v {} world w {}", "package a:b; world w {} world x {} world y {}"
    )
    assert verdicts(old, new) == [
        Verdict("a:b/v", False, ("the world is no longer there",)),
        Verdict("a:b/w", True),
    ]
    with pytest.raises(UnknownWorldError):
        verdicts(old, new, "v")


def test_worlds_of_two_packages_have_no_verdict(tmp_path: Path) -> None:
    old, new = readings(tmp_path, "package a:b; world w {}", "package c:d; world w {}")
    [one] = verdicts(old, new)
    assert one.compatible is None
    assert "two packages, a:b and c:d" in one.reasons[0]
    assert one.hint


def test_a_feature_that_the_check_does_not_know_leaves_no_verdict(tmp_path: Path) -> None:
    text = "package a:b; interface i { f: func(x: error-context); %s } world w { import i; }"
    old, new = readings(tmp_path, text % "", text % "g: func();")
    [one] = verdicts(old, new)
    assert (one.compatible, bool(one.hint)) == (None, True)


def test_dependencies_are_sorted_and_say_who_uses_them(tmp_path: Path) -> None:
    file = tmp_path / "everything.wit"
    file.write_text(EVERYTHING)
    resolve = read(file, all_features=True)
    found = dependencies(resolve)
    assert [one.package.name for one in found] == ["test:other@0.1.0", "test:other@0.2.0"]
    uses = found[1].interfaces["things"]
    assert {(use.how, use.user.partition("/")[2].partition("@")[0]) for use in uses} == {
        ("import", "everything"),
        ("use", "users"),
    }
    assert [one.interfaces for one in dependencies(resolve, resolve.main.worlds["small"])] == [{}, {}]
