"""The root of the error tree: what happened, where, and what to do next.

Every error that the SDK raises on purpose is an `AirssysError`. Floors add their own classes below the
four kinds that stand here; a kind decides the exit code of the command.
"""

from __future__ import annotations


class AirssysError(Exception):
    """An error that the SDK explains to its user.

    Args:
        message: what happened, in one sentence without a trailing period.
        where: the place: a file with line and column, a WIT path, a manifest key.
        hint: what to do next.
        details: longer material worth showing below the message, such as a snippet or a guest's traceback.
    """

    exit_code: int = 1

    def __init__(
        self, message: str, *, where: str | None = None, hint: str | None = None, details: str | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint
        self.details = details

    def __str__(self) -> str:
        parts = [f"{self.where}: {self.message}" if self.where else self.message]
        if self.details:
            parts.append(self.details)
        if self.hint:
            parts.append(f"hint: {self.hint}")
        return "\n".join(parts)


class UsageError(AirssysError):
    """A command or function was asked for something that makes no sense; the fix is in the call."""

    exit_code = 2


class ValidationError(AirssysError):
    """An input (WIT, manifest, component, value text) does not say what it must; the fix is in the input."""

    exit_code = 7


class BuildError(AirssysError):
    """A guest could not be built; the fix is in its sources or its dependencies."""

    exit_code = 8


class ToolMissingError(AirssysError):
    """A tool that the work needs is not installed; the hint says how to get it."""
