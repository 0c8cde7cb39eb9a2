"""The comment above a class or method of the author's that left the WIT."""

from __future__ import annotations

from collections.abc import Collection
from typing import TypeVar

import libcst as cst

from .authored import methods
from .placing import replaced

N = TypeVar("N", cst.FunctionDef, cst.ClassDef)

MARK = "# airssys-sdk: no longer in the WIT; remove it, or keep it for your own use."


def is_marked(node: cst.FunctionDef | cst.ClassDef) -> bool:
    """Whether a class or method has the mark."""
    return any(_is_mark(line) for line in node.leading_lines)


def marked(node: N) -> N:
    """The class or method with the mark, below the other comments above it."""
    return node.with_changes(leading_lines=[*node.leading_lines, cst.EmptyLine(comment=cst.Comment(MARK))])


def unmarked(node: N) -> N:
    """The class or method without the mark."""
    return node.with_changes(leading_lines=[line for line in node.leading_lines if not _is_mark(line)])


def unmarked_among(cls: cst.ClassDef, left: Collection[str]) -> list[str]:
    """The methods among some that are there and have no mark."""
    return [name for name, node in methods(cls).items() if name in left and not is_marked(node)]


def with_marks(cls: cst.ClassDef, left: Collection[str]) -> cst.ClassDef:
    """The class with marks on methods that left the WIT."""
    found = methods(cls)
    return replaced(cls, {found[name]: marked(found[name]) for name in unmarked_among(cls, left)})


def _is_mark(line: cst.EmptyLine) -> bool:
    return line.comment is not None and line.comment.value.rstrip() == MARK
