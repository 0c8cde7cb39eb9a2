"""Anchors: one for each package, interface, world, type and function, unique on a page with all of them."""

from __future__ import annotations

import re
from typing import TypeAlias

from ...wit.model import Function, Interface, Package, TypeDef, World

Thing: TypeAlias = Package | Interface | World | TypeDef | Function

_SEPARATORS = re.compile(r"[^a-z0-9]+")


class Anchors:
    """The anchors that were given so far, and to what."""

    def __init__(self) -> None:
        self._given: dict[Thing, str] = {}
        self._taken: set[str] = set()

    def enter(self, thing: Thing, path: str) -> str:
        """Give something an anchor that looks like its path."""
        wanted = _SEPARATORS.sub("-", path.lower()).strip("-")
        anchor, number = wanted, 2
        while anchor in self._taken:
            anchor, number = f"{wanted}-{number}", number + 1
        self._taken.add(anchor)
        self._given[thing] = anchor
        return anchor

    def of(self, thing: Thing) -> str:
        """The anchor of something that has one."""
        return self._given[thing]

    def get(self, thing: Thing) -> str | None:
        """The anchor of something that may have none."""
        return self._given.get(thing)

    def find(self, typedef: TypeDef) -> str | None:
        """The anchor of a type where it is declared, behind any `use`; None if that is not documented."""
        while (origin := typedef.used_from) is not None:
            typedef = origin
        return self._given.get(typedef)
