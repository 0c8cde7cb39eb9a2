"""Failures: from the engine's error to the exception that says what happened to the call.

The engine reports everything that ends a call early as one kind of error with a text. What it was is told apart here:
a host import that raised, an exhausted budget, the guest's own exit, memory, or a trap. Each leaves the instance dead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...errors import AirssysError
from ..engine.raw import take_error
from ..errors import (
    DeadlineExceeded,
    FuelExhausted,
    GuestExited,
    HostImportFailed,
    InstanceDead,
    MemoryExhausted,
    Trap,
    printable,
)
from ..output.traceback import NO_ROOM, Explanation, backtrace, explain_output, explain_trap

if TYPE_CHECKING:
    from .store import Store


_CATCH = (
    "catch in the method what host functions raise (the Err says why: a missing permission, an absent target), "
    "and return what the WIT says"
)
_ESCAPED = f"raise Err with what the WIT says; {_CATCH}"
_RAISE = "raise Err with a value of the type that the WIT gives the function's error"
_VALUES = "return and pass values of the types that the WIT says; a type checker sees most mistakes: mypy --strict src"
_IMPORTS = (
    "a guest has no files when it runs, so what it imports must be in it: import at the top of the module, "
    "where the build sees it"
)


def failure(store: Store, error: int, where: str) -> BaseException:
    """The exception to raise for a call that the engine ended with an error; the store is dead afterwards.

    Args:
        store: the store that the call ran in.
        error: the address of the engine's error, which is freed here.
        where: the function that was called, as the user knows it.

    Returns:
        What a host import raised if that is not an ordinary exception (a `KeyboardInterrupt`), else a `CallError`.
    """
    message, exit_code = take_error(error)
    said = explain_output(store.stderr.text(), store.sources)
    pending = store.pending
    failing = store.failing
    store.pending = store.failing = None
    found = _classify(store, message, exit_code, pending, failing, said, where)
    store.kill(f"{where} ended with {type(found).__name__}")
    return found


def import_failure(original: Exception, where: str, failing: str | None) -> HostImportFailed:
    """What a call raises whose host import, called `failing`, raised `original`, something else than its declared error."""
    said, hint, details = str(original), None, None
    if isinstance(original, AirssysError):
        # What another component's call raised says more than its message; each part goes to its own place here.
        elsewhere = original.where and original.where != printable(failing or "")
        said = f"{original.where}: {original.message}" if elsewhere else original.message
        hint, details = original.hint, original.details
    text = f"{type(original).__name__}: {said}" if said else type(original).__name__
    found = HostImportFailed(
        f"{f'the host import {printable(failing)}' if failing else 'a host import'} raised {printable(text)}",
        where=where,
        hint=hint,
        details=details,
    )
    found.__cause__ = original
    return found


def deadline_failure(seconds: float, where: str) -> DeadlineExceeded:
    """What a call raises that was still running after its time."""
    return DeadlineExceeded(
        f"the call was still running after {seconds:g} s",
        where=where,
        hint="raise the deadline, or let the guest do less in one call",
    )


def instantiate_failure(store: Store, error: int, where: str) -> BaseException:
    """The exception to raise for an instantiation that the engine refused; the store is dead afterwards."""
    found = failure(store, error, where)
    if isinstance(found, Trap) and "exceeds memory limits" in found.message:
        limit = store.limits.memory
        exhausted = MemoryExhausted(
            f"the guest needs more memory to start than its limit of {_bytes(limit)}: {found.message}",
            where=where,
            hint="raise the memory limit; a Python guest needs about 32 MiB",
        )
        exhausted.__cause__ = found
        return exhausted
    return found


def _classify(
    store: Store,
    message: str,
    exit_code: int | None,
    pending: BaseException | None,
    failing: str | None,
    said: Explanation | None,
    where: str,
) -> BaseException:
    if pending is not None:
        # Also a `CallError`: it tells of another call, and whoever handles it must not take it for what became of this one.
        return import_failure(pending, where, failing) if isinstance(pending, Exception) else pending
    cause = explain_trap(message)
    if exit_code is not None or cause.startswith("Exited with i32 exit status"):
        code = exit_code if exit_code is not None else int(cause.rsplit(" ", 1)[-1])
        return GuestExited(f"the guest ended itself with exit code {code}", code=code, where=where)
    if cause.startswith("all fuel consumed"):
        return FuelExhausted(
            f"the call used up its fuel of {store.limits.fuel:,}"
            if store.limits.fuel is not None
            else "the call used up its fuel",
            where=where,
            hint="raise the fuel limit, or let the guest do less in one call",
        )
    if cause.startswith("too much data is being copied"):
        return Trap(
            "the call passes more data than the engine copies at once",
            where=where,
            hint="pass less in one call: of text 128 MB at most, of bytes 64 MB, or 2.7 MB without bulk",
        )
    if NO_ROOM in message:
        return MemoryExhausted(
            f"the bytes that the call passes need more memory than its limit of {_bytes(store.limits.memory)}",
            where=where,
            hint="pass less in one call, raise the limit, or open the component with bulk=False",
        )
    if cause.startswith("cannot enter component instance"):
        return InstanceDead("the instance cannot be entered again", where=where, hint="make a new instance")
    if said is not None and said.out_of_memory:
        return MemoryExhausted(
            f"the guest died of {said.summary or 'a refused allocation'}; its memory limit is {_bytes(store.limits.memory)}. "
            "This is a diagnosis from what the guest printed",
            where=where,
            hint="raise the memory limit, or let the guest hold less at once",
            guest_traceback=said.text,
        )
    if said is not None and said.mistake is not None:
        hint = _ESCAPED if said.mistake.startswith("let ") else _VALUES
        return Trap(f"the guest {said.mistake}", where=where, hint=hint, guest_traceback=said.text)
    if said is not None:
        return Trap(
            f"the guest raised {said.summary}",
            where=where,
            hint=_hint(said.summary),
            guest_traceback=said.text,
        )
    return Trap(f"the guest trapped: {cause}", where=where, guest_traceback=backtrace(message))


def _hint(summary: str) -> str | None:
    if summary.startswith(("ModuleNotFoundError", "ImportError")):
        return _IMPORTS
    if summary.startswith("TypeError") and " cannot return Err(" in summary:
        return _CATCH if ", which a host function raised at " in summary else _RAISE
    return None


def _bytes(count: int | None) -> str:
    if count is None:
        return "4 GiB (the most that a guest can address)"
    return f"{count / (1 << 20):g} MiB ({count:,} bytes)"
