"""Where the nodes of this user can be spoken to: a folder of Unix domain sockets that nobody else can enter.

A socket appears under its name only when somebody listens at it, so one that refuses is left over from a node that was
killed, and is removed by whoever finds it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import re
import socket
import stat
import tempfile
from pathlib import Path
from typing import Final

from ...component.engine.cache import cache_folder
from ...errors import AirssysError, UsageError

_SUFFIX: Final = ".sock"
_NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
_FILE: Final = re.compile(rf"({_NAME.pattern})\.([0-9]{{1,10}}){re.escape(_SUFFIX)}")
_LONGEST_FOLDER: Final = 46
"""Bytes. The path of a socket may have 103 on some systems, and 57 are for its name."""
_PATIENCE: Final = 1.0


class ControlUnavailable(AirssysError):
    """Nodes cannot be spoken to here."""


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """Where a node listens.

    Attributes:
        name: what the node is called; several may be called the same.
        process: the id of its process.
        path: the socket.
    """

    name: str
    process: int
    path: Path

    def __str__(self) -> str:
        return f"{self.name} (process {self.process})"


def folder() -> Path:
    """The folder of this user's sockets.

    It is below `XDG_RUNTIME_DIR`, or else in the cache folder or, where these have long paths, among temporary files.

    Raises:
        ControlUnavailable: this system has no Unix domain sockets.
    """
    if not hasattr(socket, "AF_UNIX") or not hasattr(os, "geteuid"):
        raise ControlUnavailable("a node listens at a Unix domain socket, and Python has none on this system")
    candidates: list[Path] = []
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    if runtime.startswith("/") and Path(runtime).is_dir():
        candidates.append(Path(runtime) / "airssys-sdk")
    with contextlib.suppress(RuntimeError):
        candidates.append(cache_folder() / "nodes")
    fitting = [one for one in candidates if len(os.fsencode(one)) <= _LONGEST_FOLDER]
    return fitting[0] if fitting else Path(tempfile.gettempdir()) / f"airssys-sdk-{os.geteuid()}"


def bind(name: str) -> tuple[socket.socket, Place]:
    """Make this process's socket and listen at it.

    Args:
        name: what the node is called: lowercase letters, digits and hyphens, at most 40.

    Raises:
        ControlUnavailable: the system has no such sockets, or the folder cannot be made or is open to others.
        UsageError: the name is none.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} cannot name a node", hint="use lowercase letters, digits and hyphens, 40 at most"
        )
    place = Place(name, os.getpid(), _closed(folder()) / f"{name}.{os.getpid()}{_SUFFIX}")
    unfinished = place.path.with_suffix(".new")
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with contextlib.suppress(FileNotFoundError):
            unfinished.unlink()
        listening.bind(os.fspath(unfinished))
        unfinished.chmod(0o600)
        listening.listen(16)
        listening.setblocking(False)
        unfinished.replace(place.path)
    except OSError as error:
        listening.close()
        with contextlib.suppress(OSError):
            unfinished.unlink()
        raise ControlUnavailable(
            f"the node cannot listen: {error.strerror or error}", where=str(place.path)
        ) from error
    return listening, place


def places() -> list[Place]:
    """The nodes of this user that listen, by name and process; what is left over from others is removed.

    Raises:
        ControlUnavailable: the system has no such sockets, or the folder is not closed to others.
    """
    where = folder()
    if not where.exists():
        return []
    found: list[Place] = []
    for path in sorted(_closed(where).iterdir()):
        match = _FILE.fullmatch(path.name)
        if match is None:
            continue
        if _refuses(path):
            with contextlib.suppress(OSError):
                path.unlink()
        else:
            found.append(Place(match[1], int(match[2]), path))
    return found


def find(wanted: str | None) -> Place:
    """The node that is meant: by its name or the id of its process; without any, the only one.

    Raises:
        UsageError: none or several fit.
        ControlUnavailable: as `places`.
    """
    every = places()
    fitting = [one for one in every if wanted is None or wanted in (one.name, str(one.process))]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise UsageError(
            f"{len(fitting)} nodes run here"
            if wanted is None
            else f"{len(fitting)} nodes are called {wanted}",
            hint=f"name one by its process: {', '.join(map(str, fitting))}",
        )
    if every:
        raise UsageError(f"no node {wanted!r} runs here", hint=f"these do: {', '.join(map(str, every))}")
    raise UsageError("no node of yours runs here", hint="start one with: airssys-sdk run")


def _closed(where: Path) -> Path:
    """The folder, made when it is missing; only if it is the user's own and nobody else can enter it."""
    try:
        where.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = where.lstat()
    except OSError as error:
        raise ControlUnavailable(
            f"the folder of sockets cannot be made: {error.strerror or error}", where=str(where)
        ) from error
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
        raise ControlUnavailable(
            "the folder of sockets must be yours and closed to others",
            where=str(where),
            hint="remove it, or close it with: chmod 700",
        )
    return where


def _refuses(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as trying:
        trying.settimeout(_PATIENCE)
        try:
            trying.connect(os.fspath(path))
        except ConnectionRefusedError:
            return True
        except OSError:  # it is gone, or so many wait there that it is alive
            return not path.exists()
    return False
