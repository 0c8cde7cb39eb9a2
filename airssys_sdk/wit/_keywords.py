"""WIT's own keywords: a name that is one of them is written with a `%`."""

from __future__ import annotations

import re

_KEYWORDS = frozenset(
    (
        *(
            "as",
            "async",
            "bool",
            "borrow",
            "char",
            "constructor",
            "enum",
            "error-context",
            "export",
            "f32",
            "f64",
        ),
        *(
            "flags",
            "float32",
            "float64",
            "from",
            "func",
            "future",
            "import",
            "include",
            "interface",
            "list",
            "map",
        ),
        *(
            "option",
            "own",
            "package",
            "record",
            "resource",
            "result",
            "s16",
            "s32",
            "s64",
            "s8",
            "static",
            "stream",
        ),
        *("string", "tuple", "type", "u16", "u32", "u64", "u8", "use", "variant", "with", "world"),
    )
)
_START = re.compile(r"(^|[:/])(?=[A-Za-z])")


def is_keyword(name: str) -> bool:
    """Whether a name means something in WIT, so that it is written with a `%`."""
    return name in _KEYWORDS


def identifier(name: str) -> str:
    """A name as it is written in WIT."""
    return f"%{name}" if is_keyword(name) else name


def specifier(path: str) -> str:
    """`namespace:package/world@version` with every name marked as a name, for the command line of wasm-tools."""
    names, at, version = path.partition("@")
    return _START.sub(r"\1%", names) + at + version
