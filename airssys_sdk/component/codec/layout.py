"""How a shape lies in memory: its kind, the constant beginning of its cell, the struct format of its payload.

Vocabulary of this package. A *cell* is the 32 bytes of one value: a kind, then a payload of 24 bytes. The *head* of a
cell is what is the same for every value of the shape; the rest is packed per value. A *block* is a run of equally laid
out elements (cells, or records' entries) that a list, record or tuple points to.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import TypeGuard

from ...wit.annotations import Scalar
from ...wit.shapes import (
    BytesShape,
    EnumShape,
    FlagsShape,
    HandleShape,
    ListShape,
    MapShape,
    OptionShape,
    RecordShape,
    ResultShape,
    ScalarShape,
    Shape,
    TupleShape,
    VariantShape,
)
from ..engine import abi
from ..signatures.hexed import HexListShape, HexShape

NUMBERS: Mapping[Scalar, tuple[int, str]] = {
    Scalar.S8: (abi.S8, "b"),
    Scalar.U8: (abi.U8, "B"),
    Scalar.S16: (abi.S16, "h"),
    Scalar.U16: (abi.U16, "H"),
    Scalar.S32: (abi.S32, "i"),
    Scalar.U32: (abi.U32, "I"),
    Scalar.S64: (abi.S64, "q"),
    Scalar.U64: (abi.U64, "Q"),
    Scalar.F32: (abi.F32, "f"),
    Scalar.F64: (abi.F64, "d"),
}
"""Kind and struct format of the numbers."""

FLOATS = frozenset({Scalar.F32, Scalar.F64})

RANGES: Mapping[Scalar, tuple[int, int]] = {
    **{
        scalar: (-(1 << bits - 1), (1 << bits - 1) - 1)
        for scalar, bits in ((Scalar.S8, 8), (Scalar.S16, 16), (Scalar.S32, 32), (Scalar.S64, 64))
    },
    **{
        scalar: (0, (1 << bits) - 1)
        for scalar, bits in ((Scalar.U8, 8), (Scalar.U16, 16), (Scalar.U32, 32), (Scalar.U64, 64))
    },
}
"""Least and greatest value of the integers."""

_OTHER_SCALARS: Mapping[Scalar, int] = {
    Scalar.BOOL: abi.BOOL,
    Scalar.CHAR: abi.CHAR,
    Scalar.STRING: abi.STRING,
}
_KINDS: Mapping[type[Shape], int] = {
    BytesShape: abi.LIST,
    HexShape: abi.STRING,
    HexListShape: abi.STRING,
    ListShape: abi.LIST,
    MapShape: abi.MAP,
    TupleShape: abi.TUPLE,
    RecordShape: abi.RECORD,
    VariantShape: abi.VARIANT,
    EnumShape: abi.ENUM,
    FlagsShape: abi.FLAGS,
    OptionShape: abi.OPTION,
    ResultShape: abi.RESULT,
    HandleShape: abi.RESOURCE,
}

U8_SHAPE = ScalarShape(Scalar.U8)
STRING_SHAPE = ScalarShape(Scalar.STRING)
CHAR_SHAPE = ScalarShape(Scalar.CHAR)


def kind_of(shape: Shape) -> int:
    """The kind of a cell that carries a value of this shape."""
    if isinstance(shape, ScalarShape):
        number = NUMBERS.get(shape.scalar)
        return number[0] if number else _OTHER_SCALARS[shape.scalar]
    return _KINDS[type(shape)]


def head(shape: Shape) -> bytes:
    """The beginning of the shape's cells that is the same for every value: the kind; for a record or tuple also the count."""
    kind = struct.pack("<Q", kind_of(shape))
    if isinstance(shape, RecordShape):
        return kind + struct.pack("<Q", len(shape.fields))
    if isinstance(shape, TupleShape):
        return kind + struct.pack("<Q", len(shape.elements))
    return kind


def number_format(shape: Shape) -> str | None:
    """The struct format of an integer or float; None for every other shape."""
    if isinstance(shape, ScalarShape) and shape.scalar in NUMBERS:
        return NUMBERS[shape.scalar][1]
    return None


def flat_code(scalar: Scalar) -> str:
    """The struct format of the payload of a scalar other than a string."""
    if scalar in NUMBERS:
        return NUMBERS[scalar][1]
    return "?" if scalar is Scalar.BOOL else "I"


def code_of(shape: ListShape) -> str:
    """The struct format of the numbers of a list of numbers."""
    if not isinstance(shape.element, ScalarShape):
        raise TypeError(f"{shape} is no list of numbers")
    return NUMBERS[shape.element.scalar][1]


def is_flat(shape: Shape) -> TypeGuard[ScalarShape]:
    """Whether a cell holds the whole value, so that nothing behind it needs freeing."""
    return isinstance(shape, ScalarShape) and shape.scalar is not Scalar.STRING


def is_text(shape: Shape) -> bool:
    """Whether what a value owns is one run of bytes."""
    return isinstance(shape, HexShape | HexListShape) or shape == STRING_SHAPE
