"""Shapes from the plain form in which a component's types are compared: for components that no WIT can say."""

from __future__ import annotations

import dataclasses
import enum
from typing import Any

from airssys_sdk.component import Resource
from airssys_sdk.component.signatures.check import Plain, PlainFunction
from airssys_sdk.wit.annotations import Scalar
from airssys_sdk.wit.names import camel, escape, shouty, snake
from airssys_sdk.wit.shapes import (
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


class AnyResource(Resource):
    """A resource of the component's, whichever."""


_ENUM: Any = enum.Enum
_FLAG: Any = enum.Flag


def plain_signature(name: str, function: PlainFunction) -> Signature:
    """A signature whose parameters are called `p0`, `p1`, ..."""
    parameters = tuple(
        Parameter(f"p{number}", f"p{number}", _shape(plain))
        for number, plain in enumerate(function.parameters)
    )
    result = None if function.result is None else _shape(function.result)
    return Signature(name, parameters, result, raises=isinstance(result, ResultShape))


def _shape(plain: Plain) -> Shape:
    if plain is None:
        raise TypeError("nothing is no type")
    if plain in ("own", "borrow"):
        return HandleShape("resource", AnyResource, borrowed=plain == "borrow")
    if isinstance(plain, str):
        return ScalarShape(Scalar(plain))
    construct, *parts = plain
    shapes = [
        None if part is None else _shape(part) for _, part in parts if construct not in ("enum", "flags")
    ]
    names = [name for name, _ in parts]
    given = [shape for shape in shapes if shape is not None]
    match construct:
        case "list":
            return BytesShape() if given[0] == ScalarShape(Scalar.U8) else ListShape(given[0])
        case "map":
            return MapShape(given[0], given[1])
        case "tuple":
            return TupleShape(tuple(given))
        case "option":
            return OptionShape(given[0])
        case "result":
            return ResultShape(shapes[0], shapes[1])
        case "record":
            attributes = [escape(snake(name)) for name in names]
            cls = dataclasses.make_dataclass("Record", attributes, slots=True)
            return RecordShape("record", cls, tuple(map(Field, attributes, names, given)))
        case "variant":
            cases = [
                Case(
                    dataclasses.make_dataclass(camel(name), ["value"] if shape else [], slots=True),
                    name,
                    shape,
                )
                for name, shape in zip(names, shapes, strict=True)
            ]
            return VariantShape("variant", tuple(cases))
        case "enum":
            cls = _ENUM("Enumeration", [(shouty(name), number) for number, name in enumerate(names)])
            return EnumShape("enum", cls, tuple(Member(name, cls[shouty(name)]) for name in names))
        case "flags":
            cls = _FLAG("Flags", [(shouty(name), 1 << number) for number, name in enumerate(names)])
            return FlagsShape("flags", cls, tuple(Member(name, cls[shouty(name)]) for name in names))
        case _:
            raise TypeError(f"the construct {construct} is not known here")
