"""Feature gates: which `@unstable` features a source knows, and which of its worlds stand behind one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from .model import Interface, Resolve, Stability

_UNSTABLE = re.compile(r"@unstable\s*\(\s*feature\s*=\s*%?([A-Za-z][A-Za-z0-9-]*)\s*\)")


def known_features(source: Path, resolve: Resolve | None) -> list[str]:
    """The features that any item of a source is behind, sorted.

    Args:
        source: what was read. Its text counts as well: the model keeps no trace of a gate before an `include`.
        resolve: the model of everything in it, items behind gates included; None where there is none.
    """
    found = {name for text in _texts(source) for name in _UNSTABLE.findall(text)}
    if resolve is not None:
        found |= {stability.unstable for stability in _stabilities(resolve) if stability.unstable is not None}
    return sorted(found)


def gated_worlds(resolve: Resolve) -> dict[str, str]:
    """The features that worlds of the main package are behind, by the worlds' names."""
    worlds = resolve.main.worlds.values()
    return {world.name: feature for world in worlds if (feature := world.stability.unstable) is not None}


def _texts(source: Path) -> Iterator[str]:
    for file in sorted(source.rglob("*.wit")) if source.is_dir() else [source]:
        if file.suffix == ".wit" and file.is_file():
            yield file.read_text("utf-8", errors="replace")


def _stabilities(resolve: Resolve) -> Iterator[Stability]:
    for package in resolve.packages:
        for interface in package.interfaces.values():
            yield from _of_interface(interface)
        for world in package.worlds.values():
            yield world.stability
            yield from (wit_type.stability for wit_type in world.types.values())
            for function in (*world.imported_functions.values(), *world.exported_functions.values()):
                yield function.stability
            for item in (*world.imported_interfaces, *world.exported_interfaces):
                yield item.stability
                yield from _of_interface(item.interface)


def _of_interface(interface: Interface) -> Iterator[Stability]:
    yield interface.stability
    yield from (wit_type.stability for wit_type in interface.types.values())
    yield from (function.stability for function in interface.functions.values())
