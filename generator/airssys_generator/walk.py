"""Walking the model: through aliases, into anonymous types, over what a world reaches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from airssys_sdk.wit.model import (
    Alias,
    FixedLengthList,
    Function,
    FunctionKind,
    FutureType,
    Handle,
    ListType,
    MapType,
    OptionType,
    Primitive,
    Record,
    ResultType,
    StreamType,
    TupleType,
    Type,
    TypeDef,
    Variant,
)


def declared(wit_type: TypeDef) -> TypeDef:
    """The declaration behind a `use`, however long the chain."""
    while (origin := wit_type.used_from) is not None:
        wit_type = origin
    return wit_type


def dealiased(wit_type: Type) -> Type:
    """What a type stands for: no alias, but a named record, variant, enum, flags or resource stays one."""
    while isinstance(wit_type, TypeDef) and isinstance(wit_type.declaration, Alias):
        wit_type = wit_type.declaration.target
    return wit_type


def last_name(wit_type: Type) -> TypeDef | None:
    """The last name on the way to what a type stands for; None for an anonymous type or a primitive."""
    name: TypeDef | None = None
    while isinstance(wit_type, TypeDef):
        name = wit_type
        if not isinstance(wit_type.declaration, Alias):
            break
        wit_type = wit_type.declaration.target
    return name


def result_of(function: Function) -> ResultType | None:
    """The `result` that a function returns, through any alias."""
    found = None if function.result is None else dealiased(function.result)
    return found if isinstance(found, ResultType) else None


def returned(function: Function) -> ResultType | None:
    """The `result` that a guest's function unwraps: one written there, or behind one alias of the same interface."""
    wit_type = function.result
    if isinstance(wit_type, TypeDef) and isinstance(wit_type.declaration, Alias):
        wit_type = wit_type.declaration.target
    return wit_type if isinstance(wit_type, ResultType) else None


def constructor_of(function: Function) -> bool:
    """Whether a function is a resource's constructor."""
    return function.kind is FunctionKind.CONSTRUCTOR


def by_resource(functions: Iterable[Function]) -> dict[TypeDef | None, list[Function]]:
    """The functions of each resource that has any: constructor, methods, static ones; under None those that stand free."""
    found: dict[TypeDef | None, list[Function]] = {}
    for function in functions:
        found.setdefault(function.resource, []).append(function)
    return found


def without_members(functions: Iterable[Function]) -> list[Function]:
    """The functions that belong to no resource."""
    return [function for function in functions if function.resource is None]


def parts(wit_type: TypeDef) -> Iterator[tuple[str, Type]]:
    """The types that a declaration names, each with the place in it (`.field`), empty for an alias."""
    declaration = wit_type.declaration
    if isinstance(declaration, Record):
        yield from ((f".{field.name}", field.type) for field in declaration.fields)
    elif isinstance(declaration, Variant):
        yield from ((f".{case.name}", case.payload) for case in declaration.cases if case.payload is not None)
    elif isinstance(declaration, Alias):
        yield "", declaration.target


def signature(function: Function) -> Iterator[Type]:
    """The types of a function's parameters and result."""
    yield from (parameter.type for parameter in function.parameters)
    if function.result is not None:
        yield function.result


def anonymous(wit_type: Type) -> Iterator[Type]:
    """The type and every type written inside it; stops at names."""
    yield wit_type
    if not isinstance(wit_type, TypeDef | Primitive):
        for part in inner(wit_type):
            yield from anonymous(part)


def named(wit_type: Type) -> Iterator[TypeDef]:
    """The names that stand in a type as it is written."""
    for part in anonymous(wit_type):
        if isinstance(part, TypeDef):
            yield part
        elif isinstance(part, Handle):
            yield part.resource


def reached(types: Iterable[Type]) -> set[TypeDef]:
    """Every declaration that the types need, directly or through others."""
    found: set[TypeDef] = set()
    todo = [name for wit_type in types for name in named(wit_type)]
    while todo:
        wit_type = todo.pop()
        if wit_type not in found:
            found.add(wit_type)
            todo += [name for _, part in parts(wit_type) for name in named(part)]
    return found


def in_order(types: Iterable[TypeDef]) -> list[TypeDef]:
    """The declarations, each after those that it needs, else in the order given."""
    given = list(types)
    members = set(given)
    done: dict[TypeDef, None] = {}

    def needs(wit_type: TypeDef) -> Iterator[TypeDef]:
        return (name for _, part in parts(wit_type) for name in named(part) if name in members)

    for first in given:
        # Not by recursion: a chain of declarations may be longer than Python's stack is deep.
        path = [] if first in done else [(first, needs(first))]
        while path:
            wit_type, rest = path[-1]
            needed = next((name for name in rest if name not in done), None)
            if needed is not None:
                path.append((needed, needs(needed)))
            else:
                done[wit_type] = None
                path.pop()
    return list(done)


def inner(wit_type: Type) -> Iterator[Type]:
    """The types that are written inside an anonymous type."""
    match wit_type:
        case ListType(element) | FixedLengthList(element, _):
            yield element
        case MapType(key, value):
            yield from (key, value)
        case OptionType(payload):
            yield payload
        case ResultType(ok, err):
            yield from (side for side in (ok, err) if side is not None)
        case TupleType(elements):
            yield from elements
        case StreamType(payload) | FutureType(payload):
            if payload is not None:
                yield payload
        case _:
            return
