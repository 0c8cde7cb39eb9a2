"""What one call of the command shares: whether to colour, whether to debug, where text goes."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import sys
from typing import IO, Any

import click

from airssys_sdk.cli.text import safe


@dataclasses.dataclass(slots=True)
class Session:
    """The options that every command has, and its two streams.

    Args:
        debug: show Python tracebacks with errors.
        color: True or False when the user asked for it; None decides by stream and environment.
    """

    debug: bool = False
    color: bool | None = None

    def colored(self, stream: IO[Any]) -> bool:
        """Whether text for a stream may carry colours: as asked for, else on a terminal unless NO_COLOR is set."""
        if self.color is not None:
            return self.color
        return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"

    def out(self, text: str, *, end: str = "\n") -> None:
        """Write a result, made safe, to standard output."""
        click.echo(f"{safe(text)}{end}", nl=False, color=False)

    def styled(self, parts: list[tuple[str, str | None]], *, err: bool = False, end: str = "\n") -> None:
        """Write pieces of text, each made safe and in its colour (None: plain)."""
        stream = sys.stderr if err else sys.stdout
        colored = self.colored(stream)
        written = "".join(
            click.style(safe(text), fg=color, bold=True) if color and colored else safe(text)
            for text, color in parts
        )
        click.echo(f"{written}{end}", nl=False, err=err, color=colored)

    def note(self, text: str) -> None:
        """Write a remark, made safe, to standard error."""
        click.echo(safe(text), err=True, color=False)

    def raw(self, data: bytes) -> None:
        """Write bytes as they are, and a line feed; on a terminal, made safe first."""
        if sys.stdout.isatty():
            self.out(data.decode(errors="backslashreplace"))
            return
        sys.stdout.flush()
        sys.stdout.buffer.write(data + b"\n")
        sys.stdout.buffer.flush()

    def json(self, value: object, *, indent: int | None = 2) -> None:
        """Write a value as JSON to standard output; `indent=None` keeps it on one line."""
        # ASCII only: JSON's own escapes keep control characters and every terminal encoding out of the way.
        click.echo(json.dumps(value, indent=indent, ensure_ascii=True), color=False)


def session() -> Session:
    """The session of the command that runs."""
    return click.get_current_context().ensure_object(Session)


def open_streams() -> None:
    """Give the process the standard streams that its caller has closed: what is written to them goes nowhere."""
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115, PTH123  (open as long as the process)
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123


def tolerate_any_text() -> None:
    """Let the standard streams escape what their encoding cannot hold, instead of failing half-way."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError):
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # a test's stream may lack it
