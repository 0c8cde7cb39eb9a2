"""The command as a process, for the tests of this folder."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclasses.dataclass(frozen=True, slots=True)
class Result:
    """What one run of the command left behind."""

    code: int
    out: str
    err: str


class Command:
    """`airssys-sdk` as a process of its own, with caches that belong to the test run."""

    def __init__(self, cache: Path) -> None:
        self.cache = cache

    def environment(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if name not in {"NO_COLOR", "FORCE_COLOR", "COLUMNS"} and not name.startswith("PYTEST")
        }
        return {**kept, "XDG_CACHE_HOME": str(self.cache), "TERM": "xterm", **(extra or {})}

    def start(
        self,
        arguments: Sequence[str | Path],
        *,
        folder: Path | None = None,
        env: Mapping[str, str] | None = None,
        pipe_input: bool = False,
        terminal: int | None = None,
    ) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "airssys_sdk.cli", *map(str, arguments)],
            cwd=folder or ROOT,
            env=self.environment(env),
            stdin=subprocess.PIPE if pipe_input else subprocess.DEVNULL if terminal is None else terminal,
            stdout=subprocess.PIPE if terminal is None else terminal,
            stderr=subprocess.PIPE if terminal is None else terminal,
            text=True,
            encoding="utf-8",
            start_new_session=True,
        )

    def __call__(
        self,
        *arguments: str | Path,
        folder: Path | None = None,
        env: Mapping[str, str] | None = None,
        given: str | None = None,
    ) -> Result:
        with self.start(arguments, folder=folder, env=env, pipe_input=given is not None) as process:
            out, err = process.communicate(given)
        if "--debug" not in arguments and re.search(
            r'File "/[^"\n]*/airssys_sdk/|Exception in callback', err
        ):
            raise AssertionError(f"a traceback of ours, which nobody asked for:\n{err}")
        return Result(process.returncode, out, err)


def read_terminal(descriptor: int) -> str:
    """Everything that is written to a terminal until nobody has it open any more."""
    parts: list[bytes] = []
    with open(descriptor, "rb", buffering=0) as terminal, contextlib.suppress(OSError):
        while part := terminal.read(65536):
            parts.append(part)
    return b"".join(parts).decode()


def tree(folder: Path) -> dict[str, bytes | None]:
    """Everything below a folder, links not followed: the content of files, None for folders, for links where they lead."""
    return {
        path.relative_to(folder).as_posix(): os.fsencode(path.readlink())
        if path.is_symlink()
        else None
        if path.is_dir()
        else path.read_bytes()
        for path in folder.rglob("*")
    }
