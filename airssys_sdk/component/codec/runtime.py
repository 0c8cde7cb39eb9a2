"""What emitted code calls for the rare and the repeated: conversions of unusual values, arenas, flags.

A helper either returns an object of exactly the promised type, made by itself, or raises: nothing that an argument may
still change afterwards, and nothing that can lie about its length, reaches memory. What it raises only says that the
value does not fit; `explain` then finds the place and the words. What a value is says its type alone: `isinstance` also asks
its `__class__`, which may lie.
"""

from __future__ import annotations

import binascii
import operator
import struct
import sys
from array import array
from collections.abc import Mapping, Sequence
from itertools import accumulate, chain
from typing import TYPE_CHECKING, Any, NoReturn, SupportsFloat, cast

from ...wit.values import Err
from ..engine.abi import Abi

if TYPE_CHECKING:
    from ..running.store import Store


ESCAPED = "__wit_escaped__"
"""Marks an `Err` that a call into a component raised."""


class Rejected(Exception):
    """A value does not fit; where and why is found out later."""


def reject() -> NoReturn:
    """Say in an expression that a value does not fit."""
    raise Rejected


def integer(value: object) -> int:
    """An `int` from an integer of another class; a `bool` is none, whatever Python says."""
    if type(value) is bool:
        raise Rejected
    return int.__index__(operator.index(cast("Any", value)))  # of a class below `int`, what it holds


def integers(values: list[Any]) -> list[int]:
    """The values as exact `int`s."""
    return values if _all(int, values) else [*map(integer, values)]


def real(value: object) -> float:
    """A `float` from a number of another class; neither `bool` nor text."""
    cls = type(value)
    if issubclass(cls, bool | str | bytes | bytearray):
        raise Rejected
    if issubclass(cls, float):
        return float.__float__(cast("float", value))
    if issubclass(cls, int):
        return float(int.__index__(cast("int", value)))
    if not hasattr(cls, "__float__"):
        return float(operator.index(cast("Any", value)))
    return float(cast("SupportsFloat", value))


def reals(values: list[Any] | array[Any]) -> list[float] | array[Any]:
    """The values as exact `float`s."""
    if not isinstance(values, list):
        return values
    return values if _all(float, values) else [*map(real, values)]


def character(value: object) -> int:
    """The code point of a string of one Unicode scalar value."""
    if not issubclass(type(value), str):
        raise Rejected
    point = str.encode(cast("str", value), "utf-32-le")  # raises for surrogates
    if len(point) != 4:
        raise Rejected
    return int.from_bytes(point, "little")


def characters(values: list[Any]) -> list[int]:
    """The code points of strings of one Unicode scalar value each."""
    if not _all(str, values):
        return [*map(character, values)]
    joined = "".join(values).encode("utf-32-le")  # raises for surrogates
    if {*map(len, values)} != {1}:
        raise Rejected
    return [*memoryview(joined).cast("I")]


def blob(value: object) -> bytes:
    """`bytes` from a buffer of single bytes or a sequence of integers."""
    view = buffer(value)
    if view is not None and holds_bytes(view):
        return view.tobytes()
    return bytes(integers(sequence(value)))


def holds_bytes(view: memoryview[Any]) -> bool:
    """Whether a buffer's items are bytes as they are, and not signed numbers or truth values of that size."""
    return view.itemsize == 1 and view.format[-1:] in ("B", "c")


def digits(value: object) -> bytes:
    """The hex digits of what `blob` takes."""
    if isinstance(value, bytes | bytearray):
        return binascii.hexlify(memoryview(value))
    return binascii.hexlify(blob(value))


def sequence(value: Any) -> list[Any]:
    """A fresh list from a sequence other than text and raw bytes, or from a flat buffer of numbers."""
    if issubclass(type(value), str | bytes | bytearray):
        raise Rejected
    if issubclass(type(value), Sequence) and type(value) is not memoryview:
        return [element for element in value]  # noqa: C416  (a list would ask for the length, which may lie)
    view = buffer(value)
    if view is None or view.ndim != 1:
        raise Rejected
    try:
        return view.tolist()
    except NotImplementedError:  # its items are no numbers
        raise Rejected from None


def items(value: Any) -> list[tuple[Any, Any]]:
    """The entries of a mapping."""
    if not issubclass(type(value), Mapping):
        raise Rejected
    mapping: Any = value
    if type(value) is dict:
        return [*mapping.items()]  # in one step: no other thread can change it meanwhile
    entries: list[Any] = [entry for entry in value.items()]  # noqa: C416  (a list would ask for the length)
    return cast("list[tuple[Any, Any]]", tuples(entries, 2))


