"""Text that others wrote, made safe for a terminal.

Names, WIT docs, guest output and error messages may hold escape sequences that move the cursor, retitle the window
or hide what follows. Everything the command prints passes through here.
"""

from __future__ import annotations

import re
import unicodedata

_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def safe(text: str) -> str:
    """`text` with control and formatting characters written as escapes; line feeds and tabs stay.

    Carriage returns before a line feed are dropped, so text from Windows reads as it should.
    """
    if text.isprintable():
        return text
    text = text.replace("\r\n", "\n")
    return "".join(c if c in "\n\t" or c.isprintable() else _escape(c) for c in text)


def safe_line(text: str) -> str:
    """`text` on one line: as `safe`, and line feeds and tabs become spaces."""
    return re.sub(r"\s+", " ", safe(text)).strip()


def indent(text: str, prefix: str = "  ") -> str:
    """Every line of a text behind a prefix."""
    return "\n".join(f"{prefix}{line}".rstrip() for line in text.splitlines())


def _escape(character: str) -> str:
    if unicodedata.category(character) not in _UNSAFE:
        return character
    number = ord(character)
    return (
        f"\\x{number:02x}"
        if number < 0x100
        else f"\\u{number:04x}"
        if number < 0x10000
        else f"\\U{number:08x}"
    )
