"""`python -m examples.word_count FILE`: builds the guests if need be, counts, and tells the story."""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from airssys_sdk.errors import AirssysError
from airssys_sdk.project import build

from .counting import Outcome, count, projects, with_poison

MOST_FREQUENT = 10


class Steps:
    """Prints the stages of the builds."""

    def __init__(self, console: Console) -> None:
        self.console = console

    def stage(self, name: str, detail: str) -> None:
        self.console.print(f"  {name} {detail} ...", highlight=False)

    def done(self, name: str, *, fresh: bool, seconds: float) -> None:
        self.console.print(f"  {name}: {'up to date' if fresh else f'{seconds:.1f} s'}", highlight=False)


def show(outcome: Outcome, console: Console) -> None:
    """Print what came of the lines."""
    table = Table("word", "count", title=f"the {MOST_FREQUENT} most frequent words")
    table.columns[1].justify = "right"
    for word, times in sorted(outcome.counts.items(), key=lambda item: (-item[1], item[0]))[:MOST_FREQUENT]:
        table.add_row(word, f"{times:,}")
    console.print(table)
    console.print(
        f"One line was poison. The counter crashed on it, its supervisor restarted it {outcome.restarts} time(s), and "
        f"the line became a dead letter ({', '.join(outcome.dead_letters)}). "
        f"Of {outcome.sent} lines the counter confirmed {outcome.confirmed}; the counts in storage survived.",
        highlight=False,
    )
    rate = outcome.messages / outcome.seconds
    console.print(
        f"{outcome.messages:,} messages in {outcome.seconds:.2f} s: {rate:,.0f} a second", highlight=False
    )


def main() -> int:
    """Run the example on the file named on the command line."""
    console = Console()
    if len(sys.argv) != 2:
        console.print("usage: python -m examples.word_count FILE", highlight=False)
        return 2
    began = time.perf_counter()
    logging.getLogger("airssys").setLevel(logging.CRITICAL)  # the crash is part of the story, told below
    try:
        lines = with_poison(Path(sys.argv[1]).read_text(encoding="utf-8").splitlines())
        results = [build(project, reporter=Steps(console)) for project in projects()]
        with Progress(console=console, transient=True) as progress:
            task = progress.add_task("counting", total=len(lines))
            outcome = asyncio.run(count(lines, advance=lambda more: progress.advance(task, more)))
    except (AirssysError, OSError, UnicodeDecodeError) as error:
        console.print(f"error: {error}", highlight=False, markup=False)
        return error.exit_code if isinstance(error, AirssysError) else 1
    show(outcome, console)
    built, compiled = sum(r.built for r in results), sum(r.compiled for r in results)
    console.print(
        f"{time.perf_counter() - began:.1f} s in all; guests built: {built}, compiled: {compiled}",
        highlight=False,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
