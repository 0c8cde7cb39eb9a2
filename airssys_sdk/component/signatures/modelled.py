"""Shapes from the model: for a component without generated code, the classes of its types are made at run time.

They have the names and forms that generated code would give them, so a value prints and compares alike.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from ...wit import model
from ...wit.annotations import Scalar
from ...wit.names import camel, escape, shouty, snake
from ...wit.shapes import (
    BytesShape,
    Case,
    EnumShape,
    Field,
    FlagsShape,
    HandleShape,
    ListShape,
    MapShape,
    Member,
    OptionShape,
    Parameter,
    RecordShape,
    ResultShape,
    ScalarShape,
    Shape,
    Signature,
    TupleShape,
    VariantShape,
)
from ..errors import UnsupportedEngine, printable

_UNSUPPORTED: dict[type[Any], str] = {
    model.FixedLengthList: "a list of fixed length",
    model.StreamType: "a stream",
    model.FutureType: "a future",
}

# Made from names that are known at run time only, which type checkers do not follow.
_ENUM: Any = enum.Enum
_FLAG: Any = enum.Flag


class Shapes:
    """The shapes of one component's types; each declared type has one class, whoever uses it.

    Args:
        resource: the class of a resource; without it each has an empty one, enough for comparing types.
        lock: held while classes are made, if more than one thread may ask; `resource` may take it as well.
    """

    def __init__(
        self,
        resource: Callable[[model.TypeDef], type[Any]] | None = None,
        lock: AbstractContextManager[object] | None = None,
    ) -> None:
        self._resource = resource or _nameless
        self._lock = lock or nullcontext()
        self._made: dict[int, tuple[model.TypeDef, Shape]] = {}

    def signature(self, function: model.Function, where: str) -> Signature:
        """The signature of a function. A result at the top is unwrapped, as in generated code; its error is an `Err`.

        Args:
            function: the function.
            where: its full name, for errors.

        Raises:
            UnsupportedEngine: the function has a type that cannot be passed.
        """
        with self._lock:
            parameters = tuple(
                Parameter(escape(snake(p.name)), p.name, self.shape(p.type, where))
                for p in function.parameters
            )
            result = None if function.result is None else self.shape(function.result, where)
        raises = isinstance(result, ResultShape)
        return Signature(function.name, parameters, result, raises, is_async=function.is_async)

    def shape(self, declared: model.Type, where: str) -> Shape:
        """The shape of a type.

        Raises:
            UnsupportedEngine: it cannot be passed; `where` names the function that has it.
        """
        match declared:
            case model.Primitive.ERROR_CONTEXT:
                raise _unsupported(where, "takes or returns an error context")
            case model.Primitive.STRING:
                return ScalarShape(Scalar.STRING)
            case model.Primitive():
                return ScalarShape(Scalar(declared.value))
            case model.TypeDef():
                return self._declared(declared, where)
            case model.ListType():
                element = self.shape(declared.element, where)
                return BytesShape() if element == ScalarShape(Scalar.U8) else ListShape(element)
            case model.MapType():
                return MapShape(self.shape(declared.key, where), self.shape(declared.value, where))
            case model.OptionType():
                return OptionShape(self.shape(declared.payload, where))
            case model.ResultType():
                return ResultShape(self._optional(declared.ok, where), self._optional(declared.err, where))
            case model.TupleType():
                return TupleShape(tuple(self.shape(element, where) for element in declared.elements))
            case model.Handle(resource, borrowed):
                while isinstance(resource.declaration, model.Alias):
                    target = resource.declaration.target
                    if not isinstance(target, model.TypeDef):
                        raise _unsupported(where, "takes or returns an alias of no resource")
                    resource = target
                return HandleShape(resource.path, self._resource(resource), borrowed)
            case _:
                raise _unsupported(where, f"takes or returns {_UNSUPPORTED[type(declared)]}")

    def _optional(self, declared: model.Type | None, where: str) -> Shape | None:
        return None if declared is None else self.shape(declared, where)

    def _declared(self, definition: model.TypeDef, where: str) -> Shape:
        known = self._made.get(id(definition))
        if known is None:
            known = self._made[id(definition)] = definition, self._make(definition, where)
        return known[1]

    def _make(self, definition: model.TypeDef, where: str) -> Shape:
        name, path = camel(definition.name), definition.path
        match definition.declaration:
            case model.Alias(target):
                return self.shape(target, where)
            case model.Record(fields):
                shaped = [(escape(snake(f.name)), f.name, self.shape(f.type, where)) for f in fields]
                cls = dataclasses.make_dataclass(escape(name), [field[0] for field in shaped], slots=True)
                return RecordShape(path, _at_home(cls, path), tuple(Field(*field) for field in shaped))
            case model.Variant(cases):
                return VariantShape(path, tuple(self._case(name, path, case, where) for case in cases))
            case model.Enum(labels):
                members = [(shouty(label.name), number) for number, label in enumerate(labels)]
                cls = _at_home(_ENUM(escape(name), members), path)
                return EnumShape(path, cls, _members(labels, cls))
            case model.Flags(labels):
                members = [(shouty(label.name), 1 << number) for number, label in enumerate(labels)]
                cls = _at_home(_FLAG(escape(name), members), path)
                return FlagsShape(path, cls, _members(labels, cls))
            case model.Resource():
                return HandleShape(path, self._resource(definition), borrowed=False)

    def _case(self, variant: str, path: str, case: model.Case, where: str) -> Case:
        payload = self._optional(case.payload, where)
        name = f"{variant}_{escape(camel(case.name))}"
        cls = dataclasses.make_dataclass(name, [] if payload is None else ["value"], slots=True)
        return Case(_at_home(cls, path), case.name, payload)


def _nameless(_: model.TypeDef) -> type[Any]:
    return object


def _members(labels: tuple[model.Label, ...], cls: Any) -> tuple[Member, ...]:
    return tuple(Member(label.name, cls[shouty(label.name)]) for label in labels)


def _at_home(cls: type[Any], path: str) -> type[Any]:
    """Let a class say where its type comes from, in place of a module."""
    cls.__module__ = path
    return cls


def _unsupported(where: str, what: str) -> UnsupportedEngine:
    return UnsupportedEngine(
        f"the function {what}, which cannot be passed to it or from it yet",
        where=printable(where),
        hint="call the component's other functions",
    )
