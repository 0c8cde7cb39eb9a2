"""Signatures whose lists of numbers travel as text: as hex digits in a string, which the engine copies in one step."""

from __future__ import annotations

import dataclasses

from ...wit.annotations import Scalar
from ...wit.shapes import (
    BytesShape,
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

_OTHERS = {Scalar.BOOL, Scalar.CHAR, Scalar.STRING}


@dataclasses.dataclass(frozen=True, slots=True)
class HexShape(BytesShape):
    """`list<u8>` to the user, and a string of hex digits to the engine."""


@dataclasses.dataclass(frozen=True, slots=True)
class HexListShape(ListShape):
    """A list of other numbers to the user, and a string of hex digits to the engine: those of their bytes, least first."""


def hexed(signature: Signature) -> Signature:
    """The signature with every list of numbers as a string of hex digits."""
    return dataclasses.replace(
        signature,
        parameters=tuple(
            dataclasses.replace(parameter, shape=_hexed(parameter.shape))
            for parameter in signature.parameters
        ),
        result=_optional(signature.result),
    )


def _hexed(shape: Shape) -> Shape:
    match shape:
        case BytesShape():
            return HexShape()
        case ListShape(ScalarShape(scalar) as element) if scalar not in _OTHERS:
            return HexListShape(element)
        case ListShape(element):
            return ListShape(_hexed(element))
        case MapShape(key, value):
            return MapShape(_hexed(key), _hexed(value))
        case TupleShape(elements):
            return TupleShape(tuple(map(_hexed, elements)))
        case RecordShape(fields=fields):
            parts = tuple(dataclasses.replace(field, shape=_hexed(field.shape)) for field in fields)
            return dataclasses.replace(shape, fields=parts)
        case VariantShape(cases=cases):
            changed = tuple(dataclasses.replace(case, payload=_optional(case.payload)) for case in cases)
            return dataclasses.replace(shape, cases=changed)
        case OptionShape(payload):
            return OptionShape(_hexed(payload))
        case ResultShape(ok=ok, err=err):
            return dataclasses.replace(shape, ok=_optional(ok), err=_optional(err))
        case _:
            return shape


def _optional(shape: Shape | None) -> Shape | None:
    return None if shape is None else _hexed(shape)
