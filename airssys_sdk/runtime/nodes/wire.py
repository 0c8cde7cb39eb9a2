"""What goes over a node's control channel: JSON, one object a line, in both directions; every line has a bounded size.

A request is `{"id": ..., "command": "...", "arguments": {...}}`; `id`, a number or short text, comes back with each
answer. A command answers once, `{"id": ..., "ok": ...}`, or in a stream, `{"id": ..., "item": ...}` and at the end
`{"id": ..., "end": true}`; what goes wrong is `{"id": ..., "error": {"message": ..., "hint": ...}}`. The next request ends
a stream.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any, Final, cast

from pydantic_core import PydanticSerializationError, to_json

from ...errors import AirssysError, UsageError

MOST_REQUEST: Final = 64 * 1024
"""Bytes of a request's line."""
MOST_ANSWER: Final = 64 * 1024 * 1024
"""Bytes of an answer's line."""
_MOST_ID: Final = 100

Identity = str | int | None


@dataclasses.dataclass(frozen=True, slots=True)
class Request:
    """What a client asks for.

    Attributes:
        id: comes back with each answer.
        command: the name of the command.
        arguments: whatever the command takes.
    """

    id: Identity
    command: str
    arguments: Mapping[str, object]


def read_request(line: bytes) -> Request:
    """Read a line.

    Raises:
        UsageError: it is no request; nothing else is raised, whatever the bytes are.
    """
    try:
        value: object = json.loads(line)
    except (ValueError, RecursionError):
        raise UsageError("a request is one JSON object on one line") from None
    if not isinstance(value, dict):
        raise UsageError("a request is one JSON object on one line")
    fields = cast("dict[str, object]", value)
    identity, command, arguments = fields.get("id"), fields.get("command"), fields.get("arguments", {})
    if isinstance(identity, bool) or not isinstance(identity, str | int | None):
        raise UsageError("the id of a request is a number or a text")
    if isinstance(identity, str) and _text(identity) != identity[:4000]:
        raise UsageError("the id of a request holds half a surrogate pair, which no answer can")
    if len(str(identity)) > _MOST_ID:
        raise UsageError(f"the id of a request has {_MOST_ID} characters at most")
    if not isinstance(command, str):
        raise UsageError("a request has a command, which is a text")
    if not isinstance(arguments, dict):
        raise UsageError("the arguments of a command are a JSON object")
    unknown = fields.keys() - {"id", "command", "arguments"}
    if unknown:
        raise UsageError("a request has an id, a command and arguments, and nothing else")
    return Request(identity, command, cast("dict[str, object]", arguments))


def text_of(arguments: Mapping[str, object], name: str) -> str:
    """An argument that must be a text.

    Raises:
        UsageError: it is missing, or none.
    """
    value = arguments.get(name)
    if not isinstance(value, str) or not value:
        raise UsageError(f"the command needs a text as its argument {name!r}")
    return value


def number_of(arguments: Mapping[str, object], name: str, default: int, most: int) -> int:
    """An argument that may be a whole number from 0 to `most`.

    Raises:
        UsageError: it is something else.
    """
    value = arguments.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
        raise UsageError(f"the argument {name!r} is a whole number from 0 to {most}")
    return value


def answer(identity: Identity, kind: str, value: object) -> bytes:
    """A line of an answer; dataclasses, enums and paths become JSON by themselves.

    Raises:
        AirssysError: the value has no JSON, or is too large.
    """
    try:
        line = to_json({"id": identity, kind: value}, inf_nan_mode="null") + b"\n"
    except (PydanticSerializationError, UnicodeError, ValueError) as error:
        raise AirssysError(f"the answer cannot be written as JSON: {error}") from error
    if len(line) > MOST_ANSWER:
        raise AirssysError(f"the answer has more than {MOST_ANSWER} bytes")
    return line


def failure(identity: Identity, error: Exception) -> bytes:
    """The line that tells what went wrong; of errors that nobody expected only their class."""
    told: dict[str, Any] = {
        "message": f"internal error: {type(error).__name__}",
        "details": None,
        "hint": None,
    }
    if isinstance(error, AirssysError):
        where = f"{error.where}: " if error.where else ""
        told = {
            "message": _text(f"{where}{error.message}"),
            "details": error.details and _text(error.details),
            "hint": error.hint and _text(error.hint),
        }
    return answer(identity, "error", told)


def _text(text: str) -> str:
    # A guest's text may hold half a surrogate pair, which JSON in UTF-8 cannot.
    return text[:4000].encode("utf-8", "replace").decode()
