"""Reading WIT: a file, a folder or a component becomes a frozen, fully linked model."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from ..errors import UsageError, ValidationError
from ._header import declared_package
from ._keywords import specifier
from ._link import ReadError, link
from ._text import nearest, printable
from .model import Resolve, World
from .tools import WasmToolsError, run_wasm_tools

__all__ = ["ReadError", "UnknownWorldError", "find_world", "read"]

_EXPECTED = "give a .wit file, a folder of them with their dependencies in deps/, or a component (.wasm)"


class UnknownWorldError(ValidationError):
    """A world was asked for by a name that the source does not have, or by none where it has several."""


def read(
    source: Path, *, world: str | None = None, features: Sequence[str] = (), all_features: bool = False
) -> Resolve:
    """Read WIT.

    Args:
        source: a `.wit` file, a folder with WIT files and their dependencies in `deps/`, an encoded WIT package, or a
            component (which keeps names but no documentation).
        world: make the model for bindings of this world: an interface that it both imports and exports becomes two
            objects, so that each declared type belongs to one direction. Named as in `find_world`.
        features: the `@unstable` features to show.
        all_features: show all of them.

    Raises:
        UsageError: there is nothing at `source`.
        WasmToolsError: it is not valid WIT; the error has file, line, column and snippet.
        ReadError: it is something else, or holds a construct that this version does not know.
        UnknownWorldError: it has no such world.
        ToolMissingError: wasm-tools is not installed.
    """
    _check(source)
    arguments = ["component", "wit", "--json"]
    if all_features:
        arguments.append("--all-features")
    elif features:
        arguments.append(f"--features={','.join(features)}")
    if world is not None:
        try:
            return _resolve([*arguments, f"--generate-nominal-type-ids={specifier(world)}"], source)
        except WasmToolsError:
            pass  # either the source is wrong, which the plain reading says, or the name of the world is
    plain = _resolve(arguments, source)
    if world is None:
        return plain
    path = find_world(plain, world).path
    return _resolve([*arguments, f"--generate-nominal-type-ids={specifier(path)}"], source)


def find_world(resolve: Resolve, name: str | None = None) -> World:
    """The world of that name.

    Args:
        resolve: where to look: in the main package, then in the others.
        name: `world`, `namespace:package/world` or `namespace:package/world@version`; None for the only world.

    Raises:
        UnknownWorldError: there is none, or more than one; the message names the worlds that there are.
    """
    if name is None:
        return _only(list(resolve.main.worlds.values()), resolve)
    every = [world for package in reversed(resolve.packages) for world in package.worlds.values()]
    matching = [world for world in every if name in (world.path, world.path.partition("@")[0])]
    if not matching and name in resolve.main.worlds:
        return resolve.main.worlds[name]
    matching = matching or [world for world in every if name == world.name]
    if len(matching) == 1:
        return matching[0]
    shown = printable(name)
    if matching:
        raise UnknownWorldError(
            f"several worlds are called '{shown}': {', '.join(w.path for w in matching)}",
            where=resolve.main.name,
            hint="give the full name",
        )
    known = {world.name if world.package is resolve.main else world.path: world for world in every}
    close = nearest(name, [n for w in every for n in (w.path, w.path.partition("@")[0], w.name)])
    listed = f"it has {', '.join(known)}" if known else "it has none"
    raise UnknownWorldError(
        f"there is no world '{shown}'; {listed}",
        where=resolve.main.name,
        hint=f"did you mean '{close}'?" if close else None,
    )


def _only(worlds: list[World], resolve: Resolve) -> World:
    if len(worlds) == 1:
        return worlds[0]
    if worlds:
        raise UnknownWorldError(
            f"the package has {len(worlds)} worlds: {', '.join(w.name for w in worlds)}",
            where=resolve.main.name,
            hint="say which one is meant",
        )
    others = [world.path for package in resolve.packages for world in package.worlds.values()]
    raise UnknownWorldError(
        "the package has no world",
        where=resolve.main.name,
        hint=f"name one of its dependencies' worlds: {', '.join(others)}"
        if others
        else "add a world to the WIT",
    )


def _check(source: Path) -> None:
    """Say in our own words what wasm-tools would say worse."""
    shown = printable(str(source))
    try:
        source.stat()
    except (OSError, ValueError) as error:  # a ValueError for a path with a null character
        reason = "there is no such file or folder"
        if isinstance(error, OSError) and not isinstance(error, FileNotFoundError | NotADirectoryError):
            reason = f"it cannot be read: {error.strerror}"
        raise UsageError(reason, where=shown, hint=_EXPECTED) from error
    if source.is_dir() and not any(source.glob("*.wit")):
        inner = [child.name for child in (source / "wit",) if any(child.glob("*.wit"))]
        raise ReadError(
            "the folder holds no .wit file",
            where=shown,
            hint=f"its subfolder '{inner[0]}' does: give that" if inner else _EXPECTED,
        )


def _resolve(arguments: Sequence[str], source: Path) -> Resolve:
    shown = printable(str(source))
    try:
        answer = run_wasm_tools([*arguments, "--", source])
    except WasmToolsError as error:
        if error.where is None:
            error.where = shown
        error.hint = error.hint or _hint(error.message, source)
        raise
    main = declared_package(source) if (source / "deps").is_dir() else None
    return link(json.loads(answer), shown, main)


def _hint(message: str, source: Path) -> str | None:
    if "core wasm module" in message:
        return "this is a core module; componentize-py or `wasm-tools component new` makes a component of one"
    if " not found. known packages" in message:
        return (
            "put the package's WIT files into a folder below deps/ and give the folder that holds deps/"
            if source.is_file()
            else "put the package's WIT files into a folder below deps/"
        )
    if "no `package` header" in message:
        if source.is_file() and not source.stat().st_size:
            return f"the file is empty; {_EXPECTED}"
        return "begin a .wit file with `package namespace:name;`"
    if "conflicts with previous" in message or "is defined more than once" in message:
        return "rename one of the two; names that differ only in case or hyphens are the same"
    if "was not a function or instance" in message or "is not a type or function" in message:
        return "WIT has no words for it: a component's exports must be functions, or interfaces of functions and types"
    if "end-of-file" in message and _is_binary(source):
        return "the file is cut off: make it or download it again"
    if (
        "not valid utf-8" in message
        or "failed to read" in message
        or "magic" in message
        or "end-of-file" in message
    ):
        return _EXPECTED
    return None


def _is_binary(source: Path) -> bool:
    if not source.is_file():
        return False
    with source.open("rb") as file:
        return file.read(4) == b"\0asm"
