"""Which names of generated Python move when a world changes."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from ..wit.reader import find_world, read
from .python_names import Direction, PythonName, What, grown, python_names

if TYPE_CHECKING:
    from airssys_generator import Target

_Owner: TypeAlias = tuple[Direction | None, str]
"""An interface of one direction, or (as an empty one) the world."""

_Key: TypeAlias = tuple[_Owner, str, What]

_ACROSS: Mapping[Direction, Direction] = {"import": "export", "export": "import"}


@dataclasses.dataclass(frozen=True, slots=True)
class Move:
    """A name that is another one after the WIT changed.

    Attributes:
        target: the generated package: of a host, or of a guest.
        place: the interface or world, without version where that says enough; then `#` and what in it, if it is not all.
        what: a module, a class or an exception.
        old: the name before.
        new: the name now.
    """

    target: Literal["host", "guest"]
    place: str
    what: What
    old: str
    new: str


def moves(old: tuple[Path, str], new: tuple[Path, str]) -> tuple[Move, ...]:
    """Which names differ of what both worlds have: modules, classes of interfaces and resources, exceptions.

    The names of the new world grow out of those of the old one, as the names file of a project does.

    Args:
        old: a source and the full name of its world.
        new: a later source and its world.

    Raises:
        ValidationError: a source cannot be read.
        ToolMissingError: wasm-tools is not installed.
    """
    from airssys_generator import NamesFile

    worlds = [find_world(read(source, world=path), path) for source, path in (old, new)]
    targets: tuple[Target, ...] = ("host", "guest")
    found: list[Move] = []
    for target in targets:
        names = NamesFile()
        sides: list[dict[_Key, str]] = []
        for world in worlds:
            names = grown(names, world, target)
            named = python_names(world, names, target)
            sides.append({_key(name, world.path): name.name for name in named})
        found += _moved(target, *sides)
    return tuple(found)


def _moved(target: Target, old: Mapping[_Key, str], new: Mapping[_Key, str]) -> Iterator[Move]:
    owners = (
        list(dict.fromkeys(owner for owner, _, _ in old)),
        list(dict.fromkeys(owner for owner, _, _ in new)),
    )
    versions = _Versions(*owners)
    told: set[tuple[What, str]] = set()
    for (owner, item, what), name in old.items():
        # A named error type stands before the functions that return it: what it tells they need not tell again.
        if (what, name) in told:
            continue
        for others in versions.later(owner):
            keys: list[_Key] = [(other, item, what) for other in others]
            names = [new[key] for key in keys if key in new and (key[0][0] == owner[0] or key not in old)]
            if names:
                told.add((what, name))
                if name not in names:
                    yield Move(target, versions.title(owner) + item, what, name, names[0])
                break


class _Versions:
    """The interfaces of both worlds, and as which the old ones go on.

    Args:
        old: those of the old world.
        new: those of the new one.
    """

    def __init__(self, old: Iterable[_Owner], new: Iterable[_Owner]) -> None:
        self._old, self._new = frozenset(old), dict.fromkeys(new)
        places = ({place for _, place in owners} for owners in (self._old, self._new))
        counts = [collections.Counter(map(_title, side)) for side in places]
        # An import that left is not what the export beside it is, where that is merely another version of the export before.
        self._going_on = {other for owner in self._old.difference(self._new) for other in self._came(*owner)}
        self._several = {title for count in counts for title in count if count[title] > 1}

    def later(self, owner: _Owner) -> Iterator[list[_Owner]]:
        """What an interface may be now, best first: itself, a version that came, the same in the other direction."""
        direction, place = owner
        yield [owner] if owner in self._new else self._came(direction, place)
        if direction is not None:
            across = _ACROSS[direction]
            same: _Owner = (across, place)
            yield [same] if same not in self._going_on else []
            yield [other for other in self._came(across, place) if other not in self._going_on]

    def _came(self, direction: Direction | None, place: str) -> list[_Owner]:
        return [
            owner
            for owner in self._new
            if owner not in self._old and owner[0] == direction and _title(owner[1]) == _title(place)
        ]

    def title(self, owner: _Owner) -> str:
        """An interface without its version, unless a world has two versions of it."""
        title = _title(owner[1])
        return (owner[1] if title in self._several else title) or "the world"


def _key(name: PythonName, world: str) -> _Key:
    place, mark, item = name.place.partition("#")
    return (name.direction, "" if place == world else place), mark + item, name.what


def _title(place: str) -> str:
    return place.partition("@")[0]
