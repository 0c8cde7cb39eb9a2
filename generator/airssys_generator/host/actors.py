"""The twins of a host's classes for a component that runs supervised: the same functions, awaited.

A twin stands in `actors/` beside `exports/`, in a module of its own, so that no name of the WIT can be in its way. It names types
where they are. Functions that take or give resources have no twin: a resource ends with the life of its instance.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence

from airssys_sdk.wit.model import Function, Resource

from .. import plan
from ..annotation import INDENT, WIDTH, Generic, Name, names_in, renamed
from ..walk import reached, signature
from .names import Group, HostNames

FOLDER = "actors"
_TYPES = "_types_"
"""How a twin's module calls the one that it is a twin of; no name of the WIT ends and begins like this."""


def plan_actors(
    modules: Sequence[plan.Module], names: HostNames, header: tuple[str, ...]
) -> Iterator[plan.Module]:
    """The modules of `actors/`.

    Args:
        modules: the modules of the package, planned.
        names: its names.
        header: comment lines for every file.
    """
    by_path = {module.path: module for module in modules}
    twins: list[Group] = []
    for group in names.of("exports", world=False):
        source = by_path.get(f"exports/{group.module.name}.py")
        if group.has_class and source is not None:
            twins.append(group)
            yield _interface(group, names, source, header)
    yield _world(twins, names, by_path["__init__.py"], header)


def _interface(group: Group, names: HostNames, source: plan.Module, header: tuple[str, ...]) -> plan.Module:
    name = names.classes[group]
    cls = source.item(name)
    if not isinstance(cls, plan.Class):
        raise TypeError(f"{name} is no class")
    builder = _Builder(source, group.module.name, "exports")
    twin = dataclasses.replace(
        cls,
        bases=(Name(builder.support(cls.bases[0], "ActorExports")),),
        decorators=(),
        fields=(),
        functions=tuple(builder.functions(cls, _without_resources(group, names))),
    )
    return builder.module(f"{FOLDER}/{group.module.name}.py", twin, header, f"`{group.where}`, awaited.")


def _world(
    twins: Sequence[Group], names: HostNames, source: plan.Module, header: tuple[str, ...]
) -> plan.Module:
    cls = source.item(names.world_class)
    if not isinstance(cls, plan.Class):
        raise TypeError(f"{names.world_class} is no class")
    builder = _Builder(source, None, "")
    wit = builder.handle(cls.bases[0])
    (world,) = names.of("exports", world=True)
    imports = next((item.name for item in source.items if item.name == names.imports_class), None)
    twin = plan.Class(
        builder.free(f"{names.world_class}Actor"),
        (Name(f"{wit}.WorldActor"),),
        fields=tuple(
            plan.Field(group.module.name, Name(f"_{group.module.name}.{names.classes[group]}"))
            for group in twins
        ),
        functions=tuple(builder.functions(cls, _without_resources(world, names))),
        docs=f"A component of the world `{names.world.path}` that runs supervised: its functions, awaited.",
    )
    builder.take(names.world_class, *([imports] if imports else []))
    what = "What `Node.start_world` takes to run components of this world."
    given = "\n\nArgs:\n    imports: what all lives of the component import from their host; other threads may call it."
    supervised = plan.Function(
        "supervised",
        (plan.Parameter("imports", Name(imports)),) if imports else (),
        Generic(f"{wit}.Supervised", (Name(twin.name),)),
        _call(
            f"return {wit}.Supervised",
            twin.name,
            names.world_class,
            f"{imports}",
            "imports" if imports else "None",
        ),
        docs=what + given if imports else what,
    )
    own = [plan.Import(".", group.module.name, f"_{group.module.name}") for group in twins]
    module = builder.module(
        f"{FOLDER}/__init__.py", twin, header, f"Supervised components of the world `{names.world.path}`."
    )
    return module.adding(supervised, *own)


