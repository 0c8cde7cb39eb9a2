"""What is wrong with a TOML text by its schema: the key, where it stands, what was expected, what was probably meant."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from airssys_sdk.manifest.errors import Problem
from airssys_sdk.manifest.locate import locate

Location = tuple[str | int, ...]

EXPLAINED = "explained"
"""Type of a validation error whose message is the whole explanation."""

ANY_NAME = "NAME"
"""Stands for the name of a table whose name the author chooses."""


def explain(
    error: ValidationError, schema: type[BaseModel], text: str, data: Mapping[str, Any]
) -> list[Problem]:
    """Everything that a text has against its schema.

    Args:
        error: what pydantic found.
        schema: the model of the whole text.
        text: the TOML text.
        data: what it says.
    """
    return [_explain(details, schema, text, data) for details in error.errors(include_url=False)]


def place(text: str, location: Location, message: str, hint: str | None = None) -> Problem:
    """A problem of the key at a location, with the line where it stands."""
    line, column = locate(text, location) or (None, None)
    return Problem(dotted(location), message, line, column, hint)


def dotted(location: Location) -> str:
    """A location as TOML writes it, such as `permissions.messaging.send[1]`."""
    parts: list[str] = []
    for part in location:
        if isinstance(part, int):
            parts[-1] += f"[{part}]"
        else:
            parts.append(part if re.fullmatch(r"[A-Za-z0-9_-]+", part) else json.dumps(part))
    return ".".join(parts)


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


def nearest(name: str, known: Sequence[str], cutoff: float = 0.6) -> str | None:
    """The known name that was probably meant."""
    return next(iter(difflib.get_close_matches(name, known, n=1, cutoff=cutoff)), None)


def _explain(details: ErrorDetails, schema: type[BaseModel], text: str, data: Mapping[str, Any]) -> Problem:
    location = details["loc"]
    if details["type"] == "extra_forbidden":
        return place(text, location, "unknown key", _meant(location, schema))
    if details["type"] == "missing":
        expected = _expected(location, schema)
        return place(text, location, "is missing" + (f"; expected {expected}" if expected else ""))
    if details["type"] == EXPLAINED:
        return place(text, location, details["msg"])
    got = show(_written(data, location, details["input"]))
    return place(text, location, f"expected {_expected(location, schema) or 'another value'}, got {got}")


def _written(data: Mapping[str, Any], location: Location, otherwise: object) -> object:
    """The value as the author wrote it, where a validator has seen one with its unit already parsed."""
    value: Any = data
    for part in location:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            return otherwise
    return value


def _expected(location: Location, schema: type[BaseModel]) -> str | None:
    """What the schema says about a key: a field's description, or what kind of section it is."""
    model: type[BaseModel] | None = schema
    named, said = False, None
    for part in location:
        if isinstance(part, int):
            return "a text that is not empty"
        if named:
            named, said = False, "a table"
            continue
        field = model.model_fields.get(part) if model else None
        if field is None:
            return said
        model, named = _inside(field.annotation)
        said = field.description or ("a table" if model else None)
    return said


def _meant(location: Location, schema: type[BaseModel]) -> str:
    """The key that was probably meant: near in the same table, the same name elsewhere, or what the table knows."""
    *above, key = location
    model, named = schema, False
    for part in above:
        if named:
            named = False
            continue
        inner, named = _inside(model.model_fields[str(part)].annotation)
        model = inner or model
    known = list(model.model_fields)
    if close := nearest(str(key), known):
        return f"the nearest known key is `{dotted((*above, close))}`"
    everywhere = {path[-1]: path for path in reversed(list(paths(schema)))}
    if moved := nearest(str(key), list(everywhere), cutoff=0.75):
        return f"the nearest known key is `{dotted(everywhere[moved])}`"
    likest = max(known, key=lambda name: difflib.SequenceMatcher(None, str(key), name).ratio())
    table = f"[{dotted(tuple(above))}]" if above else "the file"
    return f"the nearest known key is `{dotted((*above, likest))}`; {table} knows {', '.join(known)}"


def _inside(annotation: object) -> tuple[type[BaseModel] | None, bool]:
    """The model that a field holds, also where it may be None; and whether it holds one for each of any names."""
    if get_origin(annotation) is dict:
        model, _ = _inside(get_args(annotation)[1])
        return model, model is not None
    candidates = (annotation, *get_args(annotation))
    return (
        next((kind for kind in candidates if isinstance(kind, type) and issubclass(kind, BaseModel)), None),
        False,
    )


def paths(model: type[BaseModel], above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """All keys that a schema knows, each after the table that it stands in."""
    for name, field in model.model_fields.items():
        path = (*above, name)
        yield path
        inner, named = _inside(field.annotation)
        if inner is not None:
            yield from paths(inner, (*path, ANY_NAME) if named else path)
