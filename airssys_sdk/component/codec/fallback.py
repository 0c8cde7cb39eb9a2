"""Calls through the engine's public layer, for an engine or a Python whose memory layout is not known here.

Slower by a factor of ten and more, but the same values, errors and rules: arguments are checked by the same walk that
explains errors elsewhere, then translated to what the `wasmtime` package takes. That package tells the cases of a variant
apart by the Python type of the payload where it can, so the translation has to know when it does; where it would pick a
wrong case (an integer and a `bool` in one variant), the function is refused.
"""

from __future__ import annotations

import os
import struct
import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ...wit.annotations import Scalar
from ...wit.shapes import (
    BytesShape,
    EnumShape,
    FlagsShape,
    HandleShape,
    ListShape,
    MapShape,
    OptionShape,
    Parameter,
    RecordShape,
    ResultShape,
    ScalarShape,
    Shape,
    Signature,
    TupleShape,
    VariantShape,
)
from ...wit.values import Err, Ok, Some
from ..engine.abi import abi
from ..engine.raw import address, package
from ..errors import UnsupportedEngine
from ..running.contexts import STORES
from ..running.refusal import refuse
from ..signatures.handles import refused
from . import runtime
from .explain import check, explain, refuse_payload
from .layout import FLOATS, RANGES

if TYPE_CHECKING:
    from ..running.store import Store

PUBLIC_LAYER = "AIRSSYS_PUBLIC_LAYER"
"""An environment variable: set, new instances use the engine's public layer, to tell whose mistake a wrong value is."""


def needs_fallback() -> bool:
    """Whether instances must use the public layer; warns if that is because the engine is not recognised."""
    if os.environ.get(PUBLIC_LAYER):
        return True
    try:
        abi()
    except UnsupportedEngine as reason:
        warnings.warn(f"calls into components are slow: {reason}", RuntimeWarning, stacklevel=2)
        return True
    return False


def bind_export(signature: Signature, function: Any, store: Store, where: str) -> Callable[..., Any]:
    """The Python function that calls `function`, a `wasmtime.component.Func`.

    Raises:
        UnsupportedEngine: a type cannot go through the public layer, or calls run in slices.
    """
    if store.engine.metered:
        raise UnsupportedEngine("calls with fuel or deadlines need an engine that is recognised", where=where)
    lowers = [_Translation(parameter.shape, where) for parameter in signature.parameters]
    result = None if signature.result is None else _Translation(signature.result, where)
    names = [parameter.name for parameter in signature.parameters]

    def call(*given: Any, **named: Any) -> Any:
        arguments = _arguments(where, names, given, named)
        check(where, signature.parameters, arguments)
        try:
            lowered = [translation.lower(value) for translation, value in zip(lowers, arguments, strict=True)]
        except Exception as error:  # noqa: BLE001  (a value that is another one at the second look)
            raise explain(where, signature.parameters, arguments, error) from None
        if store.busy:
            refuse(store, where)
        store.busy = True
        try:
            value = function(store, *lowered)
        except package().WasmtimeError as error:
            runtime.fail(store, address(error._consume()), where)
        finally:
            store.busy = store.dead is not None
        lifted: Any = None if result is None else result.lift(value)
        if not signature.raises:
            return lifted
        if _class_of(lifted) is Ok:
            return lifted.value
        raise runtime.raised(lifted)

    return call


def bind_import(signature: Signature, slot: int, where: str) -> Callable[..., Any]:
    """What `wasmtime.component.LinkerInstance.add_func` takes for the host function in a slot of the calling store.

    Raises:
        UnsupportedEngine: a type cannot go through the public layer.
    """
    lifts = [_Translation(parameter.shape, where) for parameter in signature.parameters]
    result = None if signature.result is None else _Translation(signature.result, where)

    def answer(function: Callable[..., Any], arguments: Sequence[Any]) -> Any:
        try:
            value = function(*(lift.lift(given) for lift, given in zip(lifts, arguments, strict=True)))
        except Exception as error:
            if not (signature.raises and runtime.is_answer(error)):
                raise
            return lower("error", error)
        return lower("result", value)

    def lower(what: str, value: Any) -> Any:
        shape = signature.result
        if result is None or shape is None:
            return None
        if signature.raises and isinstance(shape, ResultShape):
            payload = shape.ok if what == "result" else shape.err
            if what == "result":
                value = Ok(value)
            if payload is None and value.value is not None:
                refuse_payload(where, what, value.value)
            if payload is not None:
                check(where, (Parameter(what, what, payload),), (value.value,))
        check(where, (Parameter(what, what, shape),), (value,))
        try:
            return result.lower(value)
        except Exception as error:  # noqa: BLE001  (as above)
            raise explain(where, (Parameter(what, what, shape),), (value,), error) from None

    def host_import(context: Any, *arguments: Any) -> Any:
        calling = STORES[address(context._context())]()
        try:
            return answer(calling.functions[slot], arguments)
        except BaseException as error:  # noqa: BLE001  (the call that led here raises it)
            # The package would keep it in a global of the process, and let what is no Exception crash it.
            calling.pending, calling.failing = error, where
            raise package().WasmtimeError("a host import failed") from None

    return host_import


