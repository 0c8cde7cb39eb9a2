"""The twins of a host's classes for a component that runs supervised: the same functions, awaited.

A twin stands in `actors/` beside `exports/`, in a module of its own, so that no name of the WIT can be in its way. It names types
where they are, but for the component's resources and what has one of them in it: these are classes of their own here (`twinned`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

from .. import plan
from ..annotation import INDENT, WIDTH, Generic, Name, quoted
from .members import mentions
from .names import Group, HostNames
from .twinned import Twinned
from .twinning import FOLDER, Twinning


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
    twinned = Twinned(modules, names)
    twins: list[Group] = []
    for group in names.of("exports", world=False):
        source = by_path.get(group.module.path)
        if source is None or not (group.has_class or any(twinned.of(source))):
            continue
        if group.has_class:
            twins.append(group)
        yield _Interface(group, names, source, twinned).module(header)
    yield _world(twins, names, by_path["__init__.py"], twinned, header)


class _Interface:
    """Plans the twin of one module of `exports/`."""

    def __init__(self, group: Group, names: HostNames, source: plan.Module, twinned: Twinned) -> None:
        self._group = group
        self._names = names
        self._source = source
        self._twinned = twinned
        self._twinning = Twinning(source, group.module.name, "exports", twinned)
        self._makers: dict[str, str] = {}
        self._left: list[str] = []
        within = [names.within[one] for one in group.resources if one in names.within]
        functions = _class(source, names.classes[group]).functions if group.has_class else ()
        self._unused = {name for name in within if not any(mentions(one, name) for one in functions)}

    def module(self, header: tuple[str, ...]) -> plan.Module:
        """The module: types, resources with what makes them, and the interface's own class."""
        items = list[plan.Item]()
        for item in self._twinned.of(self._source):
            if item.name in self._unused:
                continue
            if isinstance(item, plan.Alias):
                items.append(self._twinning.alias(item))
            elif (self._source.path, item.name) in self._twinned.resources:
                items += self._resource(_class(self._source, item.name))
            else:
                items.append(self._twinning.class_(_class(self._source, item.name)))
        if self._group.has_class:
            items.append(self._interface())
        path = f"{FOLDER}/{self._group.module.name}.py"
        return self._twinning.module(path, items, header, f"`{self._group.where}`, awaited.")

    def _interface(self) -> plan.Class:
        cls = _class(self._source, self._names.classes[self._group])
        functions, marked = list[plan.Function](), False
        for function in cls.functions:
            resources = self._twinned.within(self._source, function)
            marked = marked or resources
            if not (resources and self._leave(function, function.name)):
                functions.append(self._twinning.awaited(function, marked=resources))
        makers = [field.name for field in cls.fields if field.name in self._makers]
        left = ", ".join(f"`{name}`" for name in self._left)
        note = left and f"Left out, being asynchronous and having to do with resources: {left}."
        return dataclasses.replace(
            cls,
            bases=(Name(self._twinning.support(cls.bases[0], "ActorExports")),),
            decorators=self._marker(cls) if marked else (),
            fields=tuple(plan.Field(name, Name(self._makers[name])) for name in makers),
            functions=tuple(functions),
            docs="\n\n".join(filter(None, (cls.docs, note))) or None,
        )

    def _resource(self, cls: plan.Class) -> Iterator[plan.Class]:
        """The class of a resource, and that of what makes its objects, if anything does."""
        made, methods = list[plan.Function](), list[plan.Function]()
        for function in cls.functions:
            if self._leave(function, f"{cls.name}.{function.name}"):
                continue
            awaited = self._twinning.awaited(function, marked=True)
            if function.name == "__init__":
                made.append(dataclasses.replace(awaited, name="__call__", result=Name(cls.name)))
            elif any(call.callee.rpartition(".")[2] == "classmethod" for call in function.decorators):
                made.append(_of_an_object(awaited))
            else:
                methods.append(awaited)
        twin = dataclasses.replace(cls, bases=(), fields=(), functions=())
        yield dataclasses.replace(
            self._twinning.class_(twin),
            bases=(Name(self._twinning.support(cls.bases[0], "ActorResource")),),
            functions=tuple(methods),
        )
        if made:
            self._makers[cls.name] = name = self._twinning.free(f"{cls.name.rstrip('_')}Class")
            yield plan.Class(
                name,
                (Name(self._twinning.support(cls.bases[0], "ActorResourceClass")),),
                self._marker(cls),
                functions=tuple(made),
                docs=f"What makes `{cls.name}` objects, with the static functions.",
            )

    def _leave(self, function: plan.Function, name: str) -> bool:
        """Whether a function that has to do with resources has no twin."""
        if function.is_async:
            self._left.append(name)
        return function.is_async

    def _marker(self, cls: plan.Class) -> tuple[plan.Call, ...]:
        callee = self._twinning.support(cls.bases[0], "interface")
        return (plan.Call(callee, (quoted(self._group.where),)),)


def _world(
    twins: Sequence[Group],
    names: HostNames,
    source: plan.Module,
    twinned: Twinned,
    header: tuple[str, ...],
) -> plan.Module:
    cls = _class(source, names.world_class)
    builder = Twinning(source, None, "", twinned)
    wit = builder.handle(cls.bases[0])
    (world,) = names.of("exports", world=True)
    own = {names.member(world, one) for one in world.free}
    functions = tuple(builder.awaited(one) for one in cls.functions if one.name in own)
    handles = {group.module.name: builder.unused(f"_{group.module.name}") for group in twins}
    imports = next((item.name for item in source.items if item.name == names.imports_class), None)
    twin = plan.Class(
        builder.free(f"{names.world_class}Actor"),
        (Name(f"{wit}.WorldActor"),),
        fields=tuple(
            plan.Field(group.module.name, Name(f"{handles[group.module.name]}.{names.classes[group]}"))
            for group in twins
        ),
        functions=functions,
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
    beside = [plan.Import(".", name, handle) for name, handle in handles.items()]
    module = builder.module(
        f"{FOLDER}/__init__.py", [twin], header, f"Supervised components of the world `{names.world.path}`."
    )
    return module.adding(supervised, *beside)


def _call(callee: str, *arguments: str) -> tuple[str, ...]:
    """A call in the body of a function, as the formatter wraps it."""
    flat = ", ".join(arguments)
    if len(INDENT) + len(callee) + len(flat) + 2 <= WIDTH:
        return (f"{callee}({flat})",)
    if 2 * len(INDENT) + len(flat) <= WIDTH:
        return (f"{callee}(", INDENT + flat, ")")
    return (f"{callee}(", *(f"{INDENT}{one}," for one in arguments), ")")


def _of_an_object(function: plan.Function) -> plan.Function:
    """A class method as a method."""
    receiver, *others = function.parameters
    name = "_self" if any(one.name == "self" for one in others) else "self"
    return dataclasses.replace(function, parameters=(dataclasses.replace(receiver, name=name), *others))


def _class(module: plan.Module, name: str) -> plan.Class:
    found = module.item(name)
    if not isinstance(found, plan.Class):
        raise TypeError(f"{name} is no class")
    return found
