"""Options are checked when their object is made: what makes no sense is named with its value and what it may be."""

from __future__ import annotations

import enum
import math
from typing import NoReturn, TypeVar

from airssys_sdk.errors import UsageError

E = TypeVar("E", bound=enum.Enum)


def refuse(option: str, value: object, allowed: str) -> NoReturn:
    """Say that an option cannot have this value.

    Args:
        option: its name, such as `MailboxOptions.capacity`.
        value: what it was given.
        allowed: what it may be.

    Raises:
        UsageError: always.
    """
    text = repr(value)
    shown = text if len(text) <= 100 else f"{text[:97]}..."
    raise UsageError(f"{option} = {shown} makes no sense", hint=f"it is {allowed}")


def check_number(
    option: str, value: object, least: float, most: float = math.inf, *, endless: bool = False
) -> None:
    """Refuse what is no number from `least` to `most`; `endless`: it may be `math.inf`.

    Raises:
        UsageError: it is something else, such as NaN or a text.
    """
    number = value if isinstance(value, int | float) and not isinstance(value, bool) else math.nan
    if least <= number <= most and (endless or number < math.inf):
        return
    upper = "or more" if most == math.inf else f"to {most:g}"
    refuse(option, value, f"a number, {least:g} {upper}{', or math.inf' if endless else ''}")


def is_time(value: object) -> bool:
    """Whether it is a number of seconds: neither NaN nor a text such as "2s"."""
    return isinstance(value, int | float) and not math.isnan(value)


def check_above_zero(option: str, value: object) -> None:
    """Refuse what is no number above 0; it may be `math.inf`.

    Raises:
        UsageError: it is something else, such as NaN or a text.
    """
    if not isinstance(value, int | float) or isinstance(value, bool) or not value > 0:
        refuse(option, value, "a number above 0, or math.inf")


def check_whole(option: str, value: object, least: int, *, otherwise: str = "") -> None:
    """Refuse what is no whole number from `least`; `otherwise` says what else is allowed, when it is refused.

    Raises:
        UsageError: it is something else.
    """
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        refuse(option, value, f"a whole number, {least} or more{otherwise}")


def check_text(option: str, value: object, known: tuple[str, ...]) -> None:
    """Refuse what is none of these texts.

    Raises:
        UsageError: it is something else.
    """
    if value not in known:
        refuse(option, value, " or ".join(map(repr, known)))


def check_kind(option: str, value: object, kind: type[object], *, otherwise: str = "") -> None:
    """Refuse what is no object of a class; `otherwise` says what else is allowed, when it is refused.

    Raises:
        UsageError: it is something else.
    """
    if not isinstance(value, kind):
        article = "an" if kind.__name__[0] in "AEIOU" else "a"
        refuse(option, value, f"{article} {kind.__name__}{otherwise}")


def member(option: str, value: object, kind: type[E]) -> E:
    """The member of an enumeration that a value is, or that has this text as its value.

    Raises:
        UsageError: there is none.
    """
    try:
        return kind(value)
    except ValueError:
        known = " or ".join(f"{kind.__name__}.{one.name} ({one.value!r})" for one in kind)
        refuse(option, value, known)