def elements(value: Any) -> tuple[Any, ...]:
    """A plain tuple from a tuple of another class."""
    if not issubclass(type(value), tuple):
        raise Rejected
    return tuple([element for element in value])  # noqa: C416  (a tuple would ask for the length, which may lie)


_MOST_LOOKS = 64
"""How often `whole` looks at a value on its own before it looks at all of them."""


def _all(cls: type[Any], values: list[Any]) -> bool:
    """Whether every value is exactly of this class."""
    return operator.countOf(map(type, values), cls) == len(values)


def buffer(value: object) -> memoryview[Any] | None:
    """A view of a value's memory; None if it is no buffer.

    Raises:
        ValueError, BufferError: it is one that was released, or that does not give its memory now.
    """
    try:
        return memoryview(cast("Any", value))
    except TypeError:
        return None


# ---- columns: many values at once. Each returns data to keep, the sizes and the offsets of the parts in it.


def strings(values: list[Any]) -> tuple[bytes, array[int], array[int]]:
    """One arena of UTF-8 for many strings."""
    if not _all(str, values):
        values = [text(value) for value in values]
    joined = "".join(values)
    data = joined.encode()
    if len(data) == len(joined):
        sizes = array("Q", [*map(len, values)])
    else:
        sizes = array("Q", [len(value.encode()) for value in values])
    return data, sizes, _offsets(sizes, len(data))


def blobs(values: list[Any]) -> tuple[bytes, array[int], array[int]]:
    """One arena for many `list<u8>`."""
    parts = values if _all(bytes, values) else [*map(blob, values)]
    data = b"".join(parts)
    sizes = array("Q", [*map(len, parts)])
    return data, sizes, _offsets(sizes, len(data))


def all_digits(values: list[Any]) -> tuple[bytes, array[int], array[int]]:
    """One arena of the hex digits of many `list<u8>`."""
    parts = values if _all(bytes, values) else [*map(blob, values)]
    data = binascii.hexlify(b"".join(parts))
    sizes = array("Q", [2 * len(part) for part in parts])
    return data, sizes, _offsets(sizes, len(data))


def packed(code: str, value: Any) -> array[Any] | memoryview[Any]:
    """A list of numbers as one buffer of this type."""
    values = numbers(code, value)
    if code == "f":
        return singles(values)
    return array("d", reals(values)) if code == "d" else whole(code, values)


def number_digits(code: str, value: Any) -> bytes:
    """The hex digits of a list of numbers of this type."""
    return binascii.hexlify(packed(code, value))


def all_number_digits(code: str, values: list[Any]) -> tuple[bytes, array[int], array[int]]:
    """One arena of the hex digits of many lists of numbers."""
    parts = [packed(code, value) for value in values]
    data = binascii.hexlify(b"".join(parts))
    sizes = array("Q", [2 * part.itemsize * len(part) for part in parts])
    return data, sizes, _offsets(sizes, len(data))


def spread(values: list[Any]) -> tuple[list[Any], array[int], array[int]]:
    """All elements of many lists in one."""
    parts: list[list[Any]] = [value[:] if type(value) is list else sequence(value) for value in values]
    flat = [*chain.from_iterable(parts)]
    sizes = array("Q", [*map(len, parts)])
    return flat, sizes, _offsets(sizes, len(flat))


def spread_items(values: list[Any]) -> tuple[list[tuple[Any, Any]], array[int], array[int]]:
    """All entries of many mappings in one list."""
    parts = [*map(items, values)]
    flat = [*chain.from_iterable(parts)]
    sizes = array("Q", [*map(len, parts)])
    return flat, sizes, _offsets(sizes, len(flat))


def text(value: object) -> str:
    """A `str` from a string of another class."""
    if not issubclass(type(value), str):
        raise Rejected
    # A class below `str` may lie about its length; what it holds cannot.
    return str.encode(cast("str", value)).decode()


def _offsets(sizes: array[int], total: int) -> array[int]:
    offsets = array("Q", [*accumulate(sizes, initial=0)])
    if offsets.pop() != total:
        raise Rejected
    return offsets


def words(parts: list[bytes]) -> array[int]:
    """Packed parts as 64-bit words."""
    out = array("Q")
    out.frombytes(b"".join(parts))
    return out


def instances(values: list[Any], cls: type[Any]) -> None:
    """Check that every value is of the class, or of one below it."""
    if not _all(cls, values) and not all(isinstance(value, cls) for value in values):
        raise Rejected