def _arguments(where: str, names: Sequence[str], given: tuple[Any, ...], named: dict[str, Any]) -> list[Any]:
    """The arguments in order, as Python's own calls would take them."""
    rest = names[len(given) :]
    if len(given) > len(names) or set(rest) != set(named):
        raise TypeError(f"{where} takes the arguments ({', '.join(names)})")
    return [*given, *(named[name] for name in rest)]


class _Translation:
    """Between our values of one shape and what the `wasmtime` package takes and gives for it."""

    def __init__(self, shape: Shape, where: str) -> None:
        self.shape = shape
        self._cases: list[tuple[str, type[Any], Shape | None]] = []
        self._tagged = False
        inner: list[Shape] = []
        match shape:
            case ListShape():
                inner = [shape.element]
            case TupleShape():
                inner = [*shape.elements]
            case RecordShape():
                inner = [field.shape for field in shape.fields]
            case OptionShape() | VariantShape() | ResultShape():
                self._cases = _cases(shape)
                inner = [payload for _, _, payload in self._cases if payload is not None]
                self._tagged = _is_tagged(shape)
                if not self._tagged and _is_ambiguous([payload for _, _, payload in self._cases]):
                    raise UnsupportedEngine(
                        "the engine's public layer cannot tell the cases of one variant from each other",
                        where=where,
                        hint="use the engine version that this SDK knows",
                    )
            case MapShape():
                raise UnsupportedEngine("the engine's public layer knows no maps", where=where)
            case _:
                pass
        self._inner = [_Translation(part, where) for part in inner]

    def lower(self, value: Any) -> Any:
        """A checked value of ours as the package takes it.

        Raises:
            Rejected: it is another one than when it was checked.
        """
        match self.shape:
            case ScalarShape(scalar):
                return _scalar(scalar, value)
            case BytesShape():
                return runtime.blob(value)
            case ListShape():
                return [self._inner[0].lower(element) for element in runtime.sequence(value)]
            case TupleShape():
                return tuple(t.lower(e) for t, e in zip(self._inner, runtime.elements(value), strict=True))
            case RecordShape(fields=fields):
                record = package().component.Record()
                for field, translation in zip(fields, self._inner, strict=True):
                    setattr(record, field.name, translation.lower(getattr(value, field.attribute)))
                return record
            case EnumShape(members=members):
                return next(member.name for member in members if member.member is value)
            case FlagsShape(members=members):
                return {member.name for member in members if member.member.value & value._value_}
            case _:
                return self._lower_case(value)

    def lift(self, value: Any) -> Any:
        """What the package gives as a value of ours."""
        match self.shape:
            case ScalarShape() | BytesShape():
                return value
            case ListShape():
                return [self._inner[0].lift(element) for element in value]
            case TupleShape():
                return tuple(t.lift(e) for t, e in zip(self._inner, value, strict=True))
            case RecordShape(fields=fields, cls=cls):
                pairs = zip(fields, self._inner, strict=True)
                return cls(*(translation.lift(getattr(value, field.name)) for field, translation in pairs))
            case EnumShape(members=members):
                return next(member.member for member in members if member.name == value)
            case FlagsShape(members=members, cls=flags):
                return flags(sum(member.member.value for member in members if member.name in value))
            case _:
                return self._lift_case(value)

    def _lower_case(self, value: Any) -> Any:
        payloads = iter(self._inner)
        for name, cls, payload in self._cases:
            translation = next(payloads) if payload is not None else None
            if not _is_case(self.shape, cls, value):
                continue
            inner = None
            if translation is not None:
                bare = isinstance(self.shape, OptionShape) and not self.shape.wrapped
                inner = translation.lower(value if bare else value.value)
            return package().component.Variant(name, inner) if self._tagged else inner
        raise runtime.Rejected

    def _lift_case(self, given: Any) -> Any:
        payloads = iter(self._inner)
        for name, cls, payload in self._cases:
            translation = next(payloads) if payload is not None else None
            if self._tagged:
                if given.tag != name:
                    continue
                inner = given.payload
            else:
                # The package's class for None is `object`.
                found = _class_of(given)
                found = object if found is type(None) else found
                if found not in (_classes(payload) if payload is not None else {object}):
                    continue
                inner = given
            lifted = None if translation is None else translation.lift(inner)
            if isinstance(self.shape, OptionShape):
                return Some(lifted) if self.shape.wrapped and translation is not None else lifted
            return cls() if payload is None and isinstance(self.shape, VariantShape) else cls(lifted)
        raise runtime.Rejected


