"""What a change of WIT means: for components that were built, for the text, and for Python code that was written."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from ..wit.compatibility import Verdict, verdict, world_pairs
from ..wit.difference import Change, differences
from ..wit.model import Resolve
from ..wit.reader import read
from .moves import Move, moves

_COMPONENT = "root:component"
"""What wasm-tools calls the package of a component's world, whose own name the component does not keep."""


@dataclasses.dataclass(frozen=True, slots=True)
class Comparison:
    """Two readings of WIT, compared.

    Attributes:
        old: the old main package, with its version.
        new: the new one.
        verdicts: what is known of each world.
        changes: what was added, removed, changed.
        moves: names of generated Python that are other ones now.
    """

    old: str
    new: str
    verdicts: tuple[Verdict, ...]
    changes: tuple[Change, ...]
    moves: tuple[Move, ...]

    @property
    def compatible(self) -> bool | None:
        """Whether components built for the old worlds run in hosts of the new ones; None where it cannot be told."""
        if any(one.compatible is False for one in self.verdicts):
            return False
        if any(one.compatible is None for one in self.verdicts):
            return None
        return True if self.verdicts or not self.changes else None

    @property
    def reused_version(self) -> bool:
        """Whether something changed under the same version, or without one."""
        return self.old == self.new and bool(self.changes)


def compare_wit(old: Path, new: Path, world: str | None = None) -> Comparison:
    """Compare two sources. Items that are gated as `@unstable` do not count.

    Args:
        old: a `.wit` file, a folder of them, or a component.
        new: the same, later.
        world: the world to compare; None for every world of the main packages.

    Raises:
        UsageError: there is nothing at one of the two.
        ValidationError: one of them is not valid WIT, or has no such world.
        ToolMissingError: wasm-tools is not installed.
    """
    before, after = read(old), read(new)
    pairs = world_pairs(before, after, world)
    kept = [(mine, other) for mine, other in pairs if other is not None]
    moved = [move for mine, other in kept for move in moves((old, mine.path), (new, other.path))]
    return Comparison(
        before.main.name,
        after.main.name,
        tuple(verdict(before, after, pair) for pair in pairs),
        _without_toolchain(before, after, differences(before, after, kept[0] if world is not None else None)),
        tuple(dict.fromkeys(moved)),
    )


def _without_toolchain(before: Resolve, after: Resolve, changes: tuple[Change, ...]) -> tuple[Change, ...]:
    """The changes, less the WASI packages that a component has from its toolchain and its WIT does not name."""
    if before.main.name != after.main.name and _COMPONENT in (before.main.name, after.main.name):
        return tuple(one for one in changes if not (one.kind == "package" and one.place.startswith("wasi:")))
    return changes
