"""The plan: every module, class, function and import of the emitted package, with every name decided.

Templates see these values and nothing else; they choose no name and look nothing up.
"""

from __future__ import annotations

import dataclasses
import re
import sys
from typing import ClassVar, TypeAlias

from .annotation import Annotation, Generic, Name, Union

__all__ = [
    "Alias",
    "Annotation",
    "Argument",
    "Call",
    "Class",
    "Field",
    "Function",
    "Generic",
    "Import",
    "Item",
    "Mapping",
    "Member",
    "Module",
    "Name",
    "Parameter",
    "Tuple",
    "Union",
    "order",
]

Natural: TypeAlias = tuple[tuple[int, int, str], ...]

_DIGITS = re.compile(r"(\d+)")


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
        return 0 if (self.package or self.name).split(".")[0] in sys.stdlib_module_names else 1


def order(imported: Import) -> tuple[int, bool, int, Natural, int, Natural, bool]:
    """Where an import stands among others: as the linter sorts them."""
    package = imported.package or ""
    dots = len(package) - len(package.lstrip("."))
    kind = 0 if len(imported.name) > 1 and imported.name.isupper() else 1 if imported.name[0].isupper() else 2
    return (
        imported.group,
        imported.package is not None,
        -dots,
        natural(package or imported.name),
        kind,
        natural(imported.name),
        imported.alias is not None,
    )


def natural(name: str) -> Natural:
    """A sort key under which `a2` comes before `a10`."""
    parts = [part for part in _DIGITS.split(name.lower()) if part]
    return tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts)


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

    def item(self, name: str) -> Item:
        """The class, alias or function of that name.

        Raises:
            LookupError: there is none.
        """
        found = next((item for item in self.items if item.name == name), None)
        if found is None:
            raise LookupError(f"{self.path} has no {name!r}; it has {', '.join(i.name for i in self.items)}")
        return found

    def replacing(self, item: Item, *imports: Import) -> Module:
        """This module with another item in place of the one of its name, and with more imports.

        Raises:
            LookupError: there is none of that name.
        """
        items = list(self.items)
        items[items.index(self.item(item.name))] = item
        return dataclasses.replace(self, items=tuple(items), imports=self._with(imports))

    def adding(self, item: Item, *imports: Import) -> Module:
        """This module with one more item at its end, and with more imports."""
        return dataclasses.replace(self, items=(*self.items, item), imports=self._with(imports))

    def _with(self, imports: tuple[Import, ...]) -> tuple[Import, ...]:
        return tuple(sorted(dict.fromkeys((*self.imports, *imports)), key=order))
