"""What to do about what wasm-tools says of a source."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from ._keywords import is_keyword
from .tools import WasmToolsError

EXPECTED = "give a .wit file, a folder of them with their dependencies in deps/, or a component (.wasm)"

_KEYWORD = re.compile(r"expected (?P<wanted>.+), found keyword `(?P<word>[a-z0-9-]+)`")
_LAST_WORD = re.compile(r"([A-Za-z][A-Za-z0-9-]*)\s*$")


def hint(error: WasmToolsError, source: Path) -> str | None:
    """What to do next, if that is known.

    Args:
        error: what wasm-tools said.
        source: what it was to read.
    """
    message = error.message
    if "core wasm module" in message:
        return "this is a core module; componentize-py or `wasm-tools component new` makes a component of one"
    if " not found. known packages" in message:
        return (
            "put the package's WIT files into a folder below deps/ and give the folder that holds deps/"
            if source.is_file()
            else "put the package's WIT files into a folder below deps/"
        )
    if "no `package` header" in message:
        if source.is_file() and not source.stat().st_size:
            return f"the file is empty; {EXPECTED}"
        return "begin a .wit file with `package namespace:name;`"
    if "conflicts with previous" in message or "is defined more than once" in message:
        return "rename one of the two; names that differ only in case or hyphens are the same"
    if "was not a function or instance" in message or "is not a type or function" in message:
        return "WIT has no words for it: a component's exports must be functions, or interfaces of functions and types"
    if "end-of-file" in message and _is_binary(source):
        return "the file is cut off: make it or download it again"
    if (
        "not valid utf-8" in message
        or "failed to read" in message
        or "magic" in message
        or "end-of-file" in message
    ):
        return EXPECTED
    return _of_a_keyword(error)


def is_hidden(error: WasmToolsError) -> bool:
    """Whether wasm-tools met a name that stands behind a feature gate."""
    return "feature not being activated" in error.message


def show(features: Sequence[str]) -> str:
    """How to show what stands behind one of these features, with the words of all who read WIT."""
    options = " or ".join(f"`--features {feature}`" for feature in features)
    listed = " or ".join(f'"{feature}"' for feature in features)
    return f"show it with {options}; in a project, with {listed} in build.features of Component.toml"


def _of_a_keyword(error: WasmToolsError) -> str | None:
    """For a keyword in the place of a name: how it is written as one."""
    before, after = _around(error)
    found = _KEYWORD.fullmatch(error.message)
    if found is not None:
        word, wanted = found["word"], found["wanted"]
        # Where items may begin, only a colon tells a name from an item that stands in the wrong place.
        begins = wanted.startswith("`") and after.removeprefix(word).lstrip().startswith(":")
        if begins or "identifier or string" in wanted or wanted == "a type":
            return f"`{word}` is a keyword of WIT; as a name it is written `%{word}`"
    last = _LAST_WORD.search(before)
    if error.message.startswith("expected '<', found") and last is not None and is_keyword(last[1]):
        return (
            f"`{last[1]}` takes its types in `<...>`; a type of your own of this name is written `%{last[1]}`"
        )
    return None


def _around(error: WasmToolsError) -> tuple[str, str]:
    """The text of the line before and after the place of an error, empty where it cannot be had."""
    if error.file is None or error.line is None or error.column is None:
        return "", ""
    try:
        line = Path(error.file).read_bytes().split(b"\n")[error.line - 1].decode("utf-8", "replace")
    except (OSError, ValueError, IndexError):
        return "", ""
    return line[: error.column - 1], line[error.column - 1 :]


def _is_binary(source: Path) -> bool:
    if not source.is_file():
        return False
    with source.open("rb") as file:
        return file.read(4) == b"\0asm"
