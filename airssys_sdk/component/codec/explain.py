"""Finding out what was wrong with a call's arguments, after the fast path said that something was.

The walk follows the rules of lowering, value by value, and raises a located error for the first that does not fit.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

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
    TupleShape,
    VariantShape,
)
from ...wit.values import Err, Ok, Some
from ..errors import InvalidType, InvalidValue, printable
from ..running.handles import Unfit, is_guests
from . import runtime
from .layout import FLOATS, RANGES, U8_SHAPE
from .source import FILES

_OURS = {runtime.__name__, f"{__package__}.fallback"}
"""The modules that lower values, besides compiled codecs."""


def explain(
    function: str, parameters: Sequence[Parameter], values: Sequence[object], error: BaseException
) -> BaseException:
    """The exception to raise for a call whose lowering failed with `error`.

    Returns an `InvalidType` or `InvalidValue` with the path to the first bad value. `error` itself comes back when it is
    none of ours to translate: an interrupt, or an exception that a method of an argument raised.
    """
    if not isinstance(error, Exception):
        return error
    try:
        check(function, parameters, values, error if isinstance(error, Unfit) else None)
    except (InvalidType, InvalidValue) as found:
        return found
    except Exception as raised:  # noqa: BLE001  (whatever a property or an __index__ of the argument raises)
        return raised
    if not _is_ours(error):
        return error
    return InvalidValue(
        function, "the arguments", "values that stay the same while they are read", "values that change"
    )


def refuse_payload(function: str, what: str, value: object) -> NoReturn:
    """Refuse what a host gave where its function's result, or the error of it, holds nothing.

    Raises:
        InvalidType: always.
    """
    raise InvalidType(function, what, "None", _describe(value))


def _is_ours(error: Exception) -> bool:
    """Whether lowering itself said that a value does not fit, rather than the value's own code something else."""
    if not isinstance(
        error, runtime.Rejected | ValueError | OverflowError | struct.error | LookupError | StopIteration
    ):
        return False
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    if frame is None:
        return False
    code, module = frame.tb_frame.f_code, frame.tb_frame.f_globals.get("__name__")
    return code.co_filename.startswith(FILES) or module in _OURS


def check(
    function: str, parameters: Sequence[Parameter], values: Sequence[object], unfit: Unfit | None = None
) -> None:
    """Raise a located error for the first value that does not fit; `unfit` tells of a resource that does not.

    Raises:
        InvalidType: a value's Python type does not fit.
        InvalidValue: a value has no place in its WIT type.
    """
    walk = _Walk(function, unfit)
    for parameter, value in zip(parameters, values, strict=True):
        walk.check(parameter.shape, value, parameter.name)


