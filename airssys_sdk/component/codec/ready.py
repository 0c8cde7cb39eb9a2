"""Writing a call whose cells lie ready in the memory of the bound function.

What is the same for every call (kinds, names, counts, the addresses of records' fields) is in that memory from the start; a call
writes only the words that differ, and the parameters of the foreign call are one ready tuple. That takes a third off a small call;
the compiled module, which writes the words, calls and reads a small result in one step, takes another third.
"""

from __future__ import annotations

import contextlib
import dataclasses
import struct
from collections.abc import Sequence
from typing import Final

from ...wit.annotations import Scalar
from ...wit.shapes import (
    EnumShape,
    FlagsShape,
    HandleShape,
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
from ..engine.abi import CELL, PAYLOAD, Abi
from ..engine.foreign import COMPILED
from . import runtime
from .explain import explain
from .layout import STRING_SHAPE, flat_code, head, is_flat, is_text
from .lifting import Lifting
from .parts import explained, identifier, known, lift_result, names_of, rows_of, write_entry, write_failure
from .rows import Rows
from .slots import Plan, Slots
from .source import Source

MOST_WORDS: Final = 6
"""Beyond this many words one `struct.pack` into fresh memory is cheaper than writing them one by one."""

MOST_KEPT: Final = 4096
"""A text of up to this many bytes that a call returned stays in memory until the next call of the function."""

TEXT: Final = "s"
"""The code of a string, which the compiled module writes and reads as `{size, data}`."""

_UNFIT: Final = MOST_WORDS + 1


def fits(parameters: Sequence[Parameter]) -> bool:
    """Whether the cells of these parameters can lie ready."""
    return sum(_words(parameter.shape) for parameter in parameters) <= MOST_WORDS


def _words(shape: Shape) -> int:
    match shape:
        case ScalarShape(Scalar.F32):
            return _UNFIT  # a view would turn 1e300 into infinity; struct raises
        case RecordShape():
            return sum(_words(field.shape) for field in shape.fields) or _UNFIT
        case TupleShape():
            return sum(map(_words, shape.elements)) or _UNFIT
        case EnumShape() | FlagsShape() | VariantShape() | ResultShape() | HandleShape():
            return _UNFIT
        case OptionShape():
            return 1
        case _:
            return 1 if is_flat(shape) else 2


@dataclasses.dataclass(frozen=True, slots=True)
class Word:
    """One word that a call writes.

    Attributes:
        code: its struct format, or `TEXT`.
        at: where it lies, in bytes.
        expression: its value; running it runs no code of the caller's.
    """

    code: str
    at: int
    expression: str


class Ready:
    """Emits the lowering of parameters into cells that lie ready.

    Attributes:
        words: what is left to write when the statements have run.
    """

    def __init__(self, source: Source, rows: Rows, parameters: Sequence[Parameter]) -> None:
        self.words: list[Word] = []
        self._source = source
        self._rows = rows
        self._template = bytearray(CELL * len(parameters))
        self._links: dict[int, int] = {}
        for number, parameter in enumerate(parameters):
            self._cell(parameter.shape, parameter.name, CELL * number)

    def plan(self) -> Plan:
        """What `Slots` are made from; the result lies behind the arguments."""
        return Plan(bytes(self._template), self._links, len(self._template))

    def _cell(self, shape: Shape, value: str, at: int) -> None:
        source, constant = self._source, head(shape)
        self._template[at : at + len(constant)] = constant
        match shape:
            case RecordShape():
                self._rows.check_record(shape, value)
                members = [(self._rows.name(f.name), f.shape, f"{value}.{f.attribute}") for f in shape.fields]
            case TupleShape():
                members = [
                    (b"", element, local)
                    for element, local in zip(shape.elements, self._rows.elements(shape, value), strict=True)
                ]
            case ScalarShape(Scalar.STRING) if COMPILED is not None:
                self.words.append(Word(TEXT, at + PAYLOAD, value))
                return
            case _:
                layout, arguments = self._rows.payload(shape, value)
                codes = _codes(layout)
                if is_flat(shape):
                    local = source.local("x")
                    source.line(f"{local} = {arguments[0]}")
                    arguments = [local]
                for number, (code, expression) in enumerate(zip(codes, arguments, strict=True)):
                    self.words.append(Word(code, at + PAYLOAD * (number + 1), expression))
                return
        begin = len(self._template)
        self._links[at + 2 * PAYLOAD] = begin
        self._template += bytes(sum(len(before) + CELL for before, _, _ in members))
        for before, inner, expression in members:
            self._template[begin : begin + len(before)] = before
            local = source.local("v")
            source.line(f"{local} = {expression}")
            self._cell(inner, local, begin + len(before))
            begin += len(before) + CELL


def _codes(layout: str) -> str:
    """The formats of the numbers in a payload's struct format, one a word."""
    return "".join(letter for letter in layout if letter not in "0123456789x")


class _Memory:
    """The names by which a call knows its memory.

    Attributes:
        names: each name, and what to ask of `Slots` for it.
    """

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self.names: dict[str, str] = {}

    def view(self, code: str) -> str:
        """The memory as items of one struct format."""
        return self._named(f"view_{'bool' if code == '?' else code}", f"view({code!r})")

    def _named(self, stem: str, expression: str) -> str:
        name = f"{self._prefix}{stem}"
        self.names[name] = expression
        return name


def write_ready(source: Source, adapter: Abi, signature: Signature, arrays: bool) -> None:
    """Write a call whose cells lie ready in the memory of the bound function."""
    p, result = source.prefix, signature.result
    memory = _Memory(p)
    with source.block(f"def bind({p}store, {p}function, {p}where, {p}calls_back):"):
        with source.aside() as body, source.block(f"def {identifier(signature)}({names_of(signature)}):"):
            parameters = known(source, signature)
            with source.aside() as statements:
                ready = Ready(source, rows_of(source, adapter), signature.parameters)
            if statements:
                with explained(source, signature, parameters):
                    source.splice(statements, deeper=1)
            plan = ready.plan()
            write_entry(source)
            with source.block("try:"):
                write = _write_steps if COMPILED is None else _write_direct
                bound = write(source, signature, parameters, ready.words, plan.result, memory)
                if result is not None:
                    _lift_ready(source, adapter, signature, result, arrays, plan.result, memory)
            with source.block("finally:"):
                _write_exit(source, result, plan.result, memory)
        plan_name, engine = source.constant(plan, "plan"), source.constant(adapter, "abi")
        counts = f"{len(signature.parameters)}, {int(result is not None)}"
        slots = f"{source.use(Slots)}({engine}, {plan_name}, {p}function, {p}store.context, {counts})"
        source.line(f"{p}slots = {slots}")
        source.line(f"{p}call, {p}release = {p}slots.{bound}, {p}slots.release()")
        for name, expression in memory.names.items():
            source.line(f"{name} = {p}slots.{expression}")
        source.splice(body)
        source.line(f"return {identifier(signature)}")


def _write_steps(
    source: Source, signature: Signature, parameters: str, words: Sequence[Word], _at: int, memory: _Memory
) -> str:
    """Write the words, then the call; how `Slots` make what is called."""
    p = source.prefix
    if words:
        with explained(source, signature, parameters):
            for word in words:
                number = word.at // struct.calcsize(word.code)
                source.line(f"{memory.view(word.code)}[{number}] = {word.expression}")
    source.line(f"{p}error = {p}call()")
    write_failure(source)
    return "call()"


def _write_direct(
    source: Source, signature: Signature, parameters: str, words: Sequence[Word], at: int, _memory: _Memory
) -> str:
    """Write one call that takes the words and gives a small result; how `Slots` make what is called."""
    p = source.prefix
    step = f"{p}answer = {p}call({', '.join(word.expression for word in words)})"
    if words:
        # Not `explained`: what an interrupt raises after the call is no matter of the arguments, which may be others by now.
        with source.block("try:"):
            source.line(step)
        kinds = ", ".join(source.use(kind) for kind in (TypeError, OverflowError, UnicodeEncodeError))
        with source.block(f"except ({kinds}) as {p}error:"):
            source.line(f"if {p}error.__traceback__.tb_next is not None: raise")
            names = "".join(f"{parameter.name}, " for parameter in signature.parameters)
            source.line(f"raise {source.use(explain)}(*{parameters}, ({names}), {p}error) from None")
    else:
        source.line(step)
    failed = source.constant(NotImplemented, "failed")
    source.line(f"if {p}answer is {failed}: {source.use(runtime.fail)}({p}store, {p}slots.error(), {p}where)")
    codes = "".join(word.code for word in words) + _answer_code(signature.result)
    places = "".join(f"{place}, " for place in [*(word.at for word in words), at + PAYLOAD])
    return f"direct({codes!r}, ({places}), {MOST_KEPT})"


def _answer_code(result: Shape | None) -> str:
    """What the compiled module reads of a result: `x` for nothing, if it is more than a number or a text."""
    if result is not None and is_flat(result):
        return flat_code(result.scalar)
    return TEXT if result == STRING_SHAPE else "x"


def _lift_ready(
    source: Source,
    adapter: Abi,
    signature: Signature,
    result: Shape,
    arrays: bool,
    at: int,
    memory: _Memory,
) -> None:
    """Write the lifting of the result's cell in the function's memory, and the return."""
    answer = f"{source.prefix}answer"
    if is_flat(result):
        if COMPILED is None:
            code = flat_code(result.scalar)
            answer = f"{memory.view(code)}[{(at + PAYLOAD) // struct.calcsize(code)}]"
        source.line(f"return {Lifting(source, adapter).value(result, [answer])}")
    elif result == STRING_SHAPE and COMPILED is not None:
        source.line(f"return {answer}")
    elif is_text(result):
        number = (at + PAYLOAD) // PAYLOAD
        size, data = source.local("size"), source.local("at")
        source.line(f"{size} = {memory.view('Q')}[{number}]; {data} = {memory.view('Q')}[{number + 1}]")
        source.line(f"return {Lifting(source, adapter, arrays=arrays).value(result, [size, data])}")
    else:
        lift_result(source, adapter, signature, result, arrays, f"{memory.view('B')}, {at}")


def _write_exit(source: Source, result: Shape | None, at: int, memory: _Memory) -> None:
    """Write the end of a call: free what the result owns, then let others in, even if an interrupt arrives meanwhile."""
    p = source.prefix
    leave = f"{p}store.busy = {p}store.dead is not None"
    if result is None or is_flat(result) or (result == STRING_SHAPE and COMPILED is not None):
        source.line(leave)
        return
    with source.block("try:"):
        # The engine frees the last result when it writes the next one, which spares a foreign call.
        kept = f"if {memory.view('Q')}[{(at + PAYLOAD) // PAYLOAD}] > {MOST_KEPT}:"
        with source.block(kept) if is_text(result) else contextlib.nullcontext():
            with source.block("try:"):
                source.line(f"{p}release()")
            with source.block("finally:"):
                source.line(f"{memory.view('B')}[{at}] = 0")
    with source.block("finally:"):
        source.line(leave)
