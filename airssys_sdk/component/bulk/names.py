"""The names that a composed component has more of than the component in it."""

from __future__ import annotations

import hashlib
from typing import Final

PREFIX: Final = "airssys:bulk/"
"""How the names of added interfaces begin."""

REVISION: Final = "5"
"""Counts changes of what is composed, so that a component composed by an earlier version is not taken for one of this."""


def interface_name(name: str | None) -> str:
    """The interface with the bulk forms of an interface's functions, or with None of the component's own.

    The names of interfaces can hold more than fits into a part of another name, so it is a digest.
    """
    if name is None:
        return f"{PREFIX}root"
    return f"{PREFIX}i{hashlib.sha256(name.encode()).hexdigest()[:24]}"


def is_added(name: str) -> bool:
    """Whether an import or export of a composed component was added by composing."""
    return name.startswith(PREFIX)


def digest(of: str) -> str:
    """What the composed form of a component is known by, from the digest of the component."""
    return hashlib.sha256(f"{of}\0bulk {REVISION}".encode()).hexdigest()
