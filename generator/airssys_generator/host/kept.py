"""The names of a host's classes that the names file keeps, so that what the WIT gains later takes none of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from airssys_sdk.wit.model import TypeDef

from ..draft import ModuleDraft, type_name
from ..namesfile import NamesFile
from ..scope import Scope


class KeptNames:
    """What the names file says, and what is decided beyond it.

    Args:
        names: the names file, with a name for every interface.
    """

    def __init__(self, names: NamesFile) -> None:
        self._file = names
        self.classes = dict(names.classes)
        self.errors = dict(names.errors)
        self._types = dict(names.types)
        self._owners: dict[ModuleDraft, str] = {}
        interfaces = {f"import {name}" for name in names.imports} | {
            f"export {name}" for name in names.exports
        }
        self._taken: dict[str, set[str]] = {}
        for table in (names.classes, names.errors, names.types):
            for key, name in table.items():
                owner, mark, _ = key.partition("#")
                within = owner if mark or owner in interfaces else ""
                self._taken.setdefault(within, set()).add(name)

    @property
    def file(self) -> NamesFile:
        """The names file with everything that was decided."""
        return dataclasses.replace(self._file, classes=self.classes, errors=self.errors, types=self._types)

    def own(self, module: ModuleDraft, owner: str, types: Iterable[TypeDef] = ()) -> None:
        """Say what a module is for, and what its types are called.

        A type has its own name, as a guest has it, unless something of ours had the name before the type came: users have
        imported that, and nobody the type.

        Args:
            module: the module, without names yet.
            owner: `import ` or `export ` and the interface; empty for a module of the world itself.
            types: its types; those that it only uses have their names elsewhere.
        """
        self._owners[module] = owner
        taken = self._taken.get(owner, set())
        module.scope.reserve(taken)
        declared = [wit_type for wit_type in types if wit_type.used_from is None]
        used = taken | {type_name(wit_type) for wit_type in declared}
        for wit_type in declared:
            key, plain = self.key(module, wit_type.name), type_name(wit_type)
            if key in self._types:
                module.renamed[wit_type] = self._types[key]
            elif plain in taken:
                name = f"{plain.rstrip('_')}Type"
                while name in used:
                    name += "_"
                used.add(name)
                module.renamed[wit_type] = self._types[key] = name

    def key(self, module: ModuleDraft, item: str, side: str = "import") -> str:
        """The key of something in a module; of the world's own things, those that are not of this side say so."""
        owner = self._owners[module]
        return f"{owner}#{item}" if owner else f"{side} {item}"

    def decide(self, table: dict[str, str], key: str, scope: Scope, *candidates: str) -> str:
        """The name that the file has, else the first candidate that is free, which the file then has.

        Args:
            table: `classes` or `errors`.
            key: the key in it.
            scope: the names of the module.
            candidates: names, best first.
        """
        if key in table:
            return scope.claim(table[key], key)
        table[key] = scope.derive(*candidates)
        return table[key]
