"""What `wit` says to people: trees of packages, the state of a lock file, comparisons."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeVar

from airssys_sdk.cli.places import typed
from airssys_sdk.cli.session import Session
from airssys_sdk.cli.text import safe_line

if TYPE_CHECKING:
    from airssys_sdk.project.comparison import Comparison
    from airssys_sdk.project.moves import Move
    from airssys_sdk.wit.compatibility import Verdict
    from airssys_sdk.wit.difference import Change
    from airssys_sdk.wit.lock import LockDifference, LockState
    from airssys_sdk.wit.model import Package, World
    from airssys_sdk.wit.uses import Dependency, Use

_T = TypeVar("_T")

_WORDS = {"import": "imported by", "export": "exported by", "use": "used by"}
_STATUS = {"added": "green", "removed": "red", "changed": "yellow"}
_LINES = {"+": "green", "-": "red"}


def tell_dependencies(
    shared: Session, main: Package, world: World | None, found: Sequence[Dependency]
) -> None:
    """Draw what a world, or everything in a package, pulls in."""
    shared.styled([(main.name, "green"), (f", world {world.name}" if world else "", None)])
    if not found:
        shared.out("└── no dependencies")
    for dependency, mark, below in _branches(found):
        unused = "" if dependency.interfaces else "  (not used)"
        shared.styled([(mark, None), (dependency.package.name, "cyan"), (unused, None)])
        for (name, uses), inner, _ in _branches(dependency.interfaces.items()):
            shared.out(f"{below}{inner}{name}  {'; '.join(_reasons(uses, main))}")


def tell_lock(shared: Session, state: LockState, *, check: bool) -> None:
    """Say whether a lock file agrees, and where not."""
    if state.existed or check:
        _tell_lock_difference(shared, state.difference)
    file = typed(state.file)
    if state.foreign:
        shared.note(f"note: {safe_line(file)} is another tool's and stays as it is; no digests were locked")
    elif state.written:
        shared.styled([("wrote ", "green"), (file, None)])
    elif state.up_to_date:
        shared.out(f"{safe_line(file)} is up to date")
    elif state.existed:
        shared.note(f"{safe_line(file)} is out of date; the same command without --check writes it")
    else:
        shared.note(f"there is no {safe_line(file)}; the same command without --check writes it")


def tell_comparison(shared: Session, comparison: Comparison, *, everything: bool = False) -> None:
    """Say what a change of WIT means, and what it is; items of which only `@since` changed are counted, or listed with `everything`."""
    shared.styled([(comparison.old, "cyan"), (" -> ", None), (comparison.new, "cyan")])
    for verdict in comparison.verdicts:
        _tell_verdict(shared, verdict)
    if not comparison.verdicts:
        shared.out("no world to compare; add one that imports or exports the interfaces for a verdict")
    if comparison.reused_version:
        versioned = "@" in comparison.new
        same = f"both are {comparison.new}" if versioned else "neither has a version"
        shared.styled([("careful", "yellow"), (f": {same}, and yet they differ;", None)], end=" ")
        shared.out("give the new one another version, so that hosts and components can tell them apart")
    if not comparison.changes:
        shared.out("nothing changed")
    for status, color in _STATUS.items():
        changes = [
            change
            for change in comparison.changes
            if change.status == status and (everything or not change.since_only)
        ]
        if changes:
            shared.out("")
            shared.styled([(status, color)])
        for change in changes:
            _tell_change(shared, change)
    gated = sum(change.since_only for change in comparison.changes)
    if gated and not everything:
        items = "one item" if gated == 1 else f"{gated} items"
        shared.out(f"\nof {items} only @since changed; --all lists them")
    _tell_moves(shared, comparison.moves)


def _branches(items: Iterable[_T]) -> Iterator[tuple[_T, str, str]]:
    """Each item with what to draw before it, and before what stands below it."""
    listed = list(items)
    for at, item in enumerate(listed, 1):
        yield (item, "└── ", "    ") if at == len(listed) else (item, "├── ", "│   ")


def _reasons(uses: Sequence[Use], main: Package) -> Iterator[str]:
    """`imported by a, b`, with members of the main package by their plain names."""
    version = f"@{main.version}" if main.version else ""
    here = f"{main.namespace}:{main.title}/"
    for how, words in _WORDS.items():
        users = [use.user for use in uses if use.how == how]
        if users:
            short = [
                user.removeprefix(here).replace(version, "") if user.startswith(here) else user
                for user in users
            ]
            yield f"{words} {', '.join(short)}"


def _tell_lock_difference(shared: Session, difference: LockDifference) -> None:
    for word, color, names in (
        ("differs", "yellow", difference.differs),
        ("missing", "red", difference.missing),
        ("new", "green", difference.new),
    ):
        for name in names:
            shared.styled([(f"{word:<8}", color), (safe_line(name), None)])


def _tell_verdict(shared: Session, verdict: Verdict) -> None:
    if verdict.compatible:
        shared.styled([("compatible", "green"), (f": {verdict.world}", None)], end="")
        shared.out("; a component built for the old one runs in a host of the new one")
        return
    word, color = ("no verdict", "yellow") if verdict.compatible is None else ("not compatible", "red")
    shared.styled([(word, color), (f": {verdict.world}", None)])
    for depth, reason in enumerate(verdict.reasons, 1):
        shared.out(f"{'  ' * depth}{safe_line(reason)}")
    if verdict.hint:
        shared.styled([("hint", "cyan"), (f": {verdict.hint}", None)])


def _tell_change(shared: Session, change: Change) -> None:
    shared.styled([(f"  {change.kind} ", None), (change.place, "cyan")])
    if change.status != "changed":
        for line in (change.new or change.old or "").splitlines():
            shared.out(f"    {line}")
        return
    before, after = (change.old or "").splitlines(), (change.new or "").splitlines()
    for line in list(difflib.unified_diff(before, after, n=len(before) + len(after), lineterm=""))[3:]:
        shared.styled([(f"    {line}", _LINES.get(line[:1]))])


def _tell_moves(shared: Session, moves: Sequence[Move]) -> None:
    if not moves:
        return
    shared.out("")
    shared.styled([("Python names that move", "blue")])
    width = max(len(move.what) for move in moves)
    for move in moves:
        names = f"{move.old} -> {move.new}"
        shared.out(f"  {move.target:<5}  {move.what:<{width}}  {move.place}: {names}")
