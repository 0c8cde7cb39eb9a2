"""Type annotations as small trees, and their text, wrapped as the formatter would wrap it."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Mapping
from typing import TypeAlias

WIDTH = 88
"""The line length of emitted code: the formatter's default."""

INDENT = "    "


@dataclasses.dataclass(frozen=True, slots=True)
class Name:
    """A name, dotted or not: `wit.U32`, `None`."""

    text: str


@dataclasses.dataclass(frozen=True, slots=True)
class Generic:
    """A subscript: `builtins.list[wit.U8]`."""

    head: str
    arguments: tuple[Annotation, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Union:
    """Alternatives: `A | B | None`. At least two, none of them a union itself; build it with `union`."""

    members: tuple[Annotation, ...]


GROUP = 100
"""How many alternatives stand side by side at most: each is nested in the next, and Python and type checkers read only some
hundreds to a few thousands deep."""

Annotation: TypeAlias = Name | Generic | Union

NONE = Name("None")


def union(*members: Annotation) -> Annotation:
    """The alternatives as one annotation, flattened."""
    flattened: list[Annotation] = []
    for member in members:
        flattened.extend(member.members if isinstance(member, Union) else (member,))
    return flattened[0] if len(flattened) == 1 else Union(tuple(flattened))


def flat(annotation: Annotation) -> str:
    """The annotation on one line."""
    if isinstance(annotation, Name):
        return annotation.text
    if isinstance(annotation, Union):
        return " | ".join(map(flat, annotation.members))
    return f"{annotation.head}[{', '.join(map(flat, annotation.arguments))}]"


def quoted(text: str) -> str:
    """A Python string literal."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def names_in(annotation: Annotation) -> Iterator[str]:
    """The names in an annotation."""
    match annotation:
        case Name(text):
            yield text
        case Generic(head, arguments):
            yield head
            for argument in arguments:
                yield from names_in(argument)
        case Union(alternatives):
            for member in alternatives:
                yield from names_in(member)


def renamed(annotation: Annotation, names: Mapping[str, str]) -> Annotation:
    """The annotation with other names."""
    match annotation:
        case Name(text):
            return Name(names.get(text, text))
        case Generic(head, arguments):
            return Generic(names.get(head, head), tuple(renamed(argument, names) for argument in arguments))
        case Union(alternatives):
            return Union(tuple(renamed(member, names) for member in alternatives))


def field(indent: int, before: str, annotation: Annotation) -> list[str]:
    """The lines of `name: annotation` in a class body; `before` is `name: `."""
    pad = INDENT * indent
    line = f"{pad}{before}{flat(annotation)}"
    if len(line) <= WIDTH:
        return [line]
    if isinstance(annotation, Generic):
        return _led(pad + before, _subscript(annotation, indent), "")
    if isinstance(annotation, Name) and len(pad) + 4 + len(annotation.text) > WIDTH:
        return [line]
    return [f"{pad}{before}(", *inside(annotation, indent + 1), f"{pad})"]


def value(before: str, annotation: Annotation) -> list[str]:
    """The lines of an alias at the top of a module, `X: typing.TypeAlias = annotation`; `before` ends with `= `."""
    line = before + flat(annotation)
    if len(line) <= WIDTH:
        return [line]
    fits = len(INDENT) + len(flat(annotation)) <= WIDTH
    if isinstance(annotation, Name) and not fits:
        return [line]
    if isinstance(annotation, Name) and len(before) - 1 > WIDTH - 2:
        return [line]
    if isinstance(annotation, Generic) and len(before + annotation.head) + 1 <= WIDTH:
        return _led(before, _subscript(annotation, 0), "")
    if isinstance(annotation, Union) and len(annotation.members) > GROUP:
        return [f"{before}(", *_grouped(annotation), ")"]
    return [f"{before}(", *inside(annotation, 1), ")"]


def _grouped(annotation: Union) -> list[str]:
    """The lines of very many alternatives, in groups of the same size."""
    members = annotation.members
    count = max(3, -(-len(members) // GROUP))  # the formatter writes two of them in another way
    cuts = [len(members) * at // count for at in range(count + 1)]
    lines: list[str] = []
    for start, end in itertools.pairwise(cuts):
        lines += [f"{INDENT}{'| ' * bool(start)}(", *inside(Union(members[start:end]), 2), f"{INDENT})"]
    return lines


def parameter(indent: int, before: str, annotation: Annotation) -> list[str]:
    """The lines of a parameter that has its line to itself, with the comma."""
    pad = INDENT * indent
    line = f"{pad}{before}{flat(annotation)},"
    if len(line) <= WIDTH:
        return [line]
    return _led(pad + before, _operands(annotation, indent, len(pad + before), 1), ",")


def result(indent: int, before: str, annotation: Annotation, after: str, *, first: bool) -> list[str]:
    """The lines from `before` (which ends with `-> `) to the end of a signature.

    Args:
        indent: of the `def`.
        before: what stands on the line before the annotation, without indentation.
        annotation: what the function returns.
        after: what follows on the line: `:` or `: ...`.
        first: the function has no parameters, so the result is what breaks first.
    """
    pad = INDENT * indent
    line = f"{pad}{before}{flat(annotation)}{after}"
    if len(line) <= WIDTH:
        return [line]
    if isinstance(annotation, Generic):
        return _led(pad + before, _subscript(annotation, indent), after)
    if isinstance(annotation, Name) and not first:
        return [line]
    return [f"{pad}{before}(", *inside(annotation, indent + 1), f"{pad}){after}"]


def inside(annotation: Annotation, indent: int, after: str = "") -> list[str]:
    """The lines of an annotation that stands alone between brackets."""
    pad = INDENT * indent
    if len(pad) + len(flat(annotation)) + len(after) <= WIDTH:
        return [f"{pad}{flat(annotation)}{after}"]
    return _led(pad, _operands(annotation, indent, len(pad), len(after)), after)


def _operands(annotation: Annotation, indent: int, at: int, after: int) -> list[str]:
    """A union, one member a line; the first line without indentation, which ends at column `at`."""
    members = annotation.members if isinstance(annotation, Union) else (annotation,)
    lines: list[str] = []
    for place, member in enumerate(members):
        lead = f"{INDENT * indent}| " if place else ""
        room = WIDTH - (len(lead) if place else at) - (after if member is members[-1] else 0)
        if isinstance(member, Generic) and len(flat(member)) > room:
            lines += _led(lead, _subscript(member, indent), "")
        else:
            lines.append(lead + flat(member))
    return lines


def _subscript(annotation: Generic, indent: int) -> list[str]:
    """A subscript broken inside its brackets; the first line without indentation."""
    pad = INDENT * (indent + 1)
    arguments = annotation.arguments
    together = pad + ", ".join(map(flat, arguments))
    if len(arguments) == 1:
        content = inside(arguments[0], indent + 1)
    elif len(together) <= WIDTH:
        content = [together]
    else:
        content = [line for argument in arguments for line in inside(argument, indent + 1, ",")]
    return [f"{annotation.head}[", *content, f"{INDENT * indent}]"]


def _led(before: str, lines: list[str], after: str) -> list[str]:
    lines = [before + lines[0], *lines[1:]]
    lines[-1] += after
    return lines
