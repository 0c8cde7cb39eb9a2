"""The functions that make streams and futures: which there are in componentize-py's modules, and what they are called.

It has one for each payload, made where the type is first met: in the module of a named type, else in the world's.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from airssys_sdk.wit.model import (
    Alias,
    Enum,
    FixedLengthList,
    Flags,
    Function,
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
from airssys_sdk.wit.names import escape, snake

from .. import plan
from ..annotation import Generic, Name
from ..declarations import Types
from ..draft import Homes, ModuleDraft
from ..selection import Selection
from ..walk import dealiased, in_order, inner, parts, reached
from .dialect import end


@dataclasses.dataclass(frozen=True, slots=True)
class Maker:
    """A function that makes a stream or a future.

    Attributes:
        module: where it stands.
        name: its name.
        wit_type: what it makes.
        hides: whether another payload has this name as well, and no function.
    """

    module: ModuleDraft
    name: str
    wit_type: StreamType | FutureType
    hides: bool = False

    def planned(self, types: Types) -> plan.Function:
        """The function, without body."""
        module, made = self.module, self.wit_type
        payload = types.optional(module, made.element if isinstance(made, StreamType) else made.payload)
        ends = end(module, made, payload, "Writer"), end(module, made, payload, "Reader")
        parameters: tuple[plan.Parameter, ...] = ()
        if isinstance(made, FutureType):
            callable_ = module.handles.package("collections.abc", "Callable", "Callable")
            parameters = (plan.Parameter("default", Generic(callable_, (Name("[]"), payload))),)
        return plan.Function(
            self.name,
            parameters,
            Generic(module.handles.builtin("tuple"), ends),
            (f"raise {module.handles.builtin('NotImplementedError')}",),
            docs="For componentize-py several types have this name; this makes the last of them." * self.hides
            or None,
        )


def makers(selection: Selection, homes: Homes, root: ModuleDraft) -> list[Maker]:
    """The functions of a world, in the order in which its types are met."""
    found: dict[tuple[str, object], Maker] = {}
    shapes = _Shapes(selection)
    for owner, wit_type in _met(selection):
        named = owner is not None and isinstance(wit_type, StreamType | FutureType)
        module = homes.of(owner)[0] if named and owner is not None else root
        if isinstance(wit_type, StreamType | FutureType):
            payload = wit_type.element if isinstance(wit_type, StreamType) else wit_type.payload
            kind = "stream" if isinstance(wit_type, StreamType) else "future"
            bytes_ = kind == "stream" and payload in (Primitive.U8, Primitive.S8)
            name = "byte" if bytes_ else _mangled(payload, homes, module)
            found.setdefault((kind, shapes.of(payload)), Maker(module, f"{name}_{kind}", wit_type))
    # Two payloads may have one name there (`stream<u8>` and `stream<s8>`): the function that is made last stays.
    places: dict[tuple[ModuleDraft, str], Maker] = {}
    for maker in found.values():
        hidden = (maker.module, maker.name) in places
        places[maker.module, maker.name] = dataclasses.replace(maker, hides=hidden)
    return list(places.values())


def _met(selection: Selection) -> Iterator[tuple[TypeDef | None, Type]]:
    """The types, each after what it is made of; with the name that a type was given, if it is one."""
    world = selection.world
    for side, own in (
        (selection.imports, world.imported_functions),
        (selection.exports, world.exported_functions),
    ):
        for item in side:
            for wit_type in item.interface.types.values():
                yield from _declared(wit_type)
            for function in item.interface.functions.values():
                yield from _signature(function)
        for wit_type in world.types.values():
            yield from _declared(wit_type)
        for function in own.values():
            yield from _signature(function)


def _signature(function: Function) -> Iterator[tuple[TypeDef | None, Type]]:
    for parameter in function.parameters:
        yield from _deep(parameter.type)
    if function.result is not None:
        yield from _deep(function.result)


def _declared(wit_type: TypeDef) -> Iterator[tuple[TypeDef | None, Type]]:
    if wit_type.used_from is not None:
        return
    declaration = wit_type.declaration
    if isinstance(declaration, Alias) and isinstance(declaration.target, StreamType | FutureType):
        for part in inner(declaration.target):
            yield from _deep(part)
        yield wit_type, declaration.target
        return
    for _, part in parts(wit_type):
        yield from _deep(part)


def _deep(wit_type: Type) -> Iterator[tuple[TypeDef | None, Type]]:
    if isinstance(wit_type, TypeDef | Primitive):
        return  # declarations are met where they stand
    for part in inner(wit_type):
        yield from _deep(part)
    yield None, wit_type


def _mangled(wit_type: Type | None, homes: Homes, module: ModuleDraft) -> str:
    """The payload in a name, as componentize-py writes it."""

    def name(part: Type | None) -> str:
        return _mangled(part, homes, module)

    match wit_type:
        case None:
            return "unit"
        case Primitive():
            return snake(wit_type.value)
        case TypeDef(declaration=Alias()):
            return name(dealiased(wit_type))
        case TypeDef():
            home, origin = homes.of(wit_type)
            before = f"{home.name}_" if home is not module and home.folder else ""
            return before + escape(snake(origin.name))
        case Handle(resource, _):
            return name(resource)
        case OptionType(payload):
            return f"option_{name(payload)}"
        case ResultType(ok, err):
            return f"result_{name(ok)}_{name(err)}"
        case ListType(element):
            return f"list_{name(element)}"
        case TupleType(elements):
            return f"tuple{len(elements)}_{'_'.join(map(name, elements))}"
        case StreamType(element):
            return f"stream_{name(element)}"
        case FutureType(payload):
            return f"future_{name(payload)}"
        case MapType() | FixedLengthList():
            raise TypeError(f"{wit_type!r} cannot be planned")  # `unsupported` has found it before


class _Shapes:
    """What two payloads have in common that share one function: their structure, but each resource is its own.

    The structure of a declaration is a number, given the first time that it is met; else those of a long chain of
    declarations would be as long as it.

    Args:
        selection: what of the world is generated.
    """

    def __init__(self, selection: Selection) -> None:
        self._selection = selection
        self._numbers: dict[object, int] = {}
        self._declared: dict[TypeDef, object] = {}

    def of(self, wit_type: Type | None) -> object:
        """The structure, equal for payloads that share a function."""
        if not self._declared:
            for declaration in in_order(reached(self._selection.types)):
                if not isinstance(declaration.declaration, Alias):
                    shape = self._shape(declaration)
                    self._declared[declaration] = self._numbers.setdefault(shape, len(self._numbers))
        return self._inside(wit_type)

    def _inside(self, wit_type: Type | None) -> object:
        match wit_type:
            case None | Primitive():
                return wit_type
            case TypeDef():
                target = dealiased(wit_type)
                return self._declared[target] if isinstance(target, TypeDef) else self._inside(target)
            case Handle(resource, borrowed):
                return (borrowed, self._inside(resource))
            case ResultType(ok, err):
                return ("result", self._inside(ok), self._inside(err))
            case _:
                return (type(wit_type).__name__, *map(self._inside, inner(wit_type)))

    def _shape(self, wit_type: TypeDef) -> object:
        match wit_type.declaration:
            case Record(fields):
                return ("record", *((field.name, self._inside(field.type)) for field in fields))
            case Variant(cases):
                return ("variant", *((case.name, self._inside(case.payload)) for case in cases))
            case Enum(labels):
                return ("enum", *(label.name for label in labels))
            case Flags(labels):
                return ("flags", *(label.name for label in labels))
            case _:  # a resource: imported and exported, it is one for componentize-py
                return wit_type.path
