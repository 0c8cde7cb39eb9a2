"""Printing one value of a known shape as WAVE text."""

from __future__ import annotations

import math
import re
from typing import Any

from ._text import escaped, shortened
from ._wave_lex import KEYWORDS, WaveError
from ._wave_types import DEPTH, RANGES, describe, to_f32
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
from .values import Err, Ok, Some

_ESCAPES = {"\\": "\\\\", '"': '\\"', "\t": "\\t", "\n": "\\n", "\r": "\\r"}
_SURROGATE = re.compile("[\ud800-\udfff]")


def write_value(value: Any, shape: Shape, depth: int = 0) -> str:
    """The value as WAVE text on one line.

    Raises:
        WaveError: the value is none of that shape.
    """
    if depth > DEPTH:
        raise WaveError(f"the value nests more than {DEPTH} types", expected=describe(shape))
    match shape:
        case ScalarShape(scalar):
            return _scalar(value, scalar, shape)
        case BytesShape():
            return f"[{', '.join(map(str, bytes(_of(value, (bytes, bytearray, memoryview), shape))))}]"
        case ListShape(element):
            items = _of(value, (list, tuple), shape)
            return f"[{', '.join(write_value(item, element, depth + 1) for item in items)}]"
        case MapShape(key, item):
            pair = TupleShape((key, item))
            pairs = _of(value, dict, shape).items()
            return f"[{', '.join(write_value(entry, pair, depth) for entry in pairs)}]"
        case TupleShape(elements):
            parts = _of(value, tuple, shape)
            if len(parts) != len(elements):
                raise _mismatch(value, shape)
            written = (write_value(part, of, depth + 1) for part, of in zip(parts, elements, strict=True))
            return f"({', '.join(written)})"
        case RecordShape():
            return _record(value, shape, depth)
        case VariantShape(_, cases):
            for case in cases:
                if type(value) is case.cls:
                    name = _label(case.name)
                    return name if case.payload is None else _wrapped(name, value.value, case.payload, depth)
            raise _mismatch(value, shape)
        case EnumShape(_, cls, members):
            _of(value, cls, shape)
            return next(_label(member.name) for member in members if member.member is value)
        case FlagsShape(_, cls, members):
            _of(value, cls, shape)
            return f"{{{', '.join(member.name for member in members if member.member in value)}}}"
        case OptionShape(payload):
            if value is None:
                return "none"
            return _wrapped("some", _of(value, Some, shape).value if shape.wrapped else value, payload, depth)
        case ResultShape(ok, err):
            name, side = ("ok", ok) if isinstance(value, Ok) else ("err", err)
            wrapped = _of(value, (Ok, Err), shape)
            return name if side is None else _wrapped(name, wrapped.value, side, depth)
        case HandleShape():
            raise WaveError("a resource has no text", expected=describe(shape))


def _scalar(value: Any, scalar: Scalar, shape: Shape) -> str:
    match scalar:
        case Scalar.BOOL:
            return "true" if _of(value, bool, shape) else "false"
        case Scalar.F32 | Scalar.F64:
            number = float(_of(value, (float, int), shape))
            return _shortest_f32(number) if scalar is Scalar.F32 else _plain(repr(number))
        case Scalar.CHAR:
            if len(_of(value, str, shape)) != 1:
                raise _mismatch(value, shape)
            return (
                "'\\''" if value == "'" else f"'{value}'" if value == '"' else f"'{_escaped(value, shape)}'"
            )
        case Scalar.STRING:
            return f'"{_escaped(_of(value, str, shape), shape)}"'
        case _:
            low, high = RANGES[scalar]
            if isinstance(value, bool) or not low <= _of(value, int, shape) <= high:
                raise _mismatch(value, shape)
            return str(int(value))


def _record(value: Any, shape: RecordShape, depth: int) -> str:
    _of(value, shape.cls, shape)
    written: list[str] = []
    for field in shape.fields:
        item = getattr(value, field.attribute)
        if item is not None or not isinstance(field.shape, OptionShape):
            written.append(f"{field.name}: {write_value(item, field.shape, depth + 1)}")
    return f"{{{', '.join(written)}}}" if written else "{:}"


def _wrapped(name: str, value: Any, payload: Shape, depth: int) -> str:
    return f"{name}({write_value(value, payload, depth + 1)})"


def _label(name: str) -> str:
    return f"%{name}" if name in KEYWORDS else name


def _escaped(text: str, shape: Shape) -> str:
    """Text with escapes for quotes and for whatever could steer a terminal; the rest stays as it is."""
    if _SURROGATE.search(text):
        raise _mismatch(text, shape)
    if text.isprintable() and '"' not in text and "\\" not in text:
        return text
    return "".join(_ESCAPES.get(c) or (c if c.isprintable() else escaped(c)) for c in text)


def _shortest_f32(number: float) -> str:
    """The fewest digits that read back to the same 32 bits."""
    number = to_f32(number)
    if math.isnan(number) or math.isinf(number):
        return repr(number)
    return next(
        _plain(text) for digits in range(1, 18) if to_f32(float(text := f"{number:.{digits}g}")) == number
    )


def _plain(text: str) -> str:
    """Python's notation of a float as WAVE's: no `.0`, no leading zeros in the exponent."""
    mantissa, e, exponent = text.partition("e")
    return mantissa.removesuffix(".0") + (f"e{int(exponent):+}" if e else "")


def _of(value: Any, kind: type | tuple[type, ...], shape: Shape) -> Any:
    if not isinstance(value, kind):
        raise _mismatch(value, shape)
    return value


def _mismatch(value: Any, shape: Shape) -> WaveError:
    expected, got = describe(shape), f"{type(value).__name__} {shortened(repr(value))}"
    return WaveError(f"expected {expected}, got {got}", expected=expected, got=got)
