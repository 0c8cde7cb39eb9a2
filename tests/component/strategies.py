"""Hypothesis strategies: WIT types as text, and Python values for shapes."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any

from hypothesis import strategies as st

from airssys_sdk.wit.annotations import Scalar
from airssys_sdk.wit.shapes import (
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
    TupleShape,
    VariantShape,
)
from airssys_sdk.wit.values import Err, Ok, Some

PRIMITIVES = ("bool", "s8", "u8", "s16", "u16", "s32", "u32", "s64", "u64", "f32", "f64", "char", "string")
KEYS = tuple(name for name in PRIMITIVES if not name.startswith("f"))
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
_BITS = {Scalar.S8: 8, Scalar.S16: 16, Scalar.S32: 32, Scalar.S64: 64}
_UNSIGNED_BITS = {Scalar.U8: 8, Scalar.U16: 16, Scalar.U32: 32, Scalar.U64: 64}


@dataclasses.dataclass
class Types:
    """WIT types that were drawn together.

    Attributes:
        declarations: the WIT of the named ones.
        types: the types, as WIT writes them.
    """

    declarations: list[str]
    types: list[str]


@st.composite
def wit_types(draw: st.DrawFn, count: int = 6, depth: int = 3) -> Types:
    """Types that use every construct, nested up to `depth`."""
    drawn = Types([], [])

    def declare(kind: str, body: str) -> str:
        name = f"{kind}-{len(drawn.declarations)}"
        drawn.declarations.append(f"{kind} {name} {{ {body} }}")
        return name

    def labels(most: int) -> list[str]:
        return [f"label{'-x' * (i % 3)}{i}" for i in range(draw(st.integers(1, most)))]

    def one(levels: int) -> str:
        kinds = ["primitive", "enum", "flags"]
        if levels:
            kinds += ["list", "list", "map", "option", "result", "tuple", "record", "variant"]
        kind = draw(st.sampled_from(kinds))
        if kind == "primitive":
            return draw(st.sampled_from(PRIMITIVES))
        if kind == "enum":
            return declare("enum", ", ".join(labels(5)))
        if kind == "flags":
            return declare("flags", ", ".join(labels(32)))
        inner = functools.partial(one, levels - 1)
        if kind == "map":
            return f"map<{draw(st.sampled_from(KEYS))}, {inner()}>"
        if kind in ("list", "option"):
            return f"{kind}<{inner()}>"
        if kind == "tuple":
            return f"tuple<{', '.join(inner() for _ in range(draw(st.integers(1, 3))))}>"
        if kind == "result":
            return draw(st.sampled_from(["result", "result<{}>", "result<_, {}>", "result<{}, {}>"])).format(
                inner(), inner()
            )
        if kind == "record":
            return declare(
                "record", ", ".join(f"field-{i}: {inner()}" for i in range(draw(st.integers(1, 4))))
            )
        cases = [
            f"case-{i}" + (f"({inner()})" if draw(st.booleans()) else "")
            for i in range(draw(st.integers(1, 4)))
        ]
        return declare("variant", ", ".join(cases))

    drawn.types.extend(one(depth) for _ in range(count))
    return drawn


def values(shape: Shape, most: int = 14) -> st.SearchStrategy[Any]:
    """Values of a shape, as Python code would write them; NaN, which equals nothing, is left out."""
    of = functools.partial(values, most=min(most, 3))
    match shape:
        case ScalarShape(scalar):
            return _scalars(scalar)
        case BytesShape():
            return st.binary(max_size=20)
        case ListShape():
            # Long lists take another way than short ones.
            return st.one_of(
                st.lists(of(shape.element), max_size=3), st.lists(of(shape.element), max_size=most)
            )
        case MapShape():
            return st.dictionaries(of(shape.key), of(shape.value), max_size=4)
        case TupleShape():
            return st.tuples(*map(of, shape.elements))
        case RecordShape():
            return st.builds(shape.cls, *(of(field.shape) for field in shape.fields))
        case VariantShape():
            return st.one_of(
                [
                    st.builds(case.cls) if case.payload is None else st.builds(case.cls, of(case.payload))
                    for case in shape.cases
                ]
            )
        case EnumShape():
            return st.sampled_from([member.member for member in shape.members])
        case FlagsShape():
            members = [member.member for member in shape.members]
            return st.sets(st.sampled_from(members)).map(
                lambda chosen: functools.reduce(lambda a, b: a | b, chosen, shape.cls(0))  # type: ignore[operator]
            )
        case OptionShape():
            present = of(shape.payload)
            return st.none() | (present.map(Some) if shape.wrapped else present)
        case ResultShape():
            return _optional(shape.ok, of).map(Ok) | _optional(shape.err, of).map(Err)


def _optional(shape: Shape | None, of: Any) -> st.SearchStrategy[Any]:
    return st.none() if shape is None else of(shape)


def _scalars(scalar: Scalar) -> st.SearchStrategy[Any]:
    if scalar in _BITS:
        half = 1 << (_BITS[scalar] - 1)
        return st.integers(-half, half - 1)
    if scalar in _UNSIGNED_BITS:
        return st.integers(0, (1 << _UNSIGNED_BITS[scalar]) - 1)
    if scalar is Scalar.BOOL:
        return st.booleans()
    if scalar is Scalar.CHAR:
        return st.characters(exclude_categories=["Cs"])
    if scalar is Scalar.STRING:
        return TEXT
    return st.floats(width=32 if scalar is Scalar.F32 else 64, allow_nan=False)
