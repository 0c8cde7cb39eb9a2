"""Types and functions as entries of the documentation, with links and with the names they have in Python."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from airssys_generator.draft import case_name, field_name, type_name

from ...wit._keywords import identifier
from ...wit.machine import kind_of
from ...wit.model import (
    Alias,
    Enum,
    Flags,
    Function,
    FunctionKind,
    Record,
    Resource,
    Stability,
    Type,
    TypeDef,
    Variant,
)
from ...wit.names import shouty
from ...wit.parts import function_parts, type_parts
from .anchors import Anchors
from .pages import Entry, Member, Piece
from .prose import blocks


class Entries:
    """Makes entries.

    Args:
        anchors: of everything that is documented.
    """

    def __init__(self, anchors: Anchors) -> None:
        self._anchors = anchors

    def declaration(self, typedef: TypeDef, functions: Iterable[Function]) -> Entry:
        """A declared type; of the functions around it, a resource takes its own."""
        wit: tuple[Piece, ...] = ()
        if isinstance(typedef.declaration, Alias):
            wit = self._pieces(
                [f"type {identifier(typedef.name)} = ", *type_parts(typedef.declaration.target), ";"]
            )
        return Entry(
            kind_of(typedef),
            typedef.name,
            self._anchors.of(typedef),
            wit,
            type_name(typedef),
            blocks(typedef.docs),
            gates(typedef.stability),
            tuple(self._members(typedef)),
            tuple(self.function(function) for function in functions if function.resource is typedef),
        )

    def function(self, function: Function) -> Entry:
        """A function, method, static function or constructor."""
        return Entry(
            "constructor" if function.kind is FunctionKind.CONSTRUCTOR else _KINDS[function.kind],
            function.item,
            self._anchors.of(function),
            self._pieces(function_parts(function)),
            _call(function),
            blocks(function.docs),
            gates(function.stability),
        )

    def _members(self, typedef: TypeDef) -> Iterator[Member]:
        match typedef.declaration:
            case Record(fields):
                for field in fields:
                    python = field_name(field.name)
                    yield Member(field.name, self._type(field.type), python, blocks(field.docs))
            case Variant(cases):
                for case in cases:
                    payload = () if case.payload is None else self._type(case.payload)
                    yield Member(case.name, payload, case_name(typedef, case.name), blocks(case.docs))
            case Enum(labels) | Flags(labels):
                for label in labels:
                    python = f"{type_name(typedef)}.{shouty(label.name)}"
                    yield Member(label.name, (), python, blocks(label.docs))
            case Alias() | Resource():
                return

    def _type(self, of: Type) -> tuple[Piece, ...]:
        return self._pieces(type_parts(of))

    def _pieces(self, parts: Iterable[str | TypeDef]) -> tuple[Piece, ...]:
        return tuple(
            Piece(part) if isinstance(part, str) else Piece(identifier(part.name), self._anchors.find(part))
            for part in parts
        )


def gates(stability: Stability) -> tuple[str, ...]:
    """The feature gates in words."""
    said = (
        (stability.since, "since {}"),
        (stability.unstable, "unstable: {}"),
        (stability.deprecated, "deprecated since {}"),
    )
    return tuple(words.format(value) for value, words in said if value is not None)


_KINDS = {FunctionKind.FREESTANDING: "function", FunctionKind.METHOD: "method", FunctionKind.STATIC: "static"}


def _call(function: Function) -> str:
    """How a function is called in Python, such as `Cursor.next()`."""
    own = function.parameters[1:] if function.kind is FunctionKind.METHOD else function.parameters
    parameters = ", ".join(field_name(parameter.name) for parameter in own)
    name = field_name(function.item)
    if function.resource is not None:
        resource = type_name(function.resource)
        name = resource if function.kind is FunctionKind.CONSTRUCTOR else f"{resource}.{name}"
    return f"{'await ' if function.is_async else ''}{name}({parameters})"
