"""Shapes: the WIT type of a Python value, in the one form that codecs, WAVE text and error messages work from.

A shape says both sides of a type: the WIT construct with its names, and the Python class that carries it. Shapes
come from annotations (`shape_of`, generated code) or from the model (`airssys_sdk.component` does that for
components opened without generated code). Two shapes are equal when they describe the same type with the same classes.
"""

from __future__ import annotations

import dataclasses
import enum
import inspect
import re
import sys
import types
import typing
from collections.abc import Callable, Mapping
from typing import Annotated, Any, TypeAlias, Union, get_args, get_origin

from ..errors import AirssysError
from .annotations import (
    MARKER,
    CaseMarker,
    FunctionMarker,
    Ownership,
    ResourceMarker,
    Scalar,
    TypeMarker,
)
from .values import Err, Ok, Some


@dataclasses.dataclass(frozen=True, slots=True)
class ScalarShape:
    """A primitive: bool, an integer, a float, char or string."""

    scalar: Scalar


@dataclasses.dataclass(frozen=True, slots=True)
class BytesShape:
    """`list<u8>`, which Python carries as `bytes`."""


@dataclasses.dataclass(frozen=True, slots=True)
class ListShape:
    """`list<T>` for every T but `u8`, a Python `list`."""

    element: Shape


@dataclasses.dataclass(frozen=True, slots=True)
class MapShape:
    """`map<K, V>`, a Python `dict`."""

    key: Shape
    value: Shape


