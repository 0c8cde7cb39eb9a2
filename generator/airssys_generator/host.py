"""The plan of a host package: classes that call a component, Protocols that a host implements, and their types."""

from __future__ import annotations

import functools
from collections.abc import Iterable

from airssys_sdk.wit.model import (
    Function,
    InterfaceItem,
    ResultType,
    World,
)
from airssys_sdk.wit.names import camel, escape

from . import plan
from .annotation import Generic, Name, union
from .declarations import Types
from .draft import Homes, Inner, ModuleDraft, field_name, imported, type_name
from .errors import Diagnostic, GenerationError
from .host_dialect import HostDialect, quoted, support
from .namesfile import NamesFile, class_name
from .selection import Selection, is_linked, place
from .walk import last_name, result_of

WORLD_MEMBERS = frozenset({"load", "close", "open_world"})
"""What `airssys_sdk.component.World` defines itself; an exported function cannot have these names."""

_STUB = ("raise NotImplementedError",)
_OPTIONS = (("engine", "Engine"), ("wasi", "Wasi"), ("limits", "Limits"))
_LOAD = """\
Load a component of this world.

Args:
    source: a path, the bytes of a component, or a `Component`.
{imports}    engine: the engine to run on; None for the one that the process shares.
    wasi: what WASI gives the component; None for nothing but captured output.
    limits: fuel, time and memory; None for no limits.
    bulk: whether long byte strings go through the fast path.
"""


def plan_host(selection: Selection, names: NamesFile, header: tuple[str, ...]) -> tuple[plan.Module, ...]:
    """Plan the package of a world.

    Args:
        selection: what of the world is generated.
        names: the names file, with a name for every interface.
        header: comment lines for every file.

    Raises:
        GenerationError: names clash.
    """
    return _Host(selection, names, header).planned()


