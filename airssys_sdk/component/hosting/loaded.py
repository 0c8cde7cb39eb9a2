"""Loaded components: from a path or bytes to compiled code, through the compile cache."""

from __future__ import annotations

import hashlib
import os
import tempfile
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, Union, cast

from ..bulk.kept import is_kept, load
from ..bulk.memories import MOST_MEMORIES, TooManyMemories
from ..bulk.names import is_added
from ..engine.cache import Cache, OnCompile, default_cache
from ..engine.profiles import Engine, Profile, close_at_exit
from ..engine.profiles import engine as engine_with
from ..engine.raw import package
from ..errors import AsynchronousComponent, InvalidComponent, printable
from .binary import Binary, changed, read_file

if TYPE_CHECKING:
    from ...wit.model import Resolve
    from ..running.limits import Limits
    from ..running.wasi import Wasi
    from .dynamic import Instance


class Component:
    """A compiled component, ready to be instantiated any number of times, from any thread. Make one with `open`.

    Attributes:
        engine: whose code it is.
        digest: the SHA-256 of its bytes, in hex.
        path: the file it came from; None if it came from bytes.
        size: its bytes.
        raw: the `wasmtime.component.Component`.
        bulk: whether it is composed with adapters for lists of numbers; `raw` then has more than the component itself.
    """

    __slots__ = (
        "__weakref__",
        "_bytes",
        "_code",
        "_import_names",
        "_resolve",
        "bulk",
        "digest",
        "engine",
        "path",
        "raw",
        "size",
    )

    def __init__(self, engine: Engine, code: _Code, binary: Binary) -> None:
        self.engine = engine
        self._code = code
        self.raw = code.raw
        self.bulk = code.bulk
        self.digest = binary.digest
        self.path = binary.path
        self.size = binary.size
        # A file can be read again; other bytes are kept for that.
        self._bytes = binary.read() if binary.path is None else None
        self._import_names: tuple[str, ...] | None = None
        self._resolve: Resolve | None = None

    @classmethod
    def open(
        cls,
        source: Source,
        *,
        engine: Engine | None = None,
        profile: Profile | None = None,
        cache: Cache | None = None,
        on_compile: OnCompile | None = None,
        bulk: bool = True,
    ) -> Component:
        """Load a component: from the compile cache, or by compiling it (4-7 s for a Python guest).

        Args:
            source: a path, the bytes of a component, or a component that is loaded already.
            engine: whose code it shall be; instead of `profile`.
            profile: `plain`, `metered`, which limits on fuel and time need, or `concurrent`, which asynchronous functions need. By
                default what the component needs, `plain` or `concurrent`.
            cache: where compiled code is kept; the user's cache folder by default, `Cache(None)` for nowhere.
            on_compile: told when compiling begins and ends.
            bulk: whether lists of numbers may pass through adapters that the component is composed with, which is many times faster
                for long ones. A component that is loaded already stays as it is, unless it has adapters and shall have none.

        Raises:
            InvalidComponent: there is no such file, or it is no component that the engine accepts.
            KeyboardInterrupt: Ctrl-C while compiling; nothing is left half-written.
        """
        if isinstance(source, Component):
            wanted = engine or (source.engine if profile is None else engine_with(profile))
            if wanted is source.engine and (bulk or not source.bulk):
                return source
            binary = Binary(source.path, source.read(), cache or default_cache())
            return cls._load(binary, wanted, cache, on_compile, bulk)
        path = None if isinstance(source, bytes | bytearray | memoryview) else Path(source)
        wasm = bytes(cast("bytes", source)) if path is None else None
        binary = Binary(path, wasm, cache or default_cache())
        if engine is not None or profile is not None:
            return cls._load(binary, engine or engine_with(profile or "plain"), cache, on_compile, bulk)
        return cls._load_as_needed(binary, cache, on_compile, bulk)

    @classmethod
    def _load_as_needed(
        cls, binary: Binary, cache: Cache | None, on_compile: OnCompile | None, bulk: bool
    ) -> Component:
        """Load it for the `plain` profile, or for `concurrent` if it cannot do without."""
        plain, kept = engine_with("plain"), cache or default_cache()
        loaded = (binary.digest, plain, bulk) in _CODE or is_kept(binary.digest, "plain", kept, bulk=bulk)
        if loaded or not kept.contains(binary.digest, "concurrent"):
            try:
                return cls._load(binary, plain, cache, on_compile, bulk)
            except AsynchronousComponent:
                pass
        return cls._load(binary, engine_with("concurrent"), cache, on_compile, bulk)

    @classmethod
    def _load(
        cls, binary: Binary, engine: Engine, cache: Cache | None, on_compile: OnCompile | None, bulk: bool
    ) -> Component:
        key = binary.digest, engine, bulk
        code = _CODE.get(key) if cache is None else None
        if code is None:
            kept = cache or default_cache()
            try:
                types = _read_types if bulk else None
                code = _Code(*load(binary.read, binary.digest, engine, kept, on_compile, types))
            except TooManyMemories as problem:
                raise _too_many(problem, binary.where) from None
            except package().WasmtimeError as error:
                raise _refused(error, binary.where) from None
            binary.remember()
            _CODE[key] = code
            close_at_exit(code.raw)
        return cls(engine, code, binary)

    @property
    def metered(self) -> bool:
        """Whether calls run in slices, with fuel and deadlines."""
        return self.engine.metered

    @property
    def profile(self) -> Profile:
        """The engine's profile: `plain`, `metered` or `concurrent`."""
        return self.engine.profile

    @property
    def import_names(self) -> tuple[str, ...]:
        """The names of what the component imports, WASI included, such as `wasi:io/poll@0.2.9`."""
        if self._import_names is None:
            names = tuple(self.raw.type.imports(self.engine.raw))
            self._import_names = tuple(name for name in names if not (self.bulk and is_added(name)))
        return self._import_names

    @property
    def resolve(self) -> Resolve:
        """The component's types: its WIT, with one type per direction as generated code has them.

        Raises:
            ToolMissingError: wasm-tools is not installed.
            InvalidComponent: the file was changed or removed since it was loaded.
        """
        if self._resolve is None:
            self._resolve = _read_types(self.read(), "component" if self.path is None else self.path.stem)
        return self._resolve

    def read(self) -> bytes:
        """The component's bytes, read again from its file if it came from one.

        Raises:
            InvalidComponent: the file was changed or removed since it was loaded.
        """
        if self._bytes is not None or self.path is None:
            return self._bytes or b""
        wasm = read_file(self.path)
        if hashlib.sha256(wasm).hexdigest() != self.digest:
            raise changed(self.path)
        return wasm

    def instantiate(
        self,
        imports: object | None = None,
        *,
        wasi: Wasi | None = None,
        limits: Limits | None = None,
        missing: str | None = None,
    ) -> Instance:
        """An instance whose exports can be called without generated code.

        Args:
            imports: the host's implementation of what the component imports besides WASI: an object with an attribute
                for each interface, or a mapping from names of interfaces.
            wasi: how its output is captured.
            limits: what it may use.
            missing: an interface or function of the world that `imports` lacks fails when it is called, with this
                hint; with None it is an error now.

        Raises:
            LinkError: `imports` lacks something.
            CallError: the component ended while it started.
        """
        from .dynamic import instantiate

        return instantiate(self, imports, wasi=wasi, limits=limits, missing=missing)

    def __repr__(self) -> str:
        return f"Component({str(self.path or self.digest[:12])!r}, {self.engine.profile})"


