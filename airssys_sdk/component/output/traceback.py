"""Guest tracebacks: what a guest left on stderr before it died, readable by the person who wrote the guest.

A Python guest prints the traceback of an uncaught exception and then panics; the host only sees the trap. The paths in
such a traceback are the guest's (`/0/app.py`); where the author's folders are known they are put in their place, with the
line of source that belongs to each frame.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

from ..errors import printable


class Explanation(NamedTuple):
    """What the output of a dead guest says.

    Attributes:
        summary: the last line of the traceback (`ValueError: no such item`) or of the panic.
        text: the whole traceback, safe for a terminal, its paths the author's where those are known.
        out_of_memory: whether the guest says that it died because it got no more memory.
        mistake: in words, what the guest gave back that its function cannot return; None if it is not that.
    """

    summary: str
    text: str
    out_of_memory: bool
    mistake: str | None = None


ADAPTERS: Final = "airssys-bulk-"
"""How the functions begin that stand between the host and a guest: no part of what the guest did."""

NO_ROOM: Final = f"{ADAPTERS}memory-exhausted"
"""The function in which a call ends whose bytes have no room in their adapter."""


def explain_output(stderr: str, sources: Mapping[str, str] | None = None) -> Explanation | None:
    """What the guest said when it died, or None if it said nothing that looks like that.

    Args:
        stderr: the end of what the guest wrote to its stderr.
        sources: folders of the guest and the author's folders that were mounted there, `{"/0": "/home/me/hello/src"}`.
            The longest prefix wins.
    """
    python = _python(stderr)
    if python is not None:
        text = printable(_with_sources(python, sources or {}))
        # With no memory left to print the exception, Python dumps the object instead and says that it lost stderr.
        dumped = _DUMPED.search(python)
        summary = printable(dumped["type"] if dumped else _last_line(python))
        return Explanation(summary, text, summary.split(":")[0].strip() == "MemoryError")
    native = _native(stderr)
    if native is not None:
        text = printable(native)
        return Explanation(_last_line(text), text, _REFUSED.search(text) is not None, _mistake(text))
    return None


def explain_trap(message: str) -> str:
    """What the engine says about a trap, in one line: without its backtrace and without prefixes."""
    *_, cause = message.rstrip().rpartition("Caused by:")
    line = " ".join(cause.split()) or "unknown cause"
    line = re.sub(r"^\d+: ", "", line)
    return printable(line.removeprefix("wasm trap: "))


def backtrace(message: str) -> str | None:
    """The functions of the guest that were running, innermost first, one a line; None if the engine names none."""
    names = _without_adapters([_short(match["name"]) for match in _FRAME.finditer(message)])
    return "\n".join(f"  in {printable(name)}" for name in names[:_FRAMES]) or None


def _without_adapters(names: list[str]) -> list[str]:
    """The functions of the guest: without those of adapters, and without what the engine puts between the two."""
    adapters = {number for number, name in enumerate(names) if name.rpartition("!")[2].startswith(ADAPTERS)}
    beside = {number + step for number in adapters for step in (-1, 1)}
    return [
        name
        for number, name in enumerate(names)
        if number not in adapters and not (number in beside and name.startswith("<wasm function"))
    ]


_START: Final = "Traceback (most recent call last):"
_GROUP: Final = "Exception Group Traceback"
_BARS: Final = re.compile(r"^(?: *[|+] ?)+")
_PANIC: Final = re.compile(
    r"^thread '[^'\n]*'(?: \(\d+\))? panicked at [^\n]*\n(?P<said>.*)", re.MULTILINE | re.DOTALL
)
_CAUGHT: Final = "Python function threw an unexpected exception"
_NOTE: Final = re.compile(r"^note: run with `RUST_BACKTRACE.*$", re.MULTILINE)
_REFUSED: Final = re.compile(r"memory allocation of \d+ bytes failed")
_PLACE: Final = re.compile(
    r'^(?P<head> *(?:\| *)*File ")(?P<path>[^"\n]+)(?P<tail>", line (?P<line>\d+).*)$', re.MULTILINE
)
_OURS: Final = re.compile(
    r'^ *(?:\| *)*File "[^"\n]*/_airssys_entry/[a-z_]+\.py", line .*\n(?: {4}.*\n)*', re.MULTILINE
)
"""Frames of what the build puts around the author's module."""
_FRAME: Final = re.compile(r"^ *\d+: +0x[0-9a-f]+ - (?P<name>.+)$", re.MULTILINE)
_FRAMES: Final = 12
_FOREIGN_ERROR: Final = re.compile(
    r"on an `Err` value: PyErr .*KeyError\(<class '(?:\w+\.)*(?P<name>\w+)'>\)", re.DOTALL
)
_WRONG_TYPE: Final = re.compile(
    r"CastError \{ from: (?P<value>.*), classinfo: <class '(?P<kind>[^'\n]+)'> \}", re.DOTALL
)
_REFUSED_VALUE: Final = re.compile(
    r"on an `Err` value: PyErr \{ type: <class '(?P<kind>[\w.]+)'>, value: \w+\((?P<said>.*)\), traceback: "
)
_SHOWN: Final = 80
_DUMPED: Final = re.compile(r"^object type name: (?P<type>\w+)$", re.MULTILINE)


