"""Every name of a host package, decided before any of its code is planned."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping

from airssys_sdk.wit.model import Function, FunctionKind, InterfaceItem, TypeDef, World
from airssys_sdk.wit.names import camel, escape

from ..draft import Homes, Inner, ModuleDraft, field_name, type_name
from ..errors import Diagnostic
from ..namesfile import NamesFile, class_name
from ..scope import Scope
from ..selection import Selection, is_linked
from ..walk import by_resource, last_name, result_of
from .kept import KeptNames

WORLD_MEMBERS = frozenset({"load", "close", "open_world"})
"""What `airssys_sdk.component.World` defines itself; an exported function cannot have these names."""


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Functions that stand together: those of one imported or exported interface, or of one side of the world itself.

    Attributes:
        folder: `imports` or `exports`; where modules stand flat, the role alone.
        item: the interface; None for the world's own functions.
        where: the path of the interface or world, for the places of functions.
        module: where the class or Protocol with the functions stands.
        types: where the resources stand; the module itself for an interface.
        functions: all of them, those of resources included.
        resources: the resources that the functions may belong to.
        by_resource: the functions of each resource, and under None the others.
    """

    folder: str
    item: InterfaceItem | None
    where: str
    module: ModuleDraft
    types: ModuleDraft
    functions: tuple[Function, ...]
    resources: tuple[TypeDef, ...]
    by_resource: Mapping[TypeDef | None, list[Function]]

    @property
    def free(self) -> list[Function]:
        """The functions that belong to no resource."""
        return self.by_resource.get(None, [])

    def members(self, resource: TypeDef) -> list[Function]:
        """The functions of a resource."""
        return self.by_resource.get(resource, [])

    def makers(self, resource: TypeDef) -> list[Function]:
        """The functions of a resource that need no object of it: the constructor and the static functions."""
        return [function for function in self.members(resource) if function.kind is not FunctionKind.METHOD]

    @property
    def has_class(self) -> bool:
        """Whether there is anything to put into a class of its own."""
        if self.folder == "exports":
            return bool(self.functions)
        return bool(self.free or any(self.makers(resource) for resource in self.resources))