class _Walk:
    def __init__(self, function: str, unfit: Unfit | None) -> None:
        self.function = function
        self.unfit = unfit
        self.met = 0

    def wrong_type(self, path: str, expected: str, value: object) -> InvalidType:
        return InvalidType(self.function, path, expected, _describe(value))

    def wrong_value(self, path: str, expected: str, got: str) -> InvalidValue:
        return InvalidValue(self.function, path, expected, got)

    def check(self, shape: Shape, value: Any, path: str) -> None:
        match shape:
            case ScalarShape():
                self._scalar(shape.scalar, value, path)
            case BytesShape():
                self._bytes(value, path)
            case ListShape():
                for number, element in enumerate(self._sequence(value, path, "a sequence")):
                    self.check(shape.element, element, f"{path}[{number}]")
            case MapShape():
                for key, element in self._items(value, path):
                    self.check(shape.key, key, f"key {_describe(key)} of {path}")
                    self.check(shape.value, element, f"{path}[{_describe(key)}]")
            case TupleShape():
                self._tuple(shape, value, path)
            case RecordShape():
                if not isinstance(value, shape.cls):
                    raise self.wrong_type(path, shape.cls.__qualname__, value)
                for field in shape.fields:
                    content = self._field(value, field.attribute, path)
                    self.check(field.shape, content, f"{path}.{field.attribute}")
            case OptionShape():
                if value is None:
                    return
                if shape.wrapped:
                    cls: type[Any] = Some
                    if not isinstance(value, cls):
                        raise self.wrong_type(path, "Some or None", value)
                    self.check(shape.payload, self._content(value, path), f"{path}.value")
                else:
                    self.check(shape.payload, value, path)
            case EnumShape():
                if not any(value is member.member for member in shape.members):
                    raise self.wrong_type(path, f"a member of {shape.cls.__qualname__}", value)
            case FlagsShape():
                if type(value) is not shape.cls:
                    raise self.wrong_type(path, shape.cls.__qualname__, value)
                known = sum(member.member.value for member in shape.members)
                bits = self._field(value, "_value_", path)
                if type(bits) is not int or bits & ~known:
                    got = _describe(bits) if type(bits) is int else "other ones"
                    raise self.wrong_value(path, f"known flags of {shape.cls.__qualname__}", got)
            case VariantShape():
                for case in shape.cases:
                    if type(value) is case.cls:
                        if case.payload is not None:
                            self.check(case.payload, self._content(value, path), f"{path}.value")
                        return
                raise self.wrong_type(path, " | ".join(case.cls.__qualname__ for case in shape.cases), value)
            case ResultShape():
                self._result(shape, value, path)
            case HandleShape():
                if self.unfit is not None and value is self.unfit.value:
                    self.met += 1
                    if self.met <= self.unfit.before:
                        return
                    right = is_guests(shape.cls) and isinstance(value, shape.cls)
                    kind = InvalidValue if right else InvalidType
                    raise kind(self.function, path, self.unfit.expected, printable(self.unfit.got))

    def _result(self, shape: ResultShape, value: Any, path: str) -> None:
        cls = _class_of(value)
        is_ok = cls is Ok
        if not (is_ok or issubclass(cls, Err)):
            raise self.wrong_type(path, "Ok or Err", value)
        payload = shape.ok if is_ok else shape.err
        content = self._content(value, path)
        if payload is not None:
            self.check(payload, content, f"{path}.value")
        elif content is not None:
            raise self.wrong_type(f"{path}.value", "None", content)

    def _content(self, value: Any, path: str) -> Any:
        return self._field(value, "value", path)

    def _field(self, value: Any, name: str, path: str) -> Any:
        try:
            return getattr(value, name)
        except AttributeError:  # made without being initialized, or it only pretends to be of its class
            raise self.wrong_value(path, f"a value in its field {name}", "none") from None

    def _scalar(self, scalar: Scalar, value: Any, path: str) -> None:
        if scalar in RANGES:
            self._integer(scalar, value, path)
        elif scalar in FLOATS:
            try:
                struct.pack("<f" if scalar is Scalar.F32 else "<d", runtime.real(value))
            except OverflowError:
                raise self.wrong_value(
                    path, f"a number in the range of {scalar.value}", _describe(value)
                ) from None
            except (TypeError, runtime.Rejected):
                raise self.wrong_type(path, f"a number ({scalar.value})", value) from None
        elif scalar is Scalar.BOOL:
            if value is not True and value is not False:
                raise self.wrong_type(path, "bool", value)
        else:
            self._text(scalar, value, path)

    def _integer(self, scalar: Scalar, value: Any, path: str) -> None:
        if type(value) is bool or not hasattr(value, "__index__"):
            raise self.wrong_type(path, f"an integer ({scalar.value})", value)
        low, high = RANGES[scalar]
        number = runtime.integer(value)
        if not low <= number <= high:
            raise self.wrong_value(path, f"{scalar.value}, {low} to {high}", _describe(number))

    def _text(self, scalar: Scalar, value: Any, path: str) -> None:
        if not issubclass(type(value), str):
            raise self.wrong_type(path, "str", value)
        try:
            text = str.encode(value).decode()
        except UnicodeEncodeError as error:
            got = f"the surrogate {error.object[error.start]!a} at index {error.start}"
            raise self.wrong_value(path, "Unicode scalar values only", got) from None
        if scalar is Scalar.CHAR and len(text) != 1:
            raise self.wrong_value(path, "a string of one character", _describe(text))

    def _bytes(self, value: Any, path: str) -> None:
        view = self._buffer(value, path)
        if view is not None and runtime.holds_bytes(view):
            return
        for number, element in enumerate(
            self._sequence(value, path, "bytes, another buffer or a sequence of integers")
        ):
            self.check(U8_SHAPE, element, f"{path}[{number}]")

    def _sequence(self, value: Any, path: str, expected: str) -> list[Any]:
        if type(value) is memoryview or not issubclass(type(value), Sequence):
            self._buffer(value, path)
        try:
            return runtime.sequence(value)
        except runtime.Rejected:
            raise self.wrong_type(path, expected, value) from None

    def _buffer(self, value: Any, path: str) -> memoryview[Any] | None:
        try:
            return runtime.buffer(value)
        except (ValueError, BufferError) as error:
            raise self.wrong_value(path, "a buffer that can be read", printable(str(error))) from None

    def _items(self, value: Any, path: str) -> list[tuple[Any, Any]]:
        try:
            return runtime.items(value)
        except runtime.Rejected:
            if issubclass(type(value), Mapping):
                raise self.wrong_value(path, "a mapping whose entries are pairs", "other entries") from None
            raise self.wrong_type(path, "a mapping", value) from None

    def _tuple(self, shape: TupleShape, value: Any, path: str) -> None:
        size = len(shape.elements)
        try:
            elements = runtime.elements(value)
        except runtime.Rejected:
            raise self.wrong_type(path, f"a tuple of {size}", value) from None
        if len(elements) != size:
            raise self.wrong_value(path, f"a tuple of {size}", f"one of {len(elements)}")
        for number, (inner, element) in enumerate(zip(shape.elements, elements, strict=True)):
            self.check(inner, element, f"{path}[{number}]")


def _class_of(value: object) -> type[object]:
    return type(value)


def _describe(value: object) -> str:
    """A plain value as Python writes it, shortened; of anything else its type."""
    if type(value) in {bool, int, float, str, bytes, type(None)}:
        try:
            text = ascii(value)
        except ValueError:  # an integer with more digits than Python prints
            return "an integer of many digits"
        return printable(text if len(text) <= 60 else f"{text[:57]}...")
    return type(value).__qualname__
