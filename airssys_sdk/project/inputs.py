"""What goes into a build: the files, their digest, and a copy of them that the build may spoil.

componentize-py opens the folders of the guest's path for writing while the author's module runs, so it never sees
the real ones.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Self

from ..errors import BuildError
from .model import Project

SKIPPED_FOLDERS = frozenset(
    {"__pycache__", ".git", ".hg", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".venv"}
)
SKIPPED_SUFFIXES = frozenset({".pyc", ".pyo"})


@dataclasses.dataclass(frozen=True, slots=True)
class Tree:
    """A folder that goes into the build.

    Attributes:
        root: where it stands.
        shown: how its author names it.
        files: the files in it, relative to the root, sorted.
        is_folder: False when the author named a single file: then `files` is that one.
    """

    root: Path
    shown: str
    files: tuple[Path, ...]
    is_folder: bool = True

    def digest(self) -> str:
        """A digest of the names and contents of all files."""
        whole = hashlib.sha256()
        for file in self.files:
            content = hashlib.sha256((self.root / file).read_bytes()).hexdigest()
            whole.update(f"{file.as_posix()}\0{content}\n".encode("utf-8", "surrogateescape"))
        return whole.hexdigest()

    def copied(self, target: Path) -> Self:
        """The same files below `target`, which must not exist."""
        target.mkdir(parents=True)
        for file in self.files:
            copied = target / file
            copied.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self.root / file, copied)
        return dataclasses.replace(self, root=target)


def source_trees(project: Project) -> tuple[Tree, ...]:
    """The source folders, then the dependencies, in the order of the guest's path.

    Raises:
        BuildError: a folder is missing or cannot be read.
    """
    return (
        *(_declared(project, path, "source", at) for at, path in enumerate(project.sources)),
        *(_declared(project, path, "dependencies", at) for at, path in enumerate(project.dependencies)),
    )


def wit_tree(project: Project) -> Tree:
    """The WIT of the world: a folder with its `deps`, or one file.

    Raises:
        BuildError: it is missing or cannot be read.
    """
    if project.wit.is_file():
        return Tree(
            project.wit.parent, project.shown(project.wit), (Path(project.wit.name),), is_folder=False
        )
    return _declared(project, project.wit, "wit", None)


def tree(root: Path, shown: str) -> Tree:
    """A folder with all its files, less caches and compiled modules.

    Raises:
        BuildError: it cannot be read.
    """
    try:
        return Tree(root, shown, tuple(sorted(_files(root, Path(), frozenset()))))
    except OSError as error:
        raise BuildError(
            f"cannot be read: {error.strerror or error}", where=str(error.filename or shown)
        ) from error


def inside_tree() -> Tree:
    """The modules of the SDK that run inside the guest while it is built."""
    folder = Path(__file__).with_name("inside")
    return tree(folder, folder.name)


def digest_of(parts: Iterable[tuple[str, str]]) -> str:
    """One digest of named parts."""
    whole = hashlib.sha256()
    for name, value in parts:
        whole.update(f"{name}\0{value}\0".encode("utf-8", "surrogateescape"))
    return whole.hexdigest()


def _declared(project: Project, path: Path, key: str, at: int | None) -> Tree:
    if not path.is_dir():
        place = f"build.{key}" if at is None else f"build.{key}[{at}]"
        what = "is not a folder" if path.exists() else "does not exist"
        raise BuildError(
            f"{place}: the folder {project.shown(path)!r} {what}",
            where=project.shown(project.manifest_file),
            hint=f"make the folder, or correct build.{key} in Component.toml",
        )
    return tree(path, project.shown(path))


def _files(root: Path, below: Path, above: frozenset[str]) -> Iterator[Path]:
    """Files below a folder; a link back to a folder above ends there instead of going round."""
    real = os.path.realpath(root / below)
    if real in above:
        return
    with os.scandir(root / below) as entries:
        for entry in entries:
            if entry.is_dir():
                if entry.name not in SKIPPED_FOLDERS:
                    yield from _files(root, below / entry.name, above | {real})
            elif entry.is_file() and Path(entry.name).suffix not in SKIPPED_SUFFIXES:
                yield below / entry.name
