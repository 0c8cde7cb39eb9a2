"""Closing the gap at the entry of a function that the engine calls.

An exception that leaves such a function is lost, and the engine gets an undefined answer. So its whole body stands in a
`try`; but two things can go wrong before the first statement. A signal that arrived while the guest ran (Ctrl-C, nearly
always) is handled by Python's very first instruction, outside of every `try`. And the function may not be entered at all
because the recursion limit is reached. `guarded` lets the `try` begin at that first instruction; `HEADROOM`, called before
the guest is entered, raises the `RecursionError` where it can be caught.
"""

from __future__ import annotations

import dis
import functools
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any, Final, cast

from .foreign import COMPILED

_CODE_UNIT = 2
_RESUME = dis.opmap.get("RESUME")


def guarded(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function`, whose body is one `try` statement, with that statement extended over the function's entry.

    On a Python whose tables are laid out in another way the function comes back as it is.
    """
    if isinstance(function, types.FunctionType):
        function.__code__ = _extended(function.__code__)
    return function


def guarded_inside(factory: Callable[..., Any], name: str) -> Callable[..., Any]:
    """`factory`, with `guarded` applied to every function called `name` that it will make."""
    if isinstance(factory, types.FunctionType):
        code = factory.__code__
        constants = (
            _extended(constant)
            if isinstance(constant, types.CodeType) and constant.co_name == name
            else constant
            for constant in code.co_consts
        )
        factory.__code__ = code.replace(co_consts=tuple(constants))
    return factory


def _extended(code: types.CodeType) -> types.CodeType:
    resume = _first(code.co_code, _RESUME)
    body = next(_entries(code.co_exceptiontable), None)
    if resume is None or body is None or body[3] != 0 or body[0] > resume + 2:
        return code
    return code.replace(co_exceptiontable=_entry(resume, 1, body[2]) + code.co_exceptiontable)


def _headroom() -> None:
    _deeper()


def _deeper() -> None:
    _deepest()


def _deepest() -> None:
    _bottom()


def _bottom() -> None:
    return


_SHARED_LIMIT = sys.version_info < (3, 12)
# Until 3.11 the functions of Python and those of C that call themselves count towards one limit. `isinstance` goes one deeper
# for every tuple, and takes a quarter of the time. ctypes needs more room than the compiled module, to turn parameters over.
_ROOM = 4 if COMPILED is not None else 7

HEADROOM: Final[tuple[Callable[..., object], tuple[object, ...]]] = (
    (isinstance, (0, functools.reduce(lambda inner, _: (inner,), range(_ROOM), cast("Any", int))))
    if _SHARED_LIMIT
    else (_headroom, ())
)
"""A function and its arguments: calling it raises `RecursionError` unless a function that the engine calls can still be entered
and can say what went wrong."""


def _first(code: bytes, wanted: int | None) -> int | None:
    """The number of the first instruction that is `wanted`."""
    opcodes = code[::_CODE_UNIT]
    at = -1 if wanted is None else opcodes.find(wanted)
    return None if at < 0 else at


def _entries(table: bytes) -> Iterator[tuple[int, int, int, int]]:
    """The entries of an exception table: first instruction, number of instructions, handler, depth of the stack.

    See `Objects/exception_handling_notes.txt` in CPython: numbers are written in groups of six bits, high ones first.
    """
    numbers = iter(_numbers(table))
    for start, length, target, depth_and_lasti in zip(numbers, numbers, numbers, numbers, strict=False):
        yield start, length, target, depth_and_lasti >> 1


def _numbers(table: bytes) -> Iterator[int]:
    value = 0
    for byte in table:
        value = value << 6 | byte & 0x3F
        if not byte & 0x40:
            yield value
            value = 0


def _entry(start: int, length: int, target: int) -> bytes:
    """An entry for an empty stack."""
    return bytes([*_number(start, first=True), *_number(length), *_number(target), *_number(0)])


def _number(value: int, *, first: bool = False) -> Iterator[int]:
    groups = [value >> shift & 0x3F for shift in range(24, -6, -6)]
    while len(groups) > 1 and not groups[0]:
        del groups[0]
    for number, group in enumerate(groups):
        more = 0x40 if number < len(groups) - 1 else 0
        yield group | more | (0x80 if first and number == 0 else 0)
