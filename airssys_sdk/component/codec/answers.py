"""Writing the lowering of what a host import returns or raises.

A result is lowered like an argument, into memory of ours, and then copied by the engine into its own: it keeps and
frees results, and it must be the one who allocated them.
"""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Generator

from ...wit.annotations import Scalar
from ...wit.shapes import Parameter, ResultShape, ScalarShape, Shape, Signature
from ..engine.abi import abi
from ..running.handles import Lending
from ..signatures.handles import has_handles
from .columns import Columns
from .explain import explain, refuse_payload
from .layout import flat_code, head, is_flat, kind_of
from .rows import Rows
from .source import Source


def lower_value(source: Source, signature: Signature) -> None:
    """Write the lowering of the local `value`, which the host's function returned, into the slot at `results`."""
    result = signature.result
    if result is None:
        return
    if signature.raises and isinstance(result, ResultShape):
        lower_case(source, signature, result, "result")
        return
    with _explained(source, signature, "result", result):
        if is_flat(result):
            _write(source, result)
        else:
            _clone(source, *_rows(source).cells([(b"", result, "value")]))


def _write(source: Source, shape: ScalarShape) -> None:
    """Write the flat `value` into the slot."""
    adapter = abi()
    layout, arguments = _rows(source).cells([(b"", shape, "value")])
    if shape.scalar is Scalar.F32:  # a view would turn 1e300 into infinity; struct raises
        pack = source.constant(struct.Struct("<" + layout).pack_into, "pack_into")
        source.line(f"{pack}({source.constant(adapter.memory, 'memory')}, results, {', '.join(arguments)})")
        return
    payloads = source.constant(adapter.payloads[flat_code(shape.scalar)], "payloads")
    source.line("word = results >> 3")
    source.line(f"{payloads}[word] = {arguments[-1]}")
    source.line(f"{source.constant(adapter.views['Q'], 'kinds')}[word] = {kind_of(shape)}")


def lower_case(source: Source, signature: Signature, result: ResultShape, what: str) -> None:
    """Write the lowering of `value` as the ok or error payload of the function's result."""
    payload = result.ok if what == "result" else result.err
    case = struct.pack("<Q", what == "result")
    with _explained(source, signature, what, payload):
        rows = _rows(source)
        at = "0"
        if payload is not None:
            at = rows.outline([(b"", payload, "value")])
        else:  # the engine has no place for a value here, so that one would be lost without a word
            refuse = source.use(refuse_payload)
            source.line(f"if value is not None: {refuse}({signature.name!r}, {what!r}, value)")
        constant = source.constant(head(result) + case, "head")
        _clone(source, "16sQ8x", [constant, at])


def _rows(source: Source) -> Rows:
    rows = Rows(source, abi())
    Columns(source, rows)
    return rows


def _clone(source: Source, layout: str, arguments: list[str]) -> None:
    adapter = abi()
    clone, pointer = source.use(adapter.clone, "clone"), source.use(adapter.pointer, "pointer")
    source.line(f"{clone}({source.packer(layout)}({', '.join(arguments)}), {pointer}(results))")


@contextlib.contextmanager
def _explained(source: Source, signature: Signature, what: str, shape: Shape | None) -> Generator[None]:
    """Write what stands inside the `with` statement into a `try` that explains which part of a value did not fit."""
    lends = has_handles(shape)
    if lends:
        source.line(f"{source.prefix}lent = {source.use(Lending)}(store)")
    parameters = (Parameter(what, what, shape),) if shape is not None else ()
    known = source.constant((signature.name, parameters), "parameters")
    values = "(value, )" if shape is not None else "()"
    with source.block("try:"):
        yield
    with source.block(f"except {source.use(BaseException)} as problem:"):
        if lends:
            source.line(f"{source.prefix}lent.undo()")
        source.line(f"raise {source.use(explain)}(*{known}, {values}, problem) from None")
    if lends:
        source.line(f"{source.prefix}lent.settle()")
