"""Which names the module with an author's code may have: Python must find that module, and what it brings itself."""

from __future__ import annotations

import keyword
import sys
import unicodedata

GENERATED = frozenset({"wit_world", "componentize_py_types", "componentize_py_async_support"})
"""Modules that are generated beside the author's."""

_BROUGHT = frozenset({"componentize_py_runtime", "poll_loop", "airssys_sdk"})
"""Modules that every guest gets."""

STANDARD = sys.stdlib_module_names | {"annotationlib", "compression"}
"""The standard library of hosts, and what only that of guests has."""

TAKEN = GENERATED | _BROUGHT | STANDARD
"""What no module of an author's may be called at the top."""

_OTHER = "give your module another name"


def refusal(app: str) -> tuple[str, str] | None:
    """Why a name cannot be that of the author's module, and what to do; None if it can.

    Args:
        app: the dotted name.
    """
    parts = app.split(".")
    if not all(part.isidentifier() and not keyword.iskeyword(part) for part in parts):
        return f"{app!r} is no name for a module", "give one such as app or shop.component"
    if (found := unicodedata.normalize("NFKC", app)) != app:
        return (
            f"{app!r} is no name that Python finds a module by",
            f"give {found!r}, which it looks for instead",
        )
    if parts[0] in GENERATED:
        return f"{parts[0]} is generated", _OTHER
    if parts[0] in _BROUGHT:
        return f"{parts[0]} is a module that every guest gets, which yours would hide", _OTHER
    if parts[0] in STANDARD:
        return f"{parts[0]} is a module of Python's own, which yours would hide", _OTHER
    return None
