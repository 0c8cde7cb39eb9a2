"""The plan: every module, class, function and import of the emitted package, with every name decided.

Templates see these values and nothing else; they choose no name and look nothing up.
"""

from __future__ import annotations

import dataclasses
from typing import ClassVar, TypeAlias

from .annotation import Annotation

_STANDARD = frozenset({"abc", "builtins", "collections", "dataclasses", "enum", "types", "typing"})


@dataclasses.dataclass(frozen=True, slots=True)
class Import:
    """`import name` (no package) or `from package import name`, either with `as alias`."""

    package: str | None
    name: str
    alias: str | None

    @property
    def group(self) -> int:
        """The paragraph of imports it stands in: the standard library, other packages, this one."""
        if self.package == "__future__":
            return -1
        if self.package is not None and self.package.startswith("."):
            return 2
        return 0 if (self.package or self.name).split(".")[0] in _STANDARD else 1


@dataclasses.dataclass(frozen=True, slots=True)
class Call:
    """A decorator: what is called, and its arguments as Python text; None for a decorator without call."""

    callee: str
    arguments: tuple[Argument, ...] | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Mapping:
    """A dictionary of strings as an argument."""

    items: tuple[tuple[str, str], ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Tuple:
    """A tuple of names as a keyword argument."""

    keyword: str
    names: tuple[str, ...]


Argument: TypeAlias = str | Mapping | Tuple


@dataclasses.dataclass(frozen=True, slots=True)
class Field:
    """An annotated attribute of a class; `value` is what it is set to, as Python text."""

    name: str
    annotation: Annotation
    docs: str | None = None
    value: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Member:
    """A member of an enum or of flags, with its value as Python text."""

    name: str
    value: str
    docs: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter; without annotation it is the receiver."""

    name: str
    annotation: Annotation | None = None
    default: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Function:
    """A function or method.

    Attributes:
        body: the statement below the docstring; `...` for the body of a Protocol's method.
    """

    template: ClassVar[str] = "function"
    name: str
    parameters: tuple[Parameter, ...]
    result: Annotation
    body: tuple[str, ...]
    decorators: tuple[Call, ...] = ()
    docs: str | None = None
    is_async: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Class:
    """A class: record, case, enum, flags, interface, world, error."""

    template: ClassVar[str] = "class"
    name: str
    bases: tuple[Annotation, ...] = ()
    decorators: tuple[Call, ...] = ()
    fields: tuple[Field, ...] = ()
    members: tuple[Member, ...] = ()
    functions: tuple[Function, ...] = ()
    docs: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Alias:
    """A name for a type: `name: marker = value`."""

    template: ClassVar[str] = "alias"
    name: str
    marker: str
    value: Annotation
    docs: str | None = None


Item: TypeAlias = Class | Alias | Function


@dataclasses.dataclass(frozen=True, slots=True)
class Module:
    """A Python file.

    Attributes:
        path: in the emitted package, with `/`.
        header: comment lines above the docstring.
        template: which template of the target makes it.
    """

    path: str
    header: tuple[str, ...]
    docs: str | None
    imports: tuple[Import, ...]
    items: tuple[Item, ...]
    template: str = "module"
