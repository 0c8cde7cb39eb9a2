"""A child process that ends when its parent is interrupted: own process group, killed and waited for."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path


def run_child(
    command: Sequence[str | Path], *, environment: Mapping[str, str], folder: Path
) -> tuple[int, str]:
    """Run a command to its end and give its exit code and everything it wrote.

    The child gets a process group of its own, so a Ctrl-C in the terminal reaches only this process; whatever
    interrupts the wait (KeyboardInterrupt, SystemExit) ends the whole group first.

    Raises:
        OSError: the command cannot be started.
    """
    windows = sys.platform == "win32"
    child: subprocess.Popen[bytes] | None = None
    try:
        with _held_back():
            child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                cwd=folder,
                env=dict(environment),
                start_new_session=not windows,
                creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0) if windows else 0,
            )
        output, _ = child.communicate()
        return child.returncode, output.decode("utf-8", "replace")
    finally:
        if child is not None:
            if child.poll() is None:
                _kill(child)
            if child.stdout is not None:
                child.stdout.close()


@contextlib.contextmanager
def _held_back() -> Generator[None, None, None]:
    """Let signals wait until the child that is being started is known: else it would run on with nobody to end it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    caught: list[int] = []
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in before:
        signal.signal(number, lambda number, _: caught.append(number))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
    for late in caught:
        signal.raise_signal(late)


def _kill(child: subprocess.Popen[bytes]) -> None:
    try:
        if sys.platform == "win32":
            child.kill()
        else:
            os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass  # it ended by itself in between
    child.wait()
