"""The plan of a guest's bindings: the modules that componentize-py builds with, as its type checker should see them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from airssys_sdk.wit.model import (
    Function,
    InterfaceItem,
    ResultType,
    World,
)

from . import plan
from .annotation import NONE, Annotation, Name, flat, quoted
from .declarations import Types
from .draft import Homes, ModuleDraft, field_name
from .errors import Diagnostic, GenerationError
from .guest_dialect import SUPPORT, GuestDialect, with_note
from .holes import holes
from .namesfile import NamesFile, class_name
from .scope import Scope, Sibling
from .selection import Selection, place
from .walk import in_order, returned, signature

WORLD_MODULE = "wit_world"
"""The package of the bindings, as componentize-py calls it by default."""

WORLD_CLASS = "WitWorld"
"""The class of the world's own exported functions."""


@dataclasses.dataclass(frozen=True, slots=True)
class GuestPlan:
    """The modules of the bindings, and the module that the author fills in."""

    bindings: tuple[plan.Module, ...]
    skeleton: plan.Module


def plan_guest(selection: Selection, names: NamesFile, header: tuple[str, ...]) -> GuestPlan:
    """Plan the bindings and the skeleton of a world.

    Args:
        selection: what of the world is generated.
        names: the names file, with a name for every interface.
        header: comment lines for every file of the bindings.

    Raises:
        GenerationError: names clash, or componentize-py would make invalid Python of the world.
    """
    return _Guest(selection, names, header).planned()


def componentize_options(world: World, names: NamesFile | None = None) -> list[str]:
    """The options of `componentize-py` (before its command) that make a guest's modules agree with ours.

    Args:
        world: the world that is built.
        names: the project's names file.
    """
    grown = (names or NamesFile()).grown(world)
    options = ["--world-module", WORLD_MODULE]
    for side, items, table in (
        ("import", world.imported_interfaces, grown.imports),
        ("export", world.exported_interfaces, grown.exports),
    ):
        for item in items:
            options += [f"--{side}-interface-name", f"{item.wire_name}={table[item.wire_name]}"]
    return options


class SkeletonDraft(ModuleDraft):
    """The author's module, which stands outside the package of the bindings."""

    def reference(self, module: ModuleDraft, *, private: bool = False) -> str:
        """What to write before a name of a module of the bindings."""
        if module.name == "__init__":
            return self.handles.module(WORLD_MODULE) + "."
        package = f"{WORLD_MODULE}.{module.folder}"
        return self.handles.sibling(Sibling(package, module.name, module.folder), private=private) + "."


