"""Writing one Python function: its lines, the names in it, and what they stand for.

Every name that a codec uses begins with a prefix that none of the function's parameters has, so a parameter may be
called `id`, `len` or anything else. The finished source is registered with `linecache`: tracebacks show its lines.
"""

from __future__ import annotations

import contextlib
import itertools
import linecache
import struct
import weakref
from collections.abc import Callable, Generator, Iterable
from typing import Any

from ...wit.shapes import ShapeError
from ..errors import printable

_serial = itertools.count(1)  # makes the file names of compiled codecs unique in the process

FILES = "<codec "
"""How the names of the files begin that compiled codecs stand in."""


class Source:
    """The text and the globals of a function that is being written."""

    def __init__(self, parameters: Iterable[str] = ()) -> None:
        names = tuple(parameters)
        self.prefix = "_"
        while any(name.startswith(self.prefix) for name in names):
            self.prefix += "_"
        self.globals: dict[str, Any] = {"__builtins__": {}}
        self.kept: list[bytes] = []
        self._constants: dict[tuple[type[Any], Any], str] = {}
        self._lines: list[str] = []
        self._depth = 0
        self._counter = 0

    @property
    def depth(self) -> int:
        """How many levels deep the next line is indented."""
        return self._depth

    def line(self, text: str) -> None:
        """Write a line at the current indentation."""
        self._lines.append("    " * self._depth + text)

    @contextlib.contextmanager
    def block(self, header: str) -> Generator[None]:
        """Write `header`, and what is written inside the `with` statement indented below it."""
        self.line(header)
        self._depth += 1
        yield
        self._depth -= 1

    @contextlib.contextmanager
    def aside(self) -> Generator[list[str]]:
        """Collect what is written inside the `with` statement instead of writing it; give it to `splice` later."""
        outer = self._lines
        collected = list[str]()
        self._lines = collected
        yield collected
        self._lines = outer

    def splice(self, lines: list[str], *, deeper: int = 0) -> None:
        """Write lines that `aside` collected, `deeper` levels further in."""
        self._lines += ["    " * deeper + line for line in lines]

    def local(self, stem: str) -> str:
        """A fresh local name."""
        self._counter += 1
        return f"{self.prefix}{stem}{self._counter}"

    def constant(self, value: object, stem: str = "k") -> str:
        """The global name of a value; equal `bytes` and the same object have one name."""
        key = (bytes, value) if type(value) is bytes else (type(value), id(value))
        name = self._constants.get(key)
        if name is None:
            self._counter += 1
            name = self._constants[key] = f"{self.prefix}{stem.upper()}{self._counter}"
            self.globals[name] = value
        return name

    def use(self, function: Callable[..., Any], name: str | None = None) -> str:
        """The global name under which the source may call `function`: its own name behind the prefix."""
        name = f"{self.prefix}{name or function.__name__}"
        self.globals[name] = function
        return name

    def packer(self, layout: str) -> str:
        """The global name of a function that packs arguments into fresh `bytes` of this struct format."""
        key = (struct.Struct, f"pack {layout}")
        if key not in self._constants:
            self._constants[key] = self.constant(struct.Struct("<" + layout).pack, "pack")
        return self._constants[key]

    def unpacker(self, layout: str) -> str:
        """The global name of a function that unpacks this struct format from a buffer at an offset."""
        key = (struct.Struct, f"unpack {layout}")
        if key not in self._constants:
            self._constants[key] = self.constant(struct.Struct("<" + layout).unpack_from, "unpack")
        return self._constants[key]

    def keep(self, data: bytes) -> bytes:
        """Keep `data` alive as long as the compiled function: something holds its address."""
        self.kept.append(data)
        return data

    def compile(self, title: str, name: str) -> Callable[..., Any]:
        """Compile what was written and return its function `name`."""
        file = f"{FILES}{next(_serial)}: {printable(title)}>"
        text = "\n".join(self._lines) + "\n"
        linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
        self.globals[f"{self.prefix}KEPT"] = self.kept
        try:
            code = compile(text, file, "exec")
        except SyntaxError as error:
            raise ShapeError(f"{printable(title)}: its types nest too deeply ({error.msg})") from None
        # The text is written here from shapes; names in it are identifiers or constants, never text of a component.
        exec(code, self.globals)  # noqa: S102
        function: Callable[..., Any] = self.globals[name]
        weakref.finalize(function, linecache.cache.pop, file, None).atexit = False
        return function