def _python(stderr: str) -> str | None:
    """The traceback that ends where the panic begins; chained exceptions included."""
    panic = stderr.rfind(_CAUGHT)
    if panic < 0:
        return None
    end = stderr.rfind("\nthread '", 0, panic)
    said = stderr[: end if end >= 0 else panic]
    start = said.rfind(_START)
    if start < 0:
        return _last_line(said) or None
    # An exception with a cause or context is several tracebacks, joined by a sentence on a line of its own.
    while (join := _chained(said, start)) is not None:
        start = join
    return said[start:].strip("\n")


_JOINS: Final = (
    "The above exception was the direct cause of the following exception:",
    "During handling of the above exception, another exception occurred:",
)


def _chained(said: str, start: int) -> int | None:
    before = said[:start].rstrip()
    if not before.endswith(_JOINS):
        return None
    earlier = before.rfind(_START)
    return earlier if earlier >= 0 else None


def _native(stderr: str) -> str | None:
    refused = _REFUSED.search(stderr)
    if refused is not None:
        return refused[0]
    starts = [match.start() for match in _PANIC.finditer(stderr)]
    return _NOTE.sub("", stderr[starts[-1] :]).strip() if starts else None


def _mistake(text: str) -> str | None:
    """What a panic of componentize-py means whose own words name only the Rust function that gave up."""
    if (error := _FOREIGN_ERROR.search(text)) is not None:
        return f"let Err({error['name']}) escape, which is no error that this function can return"
    if (value := _WRONG_TYPE.search(text)) is not None:
        shown = value["value"] if len(value["value"]) <= _SHOWN else f"{value['value'][:_SHOWN]}..."
        return f"returned {shown}, which is no {value['kind']}"
    if (refused := _REFUSED_VALUE.search(text)) is not None:
        return f"gave a value that its type cannot hold: {refused['kind']}: {refused['said']}"
    return None


def _with_sources(text: str, sources: Mapping[str, str]) -> str:
    prefixes = sorted(sources, key=len, reverse=True)

    text = _OURS.sub("", text)

    def place(match: re.Match[str]) -> str:
        path = match["path"]
        for prefix in prefixes:
            below = path.removeprefix(prefix.rstrip("/") + "/")
            if below != path and ".." not in below.split("/"):
                found = Path(sources[prefix], below)
                line = _source_line(found, int(match["line"]))
                return f"{match['head']}{found}{match['tail']}" + (f"\n    {line}" if line else "")
        return match[0]

    return _PLACE.sub(place, text)


def _source_line(path: Path, number: int) -> str | None:
    try:
        with path.open(encoding="utf-8", errors="replace") as lines:
            for index, line in enumerate(lines, 1):
                if index == number:
                    return line.strip()
    except OSError:
        return None  # the file moved since the build; the traceback is still good without the line
    return None


def _last_line(text: str) -> str:
    """The line that names the exception: the first below the frames of the last traceback. More of its message may follow."""
    lines = [line for line in text.splitlines() if line.strip()]
    starts = [number for number, line in enumerate(lines) if _START in line]
    if not starts:
        named = [line for line in lines if not line[0].isspace()]
        return (named or lines or [""])[-1].strip()
    # Of an exception group every line begins with a bar; the first traceback is its own, the others are its parts'.
    grouped = [number for number in starts if _GROUP in lines[number]]
    start = grouped[0] if grouped else starts[-1]
    below = [_BARS.sub("", line) for line in lines[start + 1 :]]
    named = [line for line in below if line and not line[0].isspace() and not line.startswith("+-")]
    return (named or [lines[-1]])[0].strip()


def _short(name: str) -> str:
    module, mark, function = name.partition("!")
    return function if mark and module in {"<unknown>", ""} else name
