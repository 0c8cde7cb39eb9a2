"""The functions and methods of a guest's bindings and skeleton."""

from __future__ import annotations

import dataclasses

from airssys_sdk.wit.model import Function, FunctionKind, InterfaceItem, TypeDef

from .. import plan
from ..annotation import NONE, Annotation, Generic, Name, flat, quoted, union
from ..declarations import Types
from ..draft import ModuleDraft, field_name
from ..gates import deprecated, deprecation, documented
from ..walk import constructor_of, result_of, returned, signature
from .dialect import SUPPORT, with_note
from .names import GuestNames


class Functions:
    """Plans single functions.

    Args:
        names: the names of the guest.
        types: the annotations of its types.
    """

    def __init__(self, names: GuestNames, types: Types) -> None:
        self._names = names
        self._types = types
        authors = {one.resource: one.author for one in names.implemented}

        def any_of(module: ModuleDraft, resource: TypeDef) -> str | None:
            return f"{module.handles.module('typing')}.Any" if resource in authors else None

        self._abstract = dataclasses.replace(types, instead=any_of)

        def author_of(_: ModuleDraft, resource: TypeDef) -> str | None:
            return authors.get(resource)

        self._authored = dataclasses.replace(types, instead=author_of)

    def plain(self, module: ModuleDraft, function: Function, item: InterfaceItem | None) -> plan.Function:
        """A function that the guest imports."""
        return self._gated(module, function, item, self._function(module, function, self._types))

    def imported(self, module: ModuleDraft, function: Function, item: InterfaceItem | None) -> plan.Function:
        """A constructor, method or static function of a resource that the guest imports."""
        planned = self._function(module, function, self._types, receiver=True)
        planned = self._gated(module, function, item, planned)
        return self._static(module, planned) if function.kind is FunctionKind.STATIC else planned

    def _gated(
        self, module: ModuleDraft, function: Function, item: InterfaceItem | None, planned: plan.Function
    ) -> plan.Function:
        """The function with a marker if it is deprecated; what the guest exports it does not call, so there is none."""
        message = deprecation(function, item, self._names.world)
        if message is None:
            return planned
        return dataclasses.replace(planned, decorators=(*planned.decorators, deprecated(module, message)))

    def abstract(self, module: ModuleDraft, function: Function) -> plan.Function:
        """A method of a Protocol that the guest implements.

        Where it takes or gives resources of the guest's own, it says `Any`: the author's methods name the author's class.
        """
        planned = self._function(module, function, self._abstract, receiver=True)
        if function.kind is FunctionKind.STATIC:
            planned = self._static(module, planned)
        mark = plan.Call(f"{module.handles.module('abc')}.abstractmethod")
        return dataclasses.replace(planned, decorators=(*planned.decorators, mark))

    def authored(self, module: ModuleDraft, function: Function, where: str) -> plan.Function:
        """A method of the skeleton, whose body says what is missing."""
        planned = self._function(module, function, self._authored, receiver=True, message=where)
        return self._static(module, planned) if function.kind is FunctionKind.STATIC else planned

    def _static(self, module: ModuleDraft, planned: plan.Function) -> plan.Function:
        return dataclasses.replace(
            planned, decorators=(plan.Call(module.handles.builtin("classmethod")), *planned.decorators)
        )

    def _function(
        self,
        module: ModuleDraft,
        function: Function,
        types: Types,
        *,
        receiver: bool = False,
        message: str | None = None,
    ) -> plan.Function:
        constructor = constructor_of(function)
        result = returned(function)
        given = function.parameters[1:] if function.kind is FunctionKind.METHOD else function.parameters
        parameters = [
            plan.Parameter(field_name(parameter.name), types.annotation(module, parameter.type))
            for parameter in given
        ]
        if receiver:
            name = "cls" if function.kind is FunctionKind.STATIC else "self"
            parameters.insert(0, plan.Parameter(name))
        shown: Annotation = NONE
        if not constructor:
            shown = types.optional(module, function.result if result is None else result.ok)
        return plan.Function(
            "__init__" if constructor else field_name(function.item),
            tuple(parameters),
            shown,
            _raise(module.handles.builtin("NotImplementedError"), message),
            docs=self._docs(function),
            is_async=function.is_async,
        )

    def _docs(self, function: Function) -> str | None:
        noted = with_note(documented(function), signature(function))
        docs = [] if noted is None else [noted]
        result = result_of(function) if constructor_of(function) else returned(function)
        if result is not None:
            payload = NONE if result.err is None else self._types.annotation(self._names.prose, result.err)
            with_ = f"`{flat(payload)}`" if result.err is not None else "None"
            docs.append(
                f"Raises:\n    {SUPPORT}.Err: with {with_}, for the error case."
                if docs
                else f"Raises `{SUPPORT}.Err` with {with_} for the error case."
            )
        return "\n\n".join(docs) or None


def enter(module: ModuleDraft) -> tuple[plan.Function, plan.Function]:
    """What lets a resource of the host be used in a `with` block, at whose end it is dropped."""
    typing = module.handles.module("typing")
    not_implemented = _raise(module.handles.builtin("NotImplementedError"), None)
    base = Name(module.handles.builtin("BaseException"))
    traceback = Name(f"{module.handles.module('types')}.TracebackType")
    given: dict[str, Annotation] = {
        "exc_type": Generic(module.handles.builtin("type"), (base,)),
        "exc_value": base,
        "traceback": traceback,
    }
    return (
        plan.Function("__enter__", (plan.Parameter("self"),), Name(f"{typing}.Self"), not_implemented),
        plan.Function(
            "__exit__",
            (
                plan.Parameter("self"),
                *(plan.Parameter(name, union(annotation, NONE)) for name, annotation in given.items()),
            ),
            NONE,
            not_implemented,
            docs="Drop the resource.",
        ),
    )


def _raise(error: str, message: str | None) -> tuple[str, ...]:
    if message is None:
        return (f"raise {error}",)
    line = f"raise {error}({quoted(message)})"
    if len(line) + 8 <= 88:
        return (line,)
    return f"raise {error}(", f"    {quoted(message)}", ")"
