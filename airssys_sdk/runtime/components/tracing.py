"""Tracing: each call into a component and each import that it calls, told in the terms of WIT to whoever watches.

Without a trace nothing here runs. With one, calls cost what their values take to be written as text.
"""

from __future__ import annotations

import dataclasses
import inspect
import logging
from collections.abc import Awaitable, Callable, Iterable
from time import perf_counter
from typing import Any, Literal, TypeVar, cast

from ...component import Err, Ok, suspending
from ...component.hosting.exports import CALL, ExportCodec
from ...component.hosting.imports import ImportedFunction, read_imports
from ...component.running.suspend import is_suspending
from ...services.logs import safe
from ...wit.shapes import Signature
from ..state import describe
from .brief import brief

T = TypeVar("T")
_MOST_TEXT = 1000
_log = logging.getLogger("airssys.runtime")


@dataclasses.dataclass(frozen=True, slots=True)
class Traced:
    """A call that is over.

    Attributes:
        component: the id of the component.
        kind: `call` into the component, or `import`, which it calls.
        function: its name, such as `airssys:core/storage@1.0.0#get`.
        arguments: WAVE text of all of them; long values are cut short.
        outcome: WAVE text of the result; None if the function has none, or did not come back.
        failure: why it did not come back; None if it did.
        seconds: how long it took, its waiting included.
    """

    component: str
    kind: Literal["call", "import"]
    function: str
    arguments: str
    outcome: str | None
    failure: str | None
    seconds: float

    def __str__(self) -> str:
        end = f" failed: {self.failure}" if self.failure else f" -> {self.outcome}" if self.outcome else ""
        return f"{self.function}({self.arguments}){end} in {self.seconds * 1000:.1f} ms"


Trace = Callable[[Traced], None]
"""Hears of each call, on whatever thread it ended; it must be quick."""


class Span:
    """A call on its way; it is told once how it ended."""

    def __init__(
        self,
        trace: Trace,
        component: str,
        kind: Literal["call", "import"],
        signature: Signature,
        arguments: tuple[object, ...],
    ) -> None:
        self._trace = trace
        self._component = component
        self._kind: Literal["call", "import"] = kind
        self._signature = signature
        # Written now: whoever gets the values may change them.
        self._arguments = _written(
            lambda: ", ".join(
                brief(value, parameter.shape)
                for value, parameter in zip(arguments, signature.parameters, strict=True)
            )
        )
        self._began = perf_counter()

    def around(self, call: Callable[[], T]) -> T:
        """Do the call and tell how it ended."""
        try:
            value = call()
        except BaseException as error:
            self.failed(error)
            raise
        self.returned(value)
        return value

    def returned(self, value: object) -> None:
        """It came back with a value."""
        shape = self._signature.result
        if shape is None:
            self._end(None, None)
        else:
            whole = Ok(value) if self._signature.raises else value
            self._end(_written(lambda: brief(whole, shape)), None)

    def failed(self, error: BaseException) -> None:
        """It raised: the error that the function declares is an outcome like any other."""
        shape = self._signature.result
        if isinstance(cast("object", error), Err) and shape is not None:
            self._end(_written(lambda: brief(error, shape)), None)
        else:
            self._end(None, safe(describe(error), _MOST_TEXT))

    def given_up(self) -> None:
        """Nobody waits for it any longer."""
        self._end(None, "it was given up")

    def _end(self, outcome: str | None, failure: str | None) -> None:
        seconds = perf_counter() - self._began
        name = self._signature.name
        try:
            self._trace(Traced(self._component, self._kind, name, self._arguments, outcome, failure, seconds))
        except Exception:  # noqa: BLE001  (as with `_written`)
            _log.exception("a trace raised")


def span(
    trace: Trace, component: str, function: Callable[..., object], arguments: tuple[object, ...]
) -> Span:
    """Begin a call of a function that a component exports."""
    codec, _ = cast("tuple[ExportCodec, object]", getattr(function, CALL))
    return span_of(trace, component, codec, arguments)


def span_of(trace: Trace, component: str, codec: ExportCodec, arguments: tuple[object, ...]) -> Span:
    """The same, by its codec."""
    return Span(trace, component, "call", codec.signature, arguments)


class TracedImports:
    """The imports of a component, of which each call is told.

    Args:
        host: the imports, under the names of the generated world.
        protocol: the generated Protocol of the imports. The methods of its resources are not told.
        component: tells the id of the component; not before there is one, which an instance that is kept ready has not.
        trace: hears of the calls.
    """

    def __init__(self, host: object, protocol: type[Any], component: Callable[[], str], trace: Trace) -> None:
        self._host = host
        found = read_imports(protocol)
        _trace_all(self, host, found.functions.values(), component, trace)
        for interface in found.interfaces.values():
            implemented = getattr(host, interface.attribute, None)
            if implemented is None:
                continue  # whoever links it says so
            traced = _TracedInterface(implemented)
            _trace_all(traced, implemented, interface.functions.values(), component, trace)
            setattr(self, interface.attribute, traced)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._host, name)


class _TracedInterface:
    def __init__(self, implemented: object) -> None:
        self._implemented = implemented

    def __getattr__(self, name: str) -> Any:
        return getattr(self._implemented, name)  # what makes a resource


def _trace_all(
    traced: object,
    implemented: object,
    functions: Iterable[ImportedFunction],
    component: Callable[[], str],
    trace: Trace,
) -> None:
    for one in functions:
        function = getattr(implemented, one.attribute, None)
        if function is not None and one.resource is None:
            setattr(traced, one.attribute, _traced(function, one.codec.signature, component, trace))


def _traced(
    function: Callable[..., Any], signature: Signature, component: Callable[[], str], trace: Trace
) -> Callable[..., Any]:
    """The same function; it waits where the other one does."""

    def call(*arguments: object) -> object:
        told = Span(trace, component(), "import", signature, arguments)
        try:
            value = function(*arguments)
        except BaseException as error:
            told.failed(error)
            raise
        if inspect.isawaitable(value):
            return _later(told, value)
        told.returned(value)
        return value

    return suspending(call) if is_suspending(function) else call


async def _later(told: Span, value: Awaitable[object]) -> object:
    try:
        result = await value
    except BaseException as error:
        told.failed(error)
        raise
    told.returned(result)
    return result


def _written(write: Callable[[], str]) -> str:
    try:
        text = write()
    except Exception as error:  # noqa: BLE001  (watching a call must not change what becomes of it)
        text = f"?({describe(error)})"
    return safe(text, _MOST_TEXT)
