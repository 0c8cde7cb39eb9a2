"""The plan of a guest: the modules that componentize-py builds with, as its type checker should see them, and the skeleton."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping

from airssys_sdk.wit.model import Function, InterfaceItem, TypeDef

from .. import plan
from ..annotation import Annotation, Name
from ..declarations import Types
from ..draft import ModuleDraft, type_name
from ..gates import documented
from ..namesfile import NamesFile, class_name
from ..selection import Selection, place
from ..walk import by_resource, without_members
from .dialect import ASYNC_SUPPORT, SUPPORT, GuestDialect
from .functions import Functions, enter
from .names import GuestNames, Implemented
from .options import WORLD_CLASS, WORLD_MODULE


@dataclasses.dataclass(frozen=True, slots=True)
class GuestPlan:
    """The modules of the bindings, and the module that the author fills in.

    Attributes:
        resources: for the Protocol of each resource that the guest implements, as (path of its module, class), the
            author's class.
    """

    bindings: tuple[plan.Module, ...]
    skeleton: plan.Module
    resources: Mapping[tuple[str, str], str]


def plan_guest(selection: Selection, names: NamesFile, header: tuple[str, ...]) -> GuestPlan:
    """Plan the bindings and the skeleton of a world.

    Args:
        selection: what of the world is generated.
        names: the names file, with a name for every interface and every exported resource.
        header: comment lines for every file of the bindings.

    Raises:
        GenerationError: names clash, or componentize-py would make invalid Python of the world.
    """
    return _Package(GuestNames(selection, names), header).planned()


class _Package:
    def __init__(self, names: GuestNames, header: tuple[str, ...]) -> None:
        self.names = names
        self.world = names.world
        self.selection = names.selection
        self.header = header
        self.types = Types(names.homes, GuestDialect())
        self.functions = Functions(names, self.types)

    def planned(self) -> GuestPlan:
        resources = {
            (f"{WORLD_MODULE}/{one.module.path}", type_name(one.resource)): one.author
            for one in self.names.implemented
        }
        return GuestPlan(tuple(self._bindings()), self._skeleton(), resources)

    # Bindings

    def _bindings(self) -> list[plan.Module]:
        names = self.names
        imports = [
            self._imported(item)
            for item in self.selection.imports
            if item.interface.functions or names.imports[item.wire_name].types
        ]
        emitted = self._emitted()
        modules = [self._world(), *imports, *(self._exported(item) for item in emitted)]
        if imports:
            text = f"The interfaces that the world `{self.world.path}` imports."
            modules.append(plan.Module("imports/__init__.py", self.header, text, (), ()))
        if emitted:
            modules.append(self._protocols(emitted))
        moved = [dataclasses.replace(module, path=f"{WORLD_MODULE}/{module.path}") for module in modules]
        moved.append(plan.Module(f"{SUPPORT}.py", self.header, None, (), (), template=SUPPORT))
        if self._is_async():
            for name in ("__init__", "streams", "futures"):
                template = "async_support" if name == "__init__" else f"async_{name}"
                path = f"{ASYNC_SUPPORT}/{name}.py"
                moved.append(plan.Module(path, self.header, None, (), (), template=template))
        return moved

    def _is_async(self) -> bool:
        """Whether the world has anything that needs componentize-py's support for asyncio."""
        functions = (*self.selection.imported(), *self.selection.exported())
        return bool(self.names.makers) or any(function.is_async for _, function in functions)

    def _made(self, module: ModuleDraft) -> list[plan.Function]:
        return [maker.planned(self.types) for maker in self.names.makers if maker.module is module]

    def _emitted(self) -> list[InterfaceItem]:
        """The exported interfaces for which componentize-py has a module and a Protocol."""
        return [
            item
            for item in self.selection.exports
            if self.names.exports[item.wire_name].types or (item.interface.functions and item.name is None)
        ]

    def _world(self) -> plan.Module:
        root = self.names.root
        functions = by_resource(self.world.imported_functions.values())
        for resource in root.resources:
            root.items.append(self._resource(root, resource, functions.get(resource, []), None))
        root.items += self.types.items(root)[0]
        root.items += self._made(root)
        for function in functions.get(None, []):
            root.items.append(self.functions.plain(root, function, None))
        docs = "\n\n".join(filter(None, (f"The world `{self.world.path}`.", documented(self.world))))
        exported = self.world.exported_functions.values()
        root.items.append(self._protocol(root, WORLD_CLASS, exported, None))
        return root.finished(self.header, docs)

    def _imported(self, item: InterfaceItem) -> plan.Module:
        module = self.names.imports[item.wire_name]
        functions = by_resource(item.interface.functions.values())
        for resource in module.resources:
            module.items.append(self._resource(module, resource, functions.get(resource, []), item))
        module.items += self.types.items(module)[0]
        module.items += self._made(module)
        for function in functions.get(None, []):
            module.items.append(self.functions.plain(module, function, item))
        return module.finished(self.header, _titled(item, "which the guest imports"))

    def _resource(
        self,
        module: ModuleDraft,
        resource: TypeDef,
        members: Iterable[Function],
        item: InterfaceItem | None,
    ) -> plan.Class:
        methods = [self.functions.imported(module, function, item) for function in members]
        return plan.Class(
            type_name(resource), functions=(*methods, *enter(module)), docs=documented(resource)
        )

    def _exported(self, item: InterfaceItem) -> plan.Module:
        module = self.names.exports[item.wire_name]
        for one in self.names.resources_of(item):
            module.items.append(
                self._protocol(module, type_name(one.resource), one.functions, documented(one.resource))
            )
        module.items += self.types.items(module)[0]
        module.items += self._made(module)
        return module.finished(self.header, _titled(item, "which the guest exports: its types"))

    def _protocols(self, emitted: Iterable[InterfaceItem]) -> plan.Module:
        module = self.names.protocols
        for item in emitted:
            name = class_name(self.names.exports[item.wire_name].name)
            functions = without_members(item.interface.functions.values()) if item.name is None else ()
            module.items.append(self._protocol(module, name, functions, documented(item)))
        return module.finished(
            self.header,
            f"What a guest of the world `{self.world.path}` implements: a class of the same name for each.",
        )

    def _protocol(
        self, module: ModuleDraft, name: str, functions: Iterable[Function], docs: str | None
    ) -> plan.Class:
        abstract = tuple(self.functions.abstract(module, function) for function in functions)
        base = Name(f"{module.handles.module('typing')}.Protocol")
        return plan.Class(name, (base,), functions=abstract, docs=docs)

    # Skeleton

    def _skeleton(self) -> plan.Module:
        module = self.names.skeleton
        if self.names.implemented:  # their classes name each other, and themselves
            module.handles.add(plan.Import("__future__", "annotations", None))
        for one in self.names.implemented:
            module.items.append(self._implemented(one))
        for item in self.selection.exports:
            free = without_members(item.interface.functions.values())
            if not free:
                continue
            name = class_name(self.names.exports[item.wire_name].name)
            base: Annotation | None = None
            if item.name is None:  # of others componentize-py has no Protocol, or an empty one
                exports = module.handles.package(WORLD_MODULE, "exports", "exports")
                base = Name(f"{exports}.{name}")
            functions = {place(item, function.name): function for function in free}
            module.items.append(self._implementation(name, base, functions, documented(item)))
        if self.world.exported_functions:
            world = module.handles.module(WORLD_MODULE)
            functions = {
                f"{self.world.path}#{function.name}": function
                for function in self.world.exported_functions.values()
            }
            module.items.append(
                self._implementation(WORLD_CLASS, Name(f"{world}.{WORLD_CLASS}"), functions, None)
            )
        title = f"A component of the world `{self.world.path}`."
        return dataclasses.replace(module.finished((), title), template="skeleton")

    def _implemented(self, one: Implemented) -> plan.Class:
        base = Name(f"{self.names.skeleton.reference(one.module)}{type_name(one.resource)}")
        functions = {place(one.item, function.name): function for function in one.functions}
        return self._implementation(one.author, base, functions, documented(one.resource))

    def _implementation(
        self, name: str, base: Annotation | None, functions: dict[str, Function], docs: str | None
    ) -> plan.Class:
        return plan.Class(
            name,
            () if base is None else (base,),
            functions=tuple(
                self.functions.authored(self.names.skeleton, function, where)
                for where, function in functions.items()
            ),
            docs=docs,
        )


def _titled(item: InterfaceItem, role: str) -> str:
    title = f"The interface `{item.wire_name}`, {role}."
    docs = documented(item)
    return f"{title}\n\n{docs}" if docs else title
