"""Compiling host imports: lift the guest's arguments, call the host's function, lower what it returns or raises.

What is compiled serves every instance: which one calls is said by the
engine's context, and what the instance's host implements stands in its store.

Where arguments and result are numbers, and the arguments maybe texts, the compiled module reads and writes them itself, and what stands
here only finds the function and keeps what it raises.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

from ...wit.shapes import HandleShape, ResultShape, ScalarShape, Signature
from ...wit.values import Err
from ..engine.abi import CELL, PAYLOAD, abi
from ..engine.entry import guarded_inside
from ..engine.foreign import COMPILED, IMPORT_PARAMETERS, direct_import_function, import_function
from ..running.contexts import STORES
from ..running.refusal import HOST_IMPORT
from ..signatures.check import PlainFunction, difference
from ..signatures.handles import handles
from ..signatures.hexed import hexed
from . import runtime
from .answers import lower_case, lower_value
from .layout import CHAR_SHAPE, STRING_SHAPE, flat_code, is_flat, kind_of
from .lifting import Lifting
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
        codes, error_new = _direct_codes(self.signature), abi().error_new
        if codes is None:
            return import_function(self._bind(slot), error_new)
        enter, lower = self._bind_direct(slot)
        kind = 0 if self.signature.result is None else kind_of(self.signature.result)
        return direct_import_function(enter, lower, error_new, codes, (CELL, PAYLOAD, kind))

    @functools.cached_property
    def _bind(self) -> Callable[..., Any]:
        source = Source()
        errors, error_class = source.constant(self._lower_error, "errors"), source.use(Err)
        with source.block("def bind(slot):"):
            with _entry(source, self.signature, IMPORT_PARAMETERS):
                values = _lift(source, self.signature)
                with source.block("try:"):
                    source.line(f"value = store.functions[slot]({', '.join(values)})")
                with source.block(f"except {error_class} as error:"):
                    source.line(f"if not {errors}(store, error, results): raise")
                    source.line("return 0")
                if self.signature.result is not None:
                    lower_value(source, self.signature)
            source.line(f"return {HOST_IMPORT}")
        return guarded_inside(source.compile(f"import {self.signature.name}", "bind"), HOST_IMPORT)

    @functools.cached_property
    def _bind_direct(self) -> Callable[[int], tuple[Callable[..., Any], Callable[..., int]]]:
        source = Source()
        failed = source.constant(_FAILED, "failed")
        with source.block("def bind(slot):"):
            names = [source.local("x") for _ in self.signature.parameters]
            with _entry(source, self.signature, ", ".join(["context", *names]), failed):
                lifting = Lifting(source, abi(), "store")
                shapes = [parameter.shape for parameter in self.signature.parameters]
                values = [
                    name if shape == STRING_SHAPE else lifting.value(shape, [name])
                    for shape, name in zip(shapes, names, strict=True)
                ]
                call = f"store.functions[slot]({', '.join(values)})"
                source.line(f"return {call}" if self.signature.result is not None else call)
            source.line(f"enter = {HOST_IMPORT}")
            with _entry(source, self.signature, "context, results, value, unasked"):
                source.line("if unasked: raise value")
                # What the function raised is in the store already.
                source.line(
                    f"if value is {failed}: return {source.use(abi().error_new, 'error_new')}({_TOLD!r})"
                )
                lower_value(source, self.signature)
            source.line(f"return enter, {HOST_IMPORT}")
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
            lower_value(source, self.signature)
        return source.compile(f"result of {self.signature.name}", "lower_result")

    @functools.cached_property
    def _lower_error(self) -> LowerError:
        result = self.signature.result
        if not (self.signature.raises and isinstance(result, ResultShape)):
            return _no_error_case
        source = Source()
        with source.block("def lower_error(store, value, results):"):
            lower_case(source, self.signature, result, "error")
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


_MOST_DIRECT: Final = 7
_FAILED: Final = object()
_TOLD: Final = b"a host import failed"


@contextlib.contextmanager
def _entry(
    source: Source, signature: Signature, parameters: str, failed: str | None = None
) -> Generator[None]:
    """Write a function that the engine calls, around what stands inside the `with` statement.

    It lets no exception out, but returns `failed` or else an error for the engine. Otherwise it returns 0, or if there is `failed`
    what is written says what.
    """
    stores, everything = source.constant(STORES, "stores"), source.use(BaseException)
    answer = failed or f"{source.use(abi().error_new, 'error_new')}({_TOLD!r})"
    # An interrupt can surface at the very beginning, before the store is known.
    with source.block(f"def {HOST_IMPORT}({parameters}, store=None):"):
        with source.block("try:"):
            # Also an instruction of the outer `try` alone, from which `guarded_inside` extends it.
            source.line(f"store = {stores}[context]()")
            yield
        with source.block(f"except {everything} as error:"):
            # Nothing may pass through the engine's frames; the call that led here raises it.
            source.line(f"if store is None: store = {stores}[context]()")
            source.line(f"store.pending, store.failing = error, {signature.name!r}")
            source.line(f"return {answer}")
        if failed is None:
            source.line("return 0")


def _direct_codes(signature: Signature) -> str | None:
    """The struct formats of the arguments and of the result, if the compiled module can read and write all of them."""
    result = signature.result
    # A character is a number there and a string here, and a result's text must be the engine's own.
    if COMPILED is None or len(signature.parameters) > _MOST_DIRECT or result in (STRING_SHAPE, CHAR_SHAPE):
        return None
    codes = ""
    for shape in (*(parameter.shape for parameter in signature.parameters), *([result] if result else [])):
        if not isinstance(shape, ScalarShape):
            return None
        codes += "s" if shape == STRING_SHAPE else flat_code(shape.scalar)
    return codes if result is not None else codes + "x"
