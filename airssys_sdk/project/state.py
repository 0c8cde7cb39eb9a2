"""What a finished build remembers: enough to see in milliseconds that nothing changed since."""

from __future__ import annotations

import contextlib
import importlib.metadata
import importlib.util
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

from .. import guest
from ..errors import ToolMissingError
from ..resources import data_folder
from .inputs import Tree, digest_of, source_trees, tree, wit_tree
from .model import Project

_FORMAT = "1"
"""Raised when the build itself changes what it makes of the same inputs."""

_TOOLS = ("componentize-py", "airssys-sdk")


def guest_tree() -> Tree:
    """The SDK's own modules for guests, which every guest may import as `airssys_sdk.guest`."""
    folder = Path(guest.__file__).parent
    files = tree(folder, "airssys_sdk/guest").files
    # Without the rest of the package around it: for the guest `airssys_sdk` is a namespace with this one member.
    return Tree(folder.parent.parent, ".", tuple(Path("airssys_sdk", "guest", file) for file in files))


def inputs_key(
    project: Project, wit: Tree, path: Iterable[Tree], entry: str, extra: Iterable[str] = ()
) -> str:
    """The key of everything that decides what the component will be. The project's place is no part of it."""
    build = project.manifest.build
    parts = [
        ("format", _FORMAT),
        ("world", project.manifest.component.world),
        ("app", project.app),
        ("wasi", build.wasi),
        ("features", ",".join(build.features)),
        ("entry", entry),
        ("wit", wit.digest()),
    ]
    parts += [(f"tool {name}", tool_version(name)) for name in _TOOLS]
    parts += [(f"path {one.shown}", one.digest()) for one in path]
    parts += [("extra", one) for one in extra]
    return digest_of(parts)


def project_state(project: Project, entry: str) -> str:
    """The key of a project as it stands: its inputs, what is generated from them, and the code that generates.

    Raises:
        BuildError: a folder of the project is missing or cannot be read.
    """
    generated = tree(project.bindings, "bindings").digest() if project.bindings.is_dir() else ""
    names = project.names.read_bytes().hex() if project.names.is_file() else ""
    path = (*source_trees(project), guest_tree())
    return inputs_key(
        project, wit_tree(project), path, entry, (generated, names, project.name, _generator_stamp())
    )


def is_current(project: Project, state: str) -> bool:
    """Whether the component in `dist` is the one that the last build made from exactly this state."""
    note = _note(project)
    return note is not None and note["state"] == state


def digest(project: Project) -> str:
    """The SHA-256 of the component in `dist`, in hex, as the last build noted it; empty if that is not known."""
    note = _note(project)
    return "" if note is None else note["digest"]


def remember(project: Project, state: str, digest: str) -> None:
    """Note that the component in `dist` was made from this state, and its digest.

    Raises:
        OSError: the note cannot be written.
    """
    status = project.wasm.stat()
    note = {"state": state, "digest": digest, "size": status.st_size, "changed": status.st_mtime_ns}
    half = _file(project).with_suffix(f".{os.getpid()}")
    try:
        half.write_text(json.dumps(note), "utf-8")
        half.replace(_file(project))
    finally:
        with contextlib.suppress(FileNotFoundError):
            half.unlink()


def tool_version(name: str) -> str:
    """The version of an installed distribution.

    Raises:
        ToolMissingError: it is not installed.
    """
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        raise ToolMissingError(
            f"{name}, which a build needs, is not installed", hint=f"pip install {name}"
        ) from None


def _note(project: Project) -> dict[str, Any] | None:
    """What the last build noted; None if it is not there, not whole, or about another component than the one in `dist`."""
    try:
        note: dict[str, Any] | object = json.loads(_file(project).read_text("utf-8"))
        status = project.wasm.stat()
    except (OSError, ValueError):
        return None
    if not isinstance(note, dict):
        return None
    found = cast("dict[str, Any]", note)
    if set(found) != {"state", "digest", "size", "changed"}:
        return None
    return found if (found["size"], found["changed"]) == (status.st_size, status.st_mtime_ns) else None


def _file(project: Project) -> Path:
    return project.dist / f".{project.name}.json"


def _generator_stamp() -> str:
    """Changes when the generator's code or templates do, also between two releases; sizes and times are enough here."""
    spec = importlib.util.find_spec("airssys_generator")
    folders = [data_folder("templates"), *map(Path, (spec.submodule_search_locations or ()) if spec else ())]
    files = sorted(file for folder in folders for file in folder.rglob("*") if file.suffix in {".py", ".j2"})
    return digest_of((file.name, f"{file.stat().st_size} {file.stat().st_mtime_ns}") for file in files)
