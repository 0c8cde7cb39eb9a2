"""The package while it is planned: its modules, the names in them, and which declaration lives where."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from airssys_sdk.wit.model import Enum, Flags, Record, Resource, TypeDef, Variant
from airssys_sdk.wit.names import camel, escape, shouty, snake

from .errors import Diagnostic
from .plan import Import, Item, Module
from .scope import Handles, Scope, Sibling
from .walk import declared


class ModuleDraft:
    """One module: first its names are entered, then its items are made.

    Args:
        folder: the folder of the module in the package: `imports`, `exports`, or empty.
        name: the module's name; `__init__` for the package of the folder.
        problems: where name clashes are reported.
    """

    def __init__(self, folder: str, name: str, problems: list[Diagnostic]) -> None:
        self.folder = folder
        self.name = name
        self.scope = Scope(problems)
        self.types: list[TypeDef] = []
        self.renamed: dict[TypeDef, str] = {}
        self.errors: dict[TypeDef, str] = {}
        self.items: list[Item] = []
        self._problems = problems
        self._inner: set[str] = set()
        self._handles: Handles | None = None

    @property
    def path(self) -> str:
        """The file's path in the package."""
        return f"{self.folder}/{self.name}.py" if self.folder else f"{self.name}.py"

    def name_of(self, wit_type: TypeDef) -> str:
        """What a type that is declared here is called here."""
        return self.renamed.get(wit_type) or type_name(wit_type)

    @property
    def resources(self) -> list[TypeDef]:
        """The resources that are declared here."""
        return [wit_type for wit_type in self.types if isinstance(wit_type.declaration, Resource)]

    @property
    def handles(self) -> Handles:
        """The module's imports. Ask only when every name has been entered."""
        if self._handles is None:
            self._handles = Handles(self.scope.names | self._inner)
        return self._handles

    def reserve(self, names: Iterable[str]) -> None:
        """Keep names free of import handles: those of modules beside it, which importing them binds here."""
        self._inner.update(names)

    def inner(self) -> Inner:
        """A table for the names inside a class of this module: import handles avoid those too."""
        return Inner(self._problems, self._inner)

    def enter_type(self, wit_type: TypeDef, *, alias: bool) -> None:
        """Enter the names of a declaration; those of an alias only where aliases are emitted."""
        match wit_type.declaration:
            case Record(fields):
                self.scope.claim(self.name_of(wit_type), wit_type.path)
                inside = self.inner()
                for field in fields:
                    inside.claim(field_name(field.name), f"{wit_type.path}.{field.name}")
            case Enum(labels) | Flags(labels):
                self.scope.claim(self.name_of(wit_type), wit_type.path)
                inside = self.inner()
                for label in labels:
                    inside.claim(shouty(label.name), f"{wit_type.path}.{label.name}")
            case Variant(cases):
                self.scope.claim(self.name_of(wit_type), wit_type.path)
                for case in cases:
                    self.scope.claim(case_name(wit_type, case.name), f"{wit_type.path}.{case.name}")
                self.inner().claim("value", "value")
            case Resource():
                self.scope.claim(self.name_of(wit_type), wit_type.path)
            case _:
                if not alias:
                    return
                self.scope.claim(self.name_of(wit_type), wit_type.path)
        self.types.append(wit_type)

    def reference(self, module: ModuleDraft, *, private: bool = False) -> str:
        """What to write before a name of another module: its handle and a dot; nothing for this one's own."""
        if module is self:
            return ""
        package = "." if module.folder == self.folder else ("." if not self.folder else "..") + module.folder
        kind = module.folder or "world"
        return self.handles.sibling(Sibling(package, module.name, kind), private=private) + "."

    def finished(self, header: tuple[str, ...], docs: str | None) -> Module:
        """The module's plan."""
        if self.resources:  # they name each other, and themselves
            self.handles.add(Import("__future__", "annotations", None))
        imports = () if self._handles is None else self._handles.imports
        return Module(self.path, header, docs, imports, tuple(self.items))


class Inner(Scope):
    """The names inside one class, which the module's import handles must avoid too."""

    def __init__(self, problems: list[Diagnostic], every: set[str]) -> None:
        super().__init__(problems)
        self._every = every

    def claim(self, name: str, where: str) -> str:
        """Enter the name that an item of the WIT must have; report it if another item has it."""
        self._every.add(name)
        return super().claim(name, where)


@dataclasses.dataclass(slots=True)
class Homes:
    """Which module each declaration lives in."""

    modules: dict[TypeDef, ModuleDraft] = dataclasses.field(default_factory=dict["TypeDef", "ModuleDraft"])
    same: dict[TypeDef, TypeDef] = dataclasses.field(default_factory=dict["TypeDef", "TypeDef"])

    def settle(self, types: Iterable[TypeDef], module: ModuleDraft, *, aliases: bool) -> None:
        """Let the types that are declared there (not only used) live in the module."""
        for wit_type in types:
            if wit_type.used_from is None and wit_type not in self.modules:
                self.modules[wit_type] = module
                module.enter_type(wit_type, alias=aliases)

    def of(self, wit_type: TypeDef) -> tuple[ModuleDraft, TypeDef]:
        """The module of a declaration, and the declaration itself behind any `use`."""
        origin = declared(wit_type)
        origin = self.same.get(origin, origin)
        return self.modules[origin], origin


def type_name(wit_type: TypeDef) -> str:
    """The Python name of a declared type."""
    return escape(camel(wit_type.name))


def case_name(wit_type: TypeDef, case: str) -> str:
    """The Python class of a variant's case."""
    return f"{type_name(wit_type)}_{escape(camel(case))}"


def field_name(name: str) -> str:
    """The Python name of a field, a parameter or a function."""
    return escape(snake(name))


def imported(package: str, name: str) -> Import:
    """`from package import name as name`: a re-export."""
    return Import(package, name, name)
