"""Types as they lie in memory: sizes, alignments, and the registers that they take when they are passed flat.

This is the component model's canonical ABI, as far as functions go through an adapter.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Final, Literal, TypeAlias

from ...wit import model

Core: TypeAlias = Literal["i32", "i64", "f32", "f64"]
"""The types of registers."""

MOST_PARAMETERS: Final = 16
"""More registers than this become one pointer to all parameters in memory."""

MOST_RESULTS: Final = 1
"""More registers than this become one pointer to the result."""


@dataclasses.dataclass(frozen=True, slots=True)
class Number:
    """A number, bool or character: its bytes in memory, its register."""

    size: int
    core: Core


@dataclasses.dataclass(frozen=True, slots=True)
class Bits:
    """Flags: how many."""

    count: int


@dataclasses.dataclass(frozen=True, slots=True)
class Items:
    """A pointer and a count: a list, a map, a string (`element` is None).

    Attributes:
        element: what lies there.
        width: for a list of numbers, which may travel as text: the bytes of each.
    """

    element: Form | None
    width: int | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Product:
    """A record or tuple: one part after the other."""

    parts: tuple[Form, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Sum:
    """A variant, enum, option or result: a number, and the payload of that case."""

    cases: tuple[Form | None, ...]


Form: TypeAlias = Number | Bits | Items | Product | Sum


class Impassable(Exception):
    """A type has something in it that does not go through an adapter: a resource, a stream, what is newer."""


_NUMBERS: Final[dict[model.Primitive, Number]] = {
    model.Primitive.BOOL: Number(1, "i32"),
    model.Primitive.S8: Number(1, "i32"),
    model.Primitive.U8: Number(1, "i32"),
    model.Primitive.S16: Number(2, "i32"),
    model.Primitive.U16: Number(2, "i32"),
    model.Primitive.S32: Number(4, "i32"),
    model.Primitive.U32: Number(4, "i32"),
    model.Primitive.S64: Number(8, "i64"),
    model.Primitive.U64: Number(8, "i64"),
    model.Primitive.F32: Number(4, "f32"),
    model.Primitive.F64: Number(8, "f64"),
    model.Primitive.CHAR: Number(4, "i32"),
}
_CHECKED: Final = {model.Primitive.BOOL, model.Primitive.CHAR}
"""Not every pattern of bits is one, and the engine finds out which are."""

_MOST_FLAGS: Final = 32


def plain(of: model.Type) -> model.Type:
    """The type that a name stands for, through all its aliases."""
    while isinstance(of, model.TypeDef) and isinstance(of.declaration, model.Alias):
        of = of.declaration.target
    return of


def form(of: model.Type) -> Form:
    """How a type lies in memory.

    Raises:
        Impassable: it, or something in it, does not go through an adapter.
    """
    of = plain(of)
    match of:
        case model.Primitive.STRING:
            return Items(None)
        case model.Primitive():
            if of not in _NUMBERS:
                raise Impassable
            return _NUMBERS[of]
        case model.ListType(element):
            return Items(form(element), width_of(of))
        case model.MapType(key, value):
            return Items(Product((form(key), form(value))))
        case model.TupleType(elements):
            return Product(tuple(map(form, elements)))
        case model.OptionType(payload):
            return Sum((None, form(payload)))
        case model.ResultType(ok, err):
            return Sum((_optional(ok), _optional(err)))
        case model.TypeDef():
            return _declared(of.declaration)
        case _:
            raise Impassable


def width_of(of: model.Type) -> int | None:
    """The bytes of each number of a list of numbers, also through names; None for any other type."""
    of = plain(of)
    element = plain(of.element) if isinstance(of, model.ListType) else None
    if not isinstance(element, model.Primitive) or element in _CHECKED:
        return None
    return _NUMBERS[element].size if element in _NUMBERS else None


def has_numbers(of: Form | None) -> bool:
    """Whether there is a list of numbers somewhere in it."""
    match of:
        case Items(element, width):
            return width is not None or has_numbers(element)
        case Product(parts):
            return any(map(has_numbers, parts))
        case Sum(cases):
            return any(map(has_numbers, cases))
        case _:
            return False


def _optional(of: model.Type | None) -> Form | None:
    return None if of is None else form(of)


def _declared(declaration: model.Declaration) -> Form:
    match declaration:
        case model.Record(fields):
            return Product(tuple(form(field.type) for field in fields))
        case model.Variant(cases):
            return Sum(tuple(_optional(case.payload) for case in cases))
        case model.Enum(cases):
            return Sum((None,) * len(cases))
        case model.Flags(flags) if len(flags) <= _MOST_FLAGS:
            return Bits(len(flags))
        case _:
            raise Impassable


# ---- in memory


def alignment(of: Form) -> int:
    """What its address is a multiple of."""
    match of:
        case Number(size):
            return size
        case Bits():
            return size_of(of)
        case Items():
            return 4
        case Product(parts):
            return max(map(alignment, parts), default=1)
        case Sum(cases):
            return max(_case_size(of), _payload_alignment(cases))


def size_of(of: Form) -> int:
    """Its bytes, up to where the next element of a list begins."""
    match of:
        case Number(size):
            return size
        case Bits(count):
            return 1 if count <= 8 else 2 if count <= 16 else 4
        case Items():
            return 8
        case Product(parts):
            end = 0
            for offset, part in offsets(parts):
                end = offset + size_of(part)
            return _aligned(end, alignment(of))
        case Sum(cases):
            most = max((size_of(case) for case in cases if case is not None), default=0)
            return _aligned(payload_offset(of) + most, alignment(of))


def offsets(parts: Sequence[Form]) -> Iterator[tuple[int, Form]]:
    """Each part of a record, tuple or parameter list, with where it begins."""
    at = 0
    for part in parts:
        at = _aligned(at, alignment(part))
        yield at, part
        at += size_of(part)


def payload_offset(of: Sum) -> int:
    """Where the payload begins."""
    return _aligned(_case_size(of), _payload_alignment(of.cases))


def case_load(of: Sum) -> str:
    """The instruction that loads the number of the case."""
    return {1: "i32.load8_u", 2: "i32.load16_u", 4: "i32.load"}[_case_size(of)]


def _case_size(of: Sum) -> int:
    count = len(of.cases)
    return 1 if count <= 1 << 8 else 2 if count <= 1 << 16 else 4


def _payload_alignment(cases: Sequence[Form | None]) -> int:
    return max((alignment(case) for case in cases if case is not None), default=1)


def _aligned(offset: int, to: int) -> int:
    return -(-offset // to) * to


# ---- in registers


def registers(of: Form | None) -> list[Core]:
    """The registers that it takes."""
    match of:
        case None:
            return []
        case Number(core=core):
            return [core]
        case Bits():
            return ["i32"]
        case Items():
            return ["i32", "i32"]
        case Product(parts):
            return [core for part in parts for core in registers(part)]
        case Sum(cases):
            joined = list[Core]()
            for case in cases:
                for number, core in enumerate(registers(case)):
                    if number == len(joined):
                        joined.append(core)
                    else:
                        joined[number] = _join(joined[number], core)
            return ["i32", *joined]


def _join(one: Core, other: Core) -> Core:
    if one == other:
        return one
    return "i32" if {one, other} == {"i32", "f32"} else "i64"