class _Host:
    def __init__(self, selection: Selection, names: NamesFile, header: tuple[str, ...]) -> None:
        self.world: World = selection.world
        self.selection = selection
        self.names = names
        self.header = header
        self.problems: list[Diagnostic] = []
        self.homes = Homes()
        self.root = ModuleDraft("", "__init__", self.problems)
        self.own = ModuleDraft("", "types", self.problems)
        self.modules: dict[tuple[str, str], ModuleDraft] = {}
        self.classes: dict[tuple[str, str], str] = {}
        self.raised: dict[tuple[ModuleDraft, str], str] = {}
        self.types = Types(self.homes, HostDialect(), frozenset({self.root}))

    def planned(self) -> tuple[plan.Module, ...]:
        self._enter_types()
        self._enter_classes()
        members = self._enter_members()
        self._enter_errors()
        if self.problems:
            raise GenerationError(
                "names of the world clash in Python",
                list(dict.fromkeys(self.problems)),
                where=self.world.path,
            )
        modules = [
            module
            for folder, items in self._sides()
            for item in items
            if (module := self._interface(folder, item)) is not None
        ]
        if self.own.types:
            self._add_types(self.own)
            modules.append(self.own.finished(self.header, f"The types of the world `{self.world.path}`."))
        folders = sorted({module.path.split("/")[0] for module in modules if "/" in module.path})
        packages = [
            plan.Module(f"{folder}/__init__.py", self.header, self._folder(folder), (), ())
            for folder in folders
        ]
        return (self._world(members), *packages, *modules)

    # Names

    def _sides(self) -> tuple[tuple[str, tuple[InterfaceItem, ...]], ...]:
        return ("imports", self.selection.imports), ("exports", self.selection.exports)

    def _enter_types(self) -> None:
        for folder, items in self._sides():
            table = self.names.imports if folder == "imports" else self.names.exports
            for item in items:
                module = ModuleDraft(folder, table[item.wire_name], self.problems)
                self.modules[folder, item.wire_name] = module
                self.homes.settle(self.selection.own(item), module, aliases=True)
        self.homes.settle(self.selection.own(self.world), self.own, aliases=True)

    def _enter_classes(self) -> None:
        """The classes of interfaces and of the world give way to types, which the guest has too."""
        for (folder, wire_name), module in self.modules.items():
            name = class_name(module.name)
            self.classes[folder, wire_name] = module.scope.derive(name, f"{name}Interface")
        self.world_class = self.root.scope.derive(escape(camel(self.world.name)))
        self.imports_class = self.root.scope.derive(f"{self.world_class.rstrip('_')}Imports")

    def _enter_members(self) -> tuple[Inner, Inner]:
        """The members of every class, and of the world and its imports in particular."""
        for folder, items in self._sides():
            for item in items:
                inner = self.modules[folder, item.wire_name].inner()
                for function in item.interface.functions.values():
                    _enter_function(
                        inner, field_name(function.name), function, place(item, function.name), self.problems
                    )
        sides = self.root.inner(), self.root.inner()
        for inner, (folder, items) in zip(sides, self._sides(), strict=True):
            for item in items:
                if self._has_class(folder, item):
                    name = self.modules[folder, item.wire_name].name
                    inner.claim(name, item.wire_name)
                    if folder == "exports" and name in WORLD_MEMBERS:
                        wire = item.wire_name
                        self._refuse_member(wire, "exports", wire, name, f"{name}_interface")
        for inner, functions in zip(
            sides, (self.world.imported_functions, self.world.exported_functions), strict=True
        ):
            for function in functions.values():
                name = self._member(function)
                if inner is sides[1] and name in WORLD_MEMBERS:
                    where = f"{self.world.path}#{function.name}"
                    self._refuse_member(where, "functions", function.name, name, f"{name}_function")
                _enter_function(inner, name, function, f"{self.world.path}#{function.name}", self.problems)
        return sides

    def _refuse_member(self, where: str, table: str, wit: str, name: str, instead: str) -> None:
        self.problems.append(
            Diagnostic(
                where,
                "name",
                f"'{name}' is a member of every world class",
                f'give it another name on the host, in names.toml: [{table}] "{wit}" = "{instead}"',
            )
        )

    def _enter_errors(self) -> None:
        """A class for each error type where the type lives, else one where the function lives."""
        for folder, items in self._sides():
            for item in filter(functools.partial(self._has_class, folder), items):
                for function in item.interface.functions.values():
                    self._enter_error(self.modules[folder, item.wire_name], folder, function)
        for folder, functions in (
            ("imports", self.world.imported_functions),
            ("exports", self.world.exported_functions),
        ):
            for function in functions.values():
                self._enter_error(self.root, folder, function)

    def _enter_error(self, module: ModuleDraft, folder: str, function: Function) -> None:
        result = result_of(function)
        if result is None:
            return
        named = None if result.err is None else last_name(result.err)
        if named is not None:
            home, origin = self.homes.of(named)
            if origin not in home.errors:
                name = type_name(origin).rstrip("_")
                home.errors[origin] = home.scope.derive(f"{name}Raised", f"{name}ErrorRaised")
        else:
            name = camel(function.name)
            self.raised[module, f"{folder} {function.name}"] = module.scope.derive(
                f"{name}Raised", f"{name}{folder.capitalize().rstrip('s')}Raised"
            )

    # Items

    def _has_class(self, folder: str, item: InterfaceItem) -> bool:
        return bool(item.interface.functions) and not (folder == "imports" and is_linked(item))

    def _interface(self, folder: str, item: InterfaceItem) -> plan.Module | None:
        module = self.modules[folder, item.wire_name]
        has_class = self._has_class(folder, item)
        if not has_class and not module.types:
            return None
        self._add_types(module)
        if has_class:
            functions = item.interface.functions.values()
            self._add_raised(module, folder, functions)
            module.items.append(self._class(module, folder, item))
        role = "which the host implements" if folder == "imports" else "which the component exports"
        title = f"The interface `{item.wire_name}`" + (f", {role}." if has_class else ".")
        docs = item.docs or item.interface.docs
        return module.finished(self.header, f"{title}\n\n{docs}" if docs and not has_class else title)

    def _add_types(self, module: ModuleDraft) -> None:
        for item in self.types.items(module):
            module.items.append(item)
        for wit_type, name in module.errors.items():
            module.items.append(
                plan.Class(
                    name,
                    (Generic(f"{support(module)}.Err", (Name(type_name(wit_type)),)),),
                    docs=f"Raised where the WIT says `result<_, {wit_type.name}>`.",
                )
            )

    def _add_raised(self, module: ModuleDraft, folder: str, functions: Iterable[Function]) -> None:
        for function in functions:
            name = self.raised.get((module, f"{folder} {function.name}"))
            result = result_of(function)
            if name is None or result is None:
                continue
            without = "an error without payload" if result.err is None else "an error of a type without name"
            module.items.append(
                plan.Class(
                    name,
                    (Generic(f"{support(module)}.Err", (self.types.optional(module, result.err),)),),
                    docs=f"Raised by `{function.name}`, whose WIT result has {without}.",
                )
            )

    def _class(self, module: ModuleDraft, folder: str, item: InterfaceItem) -> plan.Class:
        protocol = folder == "imports"
        base = f"{module.handles.module('typing')}.Protocol" if protocol else f"{support(module)}.Exports"
        return plan.Class(
            self.classes[folder, item.wire_name],
            (Name(base),),
            (plan.Call(f"{support(module)}.interface", (quoted(item.wire_name),)),),
            functions=tuple(
                self._function(module, folder, function, field_name(function.name))
                for function in item.interface.functions.values()
            ),
            docs=item.docs or item.interface.docs,
        )

    def _function(self, module: ModuleDraft, folder: str, function: Function, name: str) -> plan.Function:
        result = result_of(function)
        arguments = [quoted(function.name)]
        docs = function.docs
        if result is not None:
            raised = self._raised_name(module, folder, function, result)
            arguments.append(f"raises={raised}")
            docs = _with_error(docs, raised, imported=folder == "imports")
        parameters = [(field_name(parameter.name), parameter.type) for parameter in function.parameters]
        receiver = "_self" if any(parameter == "self" for parameter, _ in parameters) else "self"
        return plan.Function(
            name,
            (
                plan.Parameter(receiver),
                *(
                    plan.Parameter(parameter, self.types.annotation(module, wit_type))
                    for parameter, wit_type in parameters
                ),
            ),
            self.types.optional(module, result.ok if result is not None else function.result),
            ("...",) if folder == "imports" else (f"raise {module.handles.builtin('NotImplementedError')}",),
            (plan.Call(f"{support(module)}.function", tuple(arguments)),),
            docs,
        )

    def _raised_name(self, module: ModuleDraft, folder: str, function: Function, result: ResultType) -> str:
        named = None if result.err is None else last_name(result.err)
        if named is None:
            return self.raised[module, f"{folder} {function.name}"]
        home, origin = self.homes.of(named)
        return module.reference(home, private=module is self.root) + home.errors[origin]

    # The world

    def _member(self, function: Function) -> str:
        return self.names.functions.get(function.name, field_name(function.name))

    def _world(self, members: tuple[Inner, Inner]) -> plan.Module:
        root = self.root
        imported_functions = self.world.imported_functions.values()
        exported_functions = self.world.exported_functions.values()
        self._add_raised(root, "imports", imported_functions)
        self._add_raised(root, "exports", exported_functions)
        if members[0].names:
            root.items.append(self._imports_protocol())
        fields = tuple(
            plan.Field(self._module(item).name, Name(self._class_reference("exports", item)), None)
            for item in self.selection.exports
            if self._has_class("exports", item)
        )
        root.items.append(
            plan.Class(
                self.world_class,
                (Name(f"{support(root)}.World"),),
                (self._world_marker(),),
                fields,
                functions=(
                    self._load(bool(members[0].names)),
                    *(
                        self._function(root, "exports", function, self._member(function))
                        for function in exported_functions
                    ),
                ),
                docs=self.world.docs,
            )
        )
        for wit_type in self.own.types:
            if type_name(wit_type) not in root.scope:
                root.handles.add(imported(".types", type_name(wit_type)))
        return root.finished(self.header, f"The world `{self.world.path}`.")

    def _module(self, item: InterfaceItem) -> ModuleDraft:
        return self.modules["exports", item.wire_name]

    def _class_reference(self, folder: str, item: InterfaceItem) -> str:
        module = self.modules[folder, item.wire_name]
        return self.root.reference(module, private=True) + self.classes[folder, item.wire_name]

    def _world_marker(self) -> plan.Call:
        return plan.Call(f"{support(self.root)}.world", (quoted(self.world.path),))

    def _imports_protocol(self) -> plan.Class:
        root = self.root
        property_ = root.handles.builtin("property")
        properties = [
            plan.Function(
                self.modules["imports", item.wire_name].name,
                (plan.Parameter("self"),),
                Name(self._class_reference("imports", item)),
                ("...",),
                (plan.Call(property_),),
                item.docs,
            )
            for item in self.selection.imports
            if self._has_class("imports", item)
        ]
        functions = [
            self._function(root, "imports", function, self._member(function))
            for function in self.world.imported_functions.values()
        ]
        return plan.Class(
            self.imports_class,
            (Name(f"{root.handles.module('typing')}.Protocol"),),
            (self._world_marker(),),
            functions=(*properties, *functions),
            docs="What a component of this world imports from its host.",
        )

    def _load(self, has_imports: bool) -> plan.Function:
        root = self.root
        parameters = [
            plan.Parameter("cls"),
            plan.Parameter("source", Name(f"{support(root)}.Source")),
            plan.Parameter("*"),
        ]
        if has_imports:
            parameters.append(plan.Parameter("imports", Name(self.imports_class)))
        parameters += [
            plan.Parameter(name, union(Name(f"{support(root)}.{wit_type}"), Name("None")), "None")
            for name, wit_type in _OPTIONS
        ]
        bool_ = f"{root.handles.module('builtins')}.bool"
        parameters.append(plan.Parameter("bulk", Name(bool_), "True"))
        given = (self.imports_class, "imports") if has_imports else ("None", "None")
        arguments = ["source", *given, *(f"{name}={name}" for name in ("engine", "wasi", "limits", "bulk"))]
        return plan.Function(
            "load",
            tuple(parameters),
            Name(f"{root.handles.module('typing')}.Self"),
            ("return cls.open_world(", *(f"    {argument}," for argument in arguments), ")"),
            (plan.Call(root.handles.builtin("classmethod")),),
            _LOAD.format(
                imports="    imports: what the component imports from its host.\n" if has_imports else ""
            ),
        )

    def _folder(self, folder: str) -> str:
        what = "implements" if folder == "imports" else "calls"
        return f"The interfaces that a host of the world `{self.world.path}` {what}."


def _enter_function(
    inner: Inner, name: str, function: Function, where: str, problems: list[Diagnostic]
) -> None:
    inner.claim(name, where)
    from .scope import Scope

    parameters = Scope(problems)
    for parameter in function.parameters:
        parameters.claim(field_name(parameter.name), f"{where}({parameter.name})")


def _with_error(docs: str | None, raised: str, *, imported: bool) -> str:
    """The documentation of a function with its error case; a google style section where there is text to follow."""
    if docs is None:
        return (
            f"Raise `{raised}` for the error case." if imported else f"Raises `{raised}` for the error case."
        )
    role = "raise it for the error case" if imported else "the component returned the error case"
    return f"{docs.rstrip()}\n\nRaises:\n    {raised}: {role}."
