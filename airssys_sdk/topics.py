"""How topics are written: levels between dots. In a pattern `*` stands for exactly one level, `#` for any number, also none."""

from __future__ import annotations

from typing import Final, NoReturn

from airssys_sdk.errors import UsageError

ONE_LEVEL: Final = "*"
ANY_LEVELS: Final = "#"

_EXAMPLES: Final = {"topic": "orders.created", "pattern": "orders.*"}


def topic_levels(topic: object) -> list[str]:
    """The levels of a topic, such as `orders.created`; upper and lower case differ.

    Raises:
        UsageError: it is malformed: an empty level, a wildcard, a character that cannot be printed.
        TypeError: it is no text.
    """
    levels = _levels(topic, "topic")
    for number, level in enumerate(levels, 1):
        if ONE_LEVEL in level or ANY_LEVELS in level:
            _refuse(topic, "topic", f"level {number}, {level[:80]!r}, holds a wildcard; only a pattern may")
    return levels


def pattern_levels(pattern: object) -> list[str]:
    """The levels of a pattern, such as `orders.*` or `#.error`; `#.#` says no more than `#` and comes back as that.

    Raises:
        UsageError: it is malformed: an empty level, a wildcard inside a word, a character that cannot be printed.
        TypeError: it is no text.
    """
    levels: list[str] = []
    for number, level in enumerate(_levels(pattern, "pattern"), 1):
        if level == ANY_LEVELS and levels and levels[-1] == ANY_LEVELS:
            continue
        wildcard = next((sign for sign in (ONE_LEVEL, ANY_LEVELS) if sign in level), level)
        if wildcard != level:
            _refuse(
                pattern,
                "pattern",
                f"level {number}, {level[:80]!r}, has {wildcard} inside a word; it stands for whole levels",
            )
        levels.append(level)
    return levels


def _levels(text: object, kind: str) -> list[str]:
    if not isinstance(text, str):
        raise TypeError(f"a {kind} is a text, not {type(text).__name__}")
    if not text:
        raise UsageError(f"a {kind} is not empty", hint=f"write levels between dots: {_EXAMPLES[kind]}")
    levels = text.split(".")
    for number, level in enumerate(levels, 1):
        if not level:
            _refuse(text, kind, f"level {number} is empty")
        if not level.isprintable():
            code = next(ord(character) for character in level if not character.isprintable())
            _refuse(text, kind, f"level {number} holds the character U+{code:04X}, which cannot be printed")
    return levels


def _refuse(text: object, kind: str, reason: str) -> NoReturn:
    raise UsageError(
        f"{str(text)[:80]!r} is no {kind}: {reason}", hint=f"write levels between dots: {_EXAMPLES[kind]}"
    )
