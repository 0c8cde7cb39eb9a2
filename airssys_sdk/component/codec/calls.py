"""Compiling the calls of exported functions: lower, call, lift, as one Python function per signature."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from ...wit.shapes import ResultShape, Shape, ShapeError, Signature
from ..engine.abi import Abi, abi
from ..engine.entry import HEADROOM
from ..running.handles import Lending
from ..running.refusal import refuse
from ..signatures.handles import gives
from . import runtime
from .columns import Columns
from .explain import explain
from .layout import is_flat
from .lifting import Lifting
from .rows import Rows
from .source import Source

if TYPE_CHECKING:
    from ..running.store import Store

Lower: TypeAlias = Callable[..., tuple[bytes, object]]
Lift: TypeAlias = Callable[[bytes], Any]


def compile_export(
    signature: Signature, *, arrays: bool = False
) -> Callable[[Store, bytes, str, bool], Callable[..., Any]]:
    """Compile the direct call of an exported function.

    Args:
        signature: the function.
        arrays: whether lists of numbers in the result become `array.array` objects.

    Returns:
        `bind(store, function, where, calls_back)`: binds the call to the instance's `Store`, to the function, the bytes of
        the engine's `wasmtime_component_func_t`, and to the name that errors use; `calls_back` says whether the instance
        has host imports. The bound function takes the parameters by
        position or name, in Python's names. It raises `InvalidType` or `InvalidValue` for a bad argument before the
        component is entered, the signature's own class for an error case, `InstanceBusy` and `InstanceDead`, and what
        `failures.failure` makes of a call that does not come back.
    """
    adapter = abi()
    source = _source(signature, adapter)
    p = source.prefix
    names = [parameter.name for parameter in signature.parameters]
    result = signature.result
    name = _identifier(signature)
    source.globals |= {
        f"{p}CALL": adapter.call,
        f"{p}DELETE": adapter.delete,
        f"{p}COUNT": adapter.size(len(names)),
        f"{p}ONE": adapter.size(1),
        f"{p}NONE": adapter.size(0),
    }
    fail, refused = source.use(runtime.fail), source.use(refuse)
    store, where = f"{p}store", f"{p}where"
    with source.block(f"def bind({store}, {p}function, {where}, {p}calls_back):"):
        source.line(f"{p}context = {source.use(adapter.pointer, 'pointer')}({store}.context)")
        with source.block(f"def {name}({', '.join(names)}):"):
            headroom, deep = HEADROOM
            room = ", ".join(source.constant(argument) for argument in deep)
            enter = [
                f"if {p}calls_back: {source.use(headroom, 'headroom')}({room})",
                f"if {store}.busy: {refused}({store}, {where})",
            ]
            lends = gives(signature)
            if lends:
                source.line(f"{p}lent = {source.use(Lending)}({store})")
            else:
                _lower(source, adapter, signature)
            owned = result is not None and not is_flat(result)
            slot = f"{p}result, {p}ONE" if result is not None else f"None, {p}NONE"
            if result is not None:
                # Fresh for every call: nobody else can see it while the engine writes. Kind 0 in it may be deleted.
                source.line(f"{p}result = {source.use(bytes)}(32)")
            for line in enter:
                source.line(line)
            # From the test to the `try` Python neither switches threads nor raises an interrupt: it does both only
            # after calls, at loops and at the start of functions.
            source.line(f"{store}.busy = True")
            with source.block("try:"):
                if lends:
                    _lower(source, adapter, signature)
                source.line(f"{p}error = {p}CALL({p}function, {p}context, {p}args, {p}COUNT, {slot})")
                source.line(f"if {p}error is not None: {fail}({store}, {p}error, {where})")
                if result is not None:
                    _lift(source, adapter, signature, result, arrays)
            with source.block("finally:"):
                if lends:
                    source.line(f"{p}lent.settle()")
                source.line(f"{store}.busy = {store}.dead is not None")
                if owned:
                    source.line(f"{p}DELETE({p}result)")
        source.line(f"return {name}")
    return source.compile(signature.name, "bind")


def compile_parts(signature: Signature, *, arrays: bool = False) -> Callable[[Store], tuple[Lower, Lift]]:
    """Compile the two halves of a call that somebody else makes.

    Args:
        signature: the function.
        arrays: as for `compile_export`.

    Returns:
        What binds them to an instance's store. `lower(*arguments)`: the cells of the arguments, one after the other, and
        an object that must live until the call is over; raises like a call. Of a signature that gives resources, that
        object is a tuple that begins with the `Lending`, to undo or settle, and the caller occupies the instance before
        it lowers. `lift(result)`: the value in the 32 bytes of
        the result slot (`b""` if the signature has no result), or raises the signature's error class; it frees nothing.
    """
    adapter = abi()
    names = ", ".join(parameter.name for parameter in signature.parameters)
    source = _source(signature, adapter)
    p = source.prefix
    with source.block(f"def bind({p}store):"):
        with source.block(f"def lower({names}):"):
            if gives(signature):
                source.line(f"{p}lent = {source.use(Lending)}({p}store)")
            _lower(source, adapter, signature)
            kept = f"{source.use(locals)}()"
            source.line(f"return {p}args or b'', {f'({p}lent, {kept})' if gives(signature) else kept}")
        source.line("return lower")
    bind_lower = source.compile(f"lower {signature.name}", "bind")
    source = _source(signature, adapter)
    with source.block(f"def bind({source.prefix}store):"):
        with source.block(f"def lift({source.prefix}result):"):
            if signature.result is None:
                source.line("return None")
            else:
                _lift(source, adapter, signature, signature.result, arrays)
        source.line("return lift")
    bind_lift = source.compile(f"lift {signature.name}", "bind")

    def bind(store: Store) -> tuple[Lower, Lift]:
        return bind_lower(store), bind_lift(store)

    return bind


def _source(signature: Signature, adapter: Abi) -> Source:
    names = [parameter.name for parameter in signature.parameters]
    for name in names:
        if not name.isidentifier():
            raise ShapeError(f"{signature.name}: {name!r} cannot be the name of a parameter")
    return Source(names)


def _identifier(signature: Signature) -> str:
    """A name for tracebacks; what the caller calls it is the caller's business."""
    name = signature.name.rpartition("#")[2]
    return f"call_{''.join(letter if letter.isalnum() else '_' for letter in name)}"


def _lower(source: Source, adapter: Abi, signature: Signature) -> None:
    """Write the lowering of all parameters into a local `args`; what was given is taken back if that raises."""
    p = source.prefix
    if not signature.parameters:
        source.line(f"{p}args = None")
        return
    rows = Rows(source, adapter)
    Columns(source, rows)
    names = "".join(f"{parameter.name}, " for parameter in signature.parameters)
    known = source.constant((signature.name, signature.parameters), "parameters")
    with source.block("try:"):
        layout, arguments = rows.cells([(b"", q.shape, q.name) for q in signature.parameters])
        source.line(f"{p}args = {source.packer(layout)}({', '.join(arguments)})")
    with source.block(f"except {source.use(BaseException)} as {p}error:"):
        if gives(signature):
            source.line(f"{p}lent.undo()")
        source.line(f"raise {source.use(explain)}(*{known}, ({names}), {p}error) from None")


def _lift(source: Source, adapter: Abi, signature: Signature, result: Shape, arrays: bool) -> None:
    """Write the lifting of the result slot and the return."""
    p = source.prefix
    lifting = Lifting(source, adapter, arrays=arrays)
    ((_, words),) = lifting.unpack([(0, result)], f"{p}result")
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
