"""What the calls of exported functions are written from: the tests at entry, lowering that explains what does not fit, lifting."""

from __future__ import annotations

import contextlib
from collections.abc import Generator

from ...wit.shapes import ResultShape, Shape, Signature
from ..engine.abi import Abi
from ..engine.entry import HEADROOM
from ..running.refusal import refuse
from ..signatures.handles import gives
from . import runtime
from .columns import Columns
from .explain import explain
from .lifting import Lifting
from .rows import Rows
from .source import Source


def names_of(signature: Signature) -> str:
    """The parameters of the function that is written."""
    return ", ".join(parameter.name for parameter in signature.parameters)


def identifier(signature: Signature) -> str:
    """A name for tracebacks; what the caller calls it is the caller's business."""
    name = signature.name.rpartition("#")[2]
    return f"call_{''.join(letter if letter.isalnum() else '_' for letter in name)}"


def write_entry(source: Source) -> None:
    """Write the tests before a call, and occupy the instance; a `try` must follow."""
    p = source.prefix
    headroom, deep = HEADROOM
    room = ", ".join(source.constant(argument) for argument in deep)
    source.line(f"if {p}calls_back: {source.use(headroom, 'headroom')}({room})")
    source.line(f"if {p}store.busy: {source.use(refuse)}({p}store, {p}where)")
    # From the test to the `try` Python neither switches threads nor raises an interrupt: it does both only
    # after calls, at loops and at the start of functions.
    source.line(f"{p}store.busy = True")


def write_failure(source: Source) -> None:
    """Write what follows the foreign call: raise what its error means."""
    p = source.prefix
    source.line(f"if {p}error is not None: {source.use(runtime.fail)}({p}store, {p}error, {p}where)")


def rows_of(source: Source, adapter: Abi) -> Rows:
    """What emits the lowering of single values, with what it needs for long lists."""
    rows = Rows(source, adapter)
    Columns(source, rows)
    return rows


def known(source: Source, signature: Signature) -> str:
    """The global name of what `explain` has to know of the signature."""
    return source.constant((signature.name, signature.parameters), "parameters")


@contextlib.contextmanager
def explained(source: Source, signature: Signature, parameters: str) -> Generator[None]:
    """Write what stands inside the `with` statement into a `try` that explains which argument did not fit.

    `parameters` is what `known` gave.
    """
    p = source.prefix
    names = "".join(f"{parameter.name}, " for parameter in signature.parameters)
    with source.block("try:"):
        yield
    with source.block(f"except {source.use(BaseException)} as {p}error:"):
        if gives(signature):
            source.line(f"{p}lent.undo()")
        source.line(f"raise {source.use(explain)}(*{parameters}, ({names}), {p}error) from None")


def lower_all(source: Source, adapter: Abi, signature: Signature) -> list[str]:
    """Write the lowering of all parameters into a local `args`; what was given is taken back if that raises.

    Returns:
        The locals of the objects whose addresses stand in `args`; some of them may not be bound.
    """
    p = source.prefix
    if not signature.parameters:
        source.line(f"{p}args = None")
        return []
    rows = rows_of(source, adapter)
    with explained(source, signature, known(source, signature)):
        layout, arguments = rows.cells([(b"", q.shape, q.name) for q in signature.parameters])
        source.line(f"{p}args = {source.packer(layout)}({', '.join(arguments)})")
    return rows.kept


def lift_result(
    source: Source, adapter: Abi, signature: Signature, result: Shape, arrays: bool, place: str
) -> None:
    """Write the lifting of the result's cell, which lies at `place` as `Lifting.unpack` takes it, and the return."""
    lifting = Lifting(source, adapter, arrays=arrays)
    ((_, words),) = lifting.unpack([(0, result)], place)
    if not (signature.raises and isinstance(result, ResultShape)):
        source.line(f"return {lifting.value(result, words)}")
        return
    ok, address = words
    raised = source.use(runtime.raised)
    for test, payload, form in ((f"if {ok}:", result.ok, "return {}"), ("else:", result.err, "")):
        with source.block(test):
            value = lifting.at(payload, address) if payload is not None else "None"
            source.line(
                form.format(value)
                if form
                else f"raise {raised}({source.constant(result.raised, 'cls')}({value}))"
            )
