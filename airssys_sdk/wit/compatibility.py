"""Whether a world may take the place of an earlier one: the verdict of `wasm-tools component semver-check`.

Compatible means that a component built for the old world runs in a host of the new one.
"""

from __future__ import annotations

import dataclasses
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

from ._keywords import specifier
from .difference import differences
from .model import Package, Resolve, World
from .printer import PrintError, print_package
from .reader import find_world
from .tools import WasmToolsError, run_wasm_tools
from .versions import compatible

_INCOMPATIBLE = "new world is not semver-compatible with the previous world"
_OFFSET = re.compile(r" \(at offset 0x[0-9a-f]+\)")
_FEATURE = re.compile(r"requires? the component model")
_NUMBER = re.compile(r"^\d+: ")
_LIMIT = "this is a limit of wasm-tools; the list of changes says what to look at"
_NAMELESS = (
    "a component does not keep the name of its world: compare it with another component, "
    "or two versions of the WIT that it is built from"
)
_DOUBTFUL = (
    "if a resource has an alias, wasm-tools may be wrong here; the list of changes says what to look at"
)
_STAND_IN = "9999.0.0"
"""The version under which an old package stands beside a new one of the same version. wasm-tools compares without
versions; it is a late one because gates such as `@since` may not name later ones."""


@dataclasses.dataclass(frozen=True, slots=True)
class Verdict:
    """What is known of one world.

    Attributes:
        world: its name, `namespace:package/world`.
        compatible: None where it cannot be told.
        reasons: why it is not compatible, or why it cannot be told; from the whole to the part.
        hint: what to do where it cannot be told, or not for sure.
    """

    world: str
    compatible: bool | None
    reasons: tuple[str, ...] = ()
    hint: str | None = None


Pair: TypeAlias = tuple[World, World | None]


class _Unknown(Exception):
    """Why there is no verdict."""

    def __init__(self, reason: str, hint: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint


def world_pairs(old: Resolve, new: Resolve, world: str | None = None) -> tuple[Pair, ...]:
    """The worlds to compare, each old one with the new one in its place; None for one that is no longer there.

    Args:
        old: the earlier reading.
        new: the later one.
        world: the world to compare, as `find_world` takes it; None for every world of the old main package. Where
            each main package has one world, these two are compared whatever their names.

    Raises:
        UnknownWorldError: one of the two has no such world.
    """
    if world is not None:
        return ((find_world(old, world), find_world(new, world)),)
    mine, others = old.main.worlds, new.main.worlds
    if len(mine) == len(others) == 1:
        return tuple(zip(mine.values(), others.values(), strict=True))
    return tuple((one, others.get(name)) for name, one in mine.items())


def verdict(old: Resolve, new: Resolve, pair: Pair) -> Verdict:
    """Compare two worlds, of `old` and of `new`.

    Raises:
        ToolMissingError: wasm-tools is not installed.
    """
    old_world, new_world = pair
    if new_world is None:
        return Verdict(_name(old_world), False, ("the world is no longer there",))
    found = _compared(old, new, old_world, new_world)
    apart = tuple(_versions_apart(old_world, new_world))
    if not apart:
        return found
    # wasm-tools compares without versions, but a host finds what a component has by names with versions in them.
    reasons = found.reasons if found.compatible is False else ()
    return Verdict(found.world, False, (*apart, *reasons), found.hint)


def _versions_apart(old: World, new: World) -> Iterator[str]:
    """The interfaces of a component of the old world that a host of the new one has in incompatible versions only."""
    for direction, before, after in (
        ("import", old.imported_interfaces, new.imported_interfaces),
        ("export", old.exported_interfaces, new.exported_interfaces),
    ):
        names = [item.wire_name for item in after]
        for item in before:
            path, _, version = item.wire_name.partition("@")
            others = [name.partition("@")[2] for name in names if name.partition("@")[0] == path]
            if others and compatible(item.wire_name, names) is None:
                there = " and ".join(other or "none" for other in others)
                yield f"{direction} {path}: version {there} does not take the place of {version or 'none'}"


def _compared(old: Resolve, new: Resolve, old_world: World, new_world: World) -> Verdict:
    name = _name(new_world)
    try:
        if _same(old, new, old_world, new_world):
            return Verdict(name, True)
        with tempfile.TemporaryDirectory(prefix="airssys-") as folder:
            prev = _lay_out(old, new, old_world, new_world, Path(folder))
            arguments = ["--prev", specifier(prev), "--new", specifier(new_world.path)]
            run_wasm_tools(["component", "semver-check", *arguments, "--", folder])
    except _Unknown as unknown:
        return Verdict(name, None, (unknown.reason,), unknown.hint)
    except PrintError as error:
        return Verdict(name, None, (error.message,), "compare the WIT that the components were built from")
    except WasmToolsError as error:
        return _refused(name, error)
    return Verdict(name, True)


def _refused(name: str, error: WasmToolsError) -> Verdict:
    reasons = _reasons(error.said)
    if not error.message.startswith(_INCOMPATIBLE) or not reasons:
        return Verdict(name, None, (error.message,), _LIMIT)
    if any(_FEATURE.search(reason) for reason in reasons):
        return Verdict(name, None, reasons, _LIMIT)
    # The comparison of wasm-tools has this wrong for a resource that is exported under an alias.
    doubtful = any("resource types are not the same" in reason for reason in reasons)
    return Verdict(name, False, reasons, _DOUBTFUL if doubtful else None)


def _same(old: Resolve, new: Resolve, old_world: World, new_world: World) -> bool:
    """Whether two worlds say the same, but for the version of their package."""
    own = "package", "changed", _title(new_world.package)
    changes = differences(old, new, (old_world, new_world))
    return all((change.kind, change.status, change.place) == own for change in changes)


def _lay_out(old: Resolve, new: Resolve, old_world: World, new_world: World, folder: Path) -> str:
    """Put both readings into one WIT folder; gives the full name of the old world there."""
    if _title(old_world.package) != _title(new_world.package):
        raise _Unknown(
            f"the worlds belong to two packages, {_title(old_world.package)} and {_title(new_world.package)}",
            _NAMELESS
            if "root:component" in (old_world.package.name, new_world.package.name)
            else "give two versions of one package",
        )
    texts = {package.name: print_package(package, docs=False) for package in new.packages}
    version = old_world.package.version
    for package in old.packages:
        text = print_package(package, docs=False)
        if package is old.main and package.name == new.main.name:
            texts["the old one"] = print_package(package, docs=False, version=_STAND_IN)
            version = _STAND_IN if old_world.package is package else version
        elif texts.setdefault(package.name, text) != text:
            raise _Unknown(
                f"two different packages are both called {package.name}",
                f"raise the version of the changed one; `airssys-sdk wit diff` on {_title(package)} itself says what changed",
            )
    (folder / "main.wit").write_text(texts.pop(new.main.name), "utf-8")
    (folder / "deps").mkdir()
    for number, text in enumerate(texts.values()):
        (folder / "deps" / f"{number}.wit").write_text(text, "utf-8")
    return f"{_name(old_world)}@{version}" if version else _name(old_world)


def _reasons(said: str) -> tuple[str, ...]:
    """The lines below `Caused by:`."""
    lines = said.partition("Caused by:")[2].splitlines()
    return tuple(_OFFSET.sub("", _NUMBER.sub("", line.strip())) for line in lines if line.strip())


def _title(package: Package) -> str:
    return f"{package.namespace}:{package.title}"


def _name(world: World) -> str:
    return f"{_title(world.package)}/{world.name}"
