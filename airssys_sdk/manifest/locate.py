"""Where a key stands in a TOML text.

The standard library's parser forgets positions, and an error without a line sends its reader searching. This
walks the text once, only after a problem was found; a key it cannot find is reported at its nearest table.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

_KEY = re.compile(r"""\s*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([A-Za-z0-9_-]+))\s*""")
_STRING = re.compile(r'"""|\'\'\'|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'|#[^\n]*')

Path = tuple[str, ...]
Position = tuple[int, int]


def locate(text: str, path: Sequence[str | int]) -> Position | None:
    """Line and column (both from 1) of a key, else of the first key below it or the nearest table above it; None for none.

    Args:
        text: a TOML text that parsed.
        path: keys from the root; an index names an element of a list and points at the list's key.
    """
    wanted = tuple(part for part in path if isinstance(part, str))
    best: tuple[int, Position] | None = None
    below: Position | None = None
    for found, position in keys(text):
        depth = len(found)
        if found == wanted:
            return position
        if below is None and found[: len(wanted)] == wanted:
            below = position  # of a table that has no header of its own
        if found == wanted[:depth] and (best is None or depth > best[0]):
            best = (depth, position)
    return below or (best[1] if best else None)


def keys(text: str) -> Iterator[tuple[Path, Position]]:
    """Every key of the text with its full path: headers, assignments, and keys of inline tables."""
    table: Path = ()
    plain = _blank_strings(text)
    depth = 0
    for number, (line, bare) in enumerate(zip(text.split("\n"), plain.split("\n"), strict=True), start=1):
        if depth == 0 and bare.lstrip().startswith("["):
            start = len(bare) - len(bare.lstrip("[ \t"))
            table, _ = _dotted(line, start)
            yield table, (number, start + 1)
            continue
        if depth == 0 and "=" in bare:
            start = len(line) - len(line.lstrip())
            key, end = _dotted(line, start)
            if key:
                path = (*table, *key)
                yield path, (number, start + 1)
                yield from _inline(path, line, bare, end, number)
        depth += sum(bare.count(mark) for mark in "[{") - sum(bare.count(mark) for mark in "]}")


def _inline(path: Path, line: str, bare: str, start: int, number: int) -> Iterator[tuple[Path, Position]]:
    """Keys of inline tables on one line, whose own key ends at `start`."""
    opened: list[Path] = []
    latest = path
    for match in re.finditer(r"[{},]", bare[start:]):
        if match[0] == "}":
            if opened:
                opened.pop()
            continue
        if match[0] == "{":
            opened.append(latest)
        at = start + match.end()
        key, end = _dotted(line, at)
        if not opened or not key or not bare[end:].startswith("="):
            continue
        latest = (*opened[-1], *key)
        yield latest, (number, at + len(line[at:]) - len(line[at:].lstrip()) + 1)


def _dotted(line: str, start: int) -> tuple[Path, int]:
    """The dotted key at a place of a line, and where it ends."""
    parts: list[str] = []
    at = start
    while match := _KEY.match(line, at):
        parts.append(next(group for group in match.groups() if group is not None))
        at = match.end()
        if at >= len(line) or line[at] != ".":
            break
        at += 1
    return tuple(parts), at


def _blank_strings(text: str) -> str:
    """The text with the contents of strings and comments replaced by `x`, line breaks kept."""
    pieces: list[str] = []
    at = 0
    while match := _STRING.search(text, at):
        end = match.end()
        if match[0] in {'"""', "'''"}:
            closing = text.find(match[0], end)
            end = len(text) if closing < 0 else closing + 3
        pieces += (text[at : match.start()], re.sub(r"[^\n]", "x", text[match.start() : end]))
        at = end
    return "".join([*pieces, text[at:]])
