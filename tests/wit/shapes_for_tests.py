"""Random shapes with the classes that carry them, random values of a shape, and a way to compare values."""

from __future__ import annotations

import dataclasses
import enum
import struct
from typing import Any, cast

from hypothesis import strategies as st

from airssys_sdk.wit.annotations import Scalar
from airssys_sdk.wit.names import camel, escape, shouty, snake
from airssys_sdk.wit.shapes import (
    BytesShape,
    Case,
    EnumShape,
    Field,
    FlagsShape,
    ListShape,
    MapShape,
    Member,
    OptionShape,
    RecordShape,
    ResultShape,
    ScalarShape,
    Shape,
    TupleShape,
    VariantShape,
)
from airssys_sdk.wit.values import Err, Ok, Some

LABELS = (
    *(
        "a",
        "b-c",
        "x2",
        "HTTP-get",
        "none",
        "some",
        "ok",
        "err",
        "true",
        "false",
        "inf",
        "nan",
        "class",
        "list",
    ),
    *("long-name-of-four-words", "u8", "q"),
)
KEYS = (Scalar.BOOL, Scalar.U8, Scalar.S64, Scalar.CHAR, Scalar.STRING)


def record(labels: list[str], shapes: list[Shape]) -> RecordShape:
    attributes = [escape(snake(label)) for label in labels]
    cls = dataclasses.make_dataclass("Rec", attributes, slots=True)
    fields = zip(attributes, labels, shapes, strict=True)
    return RecordShape("test:test/test#rec", cls, tuple(Field(a, n, s) for a, n, s in fields))


def variant(labels: list[str], payloads: list[Shape | None]) -> VariantShape:
    cases: list[Case] = []
    for label, payload in zip(labels, payloads, strict=True):
        fields = [] if payload is None else ["value"]
        cases.append(
            Case(dataclasses.make_dataclass(f"Var_{camel(label)}", fields, slots=True), label, payload)
        )
    return VariantShape("test:test/test#var", tuple(cases))


def made_up(base: Any, name: str, labels: list[str]) -> Any:
    return base(name, [shouty(label) for label in labels])


def enumeration(labels: list[str]) -> EnumShape:
    cls: type[enum.Enum] = made_up(enum.Enum, "Enu", labels)
    return EnumShape("test:test/test#enu", cls, tuple(map(Member, labels, cls)))


def flags(labels: list[str]) -> FlagsShape:
    cls: type[enum.Flag] = made_up(enum.Flag, "Fla", labels)
    return FlagsShape("test:test/test#fla", cls, tuple(map(Member, labels, cls)))


def labels(most: int = 5) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(LABELS), min_size=1, max_size=most, unique=True)


@st.composite
def records(draw: st.DrawFn, inner: st.SearchStrategy[Shape]) -> Shape:
    names = draw(labels())
    return record(names, [draw(inner) for _ in names])


@st.composite
def variants(draw: st.DrawFn, inner: st.SearchStrategy[Shape]) -> Shape:
    names = draw(labels())
    return variant(names, [draw(st.none() | inner) for _ in names])


def containers(inner: st.SearchStrategy[Shape]) -> st.SearchStrategy[Shape]:
    maybe = st.none() | inner
    return st.one_of(
        st.builds(ListShape, inner),
        st.builds(OptionShape, inner),
        st.lists(inner, min_size=1, max_size=4).map(lambda parts: TupleShape(tuple(parts))),
        st.builds(ResultShape, maybe, maybe),
        st.builds(MapShape, st.sampled_from(KEYS).map(ScalarShape), inner),
        records(inner),
        variants(inner),
    )


SHAPES: st.SearchStrategy[Shape] = st.recursive(
    st.one_of(
        st.sampled_from(Scalar).map(ScalarShape),
        st.just(BytesShape()),
        labels().map(enumeration),
        labels().map(flags),
    ),
    containers,
    max_leaves=8,
)


def values(shape: Shape) -> st.SearchStrategy[Any]:
    """Values that generated code would carry for the shape."""
    match shape:
        case ScalarShape(Scalar.BOOL):
            return st.booleans()
        case ScalarShape(Scalar.F32):
            return st.floats(width=32)
        case ScalarShape(Scalar.F64):
            return st.floats()
        case ScalarShape(Scalar.CHAR):
            return st.characters(codec="utf-8")
        case ScalarShape(Scalar.STRING):
            return st.text(max_size=12)
        case ScalarShape(scalar):
            bits = int(scalar.value[1:])
            low = -(2 ** (bits - 1)) if scalar.value.startswith("s") else 0
            return st.integers(low, low + 2**bits - 1)
        case BytesShape():
            return st.binary(max_size=6)
        case ListShape(element):
            return st.lists(values(element), max_size=3)
        case MapShape(key, value):
            return st.dictionaries(values(key), values(value), max_size=3)
        case TupleShape(elements):
            return st.tuples(*map(values, elements))
        case RecordShape(_, cls, fields):
            return st.builds(cls, *(values(field.shape) for field in fields))
        case VariantShape(_, cases):
            return st.one_of(
                *(
                    st.builds(c.cls) if c.payload is None else st.builds(c.cls, values(c.payload))
                    for c in cases
                )
            )
        case EnumShape(_, cls, _):
            return st.sampled_from(cls)
        case FlagsShape(_, cls, members):
            return st.integers(0, 2 ** len(members) - 1).map(cls)
        case OptionShape(payload):
            present = values(payload)
            return st.none() | (st.builds(Some, present) if shape.wrapped else present)
        case ResultShape(ok, err):
            return st.builds(Ok, values(ok) if ok else st.none()) | st.builds(
                Err, values(err) if err else st.none()
            )


def bits(value: Any) -> Any:
    """A value in a form that compares as the component would see it: floats by their bits, NaN equal to NaN."""
    if isinstance(value, float):
        return "nan" if value != value else struct.pack("<d", value)
    if isinstance(value, Ok | Some | Err):
        wrapped = cast("Any", value)
        return ("err" if isinstance(value, Err) else type(wrapped).__name__, bits(wrapped.value))
    if isinstance(value, list | tuple):
        items = cast("Any", value)
        return [type(items).__name__, *map(bits, items)]
    if isinstance(value, dict):
        return {key: bits(item) for key, item in cast("Any", value).items()}
    if dataclasses.is_dataclass(value):
        return (type(value), [bits(getattr(value, field.name)) for field in dataclasses.fields(value)])
    return (type(value), value)
