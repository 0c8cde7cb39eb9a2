"""Names: one table per scope in which a second insertion is an error, and import handles that cannot collide."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from .errors import Diagnostic
from .plan import Import, order

_BUILTINS = frozenset(
    (
        *(
            "BaseException",
            "NotImplementedError",
            "bool",
            "bytes",
            "classmethod",
            "dict",
            "float",
            "int",
            "list",
        ),
        *("property", "str", "tuple", "type"),
    )
)
"""The builtins that emitted code calls by their plain names: no handle hides one."""

_COMPARING = "NotImplemented"
"""What the standard library looks up in the module of a dataclass when it compares its values."""


class Scope:
    """The names of one Python scope, and which item of the WIT each belongs to.

    Args:
        problems: where a clash is reported.
    """

    def __init__(self, problems: list[Diagnostic]) -> None:
        self._problems = problems
        self._owners: dict[str, str] = {}
        self._reserved: set[str] = set()

    def __contains__(self, name: str) -> bool:
        return name in self._owners

    def claim(self, name: str, where: str) -> str:
        """Enter the name that an item of the WIT must have; report it if another item has it."""
        if name == _COMPARING:
            self._problems.append(
                Diagnostic(
                    where,
                    "name",
                    f"its class hides Python's own '{_COMPARING}', which comparing values of its module needs",
                    "rename it",
                )
            )
        owner = self._owners.setdefault(name, where)
        if owner != where:
            self._problems.append(
                Diagnostic(
                    where,
                    "name",
                    f"its Python name '{name}' is also that of {owner}",
                    "rename one of the two",
                )
            )
        return name

    def reserve(self, names: Iterable[str]) -> None:
        """Keep names for those who claim them: none of our own making becomes one of these."""
        self._reserved.update(names)

    def derive(self, *candidates: str) -> str:
        """Enter a name of our own making: the first candidate that is free, else the last with underscores."""
        name = next(filter(self._is_free, candidates), candidates[-1])
        while not self._is_free(name):
            name += "_"
        self._owners[name] = name
        return name

    @property
    def names(self) -> frozenset[str]:
        """Every name in the table."""
        return frozenset(self._owners)

    def _is_free(self, name: str) -> bool:
        return name not in self._owners and name not in self._reserved and name != _COMPARING


@dataclasses.dataclass(frozen=True, slots=True)
class Sibling:
    """Another module of the same package: `from {package} import {name}`; `kind` tells two of one name apart."""

    package: str
    name: str
    kind: str


class Handles:
    """The imports of one module, entered as they are asked for.

    A WIT name never begins with an underscore, so a handle that would collide with a name of the file gets one.

    Args:
        taken: every name that the module, its classes or its functions' owners define.
        standard: standard library modules that keep their plain name if any handle does.
    """

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = frozenset(taken)
        self._handles: dict[Sibling | str, str] = {}
        self._imports: list[Import] = []

    def module(self, name: str) -> str:
        """The handle of a standard library module."""
        return self._handle(name, Import(None, name, None), name, f"_{name}")

    def package(self, package: str, name: str, alias: str) -> str:
        """The handle `alias` of `from package import name`."""
        return self._handle(f"{package}.{name}", Import(package, name, None), alias, f"_{alias}")

    def sibling(self, sibling: Sibling, *, private: bool = False) -> str:
        """The handle of a module of the emitted package; `private` ones always have an underscore."""
        candidates = [sibling.name] * (not private)
        candidates += [f"_{sibling.name}", f"_{sibling.kind}_{sibling.name}"]
        return self._handle(sibling, Import(sibling.package, sibling.name, None), *candidates)

    def add(self, imported: Import) -> None:
        """Import something under a fixed name."""
        if imported not in self._imports:
            self._imports.append(imported)

    def builtin(self, name: str) -> str:
        """One of `_BUILTINS`: the plain name where nothing shadows it, else through the handle of `builtins`."""
        return f"{self.module('builtins')}.{name}" if name in self._taken else name

    @property
    def imports(self) -> tuple[Import, ...]:
        """What was asked for, in the order in which imports are sorted."""
        return tuple(sorted(self._imports, key=order))

    def _handle(self, key: Sibling | str, wanted: Import, *candidates: str) -> str:
        if key not in self._handles:
            used = self._taken | _BUILTINS | set(self._handles.values())
            handle = next((candidate for candidate in candidates if candidate not in used), "")
            while not handle or handle in used:
                handle = (handle or candidates[-1]) + "_"
            self._handles[key] = handle
            self._imports.append(dataclasses.replace(wanted, alias=handle if handle != wanted.name else None))
        return self._handles[key]
