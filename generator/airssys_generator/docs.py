"""WIT documentation as Python docstrings: the text survives, and can neither end the docstring nor steer a terminal."""

from __future__ import annotations

import re
import textwrap

from .annotation import INDENT

_SPECIAL = re.compile(r'\\|"{3,}|\A"+|"+\Z')
"""Backslashes, and quotes that could be taken for those around the docstring."""

_MARKS = frozenset(
    "\u061c\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2028\u2029\u2066\u2067\u2068\u2069\ufeff"
)
"""Characters that reorder or break the text around them, or that linters take for an accident."""


def docstring(text: str, indent: int) -> str:
    """The docstring, indented, in the form that the formatter leaves as it is.

    Args:
        text: the documentation; anything but empty.
        indent: how deep the docstring stands.
    """
    lines = _lines(text)
    pad = INDENT * indent
    body = "\n".join([lines[0], *(pad + line if line else "" for line in lines[1:])])
    return f'{pad}"""{body}"""' if len(lines) == 1 else f'{pad}"""{body}\n{pad}"""'


def comment(text: str) -> str:
    """Text for one comment line."""
    return _visible(" ".join(text.split()))


def _lines(text: str) -> list[str]:
    text = _visible(text.replace("\r\n", "\n").expandtabs(4)).strip()
    first, *rest = map(_spaced, text.split("\n"))
    lines = [first, *textwrap.dedent("\n".join(rest)).split("\n")] if rest else [first]
    return _quoted("\n".join(lines)).split("\n")


def _spaced(line: str) -> str:
    """The line, indented by spaces alone and without space at its end: the formatter removes all other space there."""
    line = line.rstrip()
    indentation = len(line) - len(line.lstrip(" "))
    return line[:indentation] + line[indentation:].lstrip()


def _quoted(text: str) -> str:
    return _SPECIAL.sub(lambda found: "".join(f"\\{character}" for character in found[0]), text)


def _visible(text: str) -> str:
    return "".join(character if _shows(character) else f"\\u{{{ord(character):x}}}" for character in text)


def _shows(character: str) -> bool:
    if character == "\n":
        return True
    code = ord(character)
    return not (code < 32 or 127 <= code < 160 or 0xD800 <= code < 0xE000 or character in _MARKS)
