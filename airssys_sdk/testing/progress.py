"""Tells whoever waits for the tests that a component is being built."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ..project import Stage


class Progress:
    """A `Reporter` that writes a line to pytest's terminal when componentize-py is about to run."""

    def __init__(self, config: pytest.Config) -> None:
        plugins = config.pluginmanager
        self._terminal: pytest.TerminalReporter | None = plugins.get_plugin("terminalreporter")
        self._capture = plugins.get_plugin("capturemanager")

    def stage(self, name: Stage, detail: str) -> None:
        """Remember what a stage works on."""

    def done(self, name: Stage, *, fresh: bool, seconds: float) -> None:
        """Say what a build took."""
        if name == "build" and not fresh and self._terminal is not None and self._capture is not None:
            with self._capture.global_and_fixture_disabled():
                self._terminal.write_line(f"airssys-sdk: built the component in {seconds:.1f} s")
