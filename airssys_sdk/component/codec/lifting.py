"""Emitting the lifting of values: unpack what lies together in memory, then build the Python value from it.

The types were compared with the component's when the function was bound, so kinds are not looked at again.
"""

from __future__ import annotations

import binascii
import struct
from collections.abc import Callable, Sequence

from ...wit.annotations import Scalar
from ...wit.shapes import (
    BytesShape,
    EnumShape,
    FlagsShape,
    HandleShape,
    ListShape,
    MapShape,
    OptionShape,
    RecordShape,
    ResultShape,
    ScalarShape,
    Shape,
    TupleShape,
    VariantShape,
)
from ...wit.values import Ok, Some
from ..engine.abi import CELL, PAYLOAD, VECTOR, Abi
from ..engine.foreign import COMPILED
from ..signatures.hexed import HexListShape, HexShape
from . import runtime
from .layout import NUMBERS, STRING_SHAPE, code_of, flat_code
from .source import Source

DEEP = 12
"""Loops beyond this depth are emitted as functions of their own: Python limits how deep loops may nest."""


class Lifting:
    """Emits the lifting of values into a source.

    Args:
        source: where to.
        adapter: the engine's layout.
        store: the name of the instance's store in the source, for resources; by default `store` behind the prefix.
        arrays: whether lists of numbers become `array.array` objects.
    """

    def __init__(
        self, source: Source, adapter: Abi, store: str | None = None, *, arrays: bool = False
    ) -> None:
        self.source = source
        self.store = store or f"{source.prefix}store"
        self.adapter = adapter
        self._arrays = arrays
        self._loops = 0
        self.memory = f"{source.prefix}MEMORY"
        source.globals[self.memory] = adapter.memory

    def unpack(self, parts: Sequence[tuple[int, Shape]], place: str) -> list[tuple[Shape, list[str]]]:
        """Unpack cells that lie side by side at `place`, each after so many bytes to skip.

        `place` is a buffer and, where it does not begin there, an offset. Returns what `value` takes.
        """
        if not parts:
            return []
        layout, names, out = "", list[str](), list[tuple[Shape, list[str]]]()
        for skip, shape in parts:
            payload, locals_ = self._payload(shape)
            layout += f"{skip + 8}x{payload}"
            names += locals_
            out.append((shape, locals_))
        self.source.line(f"{', '.join(names)}, = {self.source.unpacker(layout)}({place})")
        return out

    def at(self, shape: Shape, address: str) -> str:
        """Lift the one value whose cell is at `address`: statements as needed, then the expression of the value."""
        ((_, words),) = self.unpack([(0, shape)], f"{self.memory}, {address}")
        return self.value(shape, words)

    def flat(self, shape: ScalarShape, word: str) -> str:
        """The expression of the one flat value whose cell is at the address `word * 8`; cheaper than `at`."""
        payloads = self.adapter.payloads[flat_code(shape.scalar)]
        return self.value(shape, [f"{self.source.constant(payloads, 'payloads')}[{word}]"])

    def value(self, shape: Shape, words: list[str]) -> str:
        """Build the value from the unpacked words of its payload: statements as needed, then its expression."""
        source, first, last = self.source, words[0], words[-1]
        match shape:
            case ScalarShape(Scalar.CHAR):
                return f"{source.use(chr)}({first})"
            case ScalarShape(Scalar.STRING):
                if COMPILED is not None:
                    return f"{source.use(COMPILED.text, 'text')}({last}, {first})"
                return f"{self.memory}[{last}:{last} + {first}].decode()"
            case ScalarShape():
                return first
            case HexShape():
                return self._digits(first, last)
            case HexListShape():
                made = f"{source.use(runtime.array_of)}({code_of(shape)!r}, {self._digits(first, last)})"
                return made if self._arrays else f"{made}.tolist()"
            case BytesShape():
                return f"{self.memory}[{last}:{last} + {CELL} * {first}][8::{CELL}]"
            case ListShape():
                return self._list(shape, first, last)
            case MapShape():
                return self._map(shape, first, last)
            case RecordShape():
                parts = [(VECTOR, field.shape) for field in shape.fields]
                members = [self.value(*part) for part in self.unpack(parts, f"{self.memory}, {last}")]
                return f"{source.constant(shape.cls, 'cls')}({', '.join(members)})"
            case TupleShape():
                parts = [(0, element) for element in shape.elements]
                members = [self.value(*part) for part in self.unpack(parts, f"{self.memory}, {last}")]
                return f"({', '.join(members)}{',' * (len(members) == 1)})"
            case OptionShape():
                return self._option(shape, last)
            case EnumShape():
                table = {member.name.encode(): member.member for member in shape.members}
                return f"{source.constant(table, 'enum')}[{self.memory}[{last}:{last} + {first}]]"
            case FlagsShape():
                bits = source.constant(
                    {member.name.encode(): member.member.value for member in shape.members}, "bits"
                )
                cls = source.constant(shape.cls, "cls")
                return f"{source.use(runtime.lift_flags)}({self.memory}, {cls}, {bits}, {first}, {last})"
            case VariantShape():
                name = source.local("name")
                source.line(f"{name} = {self.memory}[{words[1]}:{words[1]} + {first}]")
                return self._cases(
                    [
                        (f"{name} == {source.constant(c.name.encode())}", c.cls, c.payload)
                        for c in shape.cases
                    ],
                    last,
                    empty="",
                )
            case ResultShape():
                cases = [(first, Ok, shape.ok), (f"not {first}", shape.raised, shape.err)]
                return self._cases(cases, last, empty="None")
            case HandleShape():
                read = "look_up" if shape.borrowed else "receive"
                more = "" if shape.borrowed else f", {source.constant(shape.cls, 'cls')}"
                return f"{self.store}.handles.{read}({self.store}, {first}{more})"

    def _payload(self, shape: Shape) -> tuple[str, list[str]]:
        """Struct format of a payload's 24 bytes, and fresh locals for it."""
        local = self.source.local
        match shape:
            case ScalarShape() if shape.scalar is not Scalar.STRING:
                code = flat_code(shape.scalar)
                return f"{code}{24 - struct.calcsize('<' + code)}x", [local("x")]
            case RecordShape() | TupleShape():
                return "8xQ8x", [local("at")]
            case OptionShape() | HandleShape():
                return "Q16x", [local("at")]
            case VariantShape():
                return "QQQ", [local("size"), local("at"), local("at")]
            case ResultShape():
                return "?7xQ8x", [local("ok"), local("at")]
            case _:
                return "QQ8x", [local("size"), local("at")]

    def _digits(self, count: str, address: str) -> str:
        """The bytes that hex digits write."""
        source = self.source
        # A view, so that the digits are not copied first.
        source.globals[f"{source.prefix}VIEWB"] = self.adapter.views["B"]
        return f"{source.use(binascii.unhexlify)}({source.prefix}VIEWB[{address}:{address} + {count}])"

    def _list(self, shape: ListShape, count: str, address: str) -> str:
        source, element = self.source, shape.element
        if isinstance(element, ScalarShape) and (element.scalar in NUMBERS or element.scalar is Scalar.BOOL):
            code = flat_code(element.scalar)
            size = struct.calcsize("<" + code)
            step = CELL // size
            view = f"{source.prefix}VIEW{'_bool' if code == '?' else code}"
            source.globals[view] = self.adapter.views[code]
            begin = f"{address} // {size}" if size > 1 else address
            lane = f"{view}[{begin} + {8 // size}:{begin} + {step} * {count}:{step}]"
            if self._arrays and element.scalar is not Scalar.BOOL:
                make = source.use(runtime.array_of)
                return f"{make}({code!r}, {lane}.tobytes() if {count} else b'')"
            return f"{lane}.tolist() if {count} else []"
        if element == STRING_SHAPE and COMPILED is not None:
            return f"{source.use(COMPILED.texts, 'texts')}({address} + {PAYLOAD}, {count}, {CELL})"
        return self._loop([element], count, address, lambda values: values[0])

    def _map(self, shape: MapShape, count: str, address: str) -> str:
        pairs = self._loop([shape.key, shape.value], count, address, lambda pair: f"({', '.join(pair)})")
        return f"{self.source.use(dict)}({pairs})"

    def _loop(
        self,
        shapes: Sequence[Shape],
        count: str,
        address: str,
        build: Callable[[list[str]], str],
    ) -> str:
        """Lift every element of a block whose elements are cells of these shapes; the expression of the list."""
        source = self.source
        if self._loops == DEEP:
            return self._apart(shapes, count, address, build)
        shaped = [(shape, *self._payload(shape)) for shape in shapes]
        layout = "".join(f"8x{payload}" for _, payload, _ in shaped)
        targets = "".join(f"{name}, " for _, _, names in shaped for name in names)
        self._loops += 1
        with source.aside() as body:
            expression = build([self.value(shape, names) for shape, _, names in shaped])
        self._loops -= 1
        iterate = source.constant(struct.Struct("<" + layout).iter_unpack, "each")
        cells = f"{iterate}({self.memory}[{address}:{address} + {CELL * len(shapes)} * {count}])"
        if not body:
            return f"[{expression} for {targets}in {cells}]"
        values, append = source.local("values"), source.local("append")
        source.line(f"{values} = []; {append} = {values}.append")
        source.line(f"for {targets}in {cells}:")
        source.splice([*body, f"{'    ' * source.depth}{append}({expression})"], deeper=1)
        return values

    def _apart(
        self, shapes: Sequence[Shape], count: str, address: str, build: Callable[[list[str]], str]
    ) -> str:
        source = self.source
        function, at, size = source.local("lift"), source.local("at"), source.local("size")
        outer, self._loops = self._loops, 0
        with source.block(f"def {function}({size}, {at}):"):
            source.line(f"return {self._loop(shapes, size, at, build)}")
        self._loops = outer
        return f"{function}({count}, {address})"

    def _option(self, shape: OptionShape, address: str) -> str:
        source = self.source
        value = source.local("value")
        with source.block(f"if {address}:"):
            inner = self.at(shape.payload, address)
            if shape.wrapped:
                inner = f"{source.constant(Some, 'cls')}({inner})"
            source.line(f"{value} = {inner}")
        source.line(f"else: {value} = None")
        return value

    def _cases(
        self, cases: Sequence[tuple[str, type[object], Shape | None]], address: str, empty: str
    ) -> str:
        """Build the value of the case whose test holds; `empty` is the argument of a case without payload."""
        source = self.source
        value, word = source.local("value"), "if"
        for test, cls, payload in cases:
            with source.block(f"{word} {test}:"):
                inner = empty if payload is None else self.at(payload, address)
                source.line(f"{value} = {source.constant(cls, 'cls')}({inner})")
            word = "elif"
        source.line(f"else: {source.use(runtime.reject)}()")
        return value
