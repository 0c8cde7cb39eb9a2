"""The bytes of a component, read when somebody needs them, and told from other files by their first."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Final

from ..engine.cache import Cache
from ..errors import InvalidComponent, printable

_WASM: Final = b"\0asm"
_CORE: Final = b"\1\0\0\0"
_COMPONENT: Final = b"\x0d\0\1\0"


class Binary:
    """A component, as a file or as bytes.

    Args:
        path: the file; None for bytes.
        wasm: the bytes; None for a file.
        cache: may know the digest of the file, which then need not be read.

    Attributes:
        digest: the SHA-256 of the bytes, in hex.
        size: how many these are.

    Raises:
        InvalidComponent: there is no such file, it cannot be read, or it is something else than a component.
    """

    def __init__(self, path: Path | None, wasm: bytes | None, cache: Cache) -> None:
        self.path = path
        self._wasm = wasm
        self._cache = cache
        self._status: os.stat_result | None = None
        known = None
        if path is not None:
            self._status = _status(path)
            known = cache.known_digest(self._status)
        self._is_remembered = known is not None
        self.digest = known or hashlib.sha256(self.read()).hexdigest()
        self.size = self._status.st_size if self._wasm is None and self._status else len(self.read())

    @property
    def where(self) -> str:
        """What to call it in messages."""
        return printable(str(self.path)) if self.path is not None else "the given bytes"

    def read(self) -> bytes:
        """The bytes.

        Raises:
            InvalidComponent: the file cannot be read, is no component, or is not what it was when its digest was remembered.
        """
        if self._wasm is None and self.path is not None:
            wasm = read_file(self.path)
            _check_kind(wasm, self.where)
            if self._is_remembered and hashlib.sha256(wasm).hexdigest() != self.digest:
                raise changed(self.path)
            self._wasm = wasm
        elif self._wasm is not None and self.path is None:
            _check_kind(self._wasm, self.where)
        return self._wasm or b""

    def remember(self) -> None:
        """Have the digest of the file remembered: it was loaded."""
        if self._status is not None and not self._is_remembered:
            self._cache.remember_digest(self._status, self.digest)


def read_file(path: Path) -> bytes:
    """The bytes of a file.

    Raises:
        InvalidComponent: there is none, or it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise _unreadable(path, error) from error


def changed(path: Path) -> InvalidComponent:
    """The error for a file that is not what it was."""
    return InvalidComponent(
        "the file was changed since it was loaded", where=printable(str(path)), hint="load it again"
    )


def _status(path: Path) -> os.stat_result:
    try:
        return path.stat()
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: OSError) -> InvalidComponent:
    where = printable(str(path))
    if isinstance(error, FileNotFoundError):
        return InvalidComponent(
            "there is no such file", where=where, hint="build the component first, or fix the path"
        )
    if isinstance(error, IsADirectoryError):
        return InvalidComponent(
            "this is a folder, not a component", where=where, hint="name the .wasm file in it"
        )
    return InvalidComponent(f"the file cannot be read: {error.strerror or error}", where=where)


def _check_kind(wasm: bytes, where: str) -> None:
    """Tell what the bytes are, if they are no component."""
    if wasm.startswith(_WASM + _COMPONENT):
        return
    if wasm.startswith(_WASM + _CORE):
        raise InvalidComponent(
            "this is a core WebAssembly module, not a component",
            where=where,
            hint="make a component of it: 'wasm-tools component new' after 'wasm-tools component embed'",
        )
    if wasm.startswith(_WASM):
        raise InvalidComponent(
            "this WebAssembly file is of a version that is not known here, or is cut short",
            where=where,
            hint="build it again, for the component model as of 2024 or later",
        )
    if wasm.startswith(b"\x7fELF"):
        raise InvalidComponent(
            "this is native code; precompiled components are taken from the compile cache only",
            where=where,
            hint="load the .wasm file that it was compiled from",
        )
    what = "an empty file" if not wasm else "not WebAssembly"
    raise InvalidComponent(
        f"this is {what}", where=where, hint="a component begins with the bytes 00 61 73 6d 0d 00 01 00"
    )
