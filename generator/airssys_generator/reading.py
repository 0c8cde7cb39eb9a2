"""The author's module as text."""

from __future__ import annotations

from airssys_sdk.errors import ValidationError


def module_text(content: bytes, where: str) -> str:
    """The text of a Python module, with its own line ends.

    Args:
        content: the bytes of the file.
        where: its place, for errors.

    Raises:
        ValidationError: it is not UTF-8, or holds a NUL character, which Python refuses wherever it stands.
    """
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValidationError(
            f"the module is not UTF-8 (byte {error.start})", where=where, hint="save it as UTF-8"
        ) from error
    before, nul, _ = text.partition("\0")
    if nul:
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        raise ValidationError(
            "the module holds a NUL character, which no Python file may",
            where=f"{where}:{line}:{column}",
            hint="take it out; in a string it is written \\0",
        )
    return text
