"""Types and functions as WIT text in parts: text, and for each name the declaration that it stands for."""

from __future__ import annotations

from collections.abc import Iterator

from ._keywords import identifier
from .model import (
    FixedLengthList,
    Function,
    FunctionKind,
    FutureType,
    Handle,
    ListType,
    MapType,
    OptionType,
    Primitive,
    ResultType,
    StreamType,
    TupleType,
    Type,
    TypeDef,
)


def type_parts(of: Type) -> Iterator[str | TypeDef]:
    """A type as it is written where it is used."""
    match of:
        case Primitive():
            yield of.value
        case TypeDef():
            yield of
        case ListType(element):
            yield from _around("list", element)
        case FixedLengthList(element, length):
            yield from ("list<", *type_parts(element), f", {length}>")
        case MapType(key, value):
            yield from _around("map", key, value)
        case OptionType(payload):
            yield from _around("option", payload)
        case ResultType(ok, err) if err is not None:
            yield from ("result<", *(type_parts(ok) if ok else "_"), ", ", *type_parts(err), ">")
        case ResultType(ok):
            yield from _around("result", ok)
        case TupleType(elements):
            yield from _around("tuple", *elements) if elements else ("tuple<>",)
        case StreamType(element):
            yield from _around("stream", element)
        case FutureType(payload):
            yield from _around("future", payload)
        case Handle(resource, borrowed):
            yield from ("borrow<", resource, ">") if borrowed else (resource,)


def function_parts(function: Function) -> Iterator[str | TypeDef]:
    """The line that declares a function, without what stands above it, such as `get: func(key: string) -> u32;`."""
    parameters = function.parameters[1:] if function.kind is FunctionKind.METHOD else function.parameters
    result = function.result
    if function.kind is FunctionKind.CONSTRUCTOR:
        yield "constructor("
        if isinstance(result, Handle):
            result = None  # a constructor that cannot fail says nothing of its result
    else:
        static = "static " if function.kind is FunctionKind.STATIC else ""
        awaited = "async " if function.is_async else ""
        yield f"{identifier(function.item)}: {static}{awaited}func("
    for at, parameter in enumerate(parameters):
        yield f"{', ' if at else ''}{identifier(parameter.name)}: "
        yield from type_parts(parameter.type)
    yield ")"
    if result is not None:
        yield " -> "
        yield from type_parts(result)
    yield ";"


def _around(word: str, *inner: Type | None) -> Iterator[str | TypeDef]:
    """`word<inner, ...>`, or the word alone around nothing."""
    present = [of for of in inner if of is not None]
    yield f"{word}<" if present else word
    for at, of in enumerate(present):
        yield from (", ", *type_parts(of)) if at else type_parts(of)
    if present:
        yield ">"
