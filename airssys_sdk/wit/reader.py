"""Reading WIT: a file, a folder or a component becomes a frozen, fully linked model."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

from ..errors import UsageError, ValidationError
from . import _gates, _hints, _misnamed
from ._header import declared_package
from ._hints import EXPECTED
from ._keywords import specifier
from ._link import ReadError, link
from ._text import nearest, printable
from .model import Resolve, World
from .tools import WasmToolsError, run_wasm_tools

__all__ = [
    "ReadError",
    "UnknownFeatureError",
    "UnknownWorldError",
    "check_features",
    "find_world",
    "gated_worlds",
    "read",
]


class UnknownFeatureError(ValidationError):
    """A feature was to be shown that nothing in the source stands behind."""


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
        UnknownWorldError: it has no such world, or none that is shown.
        ToolMissingError: wasm-tools is not installed.
    """
    _check(source)
    shown = _Shown(tuple(features), all_features)
    if world is not None and world.isprintable():
        try:
            return _resolve(source, shown, specifier(world))
        except WasmToolsError:
            pass  # either the source is wrong, which the plain reading says, or the name of the world is
    plain = _resolve(source, shown)
    if world is None:
        return plain
    try:
        path = find_world(plain, world).path
    except UnknownWorldError as error:
        everything = _everything(source)
        hidden = {} if everything is None else _gates.gated_worlds(everything)
        name = world.rpartition("/")[2].partition("@")[0]
        if name in hidden and name not in plain.main.worlds:
            error.hint = f"it stands behind a feature gate: {_hints.show([hidden[name]])}"
        raise
    return _resolve(source, shown, specifier(path))


def check_features(source: Path, features: Sequence[str]) -> None:
    """Refuse a feature that a source does not know: most likely it is misspelt, and what was meant stays hidden.

    Args:
        source: as for `read`.
        features: the features that are to be shown.

    Raises:
        UnknownFeatureError: nothing in the source is behind one of them.
        UsageError: there is nothing at `source`.
        ToolMissingError: wasm-tools is not installed.
    """
    if not features:
        return
    _check(source)
    known = _gates.known_features(source, _everything(source))
    for feature in features:
        if feature in known:
            continue
        close = nearest(feature, known)
        listed = f"it has {', '.join(known)}" if known else "it marks nothing as @unstable"
        raise UnknownFeatureError(
            f"the WIT has no feature '{printable(feature)}'; {listed}",
            where=printable(str(source)),
            hint=f"did you mean '{close}'?" if close else "leave it out",
        )


def gated_worlds(source: Path) -> dict[str, str]:
    """The worlds of a source's main package that stand behind a feature gate, each with the feature.

    Raises:
        UsageError, WasmToolsError, ReadError, ToolMissingError: as for `read`.
    """
    return _gates.gated_worlds(read(source, all_features=True))


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
        raise UsageError(reason, where=shown, hint=EXPECTED) from error
    if source.is_dir() and not any(source.glob("*.wit")):
        inner = [child.name for child in (source / "wit",) if any(child.glob("*.wit"))]
        raise ReadError(
            "the folder holds no .wit file",
            where=shown,
            hint=f"its subfolder '{inner[0]}' does: give that" if inner else EXPECTED,
        )


@dataclasses.dataclass(frozen=True, slots=True)
class _Shown:
    """Which of what stands behind feature gates is read."""

    features: tuple[str, ...] = ()
    everything: bool = False

    @property
    def arguments(self) -> list[str]:
        if self.everything:
            return ["--all-features"]
        return [f"--features={','.join(self.features)}"] if self.features else []


def _resolve(source: Path, shown: _Shown, world: str | None = None) -> Resolve:
    nominal = [] if world is None else [f"--generate-nominal-type-ids={world}"]
    place = printable(str(source))
    try:
        answer = run_wasm_tools(["component", "wit", "--json", *shown.arguments, *nominal, "--", source])
    except WasmToolsError as error:
        if error.where is None:
            error.where = place
        _misnamed.put_right(error, source)
        error.hint = error.hint or _hints.hint(error, source)
        if error.hint is None and not shown.everything and _hints.is_hidden(error):
            error.hint = _showing(error, source, shown)
        raise
    main = declared_package(source) if (source / "deps").is_dir() else None
    return link(json.loads(answer), place, main)


def _everything(source: Path) -> Resolve | None:
    """What the source holds with everything shown; None if that has an error, which another reading may not meet."""
    try:
        return _resolve(source, _Shown(everything=True))
    except (WasmToolsError, ReadError):
        return None


def _showing(error: WasmToolsError, source: Path, shown: _Shown) -> str | None:
    """Which features show what an error misses: those with which it is gone."""
    others = [one for one in _gates.known_features(source, _everything(source)) if one not in shown.features]
    helping = [one for one in others if _said(source, (*shown.features, one)) != error.said] or others
    return f"{_hints.show(helping)}; or put what refers to it behind the same gate" if helping else None


def _said(source: Path, features: Sequence[str]) -> str | None:
    arguments = ["component", "wit", "--json", *_Shown(tuple(features)).arguments]
    try:
        run_wasm_tools([*arguments, "--", source])
    except WasmToolsError as error:
        return error.said
    return None
