"""The plan of a host package: which modules it has and what stands in them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from airssys_sdk.wit.model import Package, TypeDef

from .. import plan
from ..annotation import Name, quoted, union
from ..declarations import Types
from ..draft import ModuleDraft, imported
from ..errors import GenerationError
from ..gates import documented, of_item
from ..namesfile import NamesFile
from ..selection import Selection
from .actors import plan_actors
from .dialect import HostDialect, support
from .members import Members
from .names import Group, HostNames

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


@dataclasses.dataclass(frozen=True, slots=True)
class HostPlan:
    """What is generated for a host.

    Attributes:
        modules: the modules of the package.
        names: the names file, with a name for every class that the generator names.
    """

    modules: tuple[plan.Module, ...]
    names: NamesFile


def plan_host(
    selection: Selection,
    names: NamesFile,
    header: tuple[str, ...],
    world_class: str | None = None,
    *,
    actors: bool = False,
) -> HostPlan:
    """Plan the Python package of a world, or of a WIT package.

    Args:
        selection: what of it is generated.
        names: the names file, with a name for every interface.
        header: comment lines for every file.
        world_class: what to call the class of the world; None for the world's own name.
        actors: whether the classes have twins for a component that runs supervised.

    Raises:
        GenerationError: names clash.
    """
    decided = HostNames(selection, names, world_class)
    if decided.problems:
        raise GenerationError(
            "names clash in Python",
            list(dict.fromkeys(decided.problems)),
            where=selection.where,
        )
    modules = _Package(decided, header).planned()
    if actors and selection.package is None:
        modules = (*modules, *plan_actors(modules, decided, header))
    return HostPlan(modules, decided.file)


class _Package:
    def __init__(self, names: HostNames, header: tuple[str, ...]) -> None:
        self.names = names
        self.header = header
        self.root = names.root
        self.types = Types(names.homes, HostDialect(), frozenset({names.root}))
        self.members = Members(names, self.types)

    def planned(self) -> tuple[plan.Module, ...]:
        groups = [group for group in self.names.groups if group.item is not None]
        modules = [module for group in groups if (module := self._interface(group)) is not None]
        own = self.names.own
        if own.types:
            self._fill(own, self.names.of("imports", world=True)[0])
            modules.append(own.finished(self.header, f"The types of the world `{self.names.world.path}`."))
        folders = sorted({module.path.split("/")[0] for module in modules if "/" in module.path})
        packages = [
            plan.Module(f"{folder}/__init__.py", self.header, self._folder(folder), (), ())
            for folder in folders
        ]
        package = self.names.selection.package
        root = self._world() if package is None else self._types_of(package)
        return (root, *packages, *modules)

    def _types_of(self, package: Package) -> plan.Module:
        title = f"The types and Protocols of the interfaces of `{package.name}`."
        docs = "\n\n".join(filter(None, (title, package.docs)))
        return plan.Module("__init__.py", self.header, docs, (), ())

    def _interface(self, group: Group) -> plan.Module | None:
        module, item = group.module, group.item
        if item is None or not (group.has_class or module.types):
            return None
        self._fill(module, group)
        module.items += self.members.interface(group)
        role = "which the host implements" if group.folder == "imports" else "which the component exports"
        stands = group.has_class and self.names.selection.package is None
        title = f"The interface `{group.where}`" + (f", {role}." if stands else ".")
        docs = documented(item)
        return module.finished(self.header, f"{title}\n\n{docs}" if docs and not group.has_class else title)

    def _fill(self, module: ModuleDraft, group: Group) -> None:
        """The types of a module, their errors and their resources, each after what it needs when it is imported."""

        def resource(wit_type: TypeDef) -> Iterator[plan.Item]:
            return self.members.resource(group, wit_type)

        early, late = self.types.items(module)
        module.items += early
        module.items += self.members.errors(module)
        for wit_type in module.resources:
            module.items += resource(wit_type)
        module.items += late

    def _folder(self, folder: str) -> str:
        what = "implements" if folder == "imports" else "calls"
        return f"The interfaces that a host of the world `{self.names.world.path}` {what}."

    # The world

    def _world(self) -> plan.Module:
        root, names = self.root, self.names
        # What `load` takes stays unread, so that importing the package loads none of the modules behind it.
        root.handles.add(plan.Import("__future__", "annotations", None))
        root.items += self.members.errors(root)
        imports = self._imports_protocol()
        if imports is not None:
            root.items.append(imports)
        fields = tuple(
            plan.Field(group.module.name, Name(self._class_reference(group)), None)
            for group in names.of("exports", world=False)
            if group.has_class
        )
        root.items.append(
            plan.Class(
                names.world_class,
                (Name(f"{support(root)}.World"),),
                (self._world_marker(*self._resources()),),
                fields,
                functions=(
                    self._load(has_imports=imports is not None),
                    *self.members.functions(root, names.of("exports", world=True)),
                ),
                docs=documented(names.world),
            )
        )
        for wit_type in names.own.types:
            name = names.own.name_of(wit_type)
            if name not in root.scope:
                root.handles.add(imported(".types", name))
        return root.finished(self.header, f"The world `{names.world.path}`.")

    def _class_reference(self, group: Group) -> str:
        return self.root.reference(group.module, private=True) + self.names.classes[group]

    def _world_marker(self, *more: plan.Argument) -> plan.Call:
        return plan.Call(f"{support(self.root)}.world", (quoted(self.names.world.path), *more))

    def _resources(self) -> list[plan.Argument]:
        """The imported resources, which need not stand in any signature."""
        names = tuple(
            self.root.reference(group.types, private=True) + group.types.name_of(resource)
            for group in (*self.names.of("imports", world=False), *self.names.of("imports", world=True))
            for resource in group.resources
        )
        return [plan.Tuple("resources", names)] if names else []

    def _imports_protocol(self) -> plan.Class | None:
        root, names = self.root, self.names
        interfaces = [group for group in names.of("imports", world=False) if group.has_class]
        (world,) = names.of("imports", world=True)
        if not interfaces and not world.has_class:
            return None
        property_ = root.handles.builtin("property")
        properties = [
            plan.Function(
                group.module.name,
                (plan.Parameter("self"),),
                Name(self._class_reference(group)),
                ("...",),
                (plan.Call(property_),),
                of_item(group.item) if group.item is not None else None,
            )
            for group in interfaces
        ]
        return plan.Class(
            names.imports_class,
            (Name(f"{root.handles.module('typing')}.Protocol"),),
            (self._world_marker(),),
            functions=(
                *properties,
                *self.members.makers(root, world),
                *self.members.functions(root, [world]),
            ),
            docs="What a component of this world imports from its host.",
        )

    def _load(self, *, has_imports: bool) -> plan.Function:
        root, imports_class = self.root, self.names.imports_class
        parameters = [
            plan.Parameter("cls"),
            plan.Parameter("source", Name(f"{support(root)}.Source")),
            plan.Parameter("*"),
        ]
        if has_imports:
            parameters.append(plan.Parameter("imports", Name(imports_class)))
        parameters += [
            plan.Parameter(name, union(Name(f"{support(root)}.{wit_type}"), Name("None")), "None")
            for name, wit_type in _OPTIONS
        ]
        bool_ = f"{root.handles.module('builtins')}.bool"
        parameters.append(plan.Parameter("bulk", Name(bool_), "True"))
        given = (imports_class, "imports") if has_imports else ("None", "None")
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
