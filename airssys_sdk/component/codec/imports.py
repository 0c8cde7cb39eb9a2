"""Compiling host imports: lift the guest's arguments, call the host's function, lower what it returns or raises.

A result is lowered like an argument, into memory of ours, and then copied by the engine into its own: it keeps and
frees results, and it must be the one who allocated them. What is compiled serves every instance: which one calls is said by the
engine's context, and what the instance's host implements stands in its store.
"""

from __future__ import annotations

import contextlib
import functools
import struct
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from ...wit.annotations import Scalar
from ...wit.shapes import HandleShape, Parameter, ResultShape, ScalarShape, Shape, Signature
from ...wit.values import Err
from ..engine.abi import abi
from ..engine.entry import guarded_inside
from ..engine.foreign import IMPORT_PARAMETERS, import_function
from ..running.contexts import STORES
from ..running.handles import Lending
from ..running.refusal import HOST_IMPORT
from ..signatures.check import PlainFunction, difference
from ..signatures.handles import handles, has_handles
from ..signatures.hexed import hexed
from . import runtime
from .columns import Columns
from .explain import explain, refuse_payload
from .layout import flat_code, head, is_flat, kind_of
from .lifting import Lifting
from .rows import Rows
from .source import Source

if TYPE_CHECKING:
    from ..running.store import Store

LiftArguments: TypeAlias = Callable[["Store", int, int], tuple[Any, ...]]
LowerResult: TypeAlias = Callable[["Store", Any, int], None]
LowerError: TypeAlias = Callable[["Store", BaseException, int], bool]


class ImportCodec:
    """The codec of one imported function; each half is compiled when first needed.

    Args:
        signature: the function as the component imports it.
    """

    def __init__(self, signature: Signature) -> None:
        self.signature = signature
        self._fits: PlainFunction | None = None

    @functools.cached_property
    def handles(self) -> tuple[HandleShape, ...]:
        """Every resource that the function takes or gives."""
        return tuple(handles(self.signature))

    @functools.cached_property
    def bulk(self) -> ImportCodec:
        """The codec of the same function's form with lists of numbers as text."""
        return ImportCodec(hexed(self.signature))

    def difference(self, theirs: PlainFunction) -> str | None:
        """Where a component's import differs from the signature; None if it does not."""
        if theirs is self._fits:  # the same object for every instance of a component
            return None
        found = difference(self.signature, theirs)
        if found is None:
            self._fits = theirs
        return found

    def parts(self) -> tuple[LiftArguments, LowerResult, LowerError]:
        """The codec in three functions, as imports that suspend the guest need it.

        Returns:
            `lift_args(store, arguments, count)`: the Python arguments from the address of the guest's.
            `lower_result(store, value, results)`: writes a returned value into the result slot at an address, or nothing if
            the function has no result; raises `InvalidType` or `InvalidValue`.
            `lower_error(store, error, results)`: writes the error case that a raised exception means, and says whether it
            means one; raises the same if its value does not fit.
        """
        return self._lift_arguments, self._lower_result, self._lower_error

    def callback(self, slot: int) -> tuple[int, int, object]:
        """The C function that the engine calls when a guest calls the import, its data, and what must outlive its stores.

        It calls the function in `slot` of what the store's host implements. Whatever that raises and is not the import's error
        case ends up in `store.pending`, and the guest traps.
        """
        return import_function(self._bind(slot), abi().error_new)

    @functools.cached_property
    def _bind(self) -> Callable[..., Any]:
        adapter = abi()
        source = Source()
        errors = source.constant(self._lower_error, "errors")
        stores = source.constant(STORES, "stores")
        failed = source.use(adapter.error_new, "failed")
        everything, error_class = source.use(BaseException), source.use(Err)
        with source.block("def bind(slot):"):
            # An interrupt can surface at the very beginning, before the store is known.
            with source.block(f"def host_import({IMPORT_PARAMETERS}, store=None):"):
                with source.block("try:"):
                    # Also an instruction of the outer `try` alone, from which `guarded_inside` extends it.
                    source.line(f"store = {stores}[context]()")
                    values = _lift(source, self.signature)
                    with source.block("try:"):
                        source.line(f"value = store.functions[slot]({', '.join(values)})")
                    with source.block(f"except {error_class} as error:"):
                        source.line(f"if not {errors}(store, error, results): raise")
                        source.line("return 0")
                    if self.signature.result is not None:
                        _lower_value(source, self.signature)
                with source.block(f"except {everything} as error:"):
                    # Nothing may pass through the engine's frames; the call that led here raises it.
                    source.line(f"if store is None: store = {stores}[context]()")
                    source.line(f"store.pending, store.failing = error, {self.signature.name!r}")
                    source.line(f"return {failed}(b'a host import failed')")
                source.line("return 0")
            source.line(f"return {HOST_IMPORT}")
        return guarded_inside(source.compile(f"import {self.signature.name}", "bind"), HOST_IMPORT)

    @functools.cached_property
    def _lift_arguments(self) -> LiftArguments:
        source = Source()
        with source.block("def lift_arguments(store, arguments, count):"):
            source.line(f"return ({''.join(f'{value}, ' for value in _lift(source, self.signature))})")
        return source.compile(f"arguments of {self.signature.name}", "lift_arguments")

    @functools.cached_property
    def _lower_result(self) -> LowerResult:
        if self.signature.result is None:
            return _nothing
        source = Source()
        with source.block("def lower_result(store, value, results):"):
            _lower_value(source, self.signature)
        return source.compile(f"result of {self.signature.name}", "lower_result")

    @functools.cached_property
    def _lower_error(self) -> LowerError:
        result = self.signature.result
        if not (self.signature.raises and isinstance(result, ResultShape)):
            return _no_error_case
        source = Source()
        with source.block("def lower_error(store, value, results):"):
            _lower_case(source, self.signature, result, "error")
        lower = source.compile(f"error of {self.signature.name}", "lower_error")

        def lower_error(store: Store, error: BaseException, results: int) -> bool:
            if not runtime.is_answer(error):
                return False
            lower(store, cast("Err[Any]", error).value, results)
            return True

        return lower_error


def _nothing(_store: object, _value: object, _results: int) -> None:
    """A function without result; what Python returns is dropped, as usual."""


def _no_error_case(_store: object, _error: BaseException, _results: int) -> bool:
    return False


def _lift(source: Source, signature: Signature) -> list[str]:
    """Write the lifting of the arguments; the expressions of their values."""
    lifting = Lifting(source, abi(), "store")
    if len(signature.parameters) == 1 and is_flat(shape := signature.parameters[0].shape):
        value = source.local("x")
        source.line(f"{value} = {lifting.flat(shape, 'arguments >> 3')}")
        return [value]
    shapes = [(0, parameter.shape) for parameter in signature.parameters]
    return [lifting.value(*part) for part in lifting.unpack(shapes, f"{lifting.memory}, arguments")]


def _lower_value(source: Source, signature: Signature) -> None:
    """Write the lowering of the local `value`, which the host's function returned, into the slot at `results`."""
    result = signature.result
    if result is None:
        return
    if signature.raises and isinstance(result, ResultShape):
        _lower_case(source, signature, result, "result")
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


def _lower_case(source: Source, signature: Signature, result: ResultShape, what: str) -> None:
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
