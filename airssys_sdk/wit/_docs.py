"""Documentation and string literals as WIT text that reads back to the same characters."""

from __future__ import annotations

import re

from ._text import escaped

# What the grammar forbids anywhere in a file: control codes, direction overrides, and letters that Unicode withdrew.
_FORBIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u0149\u0673\u0f77\u0f79\u17a3\u17a4\u17b4\u17b5]"
)


def doc_comment(docs: str) -> list[str]:
    """The lines of a comment that reads back as `docs`.

    Characters that WIT forbids, which only an encoded package can carry, are written as escapes.
    """
    docs = _FORBIDDEN.sub(lambda match: escaped(match[0]), docs)
    lines = docs.split("\n")
    spaced = [f"/// {line}" if line else "///" for line in lines]
    if _read_back([line[3:] for line in spaced]) == docs:
        return spaced
    if _read_back(lines) == docs:
        return [f"///{line}" for line in lines]
    # Indentation that line comments would lose, as a block comment can hold it.
    if "*/" not in docs and "/*" not in docs and _read_back([docs]) == docs:
        return [f"/**{docs}*/"]  # one entry, so that nobody indents its inner lines
    return spaced


def quoted(text: str) -> str:
    """A string literal."""
    text = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{_FORBIDDEN.sub(lambda match: escaped(match[0]), text)}"'.replace("\n", "\\n").replace(
        "\t", "\\t"
    )


def _read_back(comments: list[str]) -> str:
    """What a reader makes of comments without their marks: the indentation that all share is taken away."""
    comments = [comment.rstrip() for comment in comments]
    shared = min((len(c) - len(c.lstrip(" \t\n\r\f")) for c in comments if c), default=0)
    return "\n".join(comment.removeprefix(" " * shared) for comment in comments).rstrip("\n")