class FlagCells(dict[int, tuple[bytes, bytes]]):
    """The `{count, names}` of flag values, with the names they point to; built when first seen, bounded."""

    def __init__(self, adapter: Abi, names: Mapping[int, bytes]) -> None:
        super().__init__()
        self.adapter = adapter
        self.names = names  # bit to `{size, data}` of its name
        self.known = sum(names)

    def __missing__(self, value: int) -> tuple[bytes, bytes]:
        # Only integers, because others could be found later in the place of one.
        if type(value) is not int or value & ~self.known:
            raise Rejected
        names = b"".join([name for bit, name in self.names.items() if bit & value])
        entry = struct.pack("<QQ", len(names) // 16, self.adapter.address(names)), names
        if len(self) >= 1024:
            self.clear()  # callers hold the entries that they use
        self[value] = entry
        return entry


def lift_flags(memory: Any, cls: type[Any], bits: Mapping[bytes, int], count: int, address: int) -> Any:
    """The flags whose names stand at `address`."""
    names = struct.iter_unpack("<QQ", memory[address : address + 16 * count])
    return cls(sum([bits[memory[at : at + size]] for size, at in names]))


def only(classes: list[type[Any]], known: frozenset[int]) -> None:
    """Check that there are no classes but those with these ids; comparing them would ask their metaclass."""
    if not known.issuperset(map(id, classes)):
        raise Rejected


def error_class(cls: type[Any], raised: type[Any]) -> type[Any]:
    """The class by which a result's error case is known, for any kind of `Err`."""
    if not issubclass(cls, Err):
        raise Rejected
    return raised


def numbers(code: str, value: Any) -> list[Any] | array[Any]:
    """A fresh list from a sequence, or an array from one of this type: its numbers need no look at each."""
    if type(value) is list:
        return value[:]  # pyright: ignore[reportUnknownVariableType]  # of what, the type does not say
    if type(value) is array and value.typecode == code:
        return value[:]  # pyright: ignore[reportUnknownVariableType]  # of which element, the type does not say
    return sequence(value)


def whole(code: str, values: list[Any] | array[Any]) -> array[int]:
    """The values as integers of a type; out of its range raises, and so does `bool`.

    The array takes everything that is an integer or says that it stands for one, and rightly so, but for `bool`. Only
    where the array has 0 or 1 can there have been one.
    """
    if not isinstance(values, list):
        return values
    made = array(code, values)
    raw, width = made.tobytes(), made.itemsize
    looks = 0
    for truth in (0, 1):
        pattern = truth.to_bytes(width, sys.byteorder)
        at = raw.find(pattern)
        while at >= 0:
            if looks == _MOST_LOOKS:
                if bool in {*map(type, values)}:
                    raise Rejected
                return made
            looks += 1
            if at % width == 0 and type(values[at // width]) is bool:
                raise Rejected
            at = raw.find(pattern, at + 1)
    return made


def singles(values: list[Any] | array[Any]) -> memoryview[float]:
    """The values in single precision; out of its range raises."""
    if not isinstance(values, list):
        return memoryview(values)
    exact = reals(values)
    return memoryview(struct.pack(f"<{len(exact)}f", *exact)).cast("f")


def tuples(values: list[Any], length: int) -> list[tuple[Any, ...]]:
    """The values as plain tuples of this length."""
    plain = values if _all(tuple, values) else [*map(elements, values)]
    if operator.countOf(map(len, plain), length) != len(plain):
        raise Rejected
    return plain


def empties(values: list[Any]) -> None:
    """Check that cases without payload carry None."""
    if operator.countOf(values, None) != len(values):
        raise Rejected


def raised(error: Err[Any]) -> Err[Any]:
    """Mark an error case that a component's call raises: passing through a host import, it is not that import's answer."""
    error.__dict__[ESCAPED] = True
    return error


def array_of(code: str, data: bytes) -> array[Any]:
    """An array of the numbers that lie in `data`."""
    made: array[Any] = array(code)
    made.frombytes(data)
    return made


# ---- calls


def is_answer(error: BaseException) -> bool:
    """Whether this is an error case that the host's own code raised, rather than a call into a component."""
    return issubclass(type(error), Err) and ESCAPED not in error.__dict__


def fail(store: Store, error: int, where: str) -> NoReturn:
    """Raise what the engine's error means; the instance is dead afterwards."""
    from ..running.failures import failure

    raise failure(store, error, where)
