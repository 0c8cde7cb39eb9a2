"""Nodes that `run` starts in processes of their own, for tests that speak to them."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import threading
from collections.abc import Generator
from pathlib import Path
from queue import Empty, Queue

from cli_process import Command


class Running:
    """A node in a process, whose standard error is read as it comes."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: Queue[str] = Queue()
        self.said: list[str] = []
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        for line in self.process.stderr or ():
            self.lines.put(line)

    def until(self, text: str, seconds: float = 300) -> str:
        """Wait for a line with this text."""
        while True:
            try:
                line = self.lines.get(timeout=seconds)
            except Empty:
                raise AssertionError(f"{text!r} was not said, but:\n{''.join(self.said)}") from None
            self.said.append(line)
            if text in line:
                return line


@contextlib.contextmanager
def running(sdk: Command, *arguments: str | Path) -> Generator[Running, None, None]:
    with sdk.start(["run", *arguments, "--in-memory"]) as process:
        node = Running(process)
        node.until("running; Ctrl-C stops")
        try:
            yield node
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)
            node.reader.join(60)  # to the end of what was said, before the pipe is closed