@dataclasses.dataclass(frozen=True, slots=True)
class TupleShape:
    """`tuple<...>`, a Python `tuple` of exactly these elements."""

    elements: tuple[Shape, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Field:
    """A record's field: its Python attribute, its WIT name, its shape."""

    attribute: str
    name: str
    shape: Shape


@dataclasses.dataclass(frozen=True, slots=True)
class RecordShape:
    """A record, carried by the dataclass `cls` whose constructor takes the fields in order."""

    name: str
    cls: type[Any]
    fields: tuple[Field, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Case:
    """A variant's case: the class that carries it (constructed with the payload, or with nothing), its WIT name, its payload."""

    cls: type[Any]
    name: str
    payload: Shape | None


@dataclasses.dataclass(frozen=True, slots=True)
class VariantShape:
    """A variant: a value is an instance of exactly one case class; a payload is its attribute `value`."""

    name: str
    cases: tuple[Case, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Member:
    """A member of an enum or flags: its WIT name and its Python member."""

    name: str
    member: enum.Enum


@dataclasses.dataclass(frozen=True, slots=True)
class EnumShape:
    """An enum, carried by the members of the `enum.Enum` `cls`, in the order of the cases."""

    name: str
    cls: type[enum.Enum]
    members: tuple[Member, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class FlagsShape:
    """Flags, carried by the `enum.Flag` `cls`; the order of the members is the order of the bits."""

    name: str
    cls: type[enum.Flag]
    members: tuple[Member, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class OptionShape:
    """`option<T>`: `T | None`, or `Some[T] | None` where T is itself an option (`wrapped`)."""

    payload: Shape

    @property
    def wrapped(self) -> bool:
        """Whether a present value stands inside a `Some`."""
        return isinstance(self.payload, OptionShape)


@dataclasses.dataclass(frozen=True, slots=True)
class ResultShape:
    """`result<T, E>`: `Ok[T] | Err[E]`; an absent payload is None on both sides.

    Attributes:
        raised: the class of the error side: `Err` inside other values, the generated subclass of a function's result.
    """

    ok: Shape | None
    err: Shape | None
    raised: type[Err[Any]] = Err


@dataclasses.dataclass(frozen=True, slots=True)
class HandleShape:
    """`own<R>` or `borrow<R>`: a resource.

    Attributes:
        name: the resource's full WIT name.
        cls: the class that carries it, or the Protocol that the host's object fits.
        borrowed: whether it is lent for the call only.
    """

    name: str
    cls: type[Any]
    borrowed: bool


Shape: TypeAlias = (
    ScalarShape
    | BytesShape
    | ListShape
    | MapShape
    | TupleShape
    | RecordShape
    | VariantShape
    | EnumShape
    | FlagsShape
    | OptionShape
    | ResultShape
    | HandleShape
)


@dataclasses.dataclass(frozen=True, slots=True)
class Parameter:
    """A function's parameter: its Python name, its WIT name, its shape."""

    name: str
    wit: str
    shape: Shape


@dataclasses.dataclass(frozen=True, slots=True)
class Signature:
    """A function as the component sees it.

    Attributes:
        name: the WIT name.
        parameters: in order; calls are positional on the wire.
        result: None for a function without result. For `result<T, E>` a `ResultShape`.
        raises: whether the Python call unwraps the result: returns T, raises `result.raised`.
        is_async: whether it is an `async func`.
    """

    name: str
    parameters: tuple[Parameter, ...]
    result: Shape | None
    raises: bool
    is_async: bool = False


class ShapeError(AirssysError):
    """A class or function is not annotated with WIT types."""


_SCALARS: Mapping[object, Shape] = {
    bool: ScalarShape(Scalar.BOOL),
    str: ScalarShape(Scalar.STRING),
    bytes: BytesShape(),
}
_WORD = re.compile(r"_+")


def kebab(name: str) -> str:
    """The WIT name that the naming rule gives for a Python name: `price_cents` and `PRICE_CENTS` are `price-cents`."""
    return _WORD.sub("-", name.rstrip("_")).lower()


def shape_of(annotation: Any) -> Shape:
    """The shape that an annotation of generated code means.

    Raises:
        ShapeError: the annotation names no WIT type.
    """
    origin = get_origin(annotation)
    args = get_args(annotation)
    if origin is Annotated:
        for extra in args[1:]:
            if isinstance(extra, Scalar):
                return ScalarShape(extra)
            if extra is Ownership.BORROW:
                return _handle(args[0], borrowed=True)
        return shape_of(args[0])
    if annotation in _SCALARS:
        return _SCALARS[annotation]
    if origin is list:
        return ListShape(shape_of(args[0]))
    if origin is dict:
        return MapShape(shape_of(args[0]), shape_of(args[1]))
    if origin is tuple:
        return TupleShape(tuple(shape_of(a) for a in args if a != ()))
    if origin is Some:
        return shape_of(args[0])
    if origin in (Union, types.UnionType):
        return _union(args)
    if isinstance(annotation, type):
        return _class(annotation)
    raise ShapeError(f"no WIT type is known for the annotation {annotation!r}")


def signature_of(method: Callable[..., Any], resource: type[Any] | None = None) -> Signature:
    """The signature of a method that `function` marked, read from its annotations.

    Args:
        method: the method; for a static one the function behind it.
        resource: the resource's class, for a method of it and for an `__init__`, which return nothing in Python.

    Raises:
        ShapeError: the method carries no marker, or an annotation names no WIT type.
    """
    marker = getattr(method, MARKER, None)
    if not isinstance(marker, FunctionMarker):
        raise ShapeError(f"{method.__qualname__} is not marked as a WIT function")
    hints = typing.get_type_hints(method, include_extras=True)
    result = hints.pop("return", None)
    shape = None if result in (None, type(None)) else shape_of(result)
    parameters = tuple(Parameter(name, kebab(name), shape_of(hint)) for name, hint in hints.items())
    if marker.name.startswith("[method]"):
        parameters = (Parameter("self", "self", _handle(resource, borrowed=True)), *parameters)
    elif marker.name.startswith("[constructor]") and resource is not None:
        shape = _handle(resource, borrowed=False)
    raises = marker.raises is not None
    if marker.raises is not None:
        shape = ResultShape(shape, _error_payload(marker.raises), marker.raises)
    return Signature(marker.name, parameters, shape, raises, is_async=inspect.iscoroutinefunction(method))


def _handle(cls: type[Any] | None, *, borrowed: bool) -> HandleShape:
    marker = getattr(cls, MARKER, None)
    if cls is None or not isinstance(marker, ResourceMarker):
        raise ShapeError(f"{cls!r} is no WIT resource")
    return HandleShape(marker.name, cls, borrowed)


def _payload(annotation: Any) -> Shape | None:
    return None if annotation in (None, type(None)) else shape_of(annotation)


def _error_payload(raised: type[Err[Any]]) -> Shape | None:
    bases: tuple[Any, ...] = getattr(raised, "__orig_bases__", ())
    for base in bases:
        if get_origin(base) is Err:
            (payload,) = get_args(base)
            if isinstance(payload, typing.ForwardRef):  # a resource further down in the module
                module = vars(sys.modules[raised.__module__])
                (payload,) = typing.get_type_hints(
                    types.SimpleNamespace(__annotations__={"value": payload}), module, include_extras=True
                ).values()
            return _payload(payload)
    raise ShapeError(f"{raised.__qualname__} does not say what it carries; derive it from Err[...]")


def _union(args: tuple[Any, ...]) -> Shape:
    present = [a for a in args if a is not type(None)]
    if len(present) < len(args):
        return OptionShape(shape_of(Union[tuple(present)]))  # noqa: UP007  (built at run time)
    if len(args) == 2 and get_origin(args[0]) is Ok:
        return ResultShape(_payload(get_args(args[0])[0]), _payload(get_args(args[1])[0]))
    return _variant(args)


def _variant(classes: tuple[type[Any], ...]) -> VariantShape:
    markers = [getattr(c, MARKER, None) for c in classes]
    names = {m.variant for m in markers if isinstance(m, CaseMarker)}
    if len(names) != 1 or not all(isinstance(m, CaseMarker) for m in markers):
        raise ShapeError(f"the union of {', '.join(c.__qualname__ for c in classes)} is no WIT variant")
    return VariantShape(
        names.pop(), tuple(_case(c, m) for c, m in zip(classes, markers, strict=True) if m is not None)
    )


def _case(cls: type[Any], marker: CaseMarker) -> Case:
    hints = typing.get_type_hints(cls, include_extras=True)
    return Case(cls, marker.case, shape_of(hints["value"]) if "value" in hints else None)


def _class(cls: type[Any]) -> Shape:
    marker = getattr(cls, MARKER, None)
    if isinstance(marker, CaseMarker):
        return _variant((cls,))
    if isinstance(marker, ResourceMarker):
        return _handle(cls, borrowed=False)
    if not isinstance(marker, TypeMarker):
        raise ShapeError(f"the class {cls.__qualname__} carries no WIT type")
    if marker.kind == "record":
        hints = typing.get_type_hints(cls, include_extras=True)
        return RecordShape(
            marker.name,
            cls,
            tuple(
                Field(f.name, marker.members.get(f.name) or kebab(f.name), shape_of(hints[f.name]))
                for f in dataclasses.fields(cls)
            ),
        )
    members = tuple(Member(marker.members.get(n) or kebab(n), m) for n, m in cls.__members__.items())
    if marker.kind == "enum":
        return EnumShape(marker.name, cls, members)
    return FlagsShape(marker.name, cls, members)
