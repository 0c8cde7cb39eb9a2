"""Resources in signatures: where they are, and what cannot be done with them."""

from __future__ import annotations

from collections.abc import Iterator

from ...wit.shapes import (
    HandleShape,
    ListShape,
    MapShape,
    OptionShape,
    RecordShape,
    ResultShape,
    Shape,
    Signature,
    TupleShape,
    VariantShape,
)
from ..errors import UnsupportedEngine, printable


def refused(where: str, why: str) -> UnsupportedEngine:
    """The error for a function that takes or gives a resource that cannot be passed."""
    return UnsupportedEngine(why, where=printable(where), hint="call the component's other functions")


def refused_async(where: str) -> UnsupportedEngine:
    """The error for an asynchronous function."""
    return UnsupportedEngine(
        "asynchronous functions need the engine profile 'concurrent'",
        where=printable(where),
        hint="open the component with profile='concurrent', without limits on fuel and time",
    )


def handles(signature: Signature) -> Iterator[HandleShape]:
    """Every resource that a function takes or gives, also inside other types."""
    for parameter in signature.parameters:
        yield from _inside(parameter.shape)
    if signature.result is not None:
        yield from _inside(signature.result)


def gives(signature: Signature) -> bool:
    """Whether a call of the function gives resources to the component."""
    return any(has_handles(parameter.shape) for parameter in signature.parameters)


def has_handles(shape: Shape | None) -> bool:
    """Whether a type is a resource or has one in it."""
    return shape is not None and any(_inside(shape))


def _inside(shape: Shape) -> Iterator[HandleShape]:
    if isinstance(shape, HandleShape):
        yield shape
    for part in _parts(shape):
        if part is not None:
            yield from _inside(part)


def _parts(shape: Shape) -> tuple[Shape | None, ...]:
    match shape:
        case ListShape(element):
            return (element,)
        case MapShape(key, value):
            return key, value
        case TupleShape(elements):
            return elements
        case RecordShape(fields=fields):
            return tuple(field.shape for field in fields)
        case VariantShape(cases=cases):
            return tuple(case.payload for case in cases)
        case OptionShape(payload):
            return (payload,)
        case ResultShape(ok, err):
            return ok, err
        case _:
            return ()
