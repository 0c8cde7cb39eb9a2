"""What stands where a host gives nothing: it can be linked, so that functions which do not need it work."""

from __future__ import annotations

from ...errors import UsageError
from ..errors import printable


class Absent:
    """A host's object with everything that anybody asks for: what `given` lacks says so when the component calls it.

    Args:
        given: the host's own object; what it has is taken from there.
        hint: what to tell who called something that is not there.
        name: what this stands for, dotted; empty for the host's object itself.
    """

    def __init__(self, given: object, hint: str, name: str = "") -> None:
        self._given = given
        self._hint = hint
        self._name = name

    def __getattr__(self, name: str) -> object:
        if name.startswith("__"):  # what Python and the linker ask of any object
            raise AttributeError(name)
        found = getattr(self._given, name, None)
        return found if found is not None else Absent(None, self._hint, f"{self._name}.{name}".lstrip("."))

    def __call__(self, *_: object) -> object:
        """Say that it is not there.

        Raises:
            UsageError: always.
        """
        raise UsageError(
            f"the component called {printable(self._name)}, which its host must give, and nobody gave it",
            hint=self._hint,
        )