class HostNames:
    """The names of a package, and where everything lives.

    Args:
        selection: what of the world is generated.
        names: the names file, with a name for every interface.
        world_class: what to call the class of the world; None for the world's own name.

    Attributes:
        problems: the clashes that were found.
        root: the package's `__init__`.
        own: the module of the world's own types.
        groups: one for each interface, and two for the world itself.
        classes: the class or Protocol of each interface.
        makers: for each imported resource that has any, the Protocol of its constructor and static functions.
        within: for each resource that stands in a class under its own name, what the class calls the type instead.
    """

    def __init__(self, selection: Selection, names: NamesFile, world_class: str | None = None) -> None:
        self.world: World = selection.world
        self.selection = selection
        self.problems: list[Diagnostic] = []
        self.homes = Homes()
        self.root = ModuleDraft("", "__init__", self.problems)
        self.own = ModuleDraft("", "types", self.problems)
        self.classes: dict[Group, str] = {}
        self.makers: dict[TypeDef, str] = {}
        self.within: dict[TypeDef, str] = {}
        self._names = names
        self._kept = KeptNames(names)
        self._world_class = world_class or camel(self.world.name)
        self._raised: dict[Function, tuple[ModuleDraft, str]] = {}
        self._raised_in: dict[ModuleDraft, list[tuple[Function, str]]] = {}
        self.groups: list[Group] = [*self._enter_interfaces(), *self._enter_world()]
        self._enter_classes()
        for group in self.groups:
            self._enter_functions(group)
        for folder in ("imports", "exports"):
            self._enter_attributes(folder)
        for group in self.groups:
            for function in group.functions:
                self._enter_error(group, function)

    @property
    def file(self) -> NamesFile:
        """The names file with a name for every class that was named here."""
        return self._kept.file

    def of(self, folder: str, *, world: bool) -> list[Group]:
        """The groups of one side: those of interfaces, or the world's own."""
        return [group for group in self.groups if group.folder == folder and (group.item is None) == world]

    def member(self, group: Group, function: Function) -> str:
        """The attribute that a function is, in its class or Protocol."""
        if function.kind is FunctionKind.CONSTRUCTOR:
            return "__init__" if group.folder == "exports" else "__call__"
        if group.item is None and function.resource is None:
            return self._names.functions.get(function.name, field_name(function.name))
        return field_name(function.item)

    def raised(self, function: Function) -> tuple[ModuleDraft, str] | None:
        """The class of the error that a function raises, and its module; None if it returns no result."""
        result = result_of(function)
        if result is None:
            return None
        named = None if result.err is None else last_name(result.err)
        if named is None:
            return self._raised[function]
        home, origin = self.homes.of(named)
        return home, home.errors[origin]

    def raised_here(self, module: ModuleDraft) -> Iterator[tuple[Function, str]]:
        """The functions with an error type that has no name, and the class made for each in this module."""
        yield from self._raised_in.get(module, ())

    # Entering

    def _enter_interfaces(self) -> Iterator[Group]:
        for folder, items, table in (
            ("imports", self.selection.imports, self._names.imports),
            ("exports", self.selection.exports, self._names.exports),
        ):
            for item in items:
                flat = self.selection.package is not None
                module = ModuleDraft("" if flat else folder, table[item.wire_name], self.problems)
                types = self.selection.own(item)
                side = folder.removesuffix("s")
                self._kept.own(module, f"{side} {item.wire_name}", types)
                self.homes.settle(types, module, aliases=True)
                # Read without a world, the types of both directions are the same; in each module they have their names.
                declared_here = [one for one in types if one.used_from is None]
                module.scope.reserve(
                    type_name(one) for one in declared_here if self.homes.modules[one] is not module
                )
                # Of an interface that the engine links, only the types are needed, and of resources their names.
                linked = folder == "imports" and not flat and is_linked(item)
                functions = () if linked else tuple(item.interface.functions.values())
                yield self._group(folder, item, module, module, functions)

    def _enter_world(self) -> Iterator[Group]:
        types = self.selection.own(self.world)
        self._kept.own(self.own, "", types)
        self._kept.own(self.root, "")
        self.homes.settle(types, self.own, aliases=True)
        imported = tuple(self.world.imported_functions.values())
        exported = tuple(self.world.exported_functions.values())
        yield self._group("imports", None, self.root, self.own, imported)
        yield self._group("exports", None, self.root, self.own, exported)

    def _group(
        self,
        folder: str,
        item: InterfaceItem | None,
        module: ModuleDraft,
        types: ModuleDraft,
        functions: tuple[Function, ...],
    ) -> Group:
        where = self.world.path if item is None else item.wire_name
        resources = () if item is None and folder == "exports" else tuple(types.resources)
        return Group(folder, item, where, module, types, functions, resources, by_resource(functions))

    def _enter_classes(self) -> None:
        """The classes of interfaces and of the world give way to types, which the guest has too."""
        for group in self.groups:
            if group.item is not None:
                self.classes[group] = self._interface_class(group, group.item)
            for resource in group.resources:
                name = group.types.name_of(resource)
                if group.folder == "imports" and group.makers(resource) and group.has_class:
                    self.makers[resource] = self._kept.decide(
                        self._kept.classes,
                        self._kept.key(group.types, resource.name),
                        group.types.scope,
                        f"{name.rstrip('_')}Class",
                    )
                if group.item is not None and (group.folder == "exports" or resource in self.makers):
                    self.within[resource] = group.module.scope.derive(f"_{name}")
        self.world_class = self.root.scope.derive(escape(self._world_class))
        self.imports_class = self.root.scope.derive(f"{self.world_class.rstrip('_')}Imports")
        # These stand there too, under the same names, unless the world has theirs.
        self.root.scope.reserve(map(self.own.name_of, self.own.types))
        self.root.reserve(map(self.own.name_of, self.own.types))  # it imports them

    def _interface_class(self, group: Group, item: InterfaceItem) -> str:
        name, scope = class_name(group.module.name), group.module.scope
        candidates = name, f"{name}Interface"
        if not group.has_class:  # there is nothing whose name could be kept
            return scope.derive(*candidates)
        key = f"{group.folder.removesuffix('s')} {item.wire_name}"
        return self._kept.decide(self._kept.classes, key, scope, *candidates)

    def _enter_functions(self, group: Group) -> None:
        """The members of the classes of an interface and of its resources."""
        if group.item is not None:
            inner = group.module.inner()
            self._enter_members(group, inner, group.free)
            for resource in group.resources:
                if resource in self.within:
                    inner.claim(group.types.name_of(resource), f"{group.where}#{resource.name}")
        for resource in group.resources:
            self._enter_members(group, group.types.inner(), group.members(resource))

    def _enter_attributes(self, folder: str) -> None:
        """The members of the world's class, or of the Protocol of its imports."""
        inner = self.root.inner()
        for group in self.of(folder, world=False):
            if group.has_class:
                name = group.module.name
                inner.claim(name, group.where)
                if folder == "exports" and name in WORLD_MEMBERS:
                    self._refuse_member(group.where, "exports", group.where, name, f"{name}_interface")
        for group in self.of(folder, world=True):
            self._enter_members(group, inner, group.free)
            for resource in group.resources:
                if resource in self.makers:
                    inner.claim(group.types.name_of(resource), f"{group.where}#{resource.name}")
            for function in group.free:
                name = self.member(group, function)
                if folder == "exports" and name in WORLD_MEMBERS:
                    where = f"{group.where}#{function.name}"
                    self._refuse_member(where, "functions", function.name, name, f"{name}_function")

    def _enter_members(self, group: Group, inner: Inner, functions: list[Function]) -> None:
        for function in functions:
            where = f"{group.where}#{function.name}"
            inner.claim(self.member(group, function), where)
            parameters = Scope(self.problems)
            for parameter in function.parameters:
                parameters.claim(field_name(parameter.name), f"{where}({parameter.name})")

    def _refuse_member(self, where: str, table: str, wit: str, name: str, instead: str) -> None:
        self.problems.append(
            Diagnostic(
                where,
                "name",
                f"'{name}' is a member of every world class",
                f'give it another name on the host, in names.toml: [{table}] "{wit}" = "{instead}"',
            )
        )

    def _enter_error(self, group: Group, function: Function) -> None:
        """A class for each error type where the type lives, else one where the function lives."""
        result = result_of(function)
        if result is None:
            return
        named = None if result.err is None else last_name(result.err)
        if named is not None:
            home, origin = self.homes.of(named)
            if origin not in home.errors:
                name = home.name_of(origin).rstrip("_")
                key = self._kept.key(home, origin.name)
                candidates = f"{name}Raised", f"{name}ErrorRaised"
                home.errors[origin] = self._kept.decide(self._kept.errors, key, home.scope, *candidates)
            return
        module, name = group.module, camel(function.name)
        if function.resource is not None:
            module = group.types
            item = "Constructor" if function.kind is FunctionKind.CONSTRUCTOR else camel(function.item)
            name = f"{camel(function.resource.name)}{item}"
        side = group.folder.removesuffix("s")
        candidates = f"{name}Raised", f"{name}{side.capitalize()}Raised"
        key = self._kept.key(module, function.name, side)
        name = self._kept.decide(self._kept.errors, key, module.scope, *candidates)
        self._raised[function] = module, name
        self._raised_in.setdefault(module, []).append((function, name))
