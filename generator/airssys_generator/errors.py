"""What can go wrong when code is generated: a list of places, each with its reason and what to do about it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from airssys_sdk.errors import ValidationError


@dataclasses.dataclass(frozen=True, slots=True, order=True)
class Diagnostic:
    """One place of the WIT (or of an author's file) that stands in the way.

    Attributes:
        where: the place, such as `demo:shop/store@1.2.0#get` or `component.py:3:7`.
        construct: the WIT construct or rule that is the matter: `resource`, `stream`, `name`, ...
        reason: why it cannot be generated, one sentence without a trailing period.
        hint: what to do.
    """

    where: str
    construct: str
    reason: str
    hint: str

    def __str__(self) -> str:
        return f"{self.where}: {self.reason}; {self.hint}"


class GenerationError(ValidationError):
    """The plan cannot be made. Nothing has been rendered and nothing written.

    Attributes:
        diagnostics: every place that stands in the way, not only the first.
    """

    def __init__(self, message: str, diagnostics: Sequence[Diagnostic], *, where: str | None = None) -> None:
        super().__init__(message, where=where, details="\n".join(f"  {found}" for found in diagnostics))
        self.diagnostics = tuple(diagnostics)
