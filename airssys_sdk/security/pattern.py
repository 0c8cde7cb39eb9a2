"""Capability patterns: what a permission of a manifest covers.

A pattern is split into segments: at `/` for paths, component ids and storage keys, at `.` for hosts, at `:` for
namespaces. As a whole segment, `*` stands for exactly one segment that is not empty, and `**` for any number of
segments, none included. Inside a segment `*` stands for any characters of that segment, `?` for one character and
`[abc]` (also `[a-z]`) for one of those listed. Everything else stands for itself, so `ns/*` never matches `nsX`.

Matching never backtracks over segments or characters more than once: the work is bounded by the length of the
pattern times the length of the text, whatever the pattern.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import Literal, TypeAlias

from ..errors import ValidationError

Separator = Literal["/", ".", ":"]
MAX_PATTERN = 4096
"""Characters a pattern may have."""


class _Wild(enum.Enum):
    """What stands for more than itself: one character, a run of characters, any number of segments."""

    ONE = "?"
    RUN = "*"
    SEGMENTS = "**"


_Segment: TypeAlias = tuple["frozenset[str] | _Wild", ...]
"""A segment, compiled: for each step the characters that fit, or a wildcard."""

_SEGMENTS: _Segment = (_Wild.SEGMENTS,)
_ONE_SEGMENT: _Segment = (_Wild.RUN,)


class PatternError(ValidationError):
    """A capability pattern that says nothing clear."""


class Pattern:
    """One capability pattern.

    Args:
        text: the pattern, as it stands in a manifest.
        separator: where texts and pattern are split into segments.

    Raises:
        PatternError: the pattern is empty, too long, has `**` beside other characters in one segment, or a
            bracket that is empty or never closed.
    """

    __slots__ = ("_literal", "_segments", "separator", "text")

    def __init__(self, text: str, separator: Separator = "/") -> None:
        if not text:
            raise PatternError("a capability pattern is empty", hint="write ** to cover everything")
        if len(text) > MAX_PATTERN:
            raise PatternError(
                f"a capability pattern has {len(text)} characters, and {MAX_PATTERN} are allowed"
            )
        self.text = text
        self.separator = separator
        self._segments = tuple(_compile(part, text) for part in text.split(separator))
        self._literal = not any(character in text for character in "*?[")

    def matches(self, text: str) -> bool:
        """Whether the whole text is covered."""
        if self._literal:
            return text == self.text
        return self.matches_segments(text.split(self.separator))

    def matches_segments(self, segments: Sequence[str]) -> bool:
        """Whether a text that is already split is covered; a segment that holds a separator matches nothing."""
        if any(self.separator in segment for segment in segments):
            return False
        return len(self._segments) in self._after(segments)

    def reaches(self, segments: Sequence[str]) -> bool:
        """Whether some text that begins with these segments is covered."""
        if any(self.separator in segment for segment in segments):
            return False
        return bool(self._after(segments))

    def _after(self, segments: Sequence[str]) -> set[int]:
        """The places in the pattern where a match can stand after these segments: a walk over all at once."""
        pattern = self._segments
        places = self._skip({0})
        for segment in segments:
            moved: set[int] = set()
            for place in places:
                if place == len(pattern):
                    continue
                step = pattern[place]
                if step is _SEGMENTS:
                    moved.add(place)
                elif _covers(step, segment):
                    moved.add(place + 1)
            places = self._skip(moved)
            if not places:
                break
        return places

    def _skip(self, places: set[int]) -> set[int]:
        """The places, and those behind a `**`, which may stand for nothing."""
        for place in list(places):
            after = place
            while after < len(self._segments) and self._segments[after] is _SEGMENTS:
                after += 1
                places.add(after)
        return places

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"Pattern({self.text!r}, {self.separator!r})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Pattern):
            return NotImplemented
        return (self.text, self.separator) == (other.text, other.separator)

    def __hash__(self) -> int:
        return hash((self.text, self.separator))


def _compile(part: str, text: str) -> _Segment:
    if part == "**":
        return _SEGMENTS
    if "**" in part:
        raise PatternError(
            f"in the capability pattern {text!r} '**' stands beside other characters",
            hint="'**' covers whole segments and stands alone between separators",
        )
    tokens: list[frozenset[str] | _Wild] = []
    at = 0
    while at < len(part):
        character = part[at]
        if character == "*":
            tokens.append(_Wild.RUN)
        elif character == "?":
            tokens.append(_Wild.ONE)
        elif character == "[":
            end = part.find("]", at + 1)
            if end < 0:
                raise PatternError(
                    f"in the capability pattern {text!r} a '[' is never closed",
                    hint="list the characters between '[' and ']'; '[[]' stands for the bracket itself",
                )
            tokens.append(_characters(part[at + 1 : end], text))
            at = end
        else:
            tokens.append(frozenset(character))
        at += 1
    return tuple(tokens)


def _characters(listed: str, text: str) -> frozenset[str]:
    """The characters between two brackets; `a-z` is a range, and a hyphen at either end stands for itself."""
    if not listed or listed[0] in "!^":
        raise PatternError(
            f"in the capability pattern {text!r} the brackets hold {listed!r}",
            hint="list the characters that are allowed; an exclusion cannot be written",
        )
    found: set[str] = set()
    at = 0
    while at < len(listed):
        if at + 2 < len(listed) and listed[at + 1] == "-":
            first, last = ord(listed[at]), ord(listed[at + 2])
            if first > last:
                raise PatternError(
                    f"in the capability pattern {text!r} the range {listed[at : at + 3]!r} is empty"
                )
            if last - first > 255:
                raise PatternError(
                    f"in the capability pattern {text!r} the range {listed[at : at + 3]!r} is too wide"
                )
            found.update(map(chr, range(first, last + 1)))
            at += 3
        else:
            found.add(listed[at])
            at += 1
    return frozenset(found)


def _covers(step: _Segment, segment: str) -> bool:
    """Whether one segment is covered: on a mismatch only the last `*` takes one character more."""
    if step == _ONE_SEGMENT:
        return bool(segment)
    at = token = 0
    run = mark = -1
    while at < len(segment):
        wanted = step[token] if token < len(step) else frozenset[str]()
        if wanted is _Wild.RUN:
            run, mark = token, at
            token += 1
        elif wanted is _Wild.ONE or (isinstance(wanted, frozenset) and segment[at] in wanted):
            at += 1
            token += 1
        elif run >= 0:
            mark += 1
            at, token = mark, run + 1
        else:
            return False
    return all(rest is _Wild.RUN for rest in step[token:])
