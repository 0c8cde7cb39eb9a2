"""Events as plain values, for JSON: their kind and their fields, each of bounded size."""

from __future__ import annotations

import dataclasses
import enum
import re
from typing import Final

from ...services.logs import safe
from ...services.messaging import Letter
from ..state import Exit, describe

_MOST_TEXT: Final = 2000


def as_data(event: object) -> dict[str, object]:
    """An event's kind, such as `actor-started`, under `event`, and its fields as texts and numbers."""
    kind = re.sub(r"(?<!^)(?=[A-Z])", "-", type(event).__name__).lower()
    if not dataclasses.is_dataclass(event):
        return {"event": kind, "text": _plain(str(event))}
    fields = {field.name: _plain(getattr(event, field.name)) for field in dataclasses.fields(event)}
    return {"event": kind, **fields}


def _plain(value: object) -> object:
    match value:
        case None | bool() | int() | float():
            return value
        case str():
            return safe(value, _MOST_TEXT)
        case enum.Enum():
            return _plain(value.value)
        case BaseException():
            return safe(describe(value), _MOST_TEXT)
        case Exit():
            return safe(str(value), _MOST_TEXT)
        case bytes():
            return f"{len(value)} bytes"
        case Letter():
            # Not its content, which is nobody's business who only watches.
            return f"a message of {len(value.payload)} bytes"
        case _:
            return safe(str(value), _MOST_TEXT)
