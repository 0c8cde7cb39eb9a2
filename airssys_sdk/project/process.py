"""A child process that ends when its parent is interrupted: own process group, killed and waited for."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
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
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=folder,
        env=dict(environment),
        start_new_session=not windows,
        creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0) if windows else 0,
    ) as child:
        try:
            output, _ = child.communicate()
        finally:
            if child.poll() is None:
                _kill(child)
    return child.returncode, output.decode("utf-8", "replace")


def _kill(child: subprocess.Popen[bytes]) -> None:
    try:
        if sys.platform == "win32":
            child.kill()
        else:
            os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass  # it ended by itself in between
    child.wait()
