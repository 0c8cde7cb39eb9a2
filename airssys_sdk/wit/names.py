"""Python's names for WIT names, letter by letter those that componentize-py gives a guest.

A WIT name is cut into words at hyphens (and at whatever else is no letter or digit) and where the case changes; the
words are then joined in one of three styles. Only the result of `escape` is safe where a keyword is not: like
componentize-py, the styles themselves escape nothing, and builtins and soft keywords (`list`, `type`) stay as they are.
"""

from __future__ import annotations

import itertools
import re

_KEYWORDS = frozenset(
    (
        *("False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue"),
        *("def", "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in"),
        *(
            "is",
            "lambda",
            "nonlocal",
            "not",
            "or",
            "pass",
            "raise",
            "return",
            "try",
            "while",
            "with",
            "yield",
        ),
    )
)
"""The keywords of the guest's Python, fixed here because the host may run another one."""

_SEPARATORS = re.compile(r"[\W_]+")


def snake(name: str) -> str:
    """`get-HTTP-url` as `get_http_url`: functions, parameters, fields, modules."""
    return "_".join(word.lower() for word in words(name))


def camel(name: str) -> str:
    """`get-HTTP-url` as `GetHttpUrl`: types, interfaces, worlds, variant cases."""
    return "".join(word[:1].upper() + word[1:].lower() for word in words(name))


def shouty(name: str) -> str:
    """`get-HTTP-url` as `GET_HTTP_URL`: cases of enums, flags."""
    return "_".join(word.upper() for word in words(name))


def escape(name: str) -> str:
    """A Python name with a trailing `_` if it is a keyword, else as it is."""
    return f"{name}_" if name in _KEYWORDS else name


def words(name: str) -> list[str]:
    """The words of a name, in the case in which they stand there.

    A word ends at a separator, before an upper-case letter that follows a lower-case one, and before the last of
    several upper-case letters when a lower-case one follows: `HTTPServer2Go` is `HTTP`, `Server2`, `Go`.
    """
    return [word for part in _SEPARATORS.split(name) if part for word in _split_at_case(part)]


def _split_at_case(part: str) -> list[str]:
    found: list[str] = []
    start = 0
    before: str | None = None  # the case of the letter before, if it belongs to the same word
    for at, (letter, following) in enumerate(itertools.pairwise(part)):
        case = "lower" if letter.islower() else "upper" if letter.isupper() else before
        if case == "lower" and following.isupper():
            end = at + 1
        elif before == "upper" and letter.isupper() and following.islower():
            end = at
        else:
            before = case
            continue
        found.append(part[start:end])
        start = end
        before = None
    found.append(part[start:])
    return found