def _call(callee: str, *arguments: str) -> tuple[str, ...]:
    """A call in the body of a function, as the formatter wraps it."""
    flat = ", ".join(arguments)
    if len(INDENT) + len(callee) + len(flat) + 2 <= WIDTH:
        return (f"{callee}({flat})",)
    if 2 * len(INDENT) + len(flat) <= WIDTH:
        return (f"{callee}(", INDENT + flat, ")")
    return (f"{callee}(", *(f"{INDENT}{one}," for one in arguments), ")")


class _Builder:
    """Writes functions of a module as another module beside it must say them."""

    def __init__(self, source: plan.Module, name: str | None, folder: str) -> None:
        self._source = source
        self._local = {item.name for item in source.items}
        self._handles = {one.alias or one.name: one for one in source.imports}
        self._name = name
        self._folder = folder
        self._used: set[str] = set()
        self._taken: set[str] = set()

    def handle(self, base: object) -> str:
        """The handle of `airssys_sdk.component`, from a base class that is its."""
        text = base.text if isinstance(base, Name) else ""
        found = text.partition(".")[0]
        self._used.add(found)
        return found

    def support(self, base: object, name: str) -> str:
        """Another class of `airssys_sdk.component`."""
        return f"{self.handle(base)}.{name}"

    def functions(self, cls: plan.Class, wanted: Iterable[str]) -> Iterator[plan.Function]:
        """The functions of these names, awaited."""
        names = {*wanted}
        for function in cls.functions:
            if function.name in names:
                yield self._awaited(function)

    def free(self, name: str) -> str:
        """A name that the module does not have yet."""
        while name in self._local or name in self._handles:
            name += "_"
        return name

    def take(self, *names: str) -> None:
        """Import names of the package itself."""
        self._taken |= {*names}

    def module(self, path: str, twin: plan.Class, header: tuple[str, ...], docs: str) -> plan.Module:
        """The module of a twin, with the imports that it needs."""
        imports = [self._led(one) for handle, one in self._handles.items() if handle in self._used]
        imports.append(plan.Import("__future__", "annotations", None))
        imports += [plan.Import("..", name, None) for name in self._taken]
        if self._name is not None and _TYPES in self._used:
            imports.append(plan.Import("..exports", self._name, _TYPES))
        ordered = sorted(dict.fromkeys(imports), key=plan.order)
        return plan.Module(path, header, docs, tuple(ordered), (twin,))

    def _awaited(self, function: plan.Function) -> plan.Function:
        kept = tuple(one for one in function.decorators if one.callee.rpartition(".")[2] == "deprecated")
        for one in kept:
            self._used.add(one.callee.partition(".")[0])
        for line in function.body:
            self._used.add(line.removeprefix("raise ").partition(".")[0])
        return dataclasses.replace(
            function,
            parameters=tuple(
                one
                if one.annotation is None
                else dataclasses.replace(one, annotation=self._said(one.annotation))
                for one in function.parameters
            ),
            result=self._said(function.result),
            decorators=kept,
            is_async=True,
        )

    def _said(self, annotation: plan.Annotation) -> plan.Annotation:
        renames: dict[str, str] = {}
        for name in names_in(annotation):
            first = name.partition(".")[0]
            if first in self._handles:
                self._used.add(first)
            elif first in self._local and self._name is None:
                self._taken.add(first)
            elif first in self._local:
                self._used.add(_TYPES)
                renames[name] = f"{_TYPES}.{name}"
        return renamed(annotation, renames)

    def _led(self, one: plan.Import) -> plan.Import:
        """An import as it must be in `actors/`."""
        package = one.package
        if package is None or not package.startswith(".") or package.startswith(".."):
            return one
        rest = package[1:]
        middle = f"{self._folder}.{rest}" if self._folder and rest else self._folder or rest
        return dataclasses.replace(one, package=f"..{middle}")


def _without_resources(group: Group, names: HostNames) -> list[str]:
    """The functions of a group that have nothing to do with resources."""
    return [names.member(group, one) for one in group.free if not _has_resource(one)]


def _has_resource(function: Function) -> bool:
    return any(isinstance(one.declaration, Resource) for one in reached(signature(function)))
