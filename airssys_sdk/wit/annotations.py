"""The annotations and markers of generated code: what a class or function says about its WIT type.

Generated files import these through one handle, `from airssys_sdk import component as wit`, and read like the WIT:
`wit.U32` is an `int` to a type checker and a `u32` to the codec. What an annotation cannot hold stands in one
marker per type or function: the WIT name, the names that do not follow from the Python ones, the error class.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, TypeAlias, TypeVar

from .values import Err


class Scalar(enum.Enum):
    """The WIT primitives that a Python type alone cannot name, or can (`bool`, `str`), for completeness."""

    BOOL = "bool"
    S8 = "s8"
    U8 = "u8"
    S16 = "s16"
    U16 = "u16"
    S32 = "s32"
    U32 = "u32"
    S64 = "s64"
    U64 = "u64"
    F32 = "f32"
    F64 = "f64"
    CHAR = "char"
    STRING = "string"


Bool: TypeAlias = Annotated[bool, Scalar.BOOL]
S8: TypeAlias = Annotated[int, Scalar.S8]
U8: TypeAlias = Annotated[int, Scalar.U8]
S16: TypeAlias = Annotated[int, Scalar.S16]
U16: TypeAlias = Annotated[int, Scalar.U16]
S32: TypeAlias = Annotated[int, Scalar.S32]
U32: TypeAlias = Annotated[int, Scalar.U32]
S64: TypeAlias = Annotated[int, Scalar.S64]
U64: TypeAlias = Annotated[int, Scalar.U64]
F32: TypeAlias = Annotated[float, Scalar.F32]
F64: TypeAlias = Annotated[float, Scalar.F64]
Char: TypeAlias = Annotated[str, Scalar.CHAR]


class Ownership(enum.Enum):
    """What an annotation of a resource says besides the resource; without one it is an `own` handle."""

    BORROW = "borrow"


R = TypeVar("R")

Borrow: TypeAlias = Annotated[R, Ownership.BORROW]
"""`borrow<R>`: the callee may use the resource until it returns. A resource without it is `own<R>`: it is handed over."""

MARKER = "__wit__"
"""The attribute under which a marked class or function keeps its marker."""


@dataclasses.dataclass(frozen=True, slots=True)
class TypeMarker:
    """What a generated record, enum or flags class says about its WIT type.

    Attributes:
        kind: the WIT construct.
        name: where the type was declared, `namespace:package/interface@version#type`.
        members: Python name to WIT name, for those that the kebab rule does not give (`http_get` for `HTTP-get`).
    """

    kind: Literal["record", "enum", "flags"]
    name: str
    members: Mapping[str, str]


@dataclasses.dataclass(frozen=True, slots=True)
class CaseMarker:
    """What the class of one variant case says: the variant it belongs to and the case's WIT name."""

    variant: str
    case: str


@dataclasses.dataclass(frozen=True, slots=True)
class FunctionMarker:
    """What a generated method says about its WIT function.

    Attributes:
        name: the WIT name, as it stands in the interface or world: `get`, `[method]cursor.next`.
        raises: for a function that returns `result<T, E>`, the subclass of `Err[E]` that a call raises; the
            method's own return annotation is then `T`. None for every other function.
    """

    name: str
    raises: type[Err[Any]] | None


@dataclasses.dataclass(frozen=True, slots=True)
class InterfaceMarker:
    """What a generated interface class or Protocol says: the name under which a component imports or exports it."""

    name: str


@dataclasses.dataclass(frozen=True, slots=True)
class ResourceMarker:
    """What the class or Protocol of a resource says: its full WIT name, `namespace:package/interface@version#resource`."""

    name: str


@dataclasses.dataclass(frozen=True, slots=True)
class WorldMarker:
    """What a generated world class says.

    Attributes:
        name: its full WIT name, `namespace:package/world@version`.
        resources: the Protocols of the resources that it imports.
    """

    name: str
    resources: tuple[type[Any], ...] = ()


C = TypeVar("C", bound=type)
F = TypeVar("F", bound=Callable[..., Any])


def _mark(marker: object) -> Callable[[C], C]:
    def apply(cls: C) -> C:
        setattr(cls, MARKER, marker)
        return cls

    return apply


def record(name: str, members: Mapping[str, str] | None = None) -> Callable[[C], C]:
    """Mark a dataclass as the WIT record `name`."""
    return _mark(TypeMarker("record", name, members or {}))


def enumeration(name: str, members: Mapping[str, str] | None = None) -> Callable[[C], C]:
    """Mark an `enum.Enum` as the WIT enum `name`; the order of its members is the order of the cases."""
    return _mark(TypeMarker("enum", name, members or {}))


def flags(name: str, members: Mapping[str, str] | None = None) -> Callable[[C], C]:
    """Mark an `enum.Flag` as the WIT flags `name`; the order of its members is the order of the bits."""
    return _mark(TypeMarker("flags", name, members or {}))


def case(variant: str, case: str) -> Callable[[C], C]:
    """Mark a dataclass as one case of a WIT variant. The variant itself is the union of its case classes."""
    return _mark(CaseMarker(variant, case))


def function(name: str, *, raises: type[Err[Any]] | None = None) -> Callable[[F], F]:
    """Mark a method as the WIT function `name`."""

    def apply(method: F) -> F:
        setattr(method, MARKER, FunctionMarker(name, raises))
        return method

    return apply


def interface(name: str) -> Callable[[C], C]:
    """Mark a class (exports) or Protocol (imports) as the WIT interface `name`."""
    return _mark(InterfaceMarker(name))


def resource(name: str) -> Callable[[C], C]:
    """Mark a class (exported) or Protocol (imported) as the WIT resource `name`."""
    return _mark(ResourceMarker(name))


def world(name: str, *, resources: tuple[type[Any], ...] = ()) -> Callable[[C], C]:
    """Mark a `World` subclass, or the Protocol of its imports, as the WIT world `name`, which imports `resources`."""
    return _mark(WorldMarker(name, resources))
