"""What reading and printing WAVE agree on: ranges, names of types, how deep values may nest."""

from __future__ import annotations

import struct
from typing import Final

from .annotations import Scalar
from .shapes import (
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

DEPTH: Final = 128
"""How many types a value may nest; beyond it, text is refused rather than Python's stack exhausted."""

RANGES: Final = {
    Scalar.S8: (-(2**7), 2**7 - 1),
    Scalar.U8: (0, 2**8 - 1),
    Scalar.S16: (-(2**15), 2**15 - 1),
    Scalar.U16: (0, 2**16 - 1),
    Scalar.S32: (-(2**31), 2**31 - 1),
    Scalar.U32: (0, 2**32 - 1),
    Scalar.S64: (-(2**63), 2**63 - 1),
    Scalar.U64: (0, 2**64 - 1),
}


def flattens(shape: Shape) -> bool:
    """Whether a `some` or `ok` payload of this type may stand without its wrapping."""
    return not isinstance(shape, OptionShape | ResultShape)


def to_f32(number: float) -> float:
    """The value that 32 bits can hold; beyond their range, an infinity."""
    try:
        rounded: float = struct.unpack("<f", struct.pack("<f", number))[0]
    except OverflowError:
        return float("inf") if number > 0 else float("-inf")
    return rounded


def describe(shape: Shape, depth: int = 4) -> str:
    """The type in words of WIT; a nominal one by its kind and name."""
    if depth == 0:
        return "…"

    def inner(part: Shape) -> str:
        return describe(part, depth - 1)

    match shape:
        case ScalarShape(scalar):
            return scalar.value
        case BytesShape():
            return "list<u8>"
        case ListShape(element):
            return f"list<{inner(element)}>"
        case MapShape(key, value):
            return f"map<{inner(key)}, {inner(value)}>"
        case TupleShape(elements):
            return f"tuple<{', '.join(inner(element) for element in elements)}>"
        case OptionShape(payload):
            return f"option<{inner(payload)}>"
        case ResultShape(ok, err):
            sides = [inner(ok) if ok else "_"] + ([inner(err)] if err else [])
            return "result" if sides == ["_"] else f"result<{', '.join(sides)}>"
        case RecordShape(name):
            return f"record {_short(name)}"
        case VariantShape(name):
            return f"variant {_short(name)}"
        case EnumShape(name):
            return f"enum {_short(name)}"
        case FlagsShape(name):
            return f"flags {_short(name)}"
        case HandleShape(name, _, borrowed):
            return f"borrow<{_short(name)}>" if borrowed else _short(name)


def _short(name: str) -> str:
    return name.rpartition("#")[2]
