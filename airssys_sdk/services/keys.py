"""Storage keys: what a component may write as a key, and whose key it is.

A component sees its own keys without a prefix. A key that begins with `/` names its owner,
`/namespace/name/instance/key`; it needs a permission unless the owner is the component itself.
"""

from __future__ import annotations

import dataclasses
import re

from ..manifest.ids import NAME
from .faults import StorageFault

MAX_KEY = 1024
"""Bytes (UTF-8) a key may have, its owner's prefix not counted."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


@dataclasses.dataclass(slots=True)
class Address:
    """Where a value lies.

    Attributes:
        owner: the owner's id as text, `namespace/name/instance`.
        key: the key below it.
        segments: the whole name as capabilities see it; None for an own key.
    """

    owner: str
    key: str
    segments: tuple[str, ...] | None


def locate(key: str, own: str) -> Address:
    """Whose key it is.

    Args:
        key: the key as the component wrote it.
        own: the component's own id as text.

    Raises:
        StorageFault: `invalid-key`: the key is empty, too long, holds control characters, or begins with `/` and names no owner.
    """
    if key[:1] != "/":
        _check(key, key)
        return Address(own, key, None)
    owner, rest, segments = _split(key)
    _check(rest, key)
    return Address(owner, rest, None if owner == own else segments)


def locate_prefix(prefix: str | None, own: str) -> Address:
    """Whose keys a prefix lists; it may be empty below its owner, and its last segment may be a part of one.

    Raises:
        StorageFault: `invalid-key`: it holds control characters, or begins with `/` and does not name one owner.
    """
    if not prefix:
        return Address(own, "", None)
    if prefix[0] != "/":
        _check(prefix, prefix)
        return Address(own, prefix, None)
    owner, rest, segments = _split(prefix)
    if rest:
        _check(rest, prefix)
    return Address(owner, rest, None if owner == own else segments[:-1])


def _split(key: str) -> tuple[str, str, tuple[str, ...]]:
    segments = tuple(key.split("/"))
    if len(segments) < 5 or not all(map(NAME.fullmatch, segments[1:4])):
        raise StorageFault(
            "invalid-key", f"{key!r} names no owner: another component's key is /namespace/name/instance/key"
        )
    return "/".join(segments[1:4]), "/".join(segments[4:]), segments


def _check(key: str, shown: str) -> None:
    if not key:
        raise StorageFault("invalid-key", f"the key {shown!r} is empty" if shown else "the key is empty")
    if _CONTROL.search(key):
        raise StorageFault("invalid-key", f"the key {shown[:100]!r} holds control characters")
    if len(key) > MAX_KEY or len(key.encode()) > MAX_KEY:
        raise StorageFault("invalid-key", f"the key {shown[:40]!r}... is longer than {MAX_KEY} bytes")
