"""Names that mean something to Python, to emitted code, or to the modules that componentize-py writes."""

from __future__ import annotations

import builtins
import keyword
import re

OWN = [
    "self",
    "cls",
    "value",
    "name",
    "wit",
    "builtins",
    "dataclasses",
    "enum",
    "typing",
    "abc",
    "types",
    "imports",
    "exports",
    "load-it",
    "source",
    "engine",
    "wasi",
    "limits",
    "bulk",
    "protocol",
    "property",
    "classmethod",
    "wit-world",
    "componentize-py-types",
    "airssys-sdk",
    "component",
    "world",
    "ok",
    "err",
    "some",
    "record",
    "case",
    "flags",
    "function",
    "interface",
    "abstractmethod",
    "protocol",
    "type-alias",
    "not-implemented-error",
    "annotated",
    "mro",
    "init",
    "py-typed",
    # What componentize-py's modules use:
    "args",
    "auto",
    "call-import",
    "componentize-py-async-support",
    "componentize-py-runtime",
    "dataclass",
    "finalizer",
    "func",
    "generic",
    "handle",
    "optional",
    "result",
    "stream-reader",
    "tmp",
    "traceback-type",
    "type-var",
    "union",
    "weakref",
]
KEBAB = re.compile(r"[a-z][a-z0-9]*(-[a-z][a-z0-9]*)*")


def hostile_names() -> list[str]:
    """All of them, as WIT writes names."""
    python = [*keyword.kwlist, *keyword.softkwlist, *dir(builtins)]
    kebab = (re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).replace("_", "-").lower() for name in python)
    plain = (name for name in kebab if not name.endswith(("-error", "-warning")))  # dozens that are all alike
    return sorted({name for name in (*plain, *OWN) if KEBAB.fullmatch(name)})
