"""Payloads of messages as JSON shows them."""

from __future__ import annotations

import base64


def as_text(payload: bytes | None) -> dict[str, str | None]:
    """A payload in JSON: text, or base64 where it is none."""
    try:
        return {"payload": None if payload is None else payload.decode()}
    except UnicodeDecodeError:
        return {"payload-base64": base64.b64encode(payload or b"").decode()}
