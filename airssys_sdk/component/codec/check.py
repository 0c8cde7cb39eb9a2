"""Comparing a component's function with a signature, before the two are bound.

Codecs trust the engine to deliver cells of the types that the component declares; so these must be the signature's. The
comparison reads the component's types once for each function and component.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ...wit.annotations import Scalar
from ...wit.shapes import (
    BytesShape,
    EnumShape,
    FlagsShape,
    ListShape,
    MapShape,
    OptionShape,
    RecordShape,
    ResultShape,
    ScalarShape,
    Shape,
    Signature,
    TupleShape,
    VariantShape,
)
from ..errors import printable

if TYPE_CHECKING:
    from wasmtime.component import FuncType


def difference(signature: Signature, function: FuncType) -> str | None:
    """Where a component's function differs from the signature: a path and both types; None if it does not."""
    return next(_function(signature, function), None)


def _function(signature: Signature, function: FuncType) -> Iterator[str]:
    theirs = function.params
    if len(theirs) != len(signature.parameters):
        yield f"it takes {len(theirs)} parameters, not {len(signature.parameters)}"
        return
    for parameter, (_, ty) in zip(signature.parameters, theirs, strict=True):
        yield from _type(parameter.shape, ty, parameter.wit)
    yield from _optional(signature.result, function.result, "the result")


def _optional(shape: Shape | None, ty: Any, path: str) -> Iterator[str]:
    if shape is None or ty is None:
        if shape is not ty:
            yield f"{path} is {_name(ty)}, not {_title(shape)}"
        return
    yield from _type(shape, ty, path)


def _type(shape: Shape, ty: Any, path: str) -> Iterator[str]:
    if _name(ty) != _title(shape):
        yield f"{path} is {_name(ty)}, not {_title(shape)}"
        return
    match shape:
        case BytesShape():
            yield from _type(ScalarShape(Scalar.U8), ty.element, f"{path}[]")
        case ListShape():
            yield from _type(shape.element, ty.element, f"{path}[]")
        case TupleShape():
            yield from _names(
                [str(i) for i in range(len(shape.elements))], [str(i) for i in range(len(ty.elements))], path
            )
            for number, (inner, other) in enumerate(zip(shape.elements, ty.elements, strict=False)):
                yield from _type(inner, other, f"{path}.{number}")
        case RecordShape():
            fields = ty.fields
            yield from _names([field.name for field in shape.fields], [name for name, _ in fields], path)
            for field, (_, other) in zip(shape.fields, fields, strict=False):
                yield from _type(field.shape, other, f"{path}.{field.name}")
        case VariantShape():
            cases = ty.cases
            yield from _names([case.name for case in shape.cases], [name for name, _ in cases], path)
            for case, (_, other) in zip(shape.cases, cases, strict=False):
                yield from _optional(case.payload, other, f"{path}.{case.name}")
        case EnumShape() | FlagsShape():
            yield from _names([member.name for member in shape.members], ty.names, path)
        case OptionShape():
            yield from _type(shape.payload, ty.payload, f"{path}?")
        case ResultShape():
            yield from _optional(shape.ok, ty.ok, f"{path}.ok")
            yield from _optional(shape.err, ty.err, f"{path}.err")
        case MapShape() | ScalarShape():
            return


def _names(ours: list[str], theirs: list[str], path: str) -> Iterator[str]:
    if ours != theirs:
        yield f"{path} has {printable(', '.join(theirs)) or 'nothing'}, not {', '.join(ours) or 'nothing'}"


def _title(shape: Shape | None) -> str:
    """The construct, as WIT calls it."""
    match shape:
        case None:
            return "nothing"
        case ScalarShape():
            return shape.scalar.value
        case BytesShape():
            return "list"
        case _:
            return type(shape).__name__.removesuffix("Shape").lower()


def _name(ty: Any) -> str:
    """The construct of a component's type, as WIT calls it: the class `U32` is `u32`, `ListType` is `list`."""
    return "nothing" if ty is None else type(ty).__name__.removesuffix("Type").lower()
