"""Who supervises whom in a system: as a tree for people, as JSON for machines."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Sequence

from airssys_sdk.manifest import format_duration
from airssys_sdk.runtime import ComponentSpec, GroupSpec, Intensity, Policy, SystemSpec

Part = tuple[str, str | None]
"""A piece of a line, and its colour."""

_LINES = ("├─ ", "└─ ", "│  ", "   ")
_PLAIN_LINES = ("|- ", "`- ", "|  ", "   ")


@dataclasses.dataclass(frozen=True, slots=True)
class _Row:
    """Components of one kind, one after the other, or a group.

    Attributes:
        name: what it is called.
        color: of the name.
        about: how it is supervised, in words.
        children: what stands below it.
    """

    name: str
    color: str
    about: str
    children: Sequence[ComponentSpec | GroupSpec] = ()


def lines(system: SystemSpec, *, encoding: str) -> Iterator[list[Part]]:
    """The tree, line by line.

    Args:
        system: what runs.
        encoding: of the stream that it is written to; one without line characters gets plain ones.
    """
    restarts = _restarts(system.intensity)
    about = [system.strategy.value, *([restarts] if system.intensity.restarts else [])]
    yield [(system.name, "magenta"), (f"  {', '.join(about)}", None)]
    yield from _below(system.children, "", _LINES if _holds(encoding, "".join(_LINES)) else _PLAIN_LINES)


def data(system: SystemSpec) -> dict[str, object]:
    """The tree as JSON."""
    return {
        "system": system.name,
        "strategy": system.strategy.value,
        "intensity": _intensity(system.intensity),
        "children": [_data(child) for child in system.children],
    }


def _below(
    children: Sequence[ComponentSpec | GroupSpec], before: str, drawn: tuple[str, str, str, str]
) -> Iterator[list[Part]]:
    branch, last_branch, line, space = drawn
    rows = list(_rows(children))
    for number, row in enumerate(rows, start=1):
        last = number == len(rows)
        yield [
            (f"{before}{last_branch if last else branch}", None),
            (row.name, row.color),
            (f"  {row.about}", None),
        ]
        yield from _below(row.children, before + (space if last else line), drawn)


def _rows(children: Sequence[ComponentSpec | GroupSpec]) -> Iterator[_Row]:
    for _, kind in itertools.groupby(children, key=_kind):
        alike = list(kind)
        first, last = alike[0], alike[-1]
        if isinstance(first, GroupSpec):
            about = f"{first.strategy.value}, {_supervised(first.policy, first.intensity)}"
            yield _Row(first.name, "cyan", about, first.children)
            continue
        name = str(first.id)
        if isinstance(last, ComponentSpec) and last is not first:
            name += f" to {last.instance}"
        yield _Row(name, "green", _supervised(first.policy, first.intensity))


def _kind(child: ComponentSpec | GroupSpec) -> object:
    """What instances of one component have in common."""
    if isinstance(child, GroupSpec):
        return child.name
    return child.id.namespace, child.id.name, id(child.manifest)


def _supervised(policy: Policy, intensity: Intensity) -> str:
    return f"{policy.value}, {_restarts(intensity)}" if policy is not Policy.TEMPORARY else "temporary"


def _restarts(intensity: Intensity) -> str:
    number = intensity.restarts
    if not number:
        return "no restarts"
    return f"{number} restart{'' if number == 1 else 's'} in {format_duration(intensity.within)}"


def _data(child: ComponentSpec | GroupSpec) -> dict[str, object]:
    supervised = {"policy": child.policy.value, "intensity": _intensity(child.intensity)}
    if isinstance(child, ComponentSpec):
        return {"component": str(child.id), **supervised}
    return {
        "supervisor": child.name,
        "strategy": child.strategy.value,
        **supervised,
        "children": [_data(below) for below in child.children],
    }


def _intensity(intensity: Intensity) -> dict[str, object]:
    return {"restarts": intensity.restarts, "within": intensity.within}


def _holds(encoding: str, text: str) -> bool:
    try:
        text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True
