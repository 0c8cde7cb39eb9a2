"""Merging a skeleton into the author's module: what the WIT adds or changes comes in, everything else stays.

The author's text survives byte for byte, except for the signatures of functions whose WIT signature changed. A class whose
name was changed in the names file takes the new one. A function that left the WIT is marked with a comment and kept, but its signature and the bases of its class no longer name what left
the bindings. An import of bindings that are gone goes when nothing uses it any more: with it the module could not be
imported. Where the author's own code still uses them, that is told.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from airssys_sdk.wit.model import World
from airssys_sdk.wit.names import camel, escape

from ..errors import Diagnostic, GenerationError
from ..generate import plan_of_guest
from ..hooks import hooked
from ..namesfile import NamesFile
from ..options import Options
from . import telling
from .identity import modules_by_interface, moved_classes, moved_paths
from .outcome import Change, Merged

if TYPE_CHECKING:
    import libcst as cst

    from ..guest import GuestPlan
    from ..plan import Module
    from .gone import Bindings
    from .merge import Merge
    from .signatures import Signatures

_END = "pass\n"
"""A statement that closes the module while it is merged: libcst keeps the lines above a statement, but loses some of
several comments and blank lines at the end of a file."""

_BOM = "\ufeff"

_WORLD = "wit_world/__init__.py"
_EXPORTS = "wit_world/exports"
_IMPORTS = "wit_world/imports"


def merge_skeleton(
    existing: str,
    world: World,
    options: Options | None = None,
    *,
    where: str = "component.py",
    previous: Mapping[str, str] | None = None,
) -> Merged:
    """Bring an author's module up to the WIT.

    Args:
        existing: the author's module as it is, with its own line ends (read it without newline translation).
        world: the world that the guest implements now.
        options: what the caller decides; of these, `names` and `hook` count.
        where: the file, for error messages.
        previous: the bindings from before the WIT changed (`previous_bindings` reads them). They tell a function that left
            the WIT from a method that is the author's own, and a signature that changed in the WIT from one that the
            author spells differently. Without them nothing is marked, and a signature that differs is updated.

    Raises:
        GenerationError: the module cannot be parsed (with line and column), a class or method of the author's own has a name
            that the changed WIT needs, or as for `generate`.
    """
    from ..render import render
    from .merge import Merge
    from .renaming import with_moved_paths

    if existing.startswith(_BOM):
        merged = merge_skeleton(existing[1:], world, options, where=where, previous=previous)
        return dataclasses.replace(merged, text=_BOM + merged.text)
    plan = plan_of_guest(world, options or Options())
    line_end = "\r\n" if "\r\n" in existing else "\n"
    ended = existing if not existing or existing.endswith("\n") else existing + line_end
    module = _parsed(existing, ended, where)
    authors = _authors(plan, options)
    wanted = {_WORLD, f"{_EXPORTS}/__init__.py", *(path for path, _ in authors)}
    known = modules_by_interface((previous or {}).items())
    modules = plan.bindings
    if options is not None and options.hook is not None:
        modules = tuple(hooked(modules, options.hook))
    previous = {path: _body(text) for path, text in (previous or {}).items() if path in wanted}
    bindings = {one.path: _body(render(one, "guest")) for one in modules if one.path in wanted}
    before = _signatures(previous, authors)
    now = before if not before or bindings == previous else _signatures(bindings, authors)
    now_known = modules_by_interface((one.path, one.docs or "") for one in plan.bindings)
    moved = moved_paths(known, now_known)
    led = with_moved_paths(module, moved)
    module, renamed = _renamed(led, {**moved_classes(moved), **_of_resources(led, plan, known)}, where)
    before = {renamed.get(name, name): methods for name, methods in before.items()}
    merge = Merge(module, plan.skeleton, before, now, _contents(modules), renamed)
    _refuse_strangers(merge, where)
    after = merge.merged()
    lost = [telling.lost(where, line, path) for line, path in merge.lost(after)]
    lost += [telling.left(where, left) for left in merge.left(after)]
    lost += [telling.waiting(where, name) for name in merge.waiting]
    lost += [telling.overloaded(where, name) for name in merge.overloaded]
    lost += [telling.elsewhere(where, name) for name in merge.elsewhere]
    text = after.code.removesuffix(_END)
    changes = [*_told(moved, ended, led.code.removesuffix(_END)), *merge.changes]
    return Merged(existing if text == ended else text, tuple(changes), tuple(lost))


def _told(moved: Mapping[str, str], before: str, after: str) -> list[Change]:
    """The modules of the bindings that have other names now, if the author's module names any."""
    pairs = [(old, new) for old, new in moved.items() if not old.rpartition(".")[2][0].isupper()]
    return [Change("renamed", f"{old} -> {new}") for old, new in pairs] if before != after else []


def _of_resources(
    module: cst.Module, plan: GuestPlan, known: Mapping[tuple[str, str], str]
) -> Mapping[str, str]:
    """The author's classes for resources that have other names now; without the bindings of before nobody knows."""
    from .renaming import classes_of_resources

    return classes_of_resources(module, plan.skeleton) if known else {}


