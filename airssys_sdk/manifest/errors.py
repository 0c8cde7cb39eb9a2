"""What is wrong with a manifest, one problem per key."""

from __future__ import annotations

import dataclasses

from airssys_sdk.errors import ValidationError


@dataclasses.dataclass(frozen=True, slots=True)
class Problem:
    """One thing to correct in a manifest.

    Args:
        key: path of the key, such as `limits.memory` or `permissions.messaging.send[1]`; empty for the whole file.
        message: what is wrong, without the key.
        line: line of the key in the file, from 1; None when it could not be found.
        column: column of the key, from 1.
        hint: how to correct it.
    """

    key: str
    message: str
    line: int | None = None
    column: int | None = None
    hint: str | None = None

    def __str__(self) -> str:
        return f"{self.key}: {self.message}" if self.key else self.message


class ManifestError(ValidationError):
    """A manifest that cannot be used; `problems` holds everything found, in the order of the schema.

    Args:
        source: name of the file, as the user gave it.
        problems: at least one.
        lines: the lines of the text, for the snippet.
    """

    def __init__(self, source: str, problems: tuple[Problem, ...], lines: tuple[str, ...] = ()) -> None:
        first = problems[0]
        details = [snippet] if (snippet := _snippet(first, lines)) else []
        details += [f"also: {_place(source, problem)}: {problem}" for problem in problems[1:]]
        super().__init__(
            str(first), where=_place(source, first), hint=first.hint, details="\n".join(details) or None
        )
        self.source = source
        self.problems = problems


def _place(source: str, problem: Problem) -> str:
    parts = [source, *(str(number) for number in (problem.line, problem.column) if number is not None)]
    return ":".join(parts)


def _snippet(problem: Problem, lines: tuple[str, ...]) -> str | None:
    if problem.line is None or not 0 < problem.line <= len(lines):
        return None
    number = str(problem.line)
    shown = f"{number} | {lines[problem.line - 1].expandtabs(1)}"
    if problem.column is None:
        return shown
    return f"{shown}\n{' ' * len(number)} | {' ' * (problem.column - 1)}^"
