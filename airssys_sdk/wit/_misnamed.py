"""What is wrong with a name in WIT, in other words than those of wasm-tools: misspelt, of another language, badly formed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from ._text import nearest
from .tools import WasmToolsError

_ELSEWHERE: Mapping[str, str] = {
    **dict.fromkeys(("str", "text", "varchar"), "`string`"),
    **dict.fromkeys(("int", "integer", "isize"), "`s32` or `s64`"),
    **dict.fromkeys(("uint", "usize", "unsigned"), "`u32` or `u64`"),
    **{f"i{bits}": f"`s{bits}`" for bits in (8, 16, 32, 64)},
    **dict.fromkeys(("float64", "double", "float"), "`f64`"),
    "float32": "`f32`",
    **dict.fromkeys(("boolean", "logical"), "`bool`"),
    "byte": "`u8`",
    **dict.fromkeys(("bytes", "blob", "buffer"), "`list<u8>`"),
    **dict.fromkeys(("array", "vec", "vector", "sequence"), "`list<...>`"),
    **dict.fromkeys(("optional", "maybe", "nullable"), "`option<...>`"),
    **dict.fromkeys(("dict", "hashmap", "mapping"), "`list<tuple<..., ...>>`"),
    **dict.fromkeys(("none", "void", "unit"), "no result at all, or `_` inside of `result<...>`"),
    **dict.fromkeys(("struct", "object", "any"), "a `record` or `variant` of your own"),
}
"""What other languages call types, and what WIT does."""

_BUILT_IN = (
    *("bool", "char", "string", "f32", "f64", "u8", "u16", "u32", "u64", "s8", "s16", "s32", "s64"),
    *("list", "option", "result", "tuple"),
)
_UNKNOWN = re.compile(r"(?P<kind>name|type|interface or world) `(?P<name>[^`]+)` does not exist")
_RENAMED = re.compile(r"the `(?P<old>[^`]+)` type has been renamed to `(?P<new>[^`]+)`")
_WORD = re.compile(r"%?[A-Za-z0-9_-]+")
_INTERFACE = re.compile(r"\b(?:interface|world)\s+%?(?P<name>[a-zA-Z][\w-]*)\s*\{")
_TYPE = re.compile(
    r"\b(?:record|variant|enum|flags|resource|type)\s+%?(?P<name>[a-zA-Z][\w-]*)"
    r"|\buse\s[^{;]*\.\{(?P<used>[^}]*)\}"
)


def put_right(error: WasmToolsError, source: Path) -> None:
    """Give an error about a name the right place, and the hint that leads to the right name, where that is known.

    Args:
        error: what wasm-tools said.
        source: what it was to read; of a folder, the files beside the one with the error belong to the same package.
    """
    if (renamed := _RENAMED.search(error.message)) is not None:
        # What wasm-tools offers as a way around it is not ours to offer.
        error.message = f"there is no type `{renamed['old']}`"
        error.hint = f"write `{renamed['new']}`"
    elif (unknown := _UNKNOWN.search(error.message)) is not None:
        error.hint = error.hint or _meant(error, source, unknown["name"], unknown["kind"])
    elif "invalid character in identifier" in error.message:
        _badly_formed(error)
    elif error.message.endswith("param `self` is defined more than once"):
        error.hint = (
            "a method has its object as `self` without saying so: leave the parameter out; "
            "a function without an object is `name: static func(...)`"
        )


def _meant(error: WasmToolsError, source: Path, name: str, kind: str) -> str | None:
    texts = list(_texts(error, source))
    if kind == "interface or world":
        names = [match["name"] for text in texts for match in _INTERFACE.finditer(text)]
        close = nearest(name, (one for one in names if one != name))
        return f"did you mean `{close}`?" if close else None
    types = [one for text in texts for one in _types(text)]
    homes = [home for declared, home in types if declared == name and home is not None]
    if homes:
        return f"`{name}` stands in the interface `{homes[0]}`: bring it in with `use {homes[0]}.{{{name}}};`"
    if name.lower() in _ELSEWHERE:
        return f"WIT calls it {_ELSEWHERE[name.lower()]}"
    close = nearest(name, [*_BUILT_IN, *(declared for declared, _ in types if declared != name)])
    return f"did you mean `{close}`?" if close else None


def _types(text: str) -> Iterator[tuple[str, str | None]]:
    """The types that a text declares, each with the interface it stands in, and those that it uses, without."""
    starts = [(match.start(), match["name"]) for match in _INTERFACE.finditer(text)]
    for match in _TYPE.finditer(text):
        if match["name"]:
            homes = [name for start, name in starts if start < match.start()]
            yield match["name"], homes[-1] if homes else None
        else:
            for used in match["used"].split(","):
                words = used.split()
                if words:
                    yield words[-1].removeprefix("%"), None


def _texts(error: WasmToolsError, source: Path) -> Iterator[str]:
    """The WIT of the package that the error is in, without comments."""
    if error.file is None:
        return
    file = Path(error.file)
    try:
        for one in sorted({file, *(file.parent.glob("*.wit") if source.is_dir() else ())}):
            yield re.sub(r"//[^\n]*|/\*.*?\*/", "", one.read_text("utf-8", "replace"), flags=re.DOTALL)
    except OSError:
        return


def _badly_formed(error: WasmToolsError) -> None:
    """Name the letter that a name cannot have, point at it, and say how the name is written."""
    if error.file is None or error.line is None or error.column is None:
        return
    try:
        line = Path(error.file).read_bytes().split(b"\n")[error.line - 1].decode("utf-8", "replace")
    except (OSError, IndexError):
        return
    found = _WORD.match(line, error.column - 1)
    if found is None:
        return
    name = found[0].removeprefix("%")
    at = _first_wrong(name)
    if at is None:
        return
    kebab = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).replace("_", "-").lower()
    kebab = re.sub(r"-+", "-", kebab).strip("-")
    reason = "words are joined by hyphens" if name[at] == "_" else "letters are lowercase"
    error.message = f"a name cannot have '{name[at]}' in it: {name}"
    error.hint = f"in WIT {reason}: `{kebab}`" if kebab else None
    moved = found.end() - len(name) + at + 1 - error.column
    error.column += moved
    error.where = f"{error.file}:{error.line}:{error.column}"
    if error.details is not None:
        error.details = re.sub(r"\^-*$", " " * moved + "^", error.details)
        error.snippet = error.details


def _first_wrong(name: str) -> int | None:
    """Where the first letter stands that makes a name badly formed: a word is all lowercase or all uppercase."""
    start = 0
    for word in name.split("-"):
        for offset, letter in enumerate(word):
            mixed = letter.isupper() and not word.isupper()
            if letter == "_" or mixed:
                return start + offset
        start += len(word) + 1
    return None