def _renamed(
    module: cst.Module, names: Mapping[str, str], where: str
) -> tuple[cst.Module, Mapping[str, str]]:
    """The author's module with other names for its classes, and which of them it has.

    Raises:
        GenerationError: a new name stands for something else in the module.
    """
    from .authored import spelling_of
    from .renaming import Taken, with_renamed_classes

    try:
        renamed = with_renamed_classes(module, names)
    except Taken as taken:
        found = Diagnostic(
            f"{where}:{taken.line}",
            "name",
            f"the names file calls the class '{taken.old}' '{taken.new}' now, and here that is something else",
            "give one of them another name; nothing has been written",
        )
        raise GenerationError(
            "names in your module are names that the WIT needs now", [found], where=found.where
        ) from None
    present = spelling_of(module).bound
    return renamed, {old: new for old, new in names.items() if old in present}


def _refuse_strangers(merge: Merge, where: str) -> None:
    """Refuse to write into what is the author's own.

    Raises:
        GenerationError: there is such a class or method.
    """
    from libcst.metadata import MetadataWrapper, PositionProvider

    strangers = list(merge.strangers())
    if not strangers:
        return
    lines = MetadataWrapper(merge.module, unsafe_skip_copy=True).resolve(PositionProvider)
    found = [
        telling.taken(where, lines[node].start.line, name, is_property=merge.is_property(node))
        for node, name in strangers
    ]
    raise GenerationError(
        "names in your module are names that the WIT needs now", found, where=found[0].where
    )


def previous_bindings(folder: Path) -> dict[str, str]:
    """What `merge_skeleton` needs of the bindings that are still in a folder; empty when there are none."""
    found = [folder / path for path in (_WORLD, f"{_EXPORTS}/__init__.py")]
    found += sorted(path for path in (folder / _EXPORTS).glob("*.py") if path not in found)
    found += sorted((folder / _IMPORTS).glob("*.py"))
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8", errors="replace")
        for path in found
        if path.is_file()
    }


def _authors(plan: GuestPlan, options: Options | None) -> dict[tuple[str, str], str]:
    """The author's class for each Protocol of a resource, those of resources that left the WIT included."""
    names = (options.names if options is not None else None) or NamesFile()
    modules = {interface.partition("@")[0]: module for interface, module in names.exports.items()}
    modules |= names.exports  # a resource keeps the version in which it left
    found: dict[tuple[str, str], str] = {}
    for resource, author in names.resources.items():
        interface, _, name = resource.partition("#")
        module = modules.get(interface) or modules.get(interface.partition("@")[0])
        if module is not None:
            found[f"{_EXPORTS}/{module}.py", escape(camel(name))] = author
    return {**found, **plan.resources}


def _contents(planned: Iterable[Module]) -> Bindings:
    """What is in each module of the bindings."""
    from .gone import Bindings

    modules: dict[str, frozenset[str]] = {}
    for module in planned:
        path = module.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        names = [item.name for item in module.items] + [one.alias or one.name for one in module.imports]
        modules[path] = frozenset(names)
    return Bindings(modules)


def _body(text: str) -> str:
    """A module without the comments at its top, which say when and how it was made."""
    return re.sub(r"\A(#.*\n)+", "", text)


def _signatures(bindings: Mapping[str, str], authors: Mapping[tuple[str, str], str]) -> Signatures:
    """What bindings say of each class of the author."""
    from .signatures import read_signatures

    modules = {path: parsed for path in sorted(bindings) if (parsed := _readable(bindings[path])) is not None}
    return read_signatures(modules, authors)


def _readable(text: str) -> cst.Module | None:
    """The bindings of before; None when something has damaged them, which is as if there were none."""
    import libcst as cst

    try:
        return cst.parse_module(text)
    except cst.ParserSyntaxError:
        return None


def _parsed(text: str, ended: str, where: str) -> cst.Module:
    """The module with `_END` as its last statement; `ended` is the text, its last line complete."""
    import libcst as cst

    try:
        module = cst.parse_module(ended + _END)
    except cst.ParserSyntaxError as error:
        line, column, reason = _place(text) or (
            error.raw_line,
            error.raw_column + 1,
            f"it cannot be read here: {error.message}",
        )
        place = f"{where}:{line}:{column}"
        found = Diagnostic(place, "syntax", reason, "correct it and generate again; nothing has been written")
        raise GenerationError("the author's module cannot be merged", [found], where=place) from error
    if module.code != ended + _END or module.default_indent.strip(" \t"):  # form feeds
        reason = "its text cannot be kept byte for byte"
        found = Diagnostic(
            where, "text", reason, "nothing has been written; please report the file as a defect"
        )
        raise GenerationError("the author's module cannot be merged", [found], where=where)
    return module


def _place(text: str) -> tuple[int, int, str] | None:
    """Where Python itself sees the error, which it says better; None if this Python sees none."""
    try:
        compile(text, "<module>", "exec", dont_inherit=True)
    except SyntaxError as error:
        return error.lineno or 1, error.offset or 1, error.msg
    except ValueError:
        return None
    return None
