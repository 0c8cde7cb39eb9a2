"""Reading Component.toml: every mistake is found and explained where it stands."""

from __future__ import annotations

import difflib
import json
import math
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from airssys_sdk.manifest.errors import ManifestError, Problem
from airssys_sdk.manifest.locate import locate
from airssys_sdk.manifest.model import EXPLAINED, FROM_FILE, Manifest

MANIFEST_NAME = "Component.toml"

Location = tuple[str | int, ...]


def load_manifest(path: Path) -> Manifest:
    """Read a manifest.

    Args:
        path: the file, or the folder that holds a `Component.toml`.

    Raises:
        ManifestError: the file cannot be read, is no TOML, or breaks the schema.
    """
    file = path / MANIFEST_NAME if path.is_dir() else path
    try:
        text = file.read_bytes().decode()
    except UnicodeDecodeError as error:
        raise ManifestError(str(file), (Problem("", f"is not UTF-8 text (byte {error.start})"),)) from None
    except FileNotFoundError:
        problem = Problem("", "there is no such file", hint="`airssys-sdk new NAME` makes a project with one")
        raise ManifestError(str(file), (problem,)) from None
    except OSError as error:
        raise ManifestError(str(file), (Problem("", f"cannot be read: {error.strerror}"),)) from error
    return parse_manifest(text, str(file))


def parse_manifest(text: str, where: str = MANIFEST_NAME) -> Manifest:
    """Read a manifest's text.

    Args:
        text: TOML.
        where: how errors name the text.

    Raises:
        ManifestError: it is no TOML, or breaks the schema; `problems` holds every mistake.
    """
    lines = tuple(text.splitlines())
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ManifestError(where, (_syntax(str(error), lines),), lines) from None
    except (RecursionError, ValueError) as error:  # values that nest too deep, numbers of thousands of digits
        reason = "it nests too deep" if isinstance(error, RecursionError) else str(error)
        raise ManifestError(where, (Problem("", f"cannot be read as TOML: {reason}"),), lines) from None
    problems: list[Problem] = []
    manifest: Manifest | None = None
    try:
        manifest = Manifest.model_validate(data, context=FROM_FILE)
    except ValidationError as error:
        problems += [_explain(details, text, data) for details in error.errors(include_url=False)]
    problems += [_place(text, ("config", *path), message) for path, message in _not_json(data.get("config"))]
    if manifest is None or problems:
        raise ManifestError(where, tuple(problems), lines)
    return manifest


def find_manifest(start: Path) -> Path | None:
    """The `Component.toml` of a folder (or of a file's folder) or of the nearest folder above it."""
    folder = start.absolute()
    return next(
        (file for above in (folder, *folder.parents) if (file := above / MANIFEST_NAME).is_file()),
        None,
    )


def _syntax(message: str, lines: Sequence[str]) -> Problem:
    if match := re.fullmatch(r"(.*) \(at line (\d+), column (\d+)\)", message):
        return Problem("", f"not TOML: {match[1]}", int(match[2]), int(match[3]))
    # The parser says "at end of document" where the text stops too early.
    message = re.sub(r" \(at end of document\)$", " at the end of the file", message)
    return Problem("", f"not TOML: {message}", max(len(lines), 1), len(lines[-1]) + 1 if lines else 1)


def _explain(details: ErrorDetails, text: str, data: Mapping[str, Any]) -> Problem:
    location = details["loc"]
    if details["type"] == "extra_forbidden":
        return _place(text, location, "unknown key", _nearest(location))
    if details["type"] == "missing":
        expected = _expected(location)
        return _place(text, location, "is missing" + (f"; expected {expected}" if expected else ""))
    if details["type"] == EXPLAINED:
        return _place(text, location, details["msg"])
    got = show(_written(data, location, details["input"]))
    return _place(text, location, f"expected {_expected(location) or 'another value'}, got {got}")


def _written(data: Mapping[str, Any], location: Location, otherwise: object) -> object:
    """The value as the author wrote it, where a validator has seen one with its unit already parsed."""
    value: Any = data
    for part in location:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            return otherwise
    return value


def _place(text: str, location: Location, message: str, hint: str | None = None) -> Problem:
    line, column = locate(text, location) or (None, None)
    return Problem(_key(location), message, line, column, hint)


def _key(location: Location) -> str:
    parts: list[str] = []
    for part in location:
        if isinstance(part, int):
            parts[-1] += f"[{part}]"
        else:
            parts.append(part if re.fullmatch(r"[A-Za-z0-9_-]+", part) else json.dumps(part))
    return ".".join(parts)


def _expected(location: Location) -> str | None:
    """What the schema says about a key: a field's description, or what kind of section it is."""
    model: type[BaseModel] | None = Manifest
    said: str | None = None
    for part in location:
        if isinstance(part, int):
            return "a text that is not empty"
        field = model.model_fields.get(part) if model else None
        if field is None:
            return said
        model = _section(field.annotation)
        said = field.description or ("a table" if model else None)
    return said


def _section(annotation: object) -> type[BaseModel] | None:
    """The model that a field holds, also where the field may be None."""
    candidates = (annotation, *getattr(annotation, "__args__", ()))
    return next((kind for kind in candidates if isinstance(kind, type) and issubclass(kind, BaseModel)), None)


def _nearest(location: Location) -> str:
    """The key that was probably meant: near in the same table, the same name elsewhere, or what the table knows."""
    *above, key = location
    model: type[BaseModel] = Manifest
    for part in above:
        model = _section(model.model_fields[str(part)].annotation) or model
    known = list(model.model_fields)
    if close := difflib.get_close_matches(str(key), known, n=1, cutoff=0.6):
        return f"the nearest known key is `{_key((*above, close[0]))}`"
    everywhere = {path[-1]: path for path in reversed(list(_paths(Manifest)))}
    if moved := difflib.get_close_matches(str(key), list(everywhere), n=1, cutoff=0.75):
        return f"the nearest known key is `{_key(everywhere[moved[0]])}`"
    nearest = max(known, key=lambda name: difflib.SequenceMatcher(None, str(key), name).ratio())
    table = f"[{_key(tuple(above))}]" if above else "the file"
    return f"the nearest known key is `{_key((*above, nearest))}`; {table} knows {', '.join(known)}"


def _paths(model: type[BaseModel], above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, field in model.model_fields.items():
        path = (*above, name)
        yield path
        if inner := _section(field.annotation):
            yield from _paths(inner, path)


def show(value: object) -> str:
    """A TOML value as an error message shows it: short, and safe to print."""
    match value:
        case bool():
            return str(value).lower()
        case str():
            return json.dumps(value if len(value) <= 60 else f"{value[:57]}...")
        case int() | float():
            return str(value)[:60]
        case dict():
            return "a table"
        case list():
            return "a list"
        case _:
            return f"a {type(value).__name__}"


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
