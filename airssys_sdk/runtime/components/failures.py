"""How a component fails in the middle of a message, or while it gets ready."""

from __future__ import annotations

from ...component import CallError
from ...wit.annotations import MARKER, CaseMarker
from ..errors import MessageError, StartFailed


class ComponentFailed(MessageError):
    """The component's own code reports a failure of one message; it goes on with the next.

    Attributes:
        case: the case of `wasm-error`, such as `runtime-error`.
    """

    def __init__(self, message: str, *, case: str, where: str) -> None:
        super().__init__(message, where=where)
        self.case = case


class WritesLost(CallError):
    """The handler returned, but what it wrote could not be stored. The component starts again without those writes."""


class Unhealthy(StartFailed):
    """A new version of a component says of itself that it is unhealthy."""


def failure(error: object, *, where: str) -> ComponentFailed:
    """What the component answered with, a case of `wasm-error`, as an exception."""
    case = _case(error)
    text = getattr(error, "value", None)
    message = f"{case}: {text}" if isinstance(text, str) else case
    return ComponentFailed(message, case=case, where=where)


def _case(error: object) -> str:
    """The WIT name of a variant's case."""
    marker = getattr(type(error), MARKER, None)
    return marker.case if isinstance(marker, CaseMarker) else type(error).__name__
