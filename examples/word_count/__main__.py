"""`python -m examples.word_count FILE`: builds the guests if need be, counts, and tells the story."""

from __future__ import annotations

import asyncio
import io
import logging
import sys
import textwrap
import time
from pathlib import Path

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from airssys_sdk.component import CallError
from airssys_sdk.errors import AirssysError, UsageError, ValidationError
from airssys_sdk.project import BuildResult, build

from .counting import Outcome, count, projects, with_poison

MOST_FREQUENT = 10


class Steps:
    """Prints the stages of the builds, each on one line."""

    def __init__(self, console: Console) -> None:
        self.console = console

    def stage(self, name: str, detail: str) -> None:
        self.console.print(f"  {name} {detail} ... ", end="", highlight=False, soft_wrap=True)

    def done(self, name: str, *, fresh: bool, seconds: float) -> None:
        self.console.print("up to date" if fresh else f"{seconds:.1f} s", highlight=False)


def read_lines(arguments: list[str]) -> list[str]:
    """The lines of the file that the command line names.

    Raises:
        UsageError: it names none, or several.
        ValidationError: it cannot be read, or is no text.
    """
    if len(arguments) != 1:
        raise UsageError("name one text file", hint="python -m examples.word_count FILE")
    (name,) = arguments
    try:
        return Path(name).read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise ValidationError(f"{name!r} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ValidationError(f"{name!r} is no text in UTF-8 (byte {error.start})") from error


def show(outcome: Outcome, console: Console) -> None:
    """Print what came of the lines."""
    table = Table("word", "count")
    table.columns[1].justify = "right"
    for word, times in sorted(outcome.counts.items(), key=lambda item: (-item[1], item[0]))[:MOST_FREQUENT]:
        table.add_row(word, f"{times:,}")
    if outcome.counts:
        console.print(f"The {table.row_count} most frequent words:", highlight=False)
        console.print(table)
    else:
        console.print("The text has no words.", highlight=False)
    for letter in outcome.dead_letters:
        console.print(f"One line was poison: {letter.target} {letter.reason.value} on it.", highlight=False)
        if isinstance(letter.error, CallError) and letter.error.guest_traceback:
            told = textwrap.indent(letter.error.guest_traceback.rstrip(), "  ")
            console.print(told, highlight=False, markup=False, soft_wrap=True)
    console.print(
        f"Restarts by the supervisor: {outcome.restarts}; dead letters: {len(outcome.dead_letters)}. Of {outcome.sent:,} "
        f"lines with words the counter confirmed {outcome.confirmed:,}; the counts in storage survived.",
        highlight=False,
    )
    rate = outcome.messages / outcome.seconds
    console.print(
        f"{outcome.messages:,} messages in {outcome.seconds:.2f} s: {rate:,.0f} a second", highlight=False
    )


def run(arguments: list[str], console: Console) -> None:
    """Read, build, count, tell.

    Raises:
        AirssysError: any of it failed.
    """
    began = time.perf_counter()
    lines = with_poison(read_lines(arguments))
    results: list[BuildResult] = [build(project, reporter=Steps(console)) for project in projects()]
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("counting", total=len(lines))
        outcome = asyncio.run(count(lines, advance=lambda more: progress.advance(task, more)))
    show(outcome, console)
    built, compiled = sum(r.built for r in results), sum(r.compiled for r in results)
    console.print(
        f"{time.perf_counter() - began:.1f} s in all; guests built: {built}, compiled: {compiled}",
        highlight=False,
    )


def main() -> int:
    """Run the example on the file named on the command line, and give the exit code."""
    logging.getLogger("airssys.runtime").setLevel(logging.CRITICAL)  # the story tells of the crash
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # words may hold what the terminal cannot show
    try:
        run(sys.argv[1:], Console())
    except AirssysError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
