"""What a target cannot do yet, or its engine never: found before anything is planned, every place at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from airssys_sdk.wit.model import (
    FixedLengthList,
    Function,
    FutureType,
    MapType,
    Primitive,
    StreamType,
    Type,
    TypeDef,
)

from .errors import Diagnostic
from .options import Target
from .walk import anonymous, parts, signature

_OTHER = "use another type"
_LISTS = "use a list or tuple"

_REASONS: Mapping[Target, Mapping[str, tuple[str, str]]] = {
    "host": {
        "async import": (
            "async imports are not generated for hosts: wasmtime, the engine, cannot link them through its C interface",
            "declare a plain func; its host implementation may still be `async def`, marked as suspending",
        ),
        "stream": (
            "streams are not generated for hosts: wasmtime, the engine, cannot pass them through its C interface",
            _OTHER,
        ),
        "future": (
            "futures are not generated for hosts: wasmtime, the engine, cannot pass them through its C interface",
            _OTHER,
        ),
        "error-context": (
            "error-contexts are not generated for hosts: wasmtime, the engine, cannot pass them through its C interface",
            _OTHER,
        ),
        "fixed-length list": (
            "fixed-length lists are not generated for hosts: wasmtime, the engine, cannot have them enabled",
            _LISTS,
        ),
    },
    "guest": {
        "fixed-length list": (
            "fixed-length lists are not generated for guests: componentize-py cannot build them",
            _LISTS,
        ),
        "map": (
            "maps are not generated for guests: componentize-py cannot build them",
            "use a list of tuples",
        ),
    },
}
"""What each target cannot do: whose limit it is, and what to do instead."""


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
    imported = tuple(imported)
    reasons = _REASONS[target]
    found = [
        Diagnostic(where, construct, *reasons[construct])
        for where, construct in (
            *_in_types(types),
            *((where, "async import") for where, function in imported if function.is_async),
            *_in_functions((*imported, *exported)),
        )
        if construct in reasons
    ]
    return list(dict.fromkeys(found))


def _in_types(types: Iterable[tuple[str, TypeDef]]) -> Iterator[tuple[str, str]]:
    for where, wit_type in types:
        for place, part in parts(wit_type):
            yield from ((where + place, construct) for construct in _constructs(part))


def _in_functions(functions: Iterable[tuple[str, Function]]) -> Iterator[tuple[str, str]]:
    for where, function in functions:
        for wit_type in signature(function):
            yield from ((where, construct) for construct in _constructs(wit_type))


def _constructs(wit_type: Type) -> Iterator[str]:
    for part in anonymous(wit_type):
        match part:
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
