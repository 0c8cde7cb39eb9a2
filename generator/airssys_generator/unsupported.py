"""What a target cannot do yet, or its engine never: found before anything is planned, every place at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from airssys_sdk.wit.model import (
    FixedLengthList,
    Function,
    FunctionKind,
    FutureType,
    Handle,
    MapType,
    Primitive,
    Resource,
    StreamType,
    Type,
    TypeDef,
)

from .errors import Diagnostic
from .options import Target
from .walk import anonymous, parts, signature

_WAIT = "leave it out of the world, or use a later version of airssys-sdk"
_OTHER = "use another type"

_REASONS = {
    "resource": ("resources are not generated yet", _WAIT),
    "async": ("async functions are not generated yet", _WAIT),
    "async import": (
        "async imports are not generated: the engine's C interface cannot link them",
        "declare a plain func; its host implementation may still be `async def`, marked as suspending",
    ),
    "stream": ("streams are not generated: the engine's C interface cannot pass them", _OTHER),
    "future": ("futures are not generated: the engine's C interface cannot pass them", _OTHER),
    "error-context": ("error contexts are not generated: the engine's C interface cannot pass them", _OTHER),
    "fixed-length list": (
        "fixed-length lists are not generated: the engine cannot enable them",
        "use a list or tuple",
    ),
    "map": ("maps are not generated for guests: componentize-py cannot build them", "use a list of tuples"),
}


_POSSIBLE: Mapping[Target, frozenset[str]] = {
    "host": frozenset({"resource", "async", "map"}),
    "guest": frozenset({"resource", "async", "stream", "future", "error-context"}),
}


def unsupported(
    target: Target,
    types: Iterable[tuple[str, TypeDef]],
    imported: Iterable[tuple[str, Function]],
    exported: Iterable[tuple[str, Function]],
) -> list[Diagnostic]:
    """The places, in the order given, where the target meets a construct that it cannot do.

    Args:
        target: host or guest.
        types: the declarations that would be generated, each with its path.
        imported: the imported functions that would be generated, each with its path.
        exported: the exported ones.
    """
    found = [
        Diagnostic(where, construct, *_REASONS[construct])
        for where, construct in (
            *_in_types(types),
            *_in_functions(imported, "async import" if target == "host" else "async"),
            *_in_functions(exported, "async"),
        )
        if construct not in _POSSIBLE[target]
    ]
    return list(dict.fromkeys(found))


def _in_types(types: Iterable[tuple[str, TypeDef]]) -> Iterator[tuple[str, str]]:
    for where, wit_type in types:
        if isinstance(wit_type.declaration, Resource):
            yield where, "resource"
        for place, part in parts(wit_type):
            yield from ((where + place, construct) for construct in _constructs(part))


def _in_functions(functions: Iterable[tuple[str, Function]], asynchronous: str) -> Iterator[tuple[str, str]]:
    for where, function in functions:
        if function.is_async:
            yield where, asynchronous
        if function.kind is not FunctionKind.FREESTANDING:
            yield where, "resource"
        for wit_type in signature(function):
            yield from ((where, construct) for construct in _constructs(wit_type))


def _constructs(wit_type: Type) -> Iterator[str]:
    for part in anonymous(wit_type):
        match part:
            case Handle():
                yield "resource"
            case StreamType():
                yield "stream"
            case FutureType():
                yield "future"
            case FixedLengthList():
                yield "fixed-length list"
            case MapType():
                yield "map"
            case Primitive.ERROR_CONTEXT:
                yield "error-context"
            case _:
                pass
