"""Compiling the calls of exported functions: lower, call, lift, as one Python function per signature."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from ...wit.shapes import ShapeError, Signature
from ..engine.abi import Abi, abi
from ..running.handles import Lending
from ..signatures.handles import gives
from .layout import is_flat
from .parts import identifier, lift_result, lower_all, names_of, write_entry, write_failure
from .ready import fits, write_ready
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
    if gives(signature) or not fits(signature.parameters):
        _write_fresh(source, adapter, signature, arrays)
    else:
        write_ready(source, adapter, signature, arrays)
    return source.compile(signature.name, "bind")


def _write_fresh(source: Source, adapter: Abi, signature: Signature, arrays: bool) -> None:
    """Write a call whose arguments and result lie in memory of that call."""
    p, result = source.prefix, signature.result
    names = names_of(signature)
    source.globals |= {
        f"{p}COUNT": adapter.size(len(signature.parameters)),
        f"{p}ONE": adapter.size(1),
        f"{p}NONE": adapter.size(0),
    }
    with source.block(f"def bind({p}store, {p}function, {p}where, {p}calls_back):"):
        source.line(f"{p}context = {source.use(adapter.pointer, 'pointer')}({p}store.context)")
        with source.block(f"def {identifier(signature)}({names}):"):
            lends = gives(signature)
            if lends:
                source.line(f"{p}lent = {source.use(Lending)}({p}store)")
            else:
                lower_all(source, adapter, signature)
            owned = result is not None and not is_flat(result)
            slot = f"{p}result, {p}ONE" if result is not None else f"None, {p}NONE"
            if result is not None:
                # Fresh for every call: nobody else can see it while the engine writes. Kind 0 in it may be deleted.
                source.line(f"{p}result = {source.use(bytes)}(32)")
            write_entry(source)
            with source.block("try:"):
                if lends:
                    lower_all(source, adapter, signature)
                call = source.use(adapter.call, "CALL")
                source.line(f"{p}error = {call}({p}function, {p}context, {p}args, {p}COUNT, {slot})")
                write_failure(source)
                if result is not None:
                    lift_result(source, adapter, signature, result, arrays, f"{p}result")
            with source.block("finally:"):
                leave = f"{p}store.busy = {p}store.dead is not None"
                if lends:  # others are let in even if an interrupt arrives meanwhile
                    with source.block("try:"):
                        source.line(f"{p}lent.settle()")
                    with source.block("finally:"):
                        source.line(leave)
                else:
                    source.line(leave)
                if owned:
                    source.line(f"{source.use(adapter.delete, 'DELETE')}({p}result)")
        source.line(f"return {identifier(signature)}")


def _source(signature: Signature, adapter: Abi) -> Source:
    names = [parameter.name for parameter in signature.parameters]
    for name in names:
        if not name.isidentifier():
            raise ShapeError(f"{signature.name}: {name!r} cannot be the name of a parameter")
    return Source(names)


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
            with source.aside() as body:
                held = lower_all(source, adapter, signature)
            if held:
                # Those that belong to a value that is absent would never be bound.
                source.line(f"{' = '.join(held)} = None")
            source.splice(body)
            kept = [f"{p}lent", *held] if gives(signature) else held
            source.line(f"return {p}args or b'', ({''.join(f'{name}, ' for name in kept)})")
        source.line("return lower")
    bind_lower = source.compile(f"lower {signature.name}", "bind")
    source = _source(signature, adapter)
    with source.block(f"def bind({source.prefix}store):"):
        with source.block(f"def lift({source.prefix}result):"):
            if signature.result is None:
                source.line("return None")
            else:
                place = f"{source.prefix}result"
                lift_result(source, adapter, signature, signature.result, arrays, place)
        source.line("return lift")
    bind_lift = source.compile(f"lift {signature.name}", "bind")

    def bind(store: Store) -> tuple[Lower, Lift]:
        return bind_lower(store), bind_lift(store)

    return bind
