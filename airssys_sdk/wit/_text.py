"""Text for people: untrusted characters made visible, and the nearest known name."""

from __future__ import annotations

from collections.abc import Iterable


def printable(text: str, *, keep: str = "") -> str:
    """`text` with everything that could steer a terminal or reorder a line written as an escape.

    Args:
        text: what a file, a guest or a user said.
        keep: characters to leave alone although they do not print, such as a line feed.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in keep else escaped(c) for c in text)


def escaped(character: str) -> str:
    """One character as the WIT and WAVE escape of its code point."""
    return f"\\u{{{ord(character):x}}}"


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that `name` was most likely meant to be, if one is close."""
    import difflib

    lowered = {candidate.lower(): candidate for candidate in known}
    found = difflib.get_close_matches(name.lower(), lowered, n=1)
    return lowered[found[0]] if found else None


def shortened(text: str, width: int = 60) -> str:
    """The text, made printable and cut to `width` characters with an ellipsis."""
    safe = printable(text[: width + 1])
    return safe if len(safe) <= width else f"{safe[: width - 1]}…"
