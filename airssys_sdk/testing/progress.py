"""Tells whoever waits for the tests what takes its time: building components, and compiling them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ..component.engine.cache import CompileEvent
    from ..project import Stage


class Progress:
    """A `Reporter` that writes a line to pytest's terminal for what was built, and lines for what is compiled."""

    def __init__(self, config: pytest.Config) -> None:
        plugins = config.pluginmanager
        self._terminal: pytest.TerminalReporter | None = plugins.get_plugin("terminalreporter")
        self._capture = plugins.get_plugin("capturemanager")
        self._detail = ""

    def stage(self, name: Stage, detail: str) -> None:
        """Remember what a stage works on."""
        self._detail = detail

    def done(self, name: Stage, *, fresh: bool, seconds: float) -> None:
        """Say what a build took."""
        if name == "build" and not fresh:
            self._say(f"built {self._detail} in {seconds:.1f} s")

    def compiling(self, event: CompileEvent) -> None:
        """Say that a component is being compiled, and what that took; from any thread that the tests wait for."""
        if event.kind == "compiled":
            self._say(f"compiled it in {event.seconds:.1f} s")
        else:
            whom = "" if event.kind == "compiling" else ", which another process does already"
            self._say(f"compiling a component of {event.size / 1e6:.1f} MB for this machine{whom} ...")

    def _say(self, text: str) -> None:
        if self._terminal is not None and self._capture is not None:
            with self._capture.global_and_fixture_disabled():
                self._terminal.write_line(f"airssys-sdk: {text}")
