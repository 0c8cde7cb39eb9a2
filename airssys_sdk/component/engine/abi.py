"""The one adapter to the engine's C layout: where values lie in memory, and the foreign functions that take them.

Everything above works with what `abi()` returns and knows neither addresses of functions nor struct sizes. The layout
belongs to one major version of the engine. It is checked once, when first used, in two steps: against the struct
definitions that the installed engine brings along, and then by a round trip of a value of every kind. What does not
match is `UnsupportedEngine`, and value types then go through the engine's public layer (`codec.fallback`).
"""

from __future__ import annotations

import ctypes
import functools
import struct
import sys
from collections.abc import Callable, Mapping
from typing import Any, Final

from ..errors import UnsupportedEngine
from .foreign import Foreign, foreign, pointer, size

ENGINE_MAJOR: Final = 50

BOOL: Final = 0
S8: Final = 1
U8: Final = 2
S16: Final = 3
U16: Final = 4
S32: Final = 5
U32: Final = 6
S64: Final = 7
U64: Final = 8
F32: Final = 9
F64: Final = 10
CHAR: Final = 11
STRING: Final = 12
LIST: Final = 13
RECORD: Final = 14
TUPLE: Final = 15
VARIANT: Final = 16
ENUM: Final = 17
OPTION: Final = 18
RESULT: Final = 19
FLAGS: Final = 20
RESOURCE: Final = 21
MAP: Final = 22

CELL: Final = 32
"""Bytes of one value: the kind in the first, the payload in the last 24."""
PAYLOAD: Final = 8
"""Where the payload begins in a cell."""
VECTOR: Final = 16
"""Bytes of `{size, data}`: strings, names, lists, records, tuples, flags, maps."""
ENTRY: Final = VECTOR + CELL
"""Bytes of a record's entry: the field's name, its value."""

_WORD: Final = 8
_VIEW_FORMATS: Final = ("?", "b", "B", "h", "H", "i", "I", "q", "Q", "f", "d")


