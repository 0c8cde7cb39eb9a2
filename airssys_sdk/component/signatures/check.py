"""Comparing a component's function with a signature, before the two are bound.

Codecs trust the engine to deliver cells of the types that the component declares; so these must be the signature's. Both
are brought into one plain form: a primitive is its name, everything else a tuple that begins with its construct.
"""

from __future__ import annotations

import dataclasses
from typing import TypeAlias

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
    Signature,
    TupleShape,
    VariantShape,
)
from ..errors import printable
from .hexed import HexListShape, HexShape

Plain: TypeAlias = "str | tuple[str, *tuple[Part, ...]] | None"
"""A type in plain form; None for a payload or result that is not there."""

Part: TypeAlias = "tuple[str, Plain]"
"""A named part of a type: a field, a case, an element by its number."""


@dataclasses.dataclass(frozen=True, slots=True)
class PlainFunction:
    """A function's types in plain form."""

    parameters: tuple[Plain, ...]
    result: Plain


def plain_signature(signature: Signature) -> PlainFunction:
    """The plain form of a signature's types."""
    parameters = tuple(plain(parameter.shape) for parameter in signature.parameters)
    return PlainFunction(parameters, plain(signature.result))


def plain(shape: Shape | None) -> Plain:
    """The plain form of a shape."""
    match shape:
        case None:
            return None
        case ScalarShape(scalar):
            return scalar.value
        case HexShape() | HexListShape():
            return "string"
        case BytesShape():
            return ("list", ("element", "u8"))
        case ListShape(element):
            return ("list", ("element", plain(element)))
        case MapShape(key, value):
            return ("map", ("key", plain(key)), ("value", plain(value)))
        case TupleShape(elements):
            return ("tuple", *((str(number), plain(element)) for number, element in enumerate(elements)))
        case RecordShape(fields=fields):
            return ("record", *((field.name, plain(field.shape)) for field in fields))
        case VariantShape(cases=cases):
            return ("variant", *((case.name, plain(case.payload)) for case in cases))
        case EnumShape(members=members):
            return ("enum", *((member.name, None) for member in members))
        case FlagsShape(members=members):
            return ("flags", *((member.name, None) for member in members))
        case OptionShape(payload):
            return ("option", ("some", plain(payload)))
        case ResultShape(ok=ok, err=err):
            return ("result", ("ok", plain(ok)), ("err", plain(err)))
        case HandleShape(borrowed=borrowed):
            # Which resource it is, the engine itself compares when the instance is made.
            return "borrow" if borrowed else "own"


def difference(signature: Signature, theirs: PlainFunction) -> str | None:
    """Where a component's function differs from the signature: a path and both types; None if it does not."""
    ours = plain_signature(signature)
    if ours == theirs:
        return None
    if len(ours.parameters) != len(theirs.parameters):
        return f"it takes {len(theirs.parameters)} parameters, not {len(ours.parameters)}"
    for parameter, our, their in zip(signature.parameters, ours.parameters, theirs.parameters, strict=True):
        if our != their:
            return _explain(our, their, parameter.wit)
    return _explain(ours.result, theirs.result, "the result")


def _explain(ours: Plain, theirs: Plain, path: str) -> str:
    """The innermost place where two types differ."""
    our, their = _construct(ours), _construct(theirs)
    if our != their or ours is None or theirs is None or isinstance(ours, str) or isinstance(theirs, str):
        return f"{printable(path)} is {printable(their)}, not {our}"
    names, other_names = [name for name, _ in ours[1:]], [name for name, _ in theirs[1:]]
    if names != other_names:
        return f"{printable(path)} has {printable(', '.join(other_names))}, not {', '.join(names)}"
    for (name, inner), (_, other) in zip(ours[1:], theirs[1:], strict=True):
        if inner != other:
            return _explain(inner, other, f"{path}.{name}")
    return f"{printable(path)} differs"


def _construct(ty: Plain) -> str:
    return "nothing" if ty is None else ty if isinstance(ty, str) else ty[0]
