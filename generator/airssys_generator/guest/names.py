"""Every name of a guest's bindings and of its skeleton, decided before any code is planned."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable

from airssys_sdk.wit.model import Function, InterfaceItem, Resource, TypeDef

from ..draft import Homes, ModuleDraft, field_name
from ..errors import Diagnostic, GenerationError
from ..namesfile import NamesFile, class_name
from ..scope import Scope, Sibling
from ..selection import Selection, place
from ..walk import by_resource, constructor_of, in_order, named, parts, reached, without_members
from .holes import holes
from .options import WORLD_CLASS, WORLD_MODULE
from .streams import makers


class SkeletonDraft(ModuleDraft):
    """The author's module, which stands outside the package of the bindings."""

    def reference(self, module: ModuleDraft, *, private: bool = False) -> str:
        """What to write before a name of a module of the bindings."""
        if module.name == "__init__":
            return self.handles.module(WORLD_MODULE) + "."
        package = f"{WORLD_MODULE}.{module.folder}"
        return self.handles.sibling(Sibling(package, module.name, module.folder), private=private) + "."


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Implemented:
    """A resource that the guest implements.

    Attributes:
        resource: its declaration.
        item: the exported interface that declares it.
        module: the module of the bindings with its Protocol.
        author: the name of the author's class.
        functions: its constructor, methods and static functions.
    """

    resource: TypeDef
    item: InterfaceItem
    module: ModuleDraft
    author: str
    functions: list[Function]


