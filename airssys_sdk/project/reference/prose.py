"""WIT documentation as blocks of plain text, and plain text for Markdown. What an author wrote stays text everywhere."""

from __future__ import annotations

import re

from ...wit._text import printable
from .pages import Block

_LAID_OUT = re.compile(r"^(\s|[-*+] |\d+[.)] |```|~~~|\|)", re.MULTILINE)
_SPECIAL = re.compile(r"[\\`*_{}\[\]<>#|~!$&%]")
_AT_LINE_START = re.compile(r"^(\d+(?=[.)])|(?=[-+=]))", re.MULTILINE)
"""What would begin a list, or underline a heading."""

_RUN = re.compile(r"`+")


def blocks(docs: str | None) -> tuple[Block, ...]:
    """The paragraphs of documentation, with characters that could reorder the text made visible."""
    text = printable((docs or "").replace("\r\n", "\n").expandtabs(4), keep="\n")
    found: list[Block] = []
    fenced: list[str] = []
    for paragraph in re.split(r"\n[ ]*\n", text.strip("\n")):
        # A fence may hold empty lines: what stands between two belongs together.
        fenced.append(paragraph.rstrip())
        whole = "\n\n".join(fenced)
        if len(re.findall(r"^\s*(?:```|~~~)", whole, re.MULTILINE)) % 2 == 0:
            found.append(_block(whole))
            fenced = []
    if fenced:
        found.append(_block("\n\n".join(fenced)))
    return tuple(block for block in found if block.text)


def markdown(text: str) -> str:
    """Text that Markdown shows as it is, on one or several lines."""
    escaped = _SPECIAL.sub(lambda found: f"\\{found[0]}", text)
    lines = (line.strip() for line in escaped.split("\n"))
    return _AT_LINE_START.sub(r"\1\\", "\n".join(lines))


def fenced(text: str, language: str) -> str:
    """A block of code in Markdown, with a fence that nothing in the text can close."""
    longest = max((len(run) for run in _RUN.findall(text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def _block(text: str) -> Block:
    return Block(text.strip("\n"), _LAID_OUT.search(text) is not None)
