"""What a component may do: nothing, except what its permissions list.

Grants answer yes or no and name the permission that would be needed; who asks writes the denial to the audit log.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from typing import TypeAlias

from .pattern import Pattern, PatternError

_CACHED = 1024
"""Answers kept per component; a component that names more targets than this is answered a little slower."""


class Capability(enum.Enum):
    """The capabilities that a node enforces; the value is the permission's key in a manifest."""

    SEND = "messaging.send"
    REQUEST = "messaging.request"
    BROADCAST = "messaging.broadcast"
    STORAGE_READ = "storage.read"
    STORAGE_WRITE = "storage.write"

    @property
    def key(self) -> str:
        """The key of the manifest under which it is granted, such as `permissions.messaging.send`."""
        return f"permissions.{self.value}"


Segments: TypeAlias = tuple[str, ...]


class Grant:
    """What one capability of one component covers.

    Args:
        capability: the capability.
        patterns: what is granted, compiled.
    """

    __slots__ = ("_answers", "_patterns", "capability")

    def __init__(self, capability: Capability, patterns: Iterable[Pattern]) -> None:
        self.capability = capability
        self._patterns = tuple(patterns)
        self._answers: dict[Segments, bool] = {}

    def allows(self, segments: Segments) -> bool:
        """Whether a resource is granted.

        Args:
            segments: the resource, split: an id as `(namespace, name, instance)`, a storage key as
                `("", namespace, name, instance, *segments of the key)`.
        """
        known = self._answers.get(segments)
        if known is not None:
            return known
        if len(self._answers) >= _CACHED:
            self._answers.clear()
        allowed = any(pattern.matches_segments(segments) for pattern in self._patterns)
        self._answers[segments] = allowed
        return allowed

    def reaches(self, segments: Segments) -> bool:
        """Whether anything that begins with these segments is granted."""
        return any(pattern.reaches(segments) for pattern in self._patterns)

    @property
    def patterns(self) -> tuple[str, ...]:
        """The granted patterns as they were written."""
        return tuple(pattern.text for pattern in self._patterns)


class Grants:
    """The permissions of one component, compiled; without any, everything is denied.

    Args:
        permissions: for each capability the patterns that are granted: component ids (`namespace/name/instance`)
            for messaging, keys (`/namespace/name/instance/key`) for storage.

    Raises:
        PatternError: a pattern is malformed, or one for storage does not begin with `/`; `where` names its key.
    """

    __slots__ = ("_grants",)

    def __init__(self, permissions: Mapping[Capability, Iterable[str]] | None = None) -> None:
        listed = permissions or {}
        self._grants = {
            capability: Grant(
                capability,
                [_compile(capability, index, text) for index, text in enumerate(listed.get(capability, ()))],
            )
            for capability in Capability
        }

    def __getitem__(self, capability: Capability) -> Grant:
        """What the capability covers."""
        return self._grants[capability]


def _compile(capability: Capability, index: int, text: str) -> Pattern:
    where = f"{capability.key}[{index}]"
    try:
        pattern = Pattern(text, "/")
    except PatternError as error:
        raise PatternError(error.message, where=where, hint=error.hint) from error
    storage = capability in {Capability.STORAGE_READ, Capability.STORAGE_WRITE}
    if storage and not text.startswith("/"):
        raise PatternError(
            f"the storage pattern {text!r} does not begin with '/'",
            where=where,
            hint="own keys need no permission; another component's are written /namespace/name/instance/key",
        )
    return pattern
