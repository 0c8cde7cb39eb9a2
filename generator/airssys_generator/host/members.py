"""The classes, Protocols and methods of a host package."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from airssys_sdk.wit.model import Function, FunctionKind, TypeDef

from .. import plan
from ..annotation import NONE, Generic, Name, names_in, quoted, renamed
from ..declarations import Types
from ..draft import ModuleDraft, field_name
from ..gates import deprecated, deprecation, documented
from ..walk import result_of
from .dialect import support
from .names import Group, HostNames


class Members:
    """Plans what calls a component, and what a host implements.

    Args:
        names: the names of the package.
        types: the annotations of its types.
    """

    def __init__(self, names: HostNames, types: Types) -> None:
        self.names = names
        self.types = types

    def errors(self, module: ModuleDraft) -> Iterator[plan.Class]:
        """The classes of the errors that live in a module."""
        for wit_type, name in module.errors.items():
            yield plan.Class(
                name,
                (Generic(f"{support(module)}.Err", (self.types.eager(module, wit_type),)),),
                docs=f"Raised where the WIT says `result<_, {wit_type.name}>`.",
            )
        for function, name in self.names.raised_here(module):
            result = result_of(function)
            err = None if result is None else result.err
            without = "an error without payload" if err is None else "an error of a type without name"
            payload = NONE if err is None else self.types.eager(module, err)
            yield plan.Class(
                name,
                (Generic(f"{support(module)}.Err", (payload,)),),
                docs=f"Raised by `{function.name}`, whose WIT result has {without}.",
            )

    def interface(self, group: Group) -> Iterator[plan.Item]:
        """The class of an exported interface, or the Protocol of an imported one."""
        if group.item is None or not group.has_class:
            return
        module = group.module
        aliases = {
            group.types.name_of(resource): self.names.within[resource]
            for resource in group.resources
            if resource in self.names.within
        }
        exported = group.folder == "exports"
        functions = [self.function(module, group, function, aliases) for function in group.free]
        fields = [self._bound(module, name, alias) for name, alias in aliases.items()] if exported else []
        for name, alias in aliases.items():
            if exported or any(mentions(function, alias) for function in functions):
                yield plan.Alias(alias, f"{module.handles.module('typing')}.TypeAlias", Name(name))
        base = f"{support(module)}.Exports" if exported else f"{module.handles.module('typing')}.Protocol"
        yield plan.Class(
            self.names.classes[group],
            (Name(base),),
            (plan.Call(f"{support(module)}.interface", (quoted(group.where),)),),
            tuple(fields),
            functions=(*([] if exported else self.makers(module, group)), *functions),
            docs=documented(group.item),
        )

    def resource(self, group: Group, resource: TypeDef) -> Iterator[plan.Item]:
        """The class of an exported resource; the Protocols of an imported one."""
        module, name = group.types, group.types.name_of(resource)
        marker = plan.Call(f"{support(module)}.resource", (quoted(f"{group.where}#{resource.name}"),))
        methods = group.members(resource)
        if group.folder == "exports":
            functions = tuple(self.function(module, group, function) for function in methods)
            base = Name(f"{support(module)}.Resource")
            yield plan.Class(name, (base,), (marker,), functions=functions, docs=documented(resource))
            return
        base = Name(f"{module.handles.module('typing')}.Protocol")
        functions = tuple(
            self.function(module, group, function)
            for function in methods
            if function.kind is FunctionKind.METHOD
        )
        yield plan.Class(name, (base,), (marker,), functions=functions, docs=documented(resource))
        if resource in self.names.makers:
            yield plan.Class(
                self.names.makers[resource],
                (base,),
                functions=tuple(
                    self.function(module, group, function) for function in group.makers(resource)
                ),
                docs=f"What makes `{name}` objects: a class that fits it, with its static functions.",
            )

    def makers(self, module: ModuleDraft, group: Group) -> Iterator[plan.Function]:
        """The properties of a Protocol that give the classes of its resources."""
        for resource in group.resources:
            maker = self.names.makers.get(resource)
            if maker is not None:
                reference = module.reference(group.types, private=module is self.names.root)
                yield plan.Function(
                    group.types.name_of(resource),
                    (plan.Parameter("self"),),
                    Name(f"{reference}{maker}"),
                    ("...",),
                    (plan.Call(module.handles.builtin("property")),),
                )

    def function(
        self, module: ModuleDraft, group: Group, function: Function, aliases: Mapping[str, str] | None = None
    ) -> plan.Function:
        """One function as a method.

        Args:
            module: where it stands.
            group: what it belongs to.
            function: the function.
            aliases: other names for types of the module, where the class hides theirs.
        """
        exported = group.folder == "exports"
        result = result_of(function)
        arguments = [quoted(function.name)]
        docs = documented(function)
        raised = self.names.raised(function)
        if raised is not None:
            home, name = raised
            name = module.reference(home, private=module is self.names.root) + name
            arguments.append(f"raises={name}")
            docs = _with_error(docs, name, imported=not exported)
        given = function.parameters[1:] if function.kind is FunctionKind.METHOD else function.parameters
        parameters = [(field_name(parameter.name), parameter.type) for parameter in given]
        returned = result.ok if result is not None else function.result
        constructor = function.kind is FunctionKind.CONSTRUCTOR
        annotation = NONE if constructor and exported else self.types.optional(module, returned)
        decorators = [plan.Call(f"{support(module)}.function", tuple(arguments))]
        receiver = "self"
        message = deprecation(function, group.item, self.names.world)
        if message is not None and exported:  # what the component calls, the host does not
            decorators.append(deprecated(module, message))
        if function.kind is FunctionKind.STATIC and exported:
            decorators.insert(0, plan.Call(module.handles.builtin("classmethod")))
            receiver = "cls"
        if receiver in [name for name, _ in parameters]:
            receiver = f"_{receiver}"
        return plan.Function(
            self.names.member(group, function),
            (
                plan.Parameter(receiver),
                *(
                    plan.Parameter(name, renamed(self.types.annotation(module, wit_type), aliases or {}))
                    for name, wit_type in parameters
                ),
            ),
            renamed(annotation, aliases or {}),
            (f"raise {module.handles.builtin('NotImplementedError')}",) if exported else ("...",),
            tuple(decorators),
            docs,
            is_async=function.is_async,
        )

    def functions(self, module: ModuleDraft, groups: Iterable[Group]) -> list[plan.Function]:
        """The functions of the world itself."""
        return [self.function(module, group, function) for group in groups for function in group.free]

    def _bound(self, module: ModuleDraft, name: str, alias: str) -> plan.Field:
        return plan.Field(name, Generic(f"{module.handles.module('builtins')}.type", (Name(alias),)))


def mentions(function: plan.Function, name: str) -> bool:
    """Whether a signature names something."""
    annotations = [function.result, *(p.annotation for p in function.parameters if p.annotation is not None)]
    return any(name in names_in(annotation) for annotation in annotations)


def _with_error(docs: str | None, raised: str, *, imported: bool) -> str:
    """The documentation of a function with its error case; a google style section where there is text to follow."""
    if docs is None:
        return (
            f"Raise `{raised}` for the error case." if imported else f"Raises `{raised}` for the error case."
        )
    role = "raise it for the error case" if imported else "the component returned the error case"
    return f"{docs.rstrip()}\n\nRaises:\n    {raised}: {role}."
