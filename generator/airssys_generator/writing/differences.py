"""The difference of two texts as a unified diff, in time that grows with their length.

`difflib` alone takes minutes where thousands of types change alike: it looks for the longest common part of what is left,
again and again. Lines that stand once in each text cut them into small parts first.
"""

from __future__ import annotations

import bisect
import difflib
import io
from collections import Counter
from collections.abc import Iterator, Sequence

_CONTEXT = 3


def unified(before: str, after: str, from_: str, to: str) -> Iterator[str]:
    """The lines of a unified diff, each with its line end; none where nothing differs.

    Args:
        before: the old text.
        after: the new text.
        from_: what the head calls the old text.
        to: what the head calls the new text.
    """
    old, new = _lines(before), _lines(after)
    for number, group in enumerate(_Matcher(old, new).get_grouped_opcodes(_CONTEXT)):
        if not number:
            yield from (f"--- {from_}\n", f"+++ {to}\n")
        (_, old_start, _, new_start, _), (_, _, old_end, _, new_end) = group[0], group[-1]
        yield f"@@ -{_range(old_start, old_end)} +{_range(new_start, new_end)} @@\n"
        for tag, old_start, old_end, new_start, new_end in group:
            if tag == "equal":
                yield from map(_complete, (f" {line}" for line in old[old_start:old_end]))
                continue
            yield from map(_complete, (f"-{line}" for line in old[old_start:old_end]))
            yield from map(_complete, (f"+{line}" for line in new[new_start:new_end]))


class _Matcher(difflib.SequenceMatcher[str]):
    """Finds what is common; grouping it is what the base class does."""

    def __init__(self, old: Sequence[str], new: Sequence[str]) -> None:
        super().__init__()
        self._blocks = [*_joined(_common(old, new)), difflib.Match(len(old), len(new), 0)]

    def get_matching_blocks(self) -> list[difflib.Match]:
        """The common parts in order, no two of them adjacent, and an empty one at the end."""
        return self._blocks


def _lines(text: str) -> list[str]:
    """The lines with their ends; a form feed, or a carriage return alone, ends none."""
    return list(io.StringIO(text, newline="\n"))


def _complete(line: str) -> str:
    return line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _range(start: int, end: int) -> str:
    length = end - start
    if length == 1:
        return f"{start + 1}"
    return f"{start + 1 if length else start},{length}"


def _common(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[int, int, int]]:
    """Common parts in order, as (start in old, start in new, length)."""
    old_at = new_at = 0
    for old_end, new_end in [*_anchors(old, new), (len(old), len(new))]:
        part = difflib.SequenceMatcher(None, old[old_at:old_end], new[new_at:new_end])
        for block in part.get_matching_blocks():
            yield old_at + block.a, new_at + block.b, block.size
        yield old_end, new_end, int(old_end < len(old))
        old_at, new_at = old_end + 1, new_end + 1


def _joined(blocks: Iterator[tuple[int, int, int]]) -> Iterator[difflib.Match]:
    """The blocks that are not empty, adjacent ones made one."""
    last = (0, 0, 0)
    for block in blocks:
        if not block[2]:
            continue
        if (last[0] + last[2], last[1] + last[2]) == block[:2]:
            last = (*last[:2], last[2] + block[2])
            continue
        if last[2]:
            yield difflib.Match(*last)
        last = block
    if last[2]:
        yield difflib.Match(*last)


def _anchors(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    """Places (in old, in new) of lines that stand once in each, as many as keep their order."""
    places = {line: at for at, line in enumerate(new)}
    in_old, in_new = Counter(old), Counter(new)
    pairs = [(at, places[line]) for at, line in enumerate(old) if in_old[line] == 1 and in_new.get(line) == 1]
    ends: list[int] = []  # of the best chain of each length, its last place in new
    chains: list[tuple[int, int, int | None]] = []  # a pair, and the one before it in its chain
    tops: list[int] = []  # of each length, where its chain ends in `chains`
    for at, place in pairs:
        length = bisect.bisect_left(ends, place)
        chains.append((at, place, tops[length - 1] if length else None))
        ends[length : length + 1] = [place]
        tops[length : length + 1] = [len(chains) - 1]
    found: list[tuple[int, int]] = []
    chain = tops[-1] if tops else None
    while chain is not None:
        at, place, chain = chains[chain]
        found.append((at, place))
    return found[::-1]
