"""The system: starts both guests on a node, feeds the lines, and says what came of them."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from airssys_sdk.project import Project
from airssys_sdk.runtime import ComponentSpec, DeadLetter, Node

FOLDER = Path(__file__).parent
GUESTS = ("counter", "splitter")
POISON = "A poisonpill among the lines."
"""A line that crashes the counter, which is written to fail when it meets the word."""

_REPORT = b"\x00report"
_CAUGHT_UP = b"\x00caught up?"
_WINDOW = 400
"""Lines in flight before the host waits for the counter: well below the 1,000 messages that a mailbox holds."""


@dataclasses.dataclass(frozen=True, slots=True)
class Outcome:
    """What came of the lines.

    Attributes:
        counts: how often each word was counted.
        sent: lines with words that the splitter passed on, the poison line among them.
        confirmed: lines that the counter counted, as the splitter heard.
        restarts: lives of the counter that followed another one.
        dead_letters: the messages that nobody handled.
        messages: messages that the node handled.
        seconds: from the first line to the last count.
    """

    counts: dict[str, int]
    sent: int
    confirmed: int
    restarts: int
    dead_letters: tuple[DeadLetter, ...]
    messages: int
    seconds: float


def projects() -> list[Project]:
    """The projects of the two guests."""
    return [Project.load(FOLDER / name) for name in GUESTS]


def with_poison(lines: Sequence[str]) -> list[str]:
    """The lines with the poison line in the middle."""
    middle = len(lines) // 2
    return [*lines[:middle], POISON, *lines[middle:]]


async def count(
    lines: Sequence[str], storage: Path | None = None, advance: Callable[[int], object] = lambda _: None
) -> Outcome:
    """Count the words of some lines; a line is a message.

    Args:
        lines: the text.
        storage: the node's storage file; None keeps it in memory.
        advance: told how many more lines were counted.
    """
    async with Node(storage) as node:
        for project in projects():
            await node.start(ComponentSpec(project.manifest, project.wasm))
        started = time.perf_counter()
        for begin in range(0, len(lines), _WINDOW):
            window = lines[begin : begin + _WINDOW]
            for line in window:
                await node.ask("splitter", line.encode())
            # The counter answers after it has dealt with everything that the splitter sent before.
            await node.ask("counter", _CAUGHT_UP)
            advance(len(window))
        counts: dict[str, int] = json.loads(await node.ask("counter", _REPORT) or b"{}")
        report: dict[str, int] = json.loads(await node.ask("splitter", _REPORT) or b"{}")
        seconds = time.perf_counter() - started
        counters = node.counters()
        return Outcome(
            counts,
            report["sent"],
            report["confirmed"],
            counters.restarts,
            tuple(node.dead_letters),
            counters.messages.handled,
            seconds,
        )