def _scalar(scalar: Scalar, value: Any) -> Any:
    """A plain value in the range of its type, made by ourselves: the package would cut off what is too large."""
    if scalar in RANGES:
        low, high = RANGES[scalar]
        number = runtime.integer(value)
        if not low <= number <= high:
            raise runtime.Rejected
        return number
    if scalar in FLOATS:
        real = runtime.real(value)
        struct.pack("<f" if scalar is Scalar.F32 else "<d", real)  # raises if it is out of range
        return real
    if scalar is Scalar.BOOL:
        return value is True or (value is not False and runtime.reject())
    if scalar is Scalar.CHAR:
        return chr(runtime.character(value))
    return runtime.text(value)


def _class_of(value: object) -> type[Any]:
    return type(value)


def _cases(shape: OptionShape | VariantShape | ResultShape) -> list[tuple[str, type[Any], Shape | None]]:
    match shape:
        case OptionShape():
            return [("none", type(None), None), ("some", Some, shape.payload)]
        case ResultShape():
            return [("ok", Ok, shape.ok), ("err", shape.raised, shape.err)]
        case VariantShape():
            return [(case.name, case.cls, case.payload) for case in shape.cases]


def _is_case(shape: Shape, cls: type[Any], value: Any) -> bool:
    if isinstance(shape, OptionShape):
        return (value is None) == (cls is type(None))
    return (
        issubclass(type(value), Err)
        if isinstance(shape, ResultShape) and cls is not Ok
        else type(value) is cls
    )


def _is_tagged(shape: OptionShape | VariantShape | ResultShape) -> bool:
    """Whether the package wraps the payload with the case's name: when two cases may have payloads of one class."""
    seen = set[type[Any]]()
    for _, _, payload in _cases(shape):
        classes = {object} if payload is None else _classes(payload)
        if classes & seen:
            return True
        seen |= classes
    return False


def _is_ambiguous(payloads: Sequence[Shape | None]) -> bool:
    """Whether the package would take a payload for an earlier case, because one class is below the other.

    Python counts `bool` among the integers, and the package takes anything for an option.
    """
    classes = [_classes(payload) for payload in payloads if payload is not None]
    return any(
        issubclass(cls, earlier)
        for number, later in enumerate(classes)
        for cls in later
        for before in classes[:number]
        for earlier in before
    )


def _classes(shape: Shape) -> set[type[Any]]:
    """The classes that the package counts among a type's values."""
    match shape:
        case ScalarShape(scalar):
            if scalar in RANGES:
                return {int}
            return {float} if scalar in FLOATS else {bool} if scalar is Scalar.BOOL else {str}
        case EnumShape():
            return {str}
        case BytesShape():
            return {bytes}
        case ListShape():
            return {list}
        case TupleShape():
            return {tuple}
        case FlagsShape():
            return {set}
        case RecordShape():
            return {package().component.Record}
        case MapShape():
            return {dict}
        case OptionShape() | VariantShape() | ResultShape():
            if _is_tagged(shape):
                return {package().component.Variant}
            found = set[type[Any]]()
            for _, _, payload in _cases(shape):
                found |= {object} if payload is None else _classes(payload)
            return found
        case HandleShape():
            raise refused("the engine's public layer", "resources need the fast calls")
