"""Reading Component.toml: every mistake is found and explained where it stands."""

from __future__ import annotations

import math
import re
import stat
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

from pydantic import ValidationError

from airssys_sdk.manifest.errors import ManifestError, Problem
from airssys_sdk.manifest.explaining import Location, explain, place
from airssys_sdk.manifest.model import FROM_FILE, Manifest

MANIFEST_NAME = "Component.toml"
MOST_BYTES = 1024 * 1024
"""Bytes of a manifest."""


def load_manifest(path: Path) -> Manifest:
    """Read a manifest.

    Args:
        path: the file, or the folder that holds a `Component.toml`.

    Raises:
        ManifestError: the file cannot be read, is no TOML, or breaks the schema.
    """
    file = path / MANIFEST_NAME if is_folder(path) else path
    return parse_manifest(read_text(file, "`airssys-sdk new NAME` makes a project with one"), str(file))


def parse_manifest(text: str, where: str = MANIFEST_NAME) -> Manifest:
    """Read a manifest's text.

    Args:
        text: TOML.
        where: how errors name the text.

    Raises:
        ManifestError: it is no TOML, or breaks the schema; `problems` holds every mistake.
    """
    data = read_toml(text, where)
    problems: list[Problem] = []
    manifest: Manifest | None = None
    try:
        manifest = Manifest.model_validate(data, context=FROM_FILE)
    except ValidationError as error:
        problems += explain(error, Manifest, text, data)
    problems += [place(text, ("config", *path), message) for path, message in _not_json(data.get("config"))]
    if manifest is None or problems:
        raise ManifestError(where, tuple(problems), tuple(text.splitlines()))
    return manifest


def find_manifest(start: Path) -> Path | None:
    """The `Component.toml` of a folder (or of a file's folder) or of the nearest folder above it."""
    folder = start.absolute()
    return next(
        (file for above in (folder, *folder.parents) if (file := above / MANIFEST_NAME).is_file()),
        None,
    )


def is_folder(path: Path) -> bool:
    """Whether it is one; what the system does not even look at, such as a path of thousands of characters, is none."""
    try:
        return path.is_dir()
    except OSError:
        return False


def read_text(file: Path, hint: str) -> str:
    """The text of a manifest, without the mark of its encoding that some editors write first.

    Args:
        file: where it is.
        hint: what to do when it is not there.

    Raises:
        ManifestError: it cannot be read, is no file (but a device or a pipe, which may have no end), or is too large.
    """
    try:
        mode = file.stat().st_mode
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
            raise ManifestError(str(file), (Problem("", "is no file but a device or a pipe"),))
        with file.open("rb") as opened:
            data = opened.read(MOST_BYTES + 1)
        if len(data) > MOST_BYTES:
            raise ManifestError(str(file), (Problem("", f"has more than {MOST_BYTES} bytes"),))
        return data.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise ManifestError(str(file), (Problem("", f"is not UTF-8 text (byte {error.start})"),)) from None
    except FileNotFoundError:
        raise ManifestError(str(file), (Problem("", "there is no such file", hint=hint),)) from None
    except OSError as error:
        raise ManifestError(str(file), (Problem("", f"cannot be read: {error.strerror}"),)) from error


def read_toml(text: str, where: str) -> dict[str, Any]:
    """What a TOML text says.

    Raises:
        ManifestError: it is no TOML.
    """
    lines = tuple(text.splitlines())
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ManifestError(where, (_syntax(str(error), lines),), lines) from None
    except (RecursionError, ValueError) as error:  # values that nest too deep, numbers of thousands of digits
        reason = "it nests too deep" if isinstance(error, RecursionError) else str(error)
        raise ManifestError(where, (Problem("", f"cannot be read as TOML: {reason}"),), lines) from None


def _syntax(message: str, lines: Sequence[str]) -> Problem:
    if match := re.fullmatch(r"(.*) \(at line (\d+), column (\d+)\)", message):
        return Problem("", f"not TOML: {match[1]}", int(match[2]), int(match[3]))
    # The parser says "at end of document" where the text stops too early.
    message = re.sub(r" \(at end of document\)$", " at the end of the file", message)
    return Problem("", f"not TOML: {message}", max(len(lines), 1), len(lines[-1]) + 1 if lines else 1)


def _not_json(value: object, path: Location = ()) -> Iterator[tuple[Location, str]]:
    """Values of [config] that JSON cannot hold: TOML's dates and times, and infinite numbers."""
    if isinstance(value, dict):
        for key, element in cast("dict[str, object]", value).items():
            yield from _not_json(element, (*path, key))
    elif isinstance(value, list):
        for index, element in enumerate(cast("list[object]", value)):
            yield from _not_json(element, (*path, index))
    elif isinstance(value, float) and not math.isfinite(value):
        yield path, f"{value} cannot be written as JSON, which is how the component gets it"
    elif not isinstance(value, str | int | float | None):
        kind = type(value).__name__
        yield path, f"a {kind} cannot be written as JSON, which is how the component gets it; write a text"
