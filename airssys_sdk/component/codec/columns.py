"""Emitting the lowering of many values at once: one block, and one strided write per field.

A block starts as a template (kinds, names, counts) repeated in one step. Then each scalar *lane*, the same word of every
element, is written from a column: a list with that field of all values. Lists, strings and options inside make further
blocks that hold the parts of all elements together.
"""

from __future__ import annotations

import dataclasses
import struct
from array import array
from collections.abc import Sequence
from itertools import repeat

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
from ..engine.abi import CELL
from ..engine.foreign import COMPILED
from ..signatures.hexed import HexListShape, HexShape
from . import runtime
from .layout import FLOATS, NUMBERS, U8_SHAPE, code_of, head
from .rows import Rows
from .source import Source

WORD = 8


@dataclasses.dataclass(frozen=True, slots=True)
class Lane:
    """Where one payload of each element lies in a block.

    Attributes:
        block: the local of the block, an array of 64-bit words.
        first: the word of the first element's payload.
        stride: words from one element to the next.
    """

    block: str
    first: int
    stride: int

    def word(self, number: int) -> str:
        """The expression of the payload's `number`-th word of all elements."""
        return f"{self.block}[{self.first + number}::{self.stride}]"


class Columns:
    """Emits the lowering of long lists into the source of `rows`."""

    def __init__(self, source: Source, rows: Rows) -> None:
        self.source = source
        self.rows = rows
        rows.columns = self
        self._array = source.use(array)
        self._len = source.use(len)
        self._type = source.use(type)

    def block(self, parts: Sequence[tuple[bytes, Shape]], count: str) -> tuple[str, str]:
        """Make a block of `count` elements of these parts; its local and the local of its address."""
        template = b"".join(before + head(shape).ljust(CELL, b"\0") for before, shape in parts)
        block, address = self.rows.held("block"), self.source.local("at")
        constant = self.source.constant(runtime.words([template]), "template")
        self.source.line(f"{block} = {constant} * {count}; {address} = {block}.buffer_info()[0]")
        return block, address

    def elements(self, shape: Shape, values: str, count: str) -> str:
        """Lower `values` (a local; more than none) into a block of one cell each; the local of its address."""
        block, address = self.block([(b"", shape)], count)
        self.fill(shape, values, count, Lane(block, 1, 4))
        return address

    def entries(self, shape: MapShape, pairs: str, count: str) -> str:
        """Lower `pairs` (a local; more than none) into a block of two cells each; the local of its address."""
        block, address = self.block([(b"", shape.key), (b"", shape.value)], count)
        for number, part in enumerate((shape.key, shape.value)):
            column = self._column(f"[x[{number}] for x in {pairs}]")
            self.fill(part, column, count, Lane(block, 4 * number + 1, 8))
        return address

    def fill(self, shape: Shape, values: str, count: str, lane: Lane) -> None:
        """Write the payloads of all `values`, a local with a list of our own that has `count` > 0 elements."""
        match shape:
            case ScalarShape(Scalar.STRING) | BytesShape() | ListShape() | MapShape():
                self._vectors(shape, values, lane)
            case ScalarShape():
                self._scalars(shape.scalar, values, lane)
            case RecordShape():
                self._records(shape, values, count, lane)
            case TupleShape():
                self._tuples(shape, values, count, lane)
            case OptionShape():
                self._options(shape, values, count, lane)
            case EnumShape():
                names = f"[{self.rows.enum_names(shape)}[{self.source.use(id)}(x)] for x in {values}]"
                self._pairs(names, lane)
            case FlagsShape():
                self._flags(shape, values, lane)
            case VariantShape() | ResultShape():
                self._variants(shape, values, lane)
            case HandleShape():
                boxes = f"[{self.rows.handle(shape, 'x')} for x in {values}]"
                self.source.line(f"{lane.word(0)} = {self._array}('Q', {boxes})")

    def _column(self, expression: str) -> str:
        local = self.source.local("column")
        self.source.line(f"{local} = {expression}")
        return local

    def _scalars(self, scalar: Scalar, values: str, lane: Lane) -> None:
        source = self.source
        if scalar is Scalar.BOOL:
            code = "B"
            reject = source.use(runtime.reject)
            data = f"{source.use(bytes)}([x is True or x is not False and {reject}() for x in {values}])"
        elif scalar is Scalar.CHAR:
            code = "I"
            data = f"{self._array}('I', {source.use(runtime.characters)}({values}))"
        elif scalar is Scalar.F32:
            code = "f"  # array('f') would turn 1e300 into infinity; struct raises
            data = f"{source.use(runtime.singles)}({values})"
        else:
            _, code = NUMBERS[scalar]
            data = (
                f"{self._array}('{code}', {source.use(runtime.reals)}({values}))"
                if scalar in FLOATS
                else f"{source.use(runtime.whole)}('{code}', {values})"
            )
        items = WORD // struct.calcsize("<" + code)
        view = source.use(memoryview)
        cast = (
            ""
            if items == 1 and code == "Q"
            else f".cast('B').cast('{code}')"
            if code != "B"
            else ".cast('B')"
        )
        source.line(f"{view}({lane.block}){cast}[{lane.first * items}::{lane.stride * items}] = {data}")

    def _pairs(self, packed: str, lane: Lane) -> None:
        """Write two words per element from a list of 16 packed bytes per element."""
        both = self._column(f"{self.source.use(runtime.words)}({packed})")
        self.source.line(f"{lane.word(0)} = {both}[::2]; {lane.word(1)} = {both}[1::2]")

    def _vectors(
        self, shape: ScalarShape | BytesShape | ListShape | MapShape, values: str, lane: Lane
    ) -> None:
        """Strings, bytes, lists and maps: the parts of all elements go into one arena or one block."""
        source = self.source
        data, sizes, at = self.rows.held("data"), source.local("sizes"), source.local("at")
        step = 1
        match shape:
            case ScalarShape() if COMPILED is not None:
                # The cells point to what the strings themselves hold; the list keeps them.
                place = f"{lane.block}.buffer_info()[0] + {lane.first * WORD}, {lane.stride * WORD}"
                source.line(
                    f"{data} = {values}; {source.use(COMPILED.put_texts, 'put_texts')}({place}, {data})"
                )
                return
            case ScalarShape():
                source.line(f"{data}, {sizes}, {at} = {source.use(runtime.strings)}({values})")
                base = self._column(self.rows.address(data))
            case HexShape():
                source.line(f"{data}, {sizes}, {at} = {source.use(runtime.all_digits)}({values})")
                base = self._column(self.rows.address(data))
            case HexListShape():
                digits = f"{source.use(runtime.all_number_digits)}({code_of(shape)!r}, {values})"
                source.line(f"{data}, {sizes}, {at} = {digits}")
                base = self._column(self.rows.address(data))
            case BytesShape():
                source.line(f"{data}, {sizes}, {at} = {source.use(runtime.blobs)}({values})")
                total = self._column(f"{self._len}({data})")
                block, base = self.block([(b"", U8_SHAPE)], total)
                source.line(f"{source.use(memoryview)}({block}).cast('B')[8::32] = {data}")
                step = CELL
            case ListShape() | MapShape():
                gather = runtime.spread if isinstance(shape, ListShape) else runtime.spread_items
                source.line(f"{data}, {sizes}, {at} = {source.use(gather)}({values})")
                total, base = self._column(f"{self._len}({data})"), self._column("0")
                with source.block(f"if {total}:"):
                    inner = (
                        self.elements(shape.element, data, total)
                        if isinstance(shape, ListShape)
                        else self.entries(shape, data, total)
                    )
                    source.line(f"{base} = {inner}")
                step = CELL if isinstance(shape, ListShape) else 2 * CELL
        offset = f"{base} + x" if step == 1 else f"{base} + {step} * x"
        source.line(
            f"{lane.word(0)} = {sizes}; {lane.word(1)} = {self._array}('Q', [{offset} for x in {at}])"
        )

    def _records(self, shape: RecordShape, values: str, count: str, lane: Lane) -> None:
        source = self.source
        cls = source.constant(shape.cls, "cls")
        source.line(f"{source.use(runtime.instances)}({values}, {cls})")
        parts = [(self.rows.name(f.name), f.shape) for f in shape.fields]
        columns = [f"[x.{f.attribute} for x in {values}]" for f in shape.fields]
        self._members(parts, columns, count, lane)

    def _tuples(self, shape: TupleShape, values: str, count: str, lane: Lane) -> None:
        source = self.source
        plain = self._column(f"{source.use(runtime.tuples)}({values}, {len(shape.elements)})")
        columns = [f"[x[{i}] for x in {plain}]" for i in range(len(shape.elements))]
        self._members([(b"", element) for element in shape.elements], columns, count, lane)

    def _members(self, parts: list[tuple[bytes, Shape]], columns: list[str], count: str, lane: Lane) -> None:
        """Records and tuples: a block with all members of all elements."""
        source = self.source
        size = sum(len(before) + CELL for before, _ in parts)
        if not size:
            return
        block, address = self.block(parts, count)
        source.line(
            f"{lane.word(1)} = {self._array}('Q', "
            f"{source.use(range)}({address}, {address} + {size} * {count}, {size}))"
        )
        offset = 0
        for (before, shape), column in zip(parts, columns, strict=True):
            first = (offset + len(before)) // WORD + 1
            self.fill(shape, self._column(column), count, Lane(block, first, size // WORD))
            offset += len(before) + CELL

    def _options(self, shape: OptionShape, values: str, count: str, lane: Lane) -> None:
        source = self.source
        present, some = source.local("column"), source.local("count")
        source.line(f"{present} = [x for x in {values} if x is not None]; {some} = {self._len}({present})")
        with source.block(f"if {some}:"):
            inner = present
            if shape.wrapped:
                source.line(f"{source.use(runtime.instances)}({present}, {source.constant(Some, 'cls')})")
                inner = self._column(f"[x.value for x in {present}]")
            address = self.elements(shape.payload, inner, some)
            where = self._column(f"{source.use(range)}({address}, {address} + {CELL} * {some}, {CELL})")
            with source.block(f"if {some} != {count}:"):
                source.line(f"{where} = {source.use(iter)}({where})")
                source.line(f"{where} = [0 if x is None else {source.use(next)}({where}) for x in {values}]")
            source.line(f"{lane.word(0)} = {self._array}('Q', {where})")

    def _flags(self, shape: FlagsShape, values: str, lane: Lane) -> None:
        source = self.source
        entries = self.rows.held("flags")
        cls = source.constant(shape.cls, "cls")
        source.line(f"{source.use(runtime.instances)}({values}, {cls})")
        source.line(f"{entries} = [{self.rows.flag_cells(shape)}[x._value_] for x in {values}]")
        self._pairs(f"[x[0] for x in {entries}]", lane)

    def _variants(self, shape: VariantShape | ResultShape, values: str, lane: Lane) -> None:
        source = self.source
        classes = self._column(f"[*{source.use(map)}({self._type}, {values})]")
        if isinstance(shape, ResultShape):
            ok, raised = source.constant(Ok, "cls"), source.constant(shape.raised, "cls")
            below = source.use(runtime.error_class)
            source.line(
                f"{classes} = [x if x is {ok} or x is {raised} else {below}(x, {raised}) for x in {classes}]"
            )
        cases = self.rows.cases(shape)
        if isinstance(shape, VariantShape):
            known = source.constant(frozenset(id(cls) for cls, _, _ in cases), "known")
            source.line(f"{source.use(runtime.only)}({classes}, {known})")
        discriminants = source.constant({cls: constant for cls, constant, _ in cases}, "cases")
        words = 2 if isinstance(shape, VariantShape) else 1
        packed = self._column(f"{source.use(runtime.words)}([{discriminants}[x] for x in {classes}])")
        for number in range(words):
            source.line(f"{lane.word(number)} = {packed}[{number}::{words}]")
        where = self._column("{}")
        pairs = f"{source.use(zip)}({classes}, {values})"
        for cls, _, payload in cases:
            case = source.constant(cls, "cls")
            if payload is None:
                if isinstance(shape, ResultShape):
                    source.line(
                        f"{source.use(runtime.empties)}([x.value for c, x in {pairs} if c is {case}])"
                    )
                source.line(f"{where}[{case}] = {source.use(repeat)}(0)")
                continue
            inner, some = source.local("column"), source.local("count")
            source.line(
                f"{inner} = [x.value for c, x in {pairs} if c is {case}]; {some} = {self._len}({inner})"
            )
            with source.block(f"if {some}:"):
                address = self.elements(payload, inner, some)
                addresses = f"{source.use(range)}({address}, {address} + {CELL} * {some}, {CELL})"
                source.line(f"{where}[{case}] = {source.use(iter)}({addresses})")
        nexts = f"[{source.use(next)}({where}[x]) for x in {classes}]"
        source.line(f"{lane.word(words)} = {self._array}('Q', {nexts})")
