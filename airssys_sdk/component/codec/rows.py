"""Emitting the lowering of single values: one `struct.pack` for what lies together in memory.

`Rows.cells` returns a struct format and the argument expressions for one pack; statements that must run before it (an
encoded string, the packed fields of a record) are written on the way. What they make stays alive in locals of the emitted
function, because the cells hold its address.
"""

from __future__ import annotations

import binascii
import struct
from collections.abc import Sequence
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
    RecordShape,
    ResultShape,
    ScalarShape,
    Shape,
    TupleShape,
    VariantShape,
)
from ...wit.values import Ok, Some
from ..engine.abi import Abi
from ..engine.foreign import COMPILED
from ..signatures.hexed import HexListShape, HexShape
from . import runtime
from .layout import FLOATS, NUMBERS, STRING_SHAPE, U8_SHAPE, code_of, head, is_flat
from .source import Source

if TYPE_CHECKING:
    from .columns import Columns

FEW = 10
"""Up to this many elements, one row each is cheaper than columns."""

DEEP = 8
"""Lists inside lists beyond this depth are always lowered as columns: Python limits how deep loops may nest."""


class Rows:
    """Emits the lowering of single values into a source.

    Attributes:
        columns: emits the lowering of long lists.
        kept: the locals of all objects whose addresses stand in what was written.
    """

    columns: Columns

    def __init__(self, source: Source, adapter: Abi) -> None:
        self.source = source
        self.adapter = adapter
        self.kept: list[str] = []
        self._loops = 0
        use = source.use
        self._type = use(type)
        self._len = use(len)
        self._id = use(id)
        self._encode = use(str.encode, "encode")
        self._reject = use(runtime.reject)
        source.globals[f"{source.prefix}BYTES"] = adapter.bytes_offset

    # ---- what the other emitters use

    def cells(self, parts: Sequence[tuple[bytes, Shape, str]]) -> tuple[str, list[str]]:
        """One struct format and its arguments for several values, each with constant bytes before its cell."""
        layout, arguments = "", list[str]()
        for before, shape, expression in parts:
            inner, values = self.payload(shape, expression)
            constant = before + head(shape)
            layout += f"{len(constant)}s{inner}"
            arguments += [self.source.constant(constant, "head"), *values]
        return layout, arguments

    def name(self, text: str) -> bytes:
        """`{size, data}` of a name that lives as long as the codec."""
        return self.adapter.vector(self.source.keep(text.encode()))

    def held(self, stem: str) -> str:
        """A fresh local for an object whose address stands in a cell."""
        self.kept.append(self.source.local(stem))
        return self.kept[-1]

    def address(self, local: str) -> str:
        """The expression of the address of the `bytes` in a local."""
        return f"{self._id}({local}) + {self.source.prefix}BYTES"

    def cases(self, shape: VariantShape | ResultShape) -> list[tuple[type[Any], bytes, Shape | None]]:
        """Class, constant discriminant and payload of each case."""
        if isinstance(shape, VariantShape):
            return [(case.cls, self.name(case.name), case.payload) for case in shape.cases]
        return [(Ok, struct.pack("<Q", 1), shape.ok), (shape.raised, struct.pack("<Q", 0), shape.err)]

    def flag_cells(self, shape: FlagsShape) -> str:
        """The global name of the table from a flag value to its cell."""
        names = {member.member.value: self.name(member.name) for member in shape.members}
        return self.source.constant(runtime.FlagCells(self.adapter, names), "flags")

    def enum_names(self, shape: EnumShape) -> str:
        """The global name of the table from a member's id to its name; hashing the member would run Python code."""
        return self.source.constant(
            {id(member.member): self.name(member.name) for member in shape.members}, "enum"
        )

    def handle(self, shape: HandleShape, value: str) -> str:
        """The expression that gives a resource to the component, and is the address of its box. Once for each value."""
        give = "borrow" if shape.borrowed else "own"
        return f"{self.source.prefix}lent.{give}({value}, {self.source.constant(shape.cls, 'cls')})"

    # ---- one payload

    def payload(self, shape: Shape, expression: str) -> tuple[str, list[str]]:
        """Struct format and arguments of what follows the head of one value's cell."""
        value = expression if expression.isidentifier() else self._local(expression)
        match shape:
            case ScalarShape():
                return self._scalar(shape.scalar, value)
            case HexShape():
                return self._digits(value)
            case HexListShape():
                digits = self.held("digits")
                source = self.source
                source.line(f"{digits} = {source.use(runtime.number_digits)}({code_of(shape)!r}, {value})")
                return "QQ8x", [f"{self._len}({digits})", self.address(digits)]
            case BytesShape():
                return self._bytes(value)
            case ListShape():
                return self._list(shape, value)
            case MapShape():
                return self._map(shape, value)
            case RecordShape():
                return self._record(shape, value)
            case TupleShape():
                return self._tuple(shape, value)
            case OptionShape():
                return self._option(shape, value)
            case EnumShape():
                return "16s8x", [f"{self.enum_names(shape)}[{self._id}({value})]"]
            case FlagsShape():
                return self._flags(shape, value)
            case VariantShape():
                return self._variant(shape, value, "16sQ")
            case ResultShape():
                return self._variant(shape, value, "8sQ8x")
            case HandleShape():
                return "Q16x", [self.handle(shape, value)]

    def _local(self, expression: str) -> str:
        local = self.source.local("v")
        self.source.line(f"{local} = {expression}")
        return local

    def _scalar(self, scalar: Scalar, value: str) -> tuple[str, list[str]]:
        source = self.source
        if scalar in NUMBERS:
            _, code = NUMBERS[scalar]
            exact, convert = (float, runtime.real) if scalar in FLOATS else (int, runtime.integer)
            plain, other = source.use(exact), source.use(convert)
            padding = 24 - struct.calcsize("<" + code)
            return f"{code}{padding}x", [f"{value} if {self._type}({value}) is {plain} else {other}({value})"]
        if scalar is Scalar.BOOL:
            return "B23x", [f"{value} is True or {value} is not False and {self._reject}()"]
        if scalar is Scalar.CHAR:
            point = source.local("point")
            other, plain, text = source.use(runtime.character), source.use(ord), source.use(str)
            source.line(
                f"{point} = {plain}({value}) if {self._type}({value}) is {text} else {other}({value})"
            )
            source.line(f"if 0xD800 <= {point} <= 0xDFFF: {self._reject}()")
            return "I20x", [point]
        data = self.held("utf8")
        source.line(f"{data} = {self._encode}({value})")
        return "QQ8x", [f"{self._len}({data})", self.address(data)]

    def _bytes(self, value: str) -> tuple[str, list[str]]:
        source = self.source
        data, count = source.local("data"), source.local("count")
        exact, convert, view = source.use(bytes), source.use(runtime.blob), source.use(memoryview)
        source.line(f"{data} = {value} if {self._type}({value}) is {exact} else {convert}({value})")
        source.line(f"{count} = {self._len}({data})")
        block, address = self.columns.block([(b"", U8_SHAPE)], count)
        source.line(f"{view}({block}).cast('B')[8::32] = {data}")
        return "QQ8x", [count, address]

    def _digits(self, value: str) -> tuple[str, list[str]]:
        source = self.source
        digits = self.held("digits")
        exact, plain, other = source.use(bytes), source.use(binascii.hexlify), source.use(runtime.digits)
        source.line(f"{digits} = {plain}({value}) if {self._type}({value}) is {exact} else {other}({value})")
        return "QQ8x", [f"{self._len}({digits})", self.address(digits)]

    def check_record(self, shape: RecordShape, value: str) -> None:
        """Write the test that a local holds a record of this shape."""
        cls, isinstance_ = self.source.constant(shape.cls, "cls"), self.source.use(isinstance)
        self.source.line(
            f"if {self._type}({value}) is not {cls} and not {isinstance_}({value}, {cls}): {self._reject}()"
        )

    def _record(self, shape: RecordShape, value: str) -> tuple[str, list[str]]:
        self.check_record(shape, value)
        parts = [(self.name(f.name), f.shape, f"{value}.{f.attribute}") for f in shape.fields]
        return "Q8x", [self.outline(parts)]

    def elements(self, shape: TupleShape, value: str) -> list[str]:
        """Write the unpacking of a tuple into fresh locals."""
        source = self.source
        exact, convert = source.use(tuple), source.use(runtime.elements)
        plain = self._local(f"{value} if {self._type}({value}) is {exact} else {convert}({value})")
        if not shape.elements:
            source.line(f"if {plain}: {self._reject}()")
            return []
        locals_ = [source.local("v") for _ in shape.elements]
        source.line(f"{', '.join(locals_)}, = {plain}")
        return locals_

    def _tuple(self, shape: TupleShape, value: str) -> tuple[str, list[str]]:
        locals_ = self.elements(shape, value)
        parts = [(b"", element, local) for element, local in zip(shape.elements, locals_, strict=True)]
        return "Q8x", [self.outline(parts) if parts else "0"]

    def _option(self, shape: OptionShape, value: str) -> tuple[str, list[str]]:
        source = self.source
        address = source.local("at")
        source.line(f"if {value} is None: {address} = 0")
        with source.block("else:"):
            inner = value
            if shape.wrapped:
                some, isinstance_ = source.constant(Some, "cls"), source.use(isinstance)
                source.line(
                    f"if {self._type}({value}) is not {some} and not {isinstance_}({value}, {some}): {self._reject}()"
                )
                inner = f"{value}.value"
            source.line(f"{address} = {self.outline([(b'', shape.payload, inner)])}")
        return "Q16x", [address]

    def _flags(self, shape: FlagsShape, value: str) -> tuple[str, list[str]]:
        source = self.source
        cls, entry = source.constant(shape.cls, "cls"), self.held("flags")
        source.line(f"if {self._type}({value}) is not {cls}: {self._reject}()")
        source.line(f"{entry} = {self.flag_cells(shape)}[{value}._value_]")
        return "16s8x", [f"{entry}[0]"]

    def _variant(self, shape: VariantShape | ResultShape, value: str, layout: str) -> tuple[str, list[str]]:
        source = self.source
        discriminant, address, cls = source.local("case"), source.local("at"), source.local("cls")
        source.line(f"{cls} = {self._type}({value})")
        if isinstance(shape, ResultShape):
            # Errors come as whatever subclass of Err the user raised or was given.
            raised, below = source.constant(shape.raised, "cls"), source.use(runtime.error_class)
            source.line(
                f"if {cls} is not {source.constant(Ok, 'cls')} and {cls} is not {raised}: {cls} = {below}({cls}, {raised})"
            )
        word = "if"
        for case, constant, payload in self.cases(shape):
            with source.block(f"{word} {cls} is {source.constant(case, 'cls')}:"):
                at = "0"
                if payload is not None:
                    at = self.outline([(b"", payload, f"{value}.value")])
                elif isinstance(shape, ResultShape):
                    source.line(f"if {value}.value is not None: {self._reject}()")
                source.line(f"{discriminant} = {source.constant(constant, 'case')}; {address} = {at}")
            word = "elif"
        source.line(f"else: {self._reject}()")
        return layout, [discriminant, address]

    def outline(self, parts: Sequence[tuple[bytes, Shape, str]]) -> str:
        """Pack values into their own bytes, and return the expression of their address."""
        layout, arguments = self.cells(parts)
        packed = self.held("cells")
        self.source.line(f"{packed} = {self.source.packer(layout)}({', '.join(arguments)})")
        return self.address(packed)

    # ---- lists

    def _list(self, shape: ListShape, value: str) -> tuple[str, list[str]]:
        source = self.source
        number = NUMBERS.get(shape.element.scalar) if isinstance(shape.element, ScalarShape) else None
        read = (
            f"{source.use(runtime.numbers)}('{number[1]}', {value})"
            if number
            else f"{source.use(runtime.sequence)}({value})"
        )
        values = self._local(
            # A copy of our own: it is read more than once, and its elements' methods may run in between.
            f"{value}[:] if {self._type}({value}) is {source.use(list)} else {read}"
        )
        return self._block(
            shape.element,
            values,
            few=0 if is_flat(shape.element) or (COMPILED and shape.element == STRING_SHAPE) else FEW,
        )

    def _map(self, shape: MapShape, value: str) -> tuple[str, list[str]]:
        source = self.source
        pairs = self._local(f"{source.use(runtime.items)}({value})")
        count, address = source.local("count"), source.local("at")
        source.line(f"{count} = {self._len}({pairs}); {address} = 0")
        with source.block(f"if {count}:"):
            source.line(f"{address} = {self.columns.entries(shape, pairs, count)}")
        return "QQ8x", [count, address]

    def _block(self, element: Shape, values: str, few: int) -> tuple[str, list[str]]:
        """Lower all `values` into a block: as rows up to `few`, else as columns."""
        source = self.source
        count, address = source.local("count"), source.local("at")
        if self._loops >= DEEP:
            few = 0
        source.line(f"{count} = {self._len}({values})")
        with source.block(f"if {count} > {few}:"):
            source.line(f"{address} = {self.columns.elements(element, values, count)}")
        if few:
            with source.block(f"elif {count}:"):
                self._loop(element, values, address)
        source.line(f"else: {address} = 0")
        return "QQ8x", [count, address]

    def _loop(self, element: Shape, values: str, address: str) -> None:
        source = self.source
        outer, self.kept = self.kept, []
        self._loops += 1
        value, rows, alive = source.local("v"), source.local("rows"), source.local("alive")
        with source.aside() as body:
            layout, arguments = self.cells([(b"", element, value)])
            source.line(f"{rows}.append({source.packer(layout)}({', '.join(arguments)}))")
            if self.kept:
                source.line(f"{alive}.append(({', '.join(self.kept)},))")
        self._loops -= 1
        inner, self.kept = self.kept, [*outer, alive]
        packed = self.held("cells")
        # A row that makes fewer objects than the one before would otherwise name a local that was never bound.
        source.line("; ".join([f"{rows} = []; {alive} = []", *(f"{name} = None" for name in inner)]))
        source.line(f"for {value} in {values}:")
        source.splice(body, deeper=1)
        source.line(f"{packed} = b''.join({rows})")
        source.line(f"{address} = {self.address(packed)}")
