"""Paths for the heads of generated files: the same on every machine, in every locale, however they were spelled."""

from __future__ import annotations

import os
from pathlib import Path


def portable(path: Path, base: Path) -> str:
    """A path for the head of a generated file, seen from a folder: the same however it was spelled, wherever both lie.

    What has nothing but the root in common with that folder lies elsewhere on every machine, and keeps only its name.
    """
    place = located(path)
    try:
        if Path(os.path.commonpath((place, base))) != Path(place.anchor):
            return Path(text_of(os.path.relpath(place, base))).as_posix()
    except ValueError:  # another drive
        pass
    return text_of(place.name) or "."


def located(path: Path) -> Path:
    """Where a path leads, absolute and without links; the name of a last link stays, as it is what was asked for."""
    if path.name in ("", ".."):
        return Path(os.path.realpath(path))
    return Path(os.path.realpath(path.parent), path.name)


def text_of(path: str) -> str:
    """A path as text: names of files are UTF-8, whatever the locale of this process takes them for."""
    try:
        return os.fsencode(path).decode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # it comes from a file, not from the system, and is text already
        return path
