"""A program of the same Python in the foreground, with Ctrl-C left to it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path


def run_in_foreground(arguments: Sequence[str], *, folder: Path, color: bool | None) -> int:
    """Run this Python with some arguments in a folder, its streams being ours, and give its exit code.

    Ctrl-C reaches the whole group of processes: the program ends in its own way, then the interrupt is ours.

    Args:
        arguments: what follows the interpreter.
        folder: the working directory.
        color: what the user asked for, passed on in the environment.
    """
    environment = dict(os.environ)
    if color is not None:
        environment.pop("NO_COLOR", None)
        environment.pop("FORCE_COLOR", None)
        environment["FORCE_COLOR" if color else "NO_COLOR"] = "1"
    with subprocess.Popen([sys.executable, *arguments], cwd=folder, env=environment) as program:
        try:
            return program.wait()
        except KeyboardInterrupt:
            program.wait()
            raise
        except BaseException:
            program.terminate()
            raise