class GuestNames:
    """The names of a guest, and where everything lives.

    Args:
        selection: what of the world is generated.
        names: the names file, with a name for every interface and every exported resource.

    Attributes:
        root: the package `wit_world` itself, with what the world declares.
        protocols: `wit_world.exports`: a Protocol per exported interface.
        skeleton: the author's module.
        prose: a module that is never made: types in docstrings take their names from it.
        imports: the module of each imported interface.
        exports: the module of each exported interface.
        implemented: the resources that the guest implements.
        makers: the functions that make streams and futures.

    Raises:
        GenerationError: names clash, or componentize-py would make invalid Python of the world.
    """

    def __init__(self, selection: Selection, names: NamesFile) -> None:
        self.world = selection.world
        self.selection = selection
        self.problems: list[Diagnostic] = []
        self.homes = Homes()
        self.root = ModuleDraft("", "__init__", self.problems)
        self.protocols = ModuleDraft("exports", "__init__", self.problems)
        self.skeleton = SkeletonDraft("", "skeleton", self.problems)
        self.prose = SkeletonDraft("", "prose", self.problems)
        self.imports: dict[str, ModuleDraft] = {}
        self.exports: dict[str, ModuleDraft] = {}
        self._names = names
        self._enter_types()
        self._implemented = {item: self._implement(item) for item in selection.exports}
        self.implemented = [one for some in self._implemented.values() for one in some]
        self._enter_functions()
        self.makers = makers(selection, self.homes, self.root)
        for maker in self.makers:
            maker.module.scope.claim(maker.name, f"{self.world.path}: a {maker.name.rpartition('_')[2]}")
        self._check()

    def resources_of(self, item: InterfaceItem) -> list[Implemented]:
        """The resources that the guest implements for an exported interface."""
        return self._implemented[item]

    def _implement(self, item: InterfaceItem) -> list[Implemented]:
        module = self.exports[item.wire_name]
        members = by_resource(item.interface.functions.values())
        return [
            Implemented(
                resource,
                item,
                module,
                self._names.resources[f"{item.wire_name}#{resource.name}"],
                members.get(resource, []),
            )
            for resource in module.resources
        ]

    def _enter_types(self) -> None:
        for item in self.selection.imports:
            module = ModuleDraft("imports", self._names.imports[item.wire_name], self.problems)
            self.imports[item.wire_name] = module
            self.homes.settle(self.selection.own(item), module, aliases=False)
        twins = {item: twin for item in self.selection.exports if (twin := self._twin(item)) is not None}
        both = {
            wit_type
            for item in twins
            for wit_type in item.interface.types.values()
            if wit_type.used_from is None and isinstance(wit_type.declaration, Resource)
        }
        for item in self.selection.exports:
            module = ModuleDraft("exports", self._names.exports[item.wire_name], self.problems)
            self.exports[item.wire_name] = module
            own = self.selection.own(item)
            if item in twins:
                own = _reaching(own, both)
                self._share(item, twins[item], own)
            self.homes.settle(own, module, aliases=False)
        self.homes.settle(self.selection.own(self.world), self.root, aliases=False)
        for folder, items in (("imports", self.selection.imports), ("exports", self.selection.exports)):
            if items:
                self.root.scope.claim(folder, f"the package of the {folder[:-1]}ed interfaces")
        self.protocols.reserve(module.name for module in self.exports.values())

    def _twin(self, item: InterfaceItem) -> InterfaceItem | None:
        """The import of the interface that is exported: componentize-py keeps its types there, and only there."""
        if item.name is not None:
            return None
        same = (other for other in self.selection.imports if other.wire_name == item.wire_name)
        return next(same, None)

    def _share(self, item: InterfaceItem, twin: InterfaceItem, separate: Iterable[TypeDef]) -> None:
        """Let types of an export be those of the import, but for what has a resource in it: there are two of those."""
        kept = set(separate)
        for name, wit_type in item.interface.types.items():
            other = twin.interface.types[name]
            if other is not wit_type and wit_type not in kept:
                self.homes.same[wit_type] = other

    def _enter_functions(self) -> None:
        for item in self.selection.imports:
            module = self.imports[item.wire_name]
            functions = by_resource(item.interface.functions.values())
            for function in functions.get(None, []):
                module.scope.claim(field_name(function.name), place(item, function.name))
                self._enter_parameters(function, place(item, function.name))
            for resource in module.resources:
                self._enter_methods(module, functions.get(resource, []), f"{item.wire_name}#")
        for item in self.selection.exports:
            free = without_members(item.interface.functions.values())
            name = class_name(self.exports[item.wire_name].name)
            for module in (self.protocols, *([self.skeleton] if free else [])):
                module.scope.claim(name, item.wire_name)
                self._enter_methods(module, free, f"{item.wire_name}#")
        for one in self.implemented:
            where = f"{one.item.wire_name}#"
            self.skeleton.scope.claim(one.author, where + one.resource.name)
            for module in (one.module, self.skeleton):
                self._enter_methods(module, one.functions, where)
        self.root.scope.claim(WORLD_CLASS, "the class of the world's functions")
        functions = by_resource(self.world.imported_functions.values())
        for resource in self.root.resources:
            self._enter_methods(self.root, functions.get(resource, []), f"{self.world.path}#")
        for function in functions.get(None, []):
            self.root.scope.claim(field_name(function.name), f"{self.world.path}#{function.name}")
            self._enter_parameters(function, f"{self.world.path}#{function.name}")
        if self.world.exported_functions:
            self.skeleton.scope.claim(WORLD_CLASS, "the class of the world's functions")
        for module in (self.root, self.skeleton):
            self._enter_methods(module, self.world.exported_functions.values(), f"{self.world.path}#")

    def _enter_methods(self, module: ModuleDraft, functions: Iterable[Function], before: str) -> None:
        inner = module.inner()
        for function in functions:
            where = before + function.name
            if not constructor_of(function):
                inner.claim(field_name(function.item), where)
            self._enter_parameters(function, where)

    def _enter_parameters(self, function: Function, where: str) -> None:
        parameters = Scope(self.problems)
        for parameter in function.parameters:
            parameters.claim(field_name(parameter.name), f"{where}({parameter.name})")

    def _check(self) -> None:
        modules = [self.root, *self.imports.values(), *self.exports.values()]
        self.problems += holes(self.selection, [(module, in_order(module.types)) for module in modules])
        if self.problems:
            raise GenerationError(
                "the world cannot be a guest's in Python",
                list(dict.fromkeys(self.problems)),
                where=self.world.path,
            )


def _reaching(types: Iterable[TypeDef], wanted: Collection[TypeDef]) -> list[TypeDef]:
    """Those of the types that are made of one that is wanted, or are one."""
    own = list(types)
    found: set[TypeDef] = set()
    for wit_type in in_order(reached(own)):
        if wit_type in wanted or any(name in found for _, part in parts(wit_type) for name in named(part)):
            found.add(wit_type)
    return [wit_type for wit_type in own if wit_type in found]
