"""Values as WAVE text for people who watch: long texts and lists are cut short, nothing in it steers a terminal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from ...wit import wave
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
    TupleShape,
    VariantShape,
)
from ...wit.values import Ok

_MOST_TEXT: Final = 80
_MOST_BYTES: Final = 16
_MOST_ITEMS: Final = 8


def brief(value: Any, shape: Shape) -> str:
    """The value as WAVE text, but for what is left out: `...` and how much there is in all.

    Raises:
        WaveError: the value is none of that shape, or a resource.
    """
    match shape:
        case BytesShape():
            data = bytes(value[:_MOST_BYTES])
            return _cut(map(str, data), len(value), _MOST_BYTES)
        case ScalarShape(Scalar.STRING) if len(value) > _MOST_TEXT:
            return f"{wave.format(value[:_MOST_TEXT], shape)}... ({len(value)})"
        case ListShape(element):
            return _cut((brief(item, element) for item in value[:_MOST_ITEMS]), len(value), _MOST_ITEMS)
        case MapShape(key, item):
            pair = TupleShape((key, item))
            first = list(value.items())[:_MOST_ITEMS]
            return _cut((brief(entry, pair) for entry in first), len(value), _MOST_ITEMS)
        case TupleShape(elements):
            parts = (brief(part, element) for part, element in zip(value, elements, strict=True))
            return f"({', '.join(parts)})"
        case RecordShape():
            written = [
                f"{field.name}: {brief(item, field.shape)}"
                for field in shape.fields
                if (item := getattr(value, field.attribute)) is not None
                or not isinstance(field.shape, OptionShape)
            ]
            return f"{{{', '.join(written)}}}" if written else "{:}"
        case VariantShape(_, cases):
            for case in cases:
                if type(value) is case.cls and case.payload is not None:
                    return f"{case.name}({brief(value.value, case.payload)})"
            return wave.format(value, shape)
        case OptionShape(payload):
            if value is None:
                return "none"
            return f"some({brief(value.value if shape.wrapped else value, payload)})"
        case ResultShape(ok, err):
            name, side = ("ok", ok) if _is_ok(value) else ("err", err)
            return name if side is None else f"{name}({brief(value.value, side)})"
        case _:
            return wave.format(value, shape)


def _is_ok(value: object) -> bool:
    return isinstance(value, Ok)


def _cut(items: Iterable[str], count: int, most: int) -> str:
    listed = ", ".join(items)
    return f"[{listed}]" if count <= most else f"[{listed}, ... ({count})]"