class _Guest:
    def __init__(self, selection: Selection, names: NamesFile, header: tuple[str, ...]) -> None:
        self.world = selection.world
        self.selection = selection
        self.names = names
        self.header = header
        self.problems: list[Diagnostic] = []
        self.homes = Homes()
        self.types = Types(self.homes, GuestDialect())
        self.root = ModuleDraft("", "__init__", self.problems)
        self.protocols = ModuleDraft("exports", "__init__", self.problems)
        self.skeleton = SkeletonDraft("", "skeleton", self.problems)
        self.prose = SkeletonDraft(
            "", "prose", self.problems
        )  # names types in docstrings; its imports go nowhere
        self.imports: dict[str, ModuleDraft] = {}
        self.exports: dict[str, ModuleDraft] = {}

    def planned(self) -> GuestPlan:
        self._enter_types()
        self._enter_functions()
        self._check()
        return GuestPlan(tuple(self._bindings()), self._skeleton())

    # Names

    def _enter_types(self) -> None:
        for item in self.selection.imports:
            module = ModuleDraft("imports", self.names.imports[item.wire_name], self.problems)
            self.imports[item.wire_name] = module
            self.homes.settle(self.selection.own(item), module, aliases=False)
        for item in self.selection.exports:
            module = ModuleDraft("exports", self.names.exports[item.wire_name], self.problems)
            self.exports[item.wire_name] = module
            twin = self._twin(item)
            if twin is None:
                self.homes.settle(self.selection.own(item), module, aliases=False)
            else:
                self._share(item, twin)
        self.homes.settle(self.selection.own(self.world), self.root, aliases=False)

    def _twin(self, item: InterfaceItem) -> InterfaceItem | None:
        """The import of the interface that is exported: componentize-py keeps its types there, and only there."""
        if item.name is not None:
            return None
        same = (other for other in self.selection.imports if other.wire_name == item.wire_name)
        return next(same, None)

    def _share(self, item: InterfaceItem, twin: InterfaceItem) -> None:
        for name, wit_type in item.interface.types.items():
            other = twin.interface.types[name]
            if other is not wit_type:
                self.homes.same[wit_type] = other

    def _enter_functions(self) -> None:
        for item in self.selection.imports:
            module = self.imports[item.wire_name]
            for function in item.interface.functions.values():
                module.scope.claim(field_name(function.name), place(item, function.name))
                self._enter_parameters(function, place(item, function.name))
        for item in self.selection.exports:
            name = class_name(self.exports[item.wire_name].name)
            for module in (self.protocols, self.skeleton):
                module.scope.claim(name, item.wire_name)
                self._enter_methods(module, item.interface.functions.values(), f"{item.wire_name}#")
        self.root.scope.claim(WORLD_CLASS, "the class of the world's functions")
        for function in self.world.imported_functions.values():
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
            inner.claim(field_name(function.name), where)
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

    def _implemented(self) -> list[InterfaceItem]:
        """The exported interfaces with functions, which the author implements."""
        return [item for item in self.selection.exports if item.interface.functions]

    def _emitted(self) -> list[InterfaceItem]:
        """The exported interfaces for which componentize-py has a module and a Protocol."""
        return [
            item
            for item in self.selection.exports
            if self.exports[item.wire_name].types or (item.interface.functions and item.name is None)
        ]

    # Bindings

    def _bindings(self) -> list[plan.Module]:
        imports = [
            self._imported(item)
            for item in self.selection.imports
            if item.interface.functions or self.imports[item.wire_name].types
        ]
        exports = [self._exported(item) for item in self._emitted()]
        modules = [self._world(), *imports, *exports]
        if imports:
            text = f"The interfaces that the world `{self.world.path}` imports."
            modules.append(plan.Module("imports/__init__.py", self.header, text, (), ()))
        if exports:
            modules.append(self._protocols())
        moved = [dataclasses.replace(module, path=f"{WORLD_MODULE}/{module.path}") for module in modules]
        return [*moved, plan.Module(f"{SUPPORT}.py", self.header, None, (), (), template=SUPPORT)]

    def _world(self) -> plan.Module:
        root = self.root
        root.items += self.types.items(root)[0]
        for function in self.world.imported_functions.values():
            root.items.append(self._function(root, function))
        docs = "\n\n".join(filter(None, (f"The world `{self.world.path}`.", self.world.docs)))
        functions = self.world.exported_functions.values()
        root.items.append(self._protocol(root, WORLD_CLASS, functions, None))
        return root.finished(self.header, docs)

    def _imported(self, item: InterfaceItem) -> plan.Module:
        module = self.imports[item.wire_name]
        module.items += self.types.items(module)[0]
        for function in item.interface.functions.values():
            module.items.append(self._function(module, function))
        return module.finished(self.header, _titled(item, "which the guest imports"))

    def _exported(self, item: InterfaceItem) -> plan.Module:
        module = self.exports[item.wire_name]
        module.items += self.types.items(module)[0]
        return module.finished(self.header, _titled(item, "which the guest exports: its types"))

    def _protocols(self) -> plan.Module:
        module = self.protocols
        for item in self._emitted():
            name = class_name(self.exports[item.wire_name].name)
            functions = item.interface.functions.values() if item.name is None else ()
            module.items.append(self._protocol(module, name, functions, item.interface.docs or item.docs))
        return module.finished(
            self.header,
            f"What a guest of the world `{self.world.path}` implements: a class of the same name for each.",
        )

    def _protocol(
        self, module: ModuleDraft, name: str, functions: Iterable[Function], docs: str | None
    ) -> plan.Class:
        abstract = [
            dataclasses.replace(
                self._function(module, function, receiver=True),
                decorators=(plan.Call(f"{module.handles.module('abc')}.abstractmethod"),),
            )
            for function in functions
        ]
        base = Name(f"{module.handles.module('typing')}.Protocol")
        return plan.Class(name, (base,), functions=tuple(abstract), docs=docs)

    def _function(
        self,
        module: ModuleDraft,
        function: Function,
        *,
        receiver: bool = False,
        message: str | None = None,
    ) -> plan.Function:
        result = returned(function)
        parameters = [
            plan.Parameter(field_name(parameter.name), self.types.annotation(module, parameter.type))
            for parameter in function.parameters
        ]
        if receiver:
            parameters.insert(0, plan.Parameter("self"))
        error = module.handles.builtin("NotImplementedError")
        return plan.Function(
            field_name(function.name),
            tuple(parameters),
            self.types.optional(module, function.result if result is None else result.ok),
            _raise(error, message),
            docs=self._docs(function, result),
        )

    def _docs(self, function: Function, result: ResultType | None) -> str | None:
        noted = with_note(function.docs, signature(function))
        docs = [] if noted is None else [noted]
        if result is not None:
            payload = NONE if result.err is None else self.types.annotation(self.prose, result.err)
            with_ = f"`{flat(payload)}`" if result.err is not None else "None"
            docs.append(
                f"Raises:\n    {SUPPORT}.Err: with {with_}, for the error case."
                if docs
                else f"Raises `{SUPPORT}.Err` with {with_} for the error case."
            )
        return "\n\n".join(docs) or None

    # Skeleton

    def _skeleton(self) -> plan.Module:
        module = self.skeleton
        for item in self._implemented():
            name = class_name(self.exports[item.wire_name].name)
            base: Annotation | None = None
            if item.name is None:  # of others componentize-py has no Protocol, or an empty one
                exports = module.handles.package(WORLD_MODULE, "exports", "exports")
                base = Name(f"{exports}.{name}")
            functions = {
                place(item, function.name): function for function in item.interface.functions.values()
            }
            docs = item.interface.docs or item.docs
            module.items.append(self._implementation(name, base, functions, docs))
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

    def _implementation(
        self, name: str, base: Annotation | None, functions: dict[str, Function], docs: str | None
    ) -> plan.Class:
        return plan.Class(
            name,
            () if base is None else (base,),
            functions=tuple(
                self._function(self.skeleton, function, receiver=True, message=where)
                for where, function in functions.items()
            ),
            docs=docs,
        )


def _raise(error: str, message: str | None) -> tuple[str, ...]:
    if message is None:
        return (f"raise {error}",)
    line = f"raise {error}({quoted(message)})"
    if len(line) + 8 <= 88:
        return (line,)
    return f"raise {error}(", f"    {quoted(message)}", ")"


def _titled(item: InterfaceItem, role: str) -> str:
    title = f"The interface `{item.wire_name}`, {role}."
    docs = item.docs or item.interface.docs
    return f"{title}\n\n{docs}" if docs else title
