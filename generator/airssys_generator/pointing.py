"""Where the names file is the matter: the entries that a clash of names goes back to, and keys that look misspelt."""

from __future__ import annotations

import dataclasses
import difflib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping

from airssys_sdk.wit.model import Resource, World

from .errors import Diagnostic, GenerationError
from .namesfile import NamesFile, class_name

_CLASH = re.compile(r"its Python name '(?P<name>.+)' is also that of (?P<other>.+)")
_CLOSE = 0.75
_TABLES = ("imports", "exports", "functions", "resources")
_HOST_TABLES = ("classes", "errors", "types")


def pointed(error: GenerationError, names: NamesFile, world: World) -> GenerationError:
    """The error, with the entries of the names file that a clash goes back to.

    Args:
        error: what the plan of a world ran into.
        names: the names file as the caller gave it.
        world: the world.
    """
    found = [_pointed(one, names, world) for one in error.diagnostics]
    return GenerationError(error.message, found, where=error.where)


def misspelt(names: NamesFile, world: World) -> list[Diagnostic]:
    """Entries of a names file for what the world does not have, close to something that has no entry.

    An entry may wait for an interface that left the world, so that this is no error. What is in another table than it
    belongs to counts as misspelt, too.

    Args:
        names: the names file, before it grew for the world.
        world: the world.
    """
    return list(_misspelt(names, world))


def _pointed(found: Diagnostic, names: NamesFile, world: World) -> Diagnostic:
    clash = _CLASH.fullmatch(found.reason)
    places = (found.where, clash["other"]) if clash is not None else (found.where,)
    entries = [
        f'[{table}] "{key}" = "{value}"'
        for table, key, value in _entries(names)
        if (f"{world.path}#{key}" if table == "functions" else key) in places
        and (clash is None or clash["name"] in (value, class_name(value)))
    ]
    if not entries or "names.toml" in found.hint:
        return found
    which = "this" if len(entries) == 1 else "one of these"
    hint = f"give {which} another name in {names.where}: {', '.join(entries)}"
    return dataclasses.replace(found, hint=hint)


def _entries(names: NamesFile) -> Iterator[tuple[str, str, str]]:
    for table in (*_TABLES, *_HOST_TABLES):
        content: dict[str, str] = getattr(names, table)
        yield from ((table, key, value) for key, value in content.items())


def _misspelt(names: NamesFile, world: World) -> Iterator[Diagnostic]:
    grown = names.grown(world)
    here = _present(world)
    for table in _HOST_TABLES:
        yield from _misspelt_on_the_host(names, table, here)
    for table, key, _ in _entries(names):
        if table in _HOST_TABLES:
            continue
        given, after = getattr(names, table), getattr(grown, table)
        if key in here[table] or key not in after:  # of the latter another version took the name
            continue
        other = {"imports": "exports", "exports": "imports"}.get(table)
        if other is not None and key in here[other] and key not in getattr(names, other):
            reason, hint = f"the world only {other[:-1]}s it", f"move it to [{other}]"
        else:
            free = (one for one in here[table] if one not in given and after.get(one) not in given.values())
            close = _nearest(key, free)
            if close is None:
                continue
            reason, hint = "the world has nothing of this name", f"did you mean {close!r}?"
        yield Diagnostic(f"{names.where}: {table}.{key!r}", "names file", reason, hint)


def _misspelt_on_the_host(
    names: NamesFile, table: str, here: Mapping[str, Collection[str]]
) -> Iterator[Diagnostic]:
    """Entries that only a host has, each beginning with `import` or `export`."""
    given: dict[str, str] = getattr(names, table)
    for key in given:
        if key in here[table]:
            continue
        direction, _, rest = key.partition(" ")
        same = (
            one.partition(" ")[2]
            for one in here[table]
            if one not in given and one.startswith(f"{direction} ")
        )
        close = _nearest(rest, same)
        if close is not None:
            place = f"{names.where}: {table}.{key!r}"
            hint = f"did you mean {f'{direction} {close}'!r}?"
            yield Diagnostic(place, "names file", "the world has nothing of this name", hint)


def _on_the_host(world: World) -> dict[str, Collection[str]]:
    """The keys that a world may have in the tables of a host: interfaces, what is in them, functions."""
    keys: list[str] = []
    for direction, items in (("import", world.imported_interfaces), ("export", world.exported_interfaces)):
        for item in items:
            inside = [*item.interface.types, *item.interface.functions]
            keys += [
                f"{direction} {item.wire_name}",
                *(f"{direction} {item.wire_name}#{name}" for name in inside),
            ]
    keys += [f"import {name}" for name in (*world.imported_functions, *world.types)]
    keys += [f"export {name}" for name in (*world.exported_functions, *world.types)]
    return dict.fromkeys(_HOST_TABLES, keys)


def _present(world: World) -> dict[str, Collection[str]]:
    exported = world.exported_interfaces
    return {
        **_on_the_host(world),
        "imports": [item.wire_name for item in world.imported_interfaces],
        "exports": [item.wire_name for item in exported],
        "functions": [*world.imported_functions, *world.exported_functions],
        "resources": [
            f"{item.wire_name}#{wit_type.name}"
            for item in exported
            for wit_type in item.interface.types.values()
            if isinstance(wit_type.declaration, Resource)
        ],
    }


def _nearest(key: str, known: Iterable[str]) -> str | None:
    """The name that differs from this one as a slip of the hand does: a little, in no part but a version, in more than a number."""
    ratios = {name: ratio for name in known if (ratio := _closeness(key, name)) > _CLOSE}
    return max(ratios, key=lambda name: ratios[name], default=None)


def _closeness(one: str, other: str) -> float:
    mine, theirs = (re.split(r"[:/#@]", text) for text in (one, other))
    if len(mine) != len(theirs) or re.sub(r"\d+", "", one) == re.sub(r"\d+", "", other):
        return 0.0
    return min(difflib.SequenceMatcher(None, *pair).ratio() for pair in zip(mine, theirs, strict=True))
