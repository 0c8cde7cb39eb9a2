"""What an author has to know of their own module after the WIT changed, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import Diagnostic

if TYPE_CHECKING:
    from .parameters import Left


def taken(where: str, line: int, name: str, *, is_property: bool) -> Diagnostic:
    """A class, method or property of the author's own has a name that the WIT needs."""
    cls, _, method = name.partition(".")
    reason = (
        f"the property '{name}' would have to be a method, which the WIT calls"
        if is_property
        else f"the method '{name}' would have to take the parameters that the WIT says, and takes others"
        if method
        else f"the class '{cls}' would have to implement what the WIT says, and nothing shows that it is meant to"
    )
    hint = (
        "rename it, or make it one if it is meant"
        if is_property
        else "rename it, or give it those parameters if it is meant"
        if method
        else f"rename it, or derive it from the class '{cls}' of the bindings if it does"
    )
    return Diagnostic(f"{where}:{line}", "name", reason, f"{hint}; nothing has been written")


def waiting(where: str, name: str) -> Diagnostic:
    """A method awaits although it may not any more."""
    return Diagnostic(
        where,
        "async func",
        f"'{name}' awaits, and is no `async func` in the WIT any more",
        "make it a plain method",
    )


def overloaded(where: str, name: str) -> Diagnostic:
    """Overloads say what the WIT said before."""
    reason = f"'{name}' has another signature now, and its overloads are as you wrote them"
    return Diagnostic(where, "overload", reason, "let them say what the WIT says, or remove them")


def elsewhere(where: str, name: str) -> Diagnostic:
    """What the WIT asks something else of is not in the module, or nothing whose signature could be updated."""
    what = "method" if "." in name else "class"
    return Diagnostic(
        where,
        what,
        f"the WIT asks something else of '{name}' than before, and here no {what} of that name can be brought up",
        "let what is called so do what the bindings say",
    )


def left(where: str, left: Left) -> Diagnostic:
    """A body reads a parameter that is gone."""
    return Diagnostic(
        f"{where}:{left.line}",
        "parameter",
        f"'{left.method}' has no parameter '{left.name}' any more, and its body reads it",
        f"read '{left.now}', which stands in its place"
        if left.now
        else "change the code that uses it, or remove it",
    )


def lost(where: str, line: int, path: str) -> Diagnostic:
    """Something of bindings that is gone is used."""
    return Diagnostic(
        f"{where}:{line}",
        "import",
        f"{path} has left the bindings",
        "change the code that uses it, or remove it",
    )
