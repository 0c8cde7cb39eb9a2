"""WAVE: values and calls as text for people, such as `store.put({sku: "a-1", count: 3}, some(true))`.

The text form is the WebAssembly Value Encoding of wasm-tools. A value is read and printed by its shape
(`airssys_sdk.wit.shapes`); a call is a path to a function, then its arguments in brackets.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from typing import Any

from ._wave_lex import Cursor, Token, WaveError
from ._wave_read import read_value
from ._wave_types import describe
from ._wave_write import write_value
from .shapes import OptionShape, Shape, Signature

__all__ = ["Call", "FunctionPath", "WaveError", "format", "parse", "parse_call", "split_call"]

_LABEL = r"%?[A-Za-z][A-Za-z0-9]*(?:-[A-Za-z0-9]+)*"
_FUNCTION = rf"(?:\[(?:static|method)\]{_LABEL}\.{_LABEL}|\[constructor\]{_LABEL}|{_LABEL})"
_VERSION = r"[0-9]+(?:\.[0-9A-Za-z+-]+)*"
_PATH = re.compile(
    rf"(?:(?P<interface>(?:{_LABEL}:{_LABEL}/)?{_LABEL})(?:@(?P<version>{_VERSION}))?[.#])?(?P<function>{_FUNCTION})"
)
_PATH_THEN_VERSION = re.compile(
    rf"(?P<interface>(?:{_LABEL}:{_LABEL}/)?{_LABEL})[.#](?P<function>{_FUNCTION})@(?P<version>{_VERSION})"
)
_CLOSING = {"(": ")", "[": "]", "{": "}"}


@dataclasses.dataclass(frozen=True, slots=True)
class FunctionPath:
    """Which function a call means.

    Attributes:
        interface: as it was written, with the version if one was: `store`, `shop:stock/store@1.0.0`; None for a function
            of the world itself.
        function: the WIT name, such as `put` or `[static]cursor.merge`.
    """

    interface: str | None
    function: str

    def fits(self, wire_name: str) -> bool:
        """Whether the interface that a component exports under this name is the one that was written.

        What was left out, the version or the package, may be anything.
        """
        path, _, version = wire_name.partition("@")
        if self.interface is None:
            return False
        asked, _, asked_version = self.interface.partition("@")
        if asked_version and asked_version != version:
            return False
        return asked in (path, path.rpartition("/")[2])

    def __str__(self) -> str:
        return f"{self.interface}#{self.function}" if self.interface else self.function


@dataclasses.dataclass(frozen=True, slots=True)
class Call:
    """A call that was read: the function, what is known of it, and the arguments as Python values."""

    path: FunctionPath
    signature: Signature
    arguments: tuple[Any, ...]


def parse(text: str, shape: Shape) -> Any:
    """Read one value.

    Args:
        text: the value alone; white space and `//` comments may surround it.
        shape: its type.

    Returns:
        The Python value that generated code would take and return for it.

    Raises:
        WaveError: the text says no such value; the error has line, column, what was expected and what stands there.
    """
    cursor = Cursor(text)
    value = read_value(cursor, shape)
    if cursor.token.kind != "end":
        raise cursor.unexpected(f"nothing after the value of type {describe(shape)}")
    return value


def format(value: Any, shape: Shape) -> str:  # noqa: A001  (reads as `wave.format`, beside `wave.parse`)
    """Print one value on one line. What is printed reads back to an equal value and is safe on a terminal.

    Raises:
        WaveError: the value is none of that shape.
    """
    return write_value(value, shape)


def parse_call(text: str, lookup: Callable[[FunctionPath], Signature]) -> Call:
    """Read a call.

    Args:
        text: `function(args)`, `interface.function(args)`, `namespace:package/interface.function(args)`; a version
            follows the interface (`...@1.0.0.function(`, `...@1.0.0#function(`) or the function (`...function@1.0.0(`).
            Arguments at the end that are options may be left out.
        lookup: says what the function's types are, or raises an error of its own if there is no such function.

    Raises:
        WaveError: the text is no call, or its arguments are not those of the function.
    """
    path, start = _path(text)
    signature = lookup(path)
    cursor = Cursor(text, start)
    parameters = signature.parameters
    arguments: list[Any] = []
    for at in cursor.items("(", ")", f"`(` and the arguments of {path.function}"):
        if at == len(parameters):
            raise cursor.unexpected(f"`)`: {path.function} takes {_count(len(parameters))}")
        arguments.append(read_value(cursor, parameters[at].shape))
    for parameter in parameters[len(arguments) :]:
        if not isinstance(parameter.shape, OptionShape):
            raise cursor.problem(
                f"{path.function} takes {_count(len(parameters))}, got {len(arguments)}",
                cursor.before.start,
                expected=f"argument `{parameter.wit}` ({describe(parameter.shape)})",
                got="`)`",
                hint=f"the next argument is `{parameter.wit}` ({describe(parameter.shape)})",
            )
        arguments.append(None)
    _require_end(cursor)
    return Call(path, signature, tuple(arguments))


def split_call(text: str) -> tuple[FunctionPath, tuple[str, ...]]:
    """Take a call apart without knowing the function: its path, and the text of each argument.

    Raises:
        WaveError: the text is no call.
    """
    path, start = _path(text)
    cursor = Cursor(text, start)
    arguments = tuple(
        _argument(cursor) for _ in cursor.items("(", ")", f"`(` and the arguments of {path.function}")
    )
    _require_end(cursor)
    return path, arguments


def _argument(cursor: Cursor) -> str:
    """The text up to the comma or bracket that ends an argument; brackets inside must match."""
    start = end = cursor.token.start
    waiting: list[str] = []
    while waiting or cursor.token.text not in (",", ")"):
        token: Token = cursor.token
        if token.kind in ("end", "bad"):
            raise cursor.unexpected(f"`{waiting[-1]}`" if waiting else "`)`")
        if token.text in _CLOSING:
            waiting.append(_CLOSING[token.text])
        elif token.text in (")", "]", "}") and (not waiting or waiting.pop() != token.text):
            raise cursor.unexpected("a value")
        cursor.advance()
        end = token.start + len(token.text)
    if start == end:
        raise cursor.unexpected("a value")
    return cursor.text[start:end]


def _path(text: str) -> tuple[FunctionPath, int]:
    cursor = Cursor(text)
    start = cursor.token.start
    opening = text.find("(", start)
    end = start + len(text[start : opening if opening >= 0 else None].rstrip())
    match = _PATH.fullmatch(text, start, end) or _PATH_THEN_VERSION.fullmatch(text, start, end)
    if match is None:
        raise cursor.unexpected(
            "a function, then its arguments in brackets",
            Token("label", text[start:end], start) if end > start else None,
            hint="a call looks like `function(1)`, `interface.function(1, true)` "
            "or `namespace:package/interface@1.0.0#function()`",
        )
    interface, version, function = match["interface"], match["version"], match["function"].replace("%", "")
    if interface:
        interface = interface.replace("%", "") + (f"@{version}" if version else "")
    return FunctionPath(interface, function), end


def _require_end(cursor: Cursor) -> None:
    if cursor.token.kind != "end":
        raise cursor.unexpected("nothing after the call")


def _count(number: int) -> str:
    return "no arguments" if number == 0 else f"{number} argument{'s' if number > 1 else ''}"
