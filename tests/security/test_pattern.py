"""What capability patterns cover, and what they must not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airssys_sdk.security import Pattern, PatternError


@pytest.mark.parametrize(
    ("pattern", "covered", "not_covered"),
    [
        ("example/store/*", ["example/store/0", "example/store/a-b"], ["example/store", "example/store/", "example/store/0/1"]),
        ("ns/*", ["ns/x"], ["nsX", "ns", "ns/", "nsX/x", "ns/x/y"]),
        ("**", ["a", "a/b", "a/b/c", ""], []),
        ("ns/**", ["ns", "ns/a", "ns/a/b"], ["nsX", "nsX/a", "n"]),
        ("**/0", ["0", "a/0", "a/b/0"], ["a/00", "0/a"]),
        ("a/**/z", ["a/z", "a/b/z", "a/b/c/z"], ["a", "z", "az", "a/b"]),
        ("a/**/**/z", ["a/z", "a/b/z"], ["a/b"]),
        ("*", ["a"], ["", "a/b"]),
        ("word-?", ["word-1", "word-x"], ["word-", "word-12", "word-/"]),
        ("v[0-9a]", ["v0", "v9", "va"], ["vb", "v", "v00"]),
        ("[[]x[-z]", ["[x-", "[xz"], ["[xy", "x-"]),
        ("log-*-end", ["log--end", "log-a-end", "log-end-end"], ["log-end", "log-a/b-end"]),
        ("Exact/Name", ["Exact/Name"], ["exact/name", "Exact/Name/"]),
    ],
)  # fmt: skip
def test_a_pattern_covers_whole_segments(pattern: str, covered: list[str], not_covered: list[str]) -> None:
    compiled = Pattern(pattern)
    assert [text for text in covered if not compiled.matches(text)] == []
    assert [text for text in not_covered if compiled.matches(text)] == []


def test_a_host_pattern_never_covers_a_longer_name_with_the_same_ending() -> None:
    pattern = Pattern("*.example.org", ".")
    assert pattern.matches("api.example.org")
    assert not pattern.matches("evilexample.org")
    assert not pattern.matches("a.b.example.org")


def test_a_namespace_pattern_splits_at_colons() -> None:
    assert Pattern("team:*", ":").matches("team:store")
    assert not Pattern("team:*", ":").matches("teamX:store")


def test_a_separator_hidden_inside_a_segment_matches_nothing() -> None:
    assert Pattern("a/b/c").matches_segments(("a", "b", "c"))
    assert not Pattern("**").matches_segments(("a/b", "c"))


def test_reaches_says_whether_something_below_can_be_covered() -> None:
    pattern = Pattern("/example/shared/*/public/**")
    assert pattern.reaches(("", "example", "shared", "0"))
    assert pattern.reaches(("", "example", "shared", "0", "public", "x", "y"))
    assert not pattern.reaches(("", "example", "secret"))
    assert not pattern.reaches(("", "example", "shared", "0", "private"))


@pytest.mark.parametrize(
    "text", ["", "a/b**", "**a", "x/[abc", "[]", "[!a]", "[^a]", "[z-a]", "[\x01-\uffff]", "a" * 5000]
)
def test_a_pattern_that_says_nothing_clear_is_refused(text: str) -> None:
    with pytest.raises(PatternError):
        Pattern(text)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("*a" * 500 + "b", "a" * 5000),
        ("**/a/" * 200 + "b", "a/" * 500 + "c"),
        ("?*" * 300 + "b", "a" * 5000),
    ],
)
def test_a_hostile_pattern_is_answered_without_exponential_work(pattern: str, text: str) -> None:
    # Backtracking would not end within the life of the test run.
    assert not Pattern(pattern).matches(text)


SEGMENT = st.text("ab-", min_size=1, max_size=3)
PIECE = st.sampled_from(["*", "**", "a", "b", "a*", "?", "[ab]", "*b"])


def _covers(pattern: list[str], segments: list[str]) -> bool:
    """The definition, written as recursion."""
    if not pattern:
        return not segments
    if pattern[0] == "**":
        return _covers(pattern[1:], segments) or (bool(segments) and _covers(pattern, segments[1:]))
    return bool(segments) and _piece(pattern[0], segments[0]) and _covers(pattern[1:], segments[1:])


def _piece(pattern: str, text: str) -> bool:
    if not pattern:
        return not text
    if pattern[0] == "*":
        return _piece(pattern[1:], text) or (bool(text) and _piece(pattern, text[1:]))
    if not text:
        return False
    if pattern[0] == "?":
        return _piece(pattern[1:], text[1:])
    if pattern.startswith("[ab]"):
        return text[0] in "ab" and _piece(pattern[4:], text[1:])
    return pattern[0] == text[0] and _piece(pattern[1:], text[1:])


@given(st.lists(PIECE, min_size=1, max_size=5), st.lists(SEGMENT, min_size=1, max_size=5))
def test_matching_agrees_with_its_definition(pattern: list[str], segments: list[str]) -> None:
    assert Pattern("/".join(pattern)).matches("/".join(segments)) == _covers(pattern, segments)
