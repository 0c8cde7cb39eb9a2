"""Which module of the bindings is which interface: what keeps an interface known when its name in the names file changes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from ..namesfile import class_name

_PLACE = re.compile(r"wit_world/(imports|exports)/(\w+)\.py")
_SAID = re.compile(r"The interface `([^`]+)`, which the guest (?:imports|exports)")


def modules_by_interface(modules: Iterable[tuple[str, str]]) -> Mapping[tuple[str, str], str]:
    """The module of each interface, by `imports` or `exports` and the interface's full name.

    Args:
        modules: paths and texts (or docstrings) of modules of bindings; each says which interface it is.
    """
    found: dict[tuple[str, str], str] = {}
    for path, text in modules:
        place, said = _PLACE.fullmatch(path), _SAID.search(text[:2000])
        if place and said:
            found[place[1], said[1]] = place[2]
    return found


def moved_paths(
    before: Mapping[tuple[str, str], str], now: Mapping[tuple[str, str], str]
) -> Mapping[str, str]:
    """The dotted paths of modules, and of the classes of exported interfaces, that have other names now, by the old ones."""
    moved: dict[str, str] = {}
    for (direction, interface), old in before.items():
        new = now.get((direction, interface), old)
        if new != old:
            moved[f"wit_world.{direction}.{old}"] = f"wit_world.{direction}.{new}"
            if direction == "exports":
                moved[f"wit_world.exports.{class_name(old)}"] = f"wit_world.exports.{class_name(new)}"
    return moved


def moved_classes(moved: Mapping[str, str]) -> Mapping[str, str]:
    """The author's classes for interfaces that have other names now."""
    names = ((old.rpartition(".")[2], new.rpartition(".")[2]) for old, new in moved.items())
    return {old: new for old, new in names if old[0].isupper()}
