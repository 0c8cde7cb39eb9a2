"""Progress on standard error: a spinner with times on a terminal, plain lines in a pipe."""

from __future__ import annotations

import contextlib
import sys
from collections import Counter
from types import TracebackType
from typing import TYPE_CHECKING, Self

from airssys_sdk.cli.merged import tell_merged
from airssys_sdk.cli.session import Session
from airssys_sdk.cli.text import safe_line

if TYPE_CHECKING:
    from rich.progress import Progress as Display

    from airssys_sdk.component.engine.cache import CompileEvent, OnCompile
    from airssys_sdk.project import BuildResult, Project, Stage


class Progress:
    """The `Reporter` of the command; use it in a `with` block.

    It counts how often each stage had something to do: `worked["build"]`, `worked["compile"]`.

    Args:
        session: where to write, and in which colours.
        quiet: count only.
        brief: on a terminal, leave no line behind for what was up to date.
    """

    def __init__(self, session: Session, *, quiet: bool = False, brief: bool = False) -> None:
        self.worked: Counter[str] = Counter()
        self._session = session
        self._quiet = quiet
        self._brief = brief
        self._open_line = False
        self._live = sys.stderr.isatty()
        self._display: Display | None = None
        self._detail = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, place: TracebackType | None
    ) -> None:
        self._stop()

    def stage(self, name: Stage, detail: str) -> None:
        """Show that a stage runs."""
        self._stop()
        self._detail = safe_line(detail)
        if self._quiet:
            return
        if self._live:
            self._start(f"{name}  {self._detail}")
        else:
            self._open_line = True
            self._session.styled([(f"{name}: {self._detail} ... ", None)], err=True, end="")

    def done(self, name: Stage, *, fresh: bool, seconds: float) -> None:
        """Show that a stage ended, and how long it took."""
        if not fresh:
            self.worked[name] += 1
        took = "up to date" if fresh else f"{seconds:.1f} s"
        if self._open_line:
            self._open_line = False
            self._session.note(took)
        self._stop()
        if self._quiet or not self._live or (fresh and self._brief):
            return
        mark, color = ("· ", None) if fresh else ("✓ ", "green")
        self._session.styled([(mark, color), (f"{name:<9} {self._detail}  ", None), (took, "blue")], err=True)

    def compiling(self, detail: str) -> OnCompile:
        """Tell the compiling of a component as the stage `compile`; a component that is compiled already is no news."""

        def told(event: CompileEvent) -> None:
            if event.kind == "compiled":
                self.done("compile", fresh=False, seconds=event.seconds)
            else:
                self.stage(
                    "compile",
                    detail if event.kind == "compiling" else f"{detail} (another process compiles it)",
                )

        return told

    def changed(self, project: Project, result: BuildResult) -> None:
        """Say what a build did to the author's own module, which it does when the WIT has changed."""
        if not self._quiet:
            tell_merged(self._session, project.shown(project.app_file), result.merged, err=True)

    def _start(self, text: str) -> None:
        from rich.console import Console
        from rich.markup import escape
        from rich.progress import Progress as Display
        from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

        console = Console(stderr=True, no_color=not self._session.colored(sys.stderr), highlight=False)
        columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        self._display = Display(*columns, console=console, transient=True)
        self._display.add_task(escape(text), total=None)
        self._display.start()

    def _stop(self) -> None:
        if self._open_line:
            self._open_line = False
            self._session.note("")
        display, self._display = self._display, None
        if display is not None:
            with contextlib.suppress(BrokenPipeError):
                display.stop()
