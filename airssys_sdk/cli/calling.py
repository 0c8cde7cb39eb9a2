"""What `call` does: one call of one function of a fresh instance, as WAVE text in and out."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, cast

from airssys_sdk.cli.description import require_component
from airssys_sdk.cli.progress import Progress
from airssys_sdk.cli.session import Session
from airssys_sdk.cli.text import safe
from airssys_sdk.component import AsynchronousComponent, Component, Err, Limits, Ok, Wasi
from airssys_sdk.component.hosting.dynamic import Function
from airssys_sdk.errors import AirssysError
from airssys_sdk.wit import wave
from airssys_sdk.wit.shapes import Signature

_TRACEBACK = b"Traceback (most recent call last):"
_NO_HOST = (
    "`call` gives no imports: components of airssys:core/runtime-host run with `airssys-sdk run`; "
    "others with a program of yours"
)


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """What came back.

    Attributes:
        text: the result as WAVE text; None if the function has none.
        ok: False if the function answered with the error case of its result.
    """

    text: str | None
    ok: bool


def call(file: Path, text: str, limits: Limits, session: Session, progress: Progress) -> Answer:
    """Call a function of a component.

    Args:
        file: the component.
        text: `function(args)` or `interface.function(args)`, the arguments in WAVE.
        limits: what the call may use.
        session: where the guest's output goes: to standard error, so that standard output holds the result alone.
        progress: hears about compiling.

    Raises:
        ValidationError: the file is no component, or the text no call of one of its functions.
        CallError: the call did not come back.
    """
    require_component(file)
    wave.split_call(text)  # a slip of the pen is told before seconds of compiling
    component = _opened(file, limits, progress)
    output = _GuestOutput(session)
    try:
        with component.instantiate(
            wasi=Wasi(stdout=output.write, stderr=output.write), limits=limits, missing=_NO_HOST
        ) as instance:
            asked = wave.parse_call(text, lambda path: instance.function(path).signature_as_text())
            answer = _answer(instance.function(asked.path), asked.arguments)
    except AirssysError as error:
        output.end(told=error.details)
        raise
    output.end()
    return answer


def _opened(file: Path, limits: Limits, progress: Progress) -> Component:
    """The component, so that its calls can be stopped; if it has asynchronous functions, they cannot."""
    told = progress.compiling(file.name)
    try:
        return Component.open(file, profile="metered", on_compile=told, bulk=limits.bulk)
    except AsynchronousComponent as error:
        if limits.metered:
            error.hint = "leave --fuel and --deadline out: calls of such a component cannot be stopped"
            raise
    return Component.open(file, profile="concurrent", on_compile=told)


def _answer(function: Function, arguments: tuple[Any, ...]) -> Answer:
    signature = function.signature
    try:
        value = function(*arguments)
        if signature.is_async:
            import asyncio

            value = asyncio.run(value)
    except Err as error:  # pyright: ignore[reportUnknownVariableType] - only the component knows what it holds
        return Answer(_format(cast("Err[object]", error), signature), ok=False)
    if signature.result is None:
        return Answer(None, ok=True)
    return Answer(_format(Ok(value) if signature.raises else value, signature), ok=not isinstance(value, Err))


def _format(value: object, signature: Signature) -> str:
    if signature.result is None:
        raise TypeError(f"{signature.name} has no result, and yet there is one")
    return wave.format(value, signature.result)


class _GuestOutput:
    """What a guest prints, as it prints it; a traceback is held back, for the error will show it."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._rest = b""
        self._held: list[bytes] = []

    def write(self, data: bytes) -> None:
        """Take what the guest wrote, on the engine's thread."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._line(line)

    def end(self, *, told: str | None = None) -> None:
        """The call is over; `told` is what its error shows by itself."""
        if self._rest:
            self._line(self._rest)
        held = [line.decode(errors="backslashreplace") for line in self._held]
        if not told or not all(safe(line).strip() in told for line in held[:2]):
            for line in held:
                self._session.note(line)

    def _line(self, line: bytes) -> None:
        if self._held or line.startswith(_TRACEBACK):
            self._held.append(line)
        else:
            self._session.note(line.decode(errors="backslashreplace"))
