"""Differences: a unified diff that gives the new text when it is applied, as short as another tool's where little changed."""

from __future__ import annotations

import difflib
import re
import time

from effort import times
from hypothesis import given
from hypothesis import strategies as st

from airssys_generator.writing import unified

# Few different lines, so that they repeat; many, so that some stand once.
LINES = st.sampled_from(["a", "b", "", "\x0c", "x\ry", "-", "+ b", "@@ -1 +1 @@"]) | st.integers(0, 50).map(
    str
)
TEXTS = st.lists(LINES, max_size=40).map("\n".join) | st.lists(LINES, max_size=40).map(
    lambda lines: "".join(f"{line}\n" for line in lines)
)


@times(200)
@given(before=TEXTS, after=TEXTS)
def test_the_new_text_is_what_the_difference_makes_of_the_old(before: str, after: str) -> None:
    lines = list(unified(before, after, "old", "new"))
    assert all(line.endswith("\n") for line in lines)
    assert (lines == []) == (before == after)
    assert _applied(lines, before) == after


def test_a_small_change_in_a_long_text_is_shown_as_difflib_shows_it() -> None:
    before = [f"line {number}\n" for number in range(1000)]
    after = [*before[:100], "new\n", *before[100:500], "changed\n", *before[501:900], *before[903:]]
    expected = list(difflib.unified_diff(before, after, "old", "new"))
    assert list(unified("".join(before), "".join(after), "old", "new")) == expected


def test_the_time_grows_with_the_length_where_thousands_of_places_change_alike() -> None:
    before = "".join(f"class R{number}:\n    a: old\n    b: same\n\n\n" for number in range(10_000))
    start = time.monotonic()
    lines = list(unified(before, before.replace("a: old", "a: new"), "old", "new"))
    assert time.monotonic() - start < 20  # a second; with difflib alone it is minutes
    assert lines.count("-    a: old\n") == lines.count("+    a: new\n") == 10_000


def _applied(difference: list[str], before: str) -> str:
    old, after, at = re.findall(r"[^\n]*\n|[^\n]+", before), list[str](), 0
    for line in difference[2:]:
        if hunk := re.match(r"@@ -(\d+)(,0)?", line):
            start = int(hunk[1]) - (not hunk[2])
            after += old[at:start]
            at = start
            continue
        text = line[1:].removesuffix("\n\\ No newline at end of file\n")
        if line[0] in "- ":
            assert old[at] == text
            at += 1
        after += [text] if line[0] in "+ " else []
    return "".join([*after, *old[at:]])