class Abi:
    """What codecs need of the engine and of this Python.

    Attributes:
        memory: the whole address space; `memory[a:b]` are the bytes from address `a` to `b`, in one step.
        views: the address space as items of one struct format; index it with an address divided by the item's size.
        payloads: the payloads of cells as items of one struct format; index it with the address of the cell divided by 8.
            One look-up costs half of what `struct` does for one number.
        bytes_offset: `id(b) + bytes_offset` is the address of the first byte of the `bytes` object `b`.
        pointer: makes a ready parameter of an address.
        size: makes a ready parameter of an integer, at most 64 bits.
        call: `wasmtime_component_func_call(func, context, args, count, results, count)`, the address of an error or None.
        delete: `wasmtime_component_val_delete(value)`, frees what a value owns.
        clone: `wasmtime_component_val_clone(source, target)`, a deep copy in the engine's own memory.
        error_new: `wasmtime_error_new(message)`, the address of an error that the engine takes over.

    What the functions take is said in `foreign`.
    """

    __slots__ = (
        "bytes_offset",
        "call",
        "clone",
        "delete",
        "error_new",
        "memory",
        "payloads",
        "pointer",
        "size",
        "views",
    )

    def __init__(self) -> None:
        self.bytes_offset: int = bytes.__basicsize__ - 1
        self.memory: Any = (ctypes.c_char * (1 << 62)).from_address(0)
        flat = memoryview(self.memory).cast("B")
        self.views: Mapping[str, memoryview[Any]] = {code: flat.cast(code) for code in _VIEW_FORMATS}
        payload = memoryview((ctypes.c_char * (1 << 62)).from_address(PAYLOAD)).cast("B")
        self.payloads: Mapping[str, memoryview[Any]] = {
            code: payload.cast(code)[:: _WORD // struct.calcsize(code)] for code in _VIEW_FORMATS
        }
        self.pointer: Callable[[int | None], Any] = pointer
        self.size: Callable[[int], Any] = size
        self.call: Foreign = foreign("wasmtime_component_func_call", ctypes.c_void_p)
        self.delete: Foreign = foreign("wasmtime_component_val_delete", None)
        self.clone: Foreign = foreign("wasmtime_component_val_clone", None)
        self.error_new: Foreign = foreign("wasmtime_error_new", ctypes.c_void_p)

    def address(self, data: bytes) -> int:
        """The address of the first byte of `data`, valid as long as the object lives."""
        return id(data) + self.bytes_offset

    def fixed(self, data: bytearray) -> int:
        """The address of the first byte of `data`, valid until it is resized."""
        return ctypes.addressof((ctypes.c_char * len(data)).from_buffer(data))

    def vector(self, data: bytes, count: int | None = None) -> bytes:
        """`{size, data}` for the bytes or cells in `data`, valid as long as that object lives."""
        return struct.pack("<QQ", len(data) if count is None else count, self.address(data))


@functools.cache
def abi() -> Abi:
    """The adapter, checked.

    Raises:
        UnsupportedEngine: this Python or the installed engine is not the one whose layout is known here.
    """
    _check_python()
    _check_structs()
    # A large allocation that is never touched lifts glibc's thresholds for giving memory back; without it, calls
    # with megabytes of arguments fault on every page, every time.
    bytes(8 << 20)
    adapter = Abi()
    _check_round_trip(adapter)
    return adapter


def _check_python() -> None:
    if sys.implementation.name != "cpython":
        raise UnsupportedEngine(
            f"the fast calls know the memory of CPython, not of {sys.implementation.name}"
        )
    if sys.byteorder != "little" or struct.calcsize("P") != 8:
        raise UnsupportedEngine("the fast calls know 64-bit little-endian machines only")
    probe = b"where the bytes are"
    if ctypes.string_at(id(probe) + bytes.__basicsize__ - 1, len(probe)) != probe:
        raise UnsupportedEngine("this CPython keeps the content of bytes elsewhere")


_STRUCTS: Mapping[str, tuple[int, Mapping[str, int]]] = {
    "wasmtime_component_val_t": (CELL, {"kind": 0, "of": PAYLOAD}),
    "wasmtime_component_valrecord_entry_t": (ENTRY, {"name": 0, "val": VECTOR}),
    "wasmtime_component_valmap_entry_t": (2 * CELL, {"key": 0, "value": CELL}),
    "wasmtime_component_vallist_t": (VECTOR, {"size": 0, "data": 8}),
    "wasmtime_component_valrecord_t": (VECTOR, {"size": 0, "data": 8}),
    "wasmtime_component_valtuple_t": (VECTOR, {"size": 0, "data": 8}),
    "wasmtime_component_valflags_t": (VECTOR, {"size": 0, "data": 8}),
    "wasmtime_component_valmap_t": (VECTOR, {"size": 0, "data": 8}),
    "wasmtime_component_valvariant_t": (24, {"discriminant": 0, "val": VECTOR}),
    "wasmtime_component_valresult_t": (16, {"is_ok": 0, "val": 8}),
    "wasm_name_t": (VECTOR, {"size": 0, "data": 8}),
}
# MAP has no constant there; the round trip checks it.
_KINDS = (
    *("BOOL", "S8", "U8", "S16", "U16", "S32", "U32", "S64", "U64", "F32", "F64", "CHAR", "STRING"),
    *("LIST", "RECORD", "TUPLE", "VARIANT", "ENUM", "OPTION", "RESULT", "FLAGS", "RESOURCE"),
)


def _check_structs() -> None:
    import importlib.metadata

    from wasmtime import _ffi

    version = importlib.metadata.version("wasmtime")
    if version.partition(".")[0] != str(ENGINE_MAJOR):
        raise UnsupportedEngine(
            f"the fast calls know wasmtime {ENGINE_MAJOR}, installed is {version}",
            hint=f"install 'wasmtime>={ENGINE_MAJOR},<{ENGINE_MAJOR + 1}'",
        )
    for name, (length, fields) in _STRUCTS.items():
        definition = getattr(_ffi, name, None)
        if definition is None or ctypes.sizeof(definition) != length:
            raise UnsupportedEngine(f"wasmtime {version} lays out {name} in another way")
        for field, offset in fields.items():
            if getattr(getattr(definition, field, None), "offset", None) != offset:
                raise UnsupportedEngine(f"wasmtime {version} lays out {name}.{field} in another way")
    for kind, name in enumerate(_KINDS):
        constant = getattr(_ffi, f"WASMTIME_COMPONENT_{name}", None)
        if getattr(constant, "value", None) != kind:
            raise UnsupportedEngine(f"wasmtime {version} numbers the kind {name.lower()} in another way")


def _check_round_trip(adapter: Abi) -> None:
    """Let the engine copy a tuple of values of every kind, and read its copy."""
    keep: list[bytes] = []

    def vector(data: bytes, count: int | None = None) -> bytes:
        keep.append(data)
        return adapter.vector(data, count)

    def cell(kind: int, payload: bytes) -> bytes:
        return struct.pack("<Q24s", kind, payload)

    def at(data: bytes) -> bytes:
        keep.append(data)
        return struct.pack("<Q", adapter.address(data))

    letter = cell(CHAR, struct.pack("<I", 0x1F41D))
    cells = [
        *(cell(kind, struct.pack("<q", 77)) for kind in range(S8, F32)),
        cell(BOOL, b"\1"),
        cell(F32, struct.pack("<f", 0.5)),
        cell(F64, struct.pack("<d", 0.25)),
        letter,
        cell(STRING, vector(b"name")),
        cell(LIST, vector(letter * 2, 2)),
        cell(RECORD, vector(vector(b"field") + letter, 1)),
        cell(VARIANT, vector(b"case") + at(letter)),
        cell(ENUM, vector(b"case")),
        cell(OPTION, at(letter)),
        cell(RESULT, struct.pack("<Q", 1) + at(letter)),
        cell(FLAGS, vector(vector(b"one") + vector(b"two"), 2)),
        cell(MAP, vector(letter * 2, 1)),
    ]
    original = cell(TUPLE, vector(b"".join(cells), len(cells)))
    copy = bytes(CELL)
    adapter.clone(original, copy)
    try:
        if _text(adapter, copy) != _text(adapter, original):
            raise UnsupportedEngine("the engine does not read the value layout that is known here")
    finally:
        adapter.delete(copy)


def _text(adapter: Abi, cell: bytes) -> str:
    """What a cell says, without its addresses."""
    kind = cell[0]
    size, data, value = struct.unpack_from("<QQQ", cell, PAYLOAD)

    def inner(address: int, count: int = 1) -> str:
        step = range(address, address + CELL * count, CELL)
        return f"({' '.join(_text(adapter, adapter.memory[a : a + CELL]) for a in step)})"

    def name(size: int, data: int) -> str:
        return bytes(adapter.memory[data : data + size]).decode()

    text = f"{kind}:"
    if kind < STRING:
        width = {BOOL: 1, S8: 1, U8: 1, S16: 2, U16: 2, S64: 8, U64: 8, F64: 8}.get(kind, 4)
        return text + cell[PAYLOAD : PAYLOAD + width].hex()
    if kind in {STRING, ENUM}:
        return text + name(size, data)
    if kind in {LIST, TUPLE, MAP}:
        return text + inner(data, size * (2 if kind == MAP else 1))
    if kind == RECORD:
        return text + name(*struct.unpack("<QQ", adapter.memory[data : data + VECTOR])) + inner(data + VECTOR)
    if kind == VARIANT:
        return text + name(size, data) + inner(value)
    if kind == FLAGS:
        names = struct.iter_unpack("<QQ", adapter.memory[data : data + VECTOR * size])
        return text + ",".join(name(*entry) for entry in names)
    return text + (inner(size) if kind == OPTION else f"{cell[PAYLOAD]}{inner(data)}")
