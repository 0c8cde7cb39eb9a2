"""The tokens of WAVE text, its string escapes, and errors that point at a column."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from typing import Final, Literal, TypeAlias

from ..errors import ValidationError
from ._text import printable, shortened

Kind: TypeAlias = Literal["number", "label", "char", "string", "lines", "mark", "end", "bad"]

KEYWORDS: Final = frozenset(("true", "false", "some", "none", "ok", "err", "inf", "nan"))
"""Words with a meaning of their own: a case or flag of that name is written with a `%`."""

_SPACE = re.compile(r"(?:[ \t\n\r]++|//[^\n]*+)*+")
_TOKEN = re.compile(
    r"""
      (?P<number>-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?+(?:[eE][-+]?[0-9]++)?+|-inf\b)
    | (?P<label>%?(?:[a-z][a-z0-9]*+|[A-Z][A-Z0-9]*+)(?:-(?:[a-z0-9]++|[A-Z0-9]++))*+(?![A-Za-z0-9]))
    | (?P<lines>\"\"\")
    | (?P<string>"[^\\"\n]*+(?:\\.[^\\"\n]*+)*+")
    | (?P<char>'(?:[^\\'\n]|\\.)[^'\n]*+')
    | (?P<mark>[{}()\[\]:,])
    """,
    re.VERBOSE,
)
_UNKNOWN = re.compile(r"[^\s(){}\[\],:]{1,200}|.", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:(?P<plain>['\"tnr\\])|u\{(?P<code>[0-9a-fA-F]{1,6})\}|.?)", re.DOTALL)
_SURROGATE = re.compile("[\ud800-\udfff]")
_PLAIN = {"t": "\t", "n": "\n", "r": "\r"}


class WaveError(ValidationError):
    """WAVE text that does not say a value of the type at hand, or a value that WAVE text cannot say.

    Attributes:
        line: the line of the text, from 1; None where there is no text.
        column: the column in that line, from 1, in characters.
        expected: what should stand there, in words of WIT.
        got: what stands there.
    """

    def __init__(
        self,
        message: str,
        *,
        line: int | None = None,
        column: int | None = None,
        expected: str | None = None,
        got: str | None = None,
        details: str | None = None,
        hint: str | None = None,
    ) -> None:
        where = None
        if column is not None:
            where = f"column {column}" if line in (None, 1) else f"line {line}, column {column}"
        super().__init__(message, where=where, details=details, hint=hint)
        self.line = line
        self.column = column
        self.expected = expected
        self.got = got


@dataclasses.dataclass(frozen=True, slots=True)
class Token:
    """A piece of the text: its kind, its characters, where it begins."""

    kind: Kind
    text: str
    start: int

    @property
    def shown(self) -> str:
        """The token as an error names it."""
        return "the end" if self.kind == "end" else f"`{shortened(self.text, 40)}`"


class Cursor:
    """A place in WAVE text: the token that stands there, and the one before."""

    def __init__(self, text: str, start: int = 0) -> None:
        self.text = text
        self.token = self._at(start)
        self.before = Token("end", "", start)

    def advance(self) -> Token:
        """The token at this place; the cursor moves behind it."""
        token = self.before = self.token
        self.token = self._at(token.start + len(token.text))
        return token

    def skip(self, mark: str) -> bool:
        """Move behind a punctuation mark, if it stands here."""
        if self.token.kind == "mark" and self.token.text == mark:
            self.advance()
            return True
        return False

    def require(self, mark: str, or_else: str | None = None) -> None:
        """Move behind a punctuation mark that must stand here."""
        if not self.skip(mark):
            raise self.unexpected(or_else or f"`{mark}`")

    def items(self, opening: str, closing: str, what: str) -> Iterator[int]:
        """Count the items of a bracketed, comma-separated sequence; the consumer reads one for each count.

        Raises:
            WaveError: a bracket or comma is missing.
        """
        self.require(opening, what)
        count = 0
        while not self.skip(closing):
            if count:
                self.require(",", f"`,` or `{closing}`")
                if self.skip(closing):
                    return
            yield count
            count += 1

    def unexpected(self, expected: str, token: Token | None = None, hint: str | None = None) -> WaveError:
        """The error that something else should stand at the token (by default: here)."""
        found = token or self.token
        if found.kind == "bad":
            return self.problem(_bad(found), found.start, expected=expected, got=found.shown)
        message = f"expected {expected}, got {found.shown}"
        return self.problem(message, found.start, expected=expected, got=found.shown, hint=hint)

    def problem(
        self,
        message: str,
        at: int,
        *,
        expected: str | None = None,
        got: str | None = None,
        hint: str | None = None,
    ) -> WaveError:
        """The error about a place of the text."""
        begin = self.text.rfind("\n", 0, at) + 1
        end = self.text.find("\n", at)
        line = self.text[begin : end if end >= 0 else None]
        return WaveError(
            message,
            line=self.text.count("\n", 0, at) + 1,
            column=at - begin + 1,
            expected=expected,
            got=got,
            details=_snippet(line, at - begin) if line else None,
            hint=hint,
        )

    def unescape(self, source: str, start: int) -> str:
        """Text with its escapes resolved; `start` is its place, for errors."""
        if _SURROGATE.search(source):
            raise self.problem("the text is no valid Unicode", start, expected="characters")
        if "\\" not in source:
            return source

        def resolve(match: re.Match[str]) -> str:
            if match["plain"]:
                return _PLAIN.get(match["plain"], match["plain"])
            if match["code"]:
                code = int(match["code"], 16)
                if code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF:
                    return chr(code)
            place = start + match.start()
            raise self.problem(
                f"`{shortened(source[match.start() : match.start() + 12].partition('}')[0])}` is no escape",
                place,
                expected="an escape",
                hint=r"escapes are \" \' \\ \t \n \r and \u{...} with the number of a character",
            )

        return _ESCAPE.sub(resolve, source)

    def _at(self, place: int) -> Token:
        space = _SPACE.match(self.text, place)
        start = space.end() if space else place
        if start == len(self.text):
            return Token("end", "", start)
        match = _TOKEN.match(self.text, start)
        if match is None:
            unknown = _UNKNOWN.match(self.text, start)
            return Token("bad", unknown[0] if unknown else self.text[start], start)
        kind: Kind = match.lastgroup  # type: ignore[assignment]  # the groups are named after the kinds
        if kind == "lines":
            end = self.text.find('"""', match.end())
            if end < 0:
                return Token("bad", self.text[start:].partition("\n")[0], start)
            return Token("lines", self.text[start : end + 3], start)
        return Token(kind, match[0], start)


def decode_string(cursor: Cursor, token: Token) -> str:
    """What a string or multiline string token says.

    Raises:
        WaveError: an escape means no character, or a multiline string is not laid out as one.
    """
    if token.kind == "string":
        return cursor.unescape(token.text[1:-1], token.start + 1)
    body = token.text[3:-3]
    opening = re.match(r"\r?\n", body)
    if opening is None:
        raise cursor.problem(
            'the opening `"""` must end its line',
            token.start + 3,
            expected="a line break",
            hint='write a single line as "..."',
        )
    head, _, indent = body.rpartition("\n")
    closing = token.start + 3 + len(body)
    if indent.strip(" "):
        raise cursor.problem(
            'the closing `"""` must stand alone on its line', closing, expected="a line break"
        )
    lines: list[str] = []
    place = token.start + 3 + opening.end()
    # The first line break and the last belong to the quotes; without lines between them they are the same one.
    for line in head[opening.end() :].split("\n") if len(head) >= opening.end() else ():
        if not line.startswith(indent):
            raise cursor.problem(
                'a line is indented less than the closing `"""`', place, expected=f"{len(indent)} spaces"
            )
        lines.append(cursor.unescape(line[len(indent) :].removesuffix("\r"), place + len(indent)))
        place += len(line) + 1
    return "\n".join(lines)


def _bad(token: Token) -> str:
    if token.text.startswith('"'):
        return "the string is not closed on its line"
    if token.text.startswith("'"):
        return "the character is not closed, or is none"
    return f"{token.shown} means nothing here"


def _snippet(line: str, offset: int, around: int = 60) -> str:
    """The neighbourhood of a place in a line, with a mark below it."""
    begin = max(0, offset - around)
    before = printable(line[begin:offset])
    after = printable(line[offset : offset + around])
    lead = "…" if begin else ""
    tail = "…" if offset + around < len(line) else ""
    return f"{lead}{before}{after}{tail}\n{' ' * (len(lead) + len(before))}^"
