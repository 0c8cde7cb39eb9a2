"""What `top` shows of a node: one row for each supervisor, component and actor, in the order of the tree."""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Final

from airssys_sdk.cli.text import safe_line
from airssys_sdk.runtime import ComponentSnapshot, HistogramSnapshot
from airssys_sdk.runtime.nodes.control import Status
from airssys_sdk.runtime.nodes.outline import Kind, Outline

COLUMNS: Final = ("name", "state", "mailbox", "msg/s", "p50", "p99", "restarts", "memory")
_WINDOW: Final = 10
"""Rates and percentiles are those of the last so many looks at the node."""
_LONGEST_NAME: Final = 100


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """One line of the table.

    Attributes:
        name: what it is called, as the node knows it; not safe to print.
        kind: supervisor, component or actor.
        state: where in its life it is.
        cells: what to print below `COLUMNS`; safe for a terminal.
    """

    name: str
    kind: Kind
    state: str
    cells: tuple[str, ...]


class Table:
    """Turns what a node says, again and again, into rows: rates need what it said before."""

    def __init__(self) -> None:
        self._seen: deque[Status] = deque(maxlen=_WINDOW)

    def rows(self, status: Status) -> list[Row]:
        """The rows for what the node says now."""
        if self._seen and self._seen[-1].process != status.process:
            self._seen.clear()
        earlier = self._seen[0] if self._seen else None
        self._seen.append(status)
        now = {one.id: one for one in status.snapshot.components}
        before = {} if earlier is None else {one.id: one for one in earlier.snapshot.components}
        seconds = 0.0 if earlier is None else status.snapshot.uptime - earlier.snapshot.uptime
        return [
            _row(outline, depth, now.get(outline.name), before.get(outline.name), seconds)
            for outline, depth in _flat(status.tree, 0)
        ]


def summary(status: Status) -> str:
    """The node in one line."""
    seen = status.snapshot
    parts = [
        f"{status.name} (process {status.process})",
        f"up {_span(seen.uptime)}",
        f"{len(seen.components)} component{'' if len(seen.components) == 1 else 's'}",
        f"{seen.messages.handled} handled",
        f"{seen.messages.failed} failed",
        f"{seen.messages.dead_lettered + seen.messages.expired} dead letters",
        f"{seen.restarts} restarts",
        f"{seen.denials} denials",
        f"process {_size(seen.memory)}",
    ]
    return safe_line(", ".join(parts))


def plain(rows: Sequence[Row]) -> list[str]:
    """The table as lines of text: names to the left, numbers to the right."""
    table = [COLUMNS, *(row.cells for row in rows)]
    widths = [max(len(cells[column]) for cells in table) for column in range(len(COLUMNS))]
    return [
        "  ".join(
            cell.ljust(width) if column < 2 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ).rstrip()
        for cells in table
    ]


def _flat(outline: Outline, depth: int) -> Iterator[tuple[Outline, int]]:
    yield outline, depth
    for child in outline.children:
        yield from _flat(child, depth + 1)


def _row(
    outline: Outline,
    depth: int,
    now: ComponentSnapshot | None,
    before: ComponentSnapshot | None,
    seconds: float,
) -> Row:
    name = safe_line(outline.name)
    if len(name) > _LONGEST_NAME:
        name = f"{name[: _LONGEST_NAME - 3]}..."
    state = outline.state.value
    head = (f"{'  ' * depth}{name}", state)
    if outline.kind == "supervisor":
        rest = ("", "", "", "", str(outline.restarts), "")
    else:
        rest = (
            str(outline.messages.depth),
            "-" if now is None or before is None or seconds <= 0 else _rate(now, before, seconds),
            *_percentiles(now, before),
            str(outline.restarts),
            "-" if now is None else _size(now.memory),
        )
    return Row(outline.name, outline.kind, state, head + rest)


def _rate(now: ComponentSnapshot, before: ComponentSnapshot, seconds: float) -> str:
    count = max(0, now.handling.count - before.handling.count)
    return f"{count / seconds:.1f}"


def _percentiles(now: ComponentSnapshot | None, before: ComponentSnapshot | None) -> tuple[str, str]:
    """Of the messages of late; of all there were if there were none of late."""
    if now is None:
        return "-", "-"
    handling: HistogramSnapshot = now.handling
    if before is not None and 0 < (now.handling - before.handling).count < now.handling.count:
        handling = now.handling - before.handling
    return _span(handling.quantile(0.5)), _span(handling.quantile(0.99))


def _span(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    if seconds < 0.001:
        return f"{seconds * 1e6:.0f} us"
    if seconds < 1:
        return f"{seconds * 1e3:.1f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, _ = divmod(int(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{int(seconds) % 60:02}"


def _size(size: int | None) -> str:
    if size is None:
        return "-"
    return f"{size / (1 << 20):.1f} MiB" if size < 1 << 30 else f"{size / (1 << 30):.2f} GiB"
