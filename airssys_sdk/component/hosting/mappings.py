"""Without generated code a record has no class that a caller could name: mappings stand for records, labels for enums.

What is neither is left as it is, for the codec to check.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ...wit.shapes import (
    EnumShape,
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
from ...wit.values import Err, Ok, Some
from ..errors import InvalidType, printable
from .exports import ExportCodec
from .live import Live


class MappingCodec(ExportCodec):
    """The codec of an exported function that takes mappings where it takes records, and labels where it takes enums."""

    def bind(self, live: Live) -> Callable[..., Any]:
        """The Python function that calls this function of an instance.

        Raises:
            LinkError: the component does not export it, or with another type.
            InstanceDead: the instance was closed.
        """
        call = super().bind(live)
        if not any(_has_names(parameter.shape) for parameter in self.signature.parameters):
            return call

        @functools.wraps(call)
        def converted(*arguments: Any, **named: Any) -> Any:
            return call(*_positional(self.signature, arguments), **_named(self.signature, named))

        return converted


def _positional(signature: Signature, arguments: Sequence[Any]) -> list[Any]:
    into = _Conversion(signature.name)
    known = [
        into.value(p.shape, value, p.name) for p, value in zip(signature.parameters, arguments, strict=False)
    ]
    return known + list(arguments[len(known) :])  # of what is too much the call itself says so


def _named(signature: Signature, named: Mapping[str, Any]) -> dict[str, Any]:
    into = _Conversion(signature.name)
    shapes = {parameter.name: parameter.shape for parameter in signature.parameters}
    return {
        name: into.value(shapes[name], value, name) if name in shapes else value
        for name, value in named.items()
    }


def _is(value: object, *classes: type[Any]) -> bool:
    """Whether a value is of one of these classes; a function of its own narrows nothing, for a mapping may hold anything."""
    return issubclass(type(value), classes)  # not what it pretends to be


def _has_names(shape: Shape | None) -> bool:
    """Whether a value of this shape can hold a record or an enum; such types cannot hold themselves."""
    match shape:
        case RecordShape() | EnumShape():
            return True
        case ListShape():
            return _has_names(shape.element)
        case MapShape():
            return _has_names(shape.key) or _has_names(shape.value)
        case OptionShape():
            return _has_names(shape.payload)
        case TupleShape():
            return any(_has_names(element) for element in shape.elements)
        case VariantShape():
            return any(_has_names(case.payload) for case in shape.cases)
        case ResultShape():
            return _has_names(shape.ok) or _has_names(shape.err)
        case _:
            return False


class _Conversion:
    def __init__(self, function: str) -> None:
        self._function = function

    def value(self, shape: Shape | None, value: Any, path: str) -> Any:
        if value is None or not _has_names(shape):
            return value
        match shape:
            case RecordShape():
                return self._record(shape, value, path)
            case EnumShape():
                return self._enum(shape, value, path)
            case ListShape() if _is(value, list, tuple):
                return [self.value(shape.element, one, f"{path}[{at}]") for at, one in enumerate(value)]
            case TupleShape() if _is(value, list, tuple):
                return self._tuple(shape, value, path)
            case MapShape() if _is(value, Mapping):
                pairs = value.items()
                return {
                    self.value(shape.key, key, f"key of {path}"): self.value(
                        shape.value, one, f"{path}[{key!r}]"
                    )
                    for key, one in pairs
                }
            case OptionShape() if shape.wrapped:
                return self._inside(value, Some, shape.payload, path)
            case OptionShape():
                return self.value(shape.payload, value, path)
            case VariantShape():
                for case in shape.cases:
                    value = self._inside(value, case.cls, case.payload, path)
                return value
            case ResultShape():
                return self._inside(self._inside(value, Ok, shape.ok, path), Err, shape.err, path)
            case _:
                return value

    def _inside(self, value: Any, cls: type[Any], payload: Shape | None, path: str) -> Any:
        """The same case with its payload converted; anything else as it is."""
        if payload is None or type(value) is not cls:
            return value
        return cls(self.value(payload, value.value, f"{path}.value"))

    def _tuple(self, shape: TupleShape, values: Sequence[Any], path: str) -> tuple[Any, ...]:
        if len(values) != len(shape.elements):
            return tuple(values)
        inner = zip(shape.elements, values, strict=True)
        return tuple(self.value(element, one, f"{path}[{at}]") for at, (element, one) in enumerate(inner))

    def _record(self, shape: RecordShape, value: Any, path: str) -> Any:
        if isinstance(value, shape.cls):
            named = [
                field for field in shape.fields if _has_names(field.shape) and hasattr(value, field.attribute)
            ]
            fields = {
                field.attribute: self.value(
                    field.shape, getattr(value, field.attribute), f"{path}.{field.attribute}"
                )
                for field in named
            }
            return dataclasses.replace(value, **fields) if fields else value
        if not _is(value, Mapping):
            return value
        given: dict[Any, Any] = dict(value)
        fields = {}
        missing: list[str] = []
        for field in shape.fields:
            name = field.attribute if field.attribute in given else field.name
            if name in given:
                fields[field.attribute] = self.value(
                    field.shape, given.pop(name), f"{path}.{field.attribute}"
                )
            elif isinstance(field.shape, OptionShape):
                fields[field.attribute] = None
            else:
                missing.append(field.attribute)
        if missing or given:
            expected = f"the fields of {shape.cls.__qualname__}: {', '.join(field.attribute for field in shape.fields)}"
            lacks = [f"a mapping without {', '.join(missing)}"] if missing else []
            more = [f"{'one' if missing else 'a mapping'} with {printable(ascii(key))}" for key in given]
            raise InvalidType(self._function, path, expected, " and ".join(lacks + more[:3]))
        return shape.cls(**fields)

    def _enum(self, shape: EnumShape, value: Any, path: str) -> Any:
        if not isinstance(value, str):
            return value
        for member in shape.members:
            if value == member.name:
                return member.member
        labels = ", ".join(member.name for member in shape.members)
        raise InvalidType(
            self._function, path, f"a member of {shape.cls.__qualname__} or a label: {labels}", ascii(value)
        )