Source: TypeAlias = Union[str, "os.PathLike[str]", bytes, Component]
"""Where a component comes from: a path, its bytes, or one that is loaded already."""


class _Code:
    """Compiled code, and whether it is that of a component composed with adapters."""

    __slots__ = ("__weakref__", "bulk", "raw")

    def __init__(self, raw: Any, bulk: bool) -> None:
        self.raw = raw
        self.bulk = bulk


# Code is shared by all components with the same bytes, so that loading one again costs nothing; it goes with the last.
_CODE: weakref.WeakValueDictionary[tuple[str, Engine, bool], _Code] = weakref.WeakValueDictionary()


def _read_types(wasm: bytes, stem: str = "component") -> Resolve:
    from ...wit.reader import read

    # From a copy: what is described is what was loaded, whatever happened to the file.
    with tempfile.TemporaryDirectory(prefix="airssys-") as folder:
        copy = Path(folder, f"{stem}.wasm")
        copy.write_bytes(wasm)
        return read(copy, world="root")  # what wasm-tools calls the world of every component


def _too_many(problem: TooManyMemories, where: str) -> InvalidComponent:
    return InvalidComponent(
        f"the components in it share functions among {problem.count} memories, and the engine can join {MOST_MEMORIES}",
        where=where,
        hint="compose fewer components into one, and let the host connect them",
    )


_ASYNC = "the component model async feature"
"""What the engine says of a component that only the `concurrent` profile takes."""


def _refused(error: Exception, where: str) -> InvalidComponent:
    text = printable(" ".join(str(error).split()))
    if _ASYNC in text:
        return AsynchronousComponent(
            "the component has asynchronous functions",
            where=where,
            details=text,
            hint="open it with profile='concurrent', without limits on fuel and time",
        )
    cut = "unexpected end" in text or "out of bounds (bound" in text or "unexpected-eof" in text
    return InvalidComponent(
        "the file is cut short" if cut else "the engine does not accept the component",
        where=where,
        details=text,
        hint="copy or build it again" if cut else "check it with 'wasm-tools validate --features all'",
    )
