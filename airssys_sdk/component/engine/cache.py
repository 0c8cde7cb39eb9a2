"""The compile cache: native code of components, so that the same bytes are compiled once per engine and profile.

A precompiled component is native code that runs with the user's rights, so an entry is used only if it lies in a folder
that belongs to the user and is closed to others, is a regular file of the user's that nobody else can write, and ends in a
seal (see `seal`). Everything else is a miss and gets replaced.
Nothing here is ever needed: with a folder that cannot be used, components are compiled each time, with one warning.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import hashlib
import logging
import os
import stat
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import IO, Any, Final, Literal, TypeAlias

from ..errors import printable
from . import known
from .eviction import CODE, NOTE, UNFINISHED, lock_of, make_room
from .filelock import file_lock
from .profiles import REVISION, Engine, Profile, leave_open_at_exit, target, version
from .raw import package
from .seal import FORM, is_sound, seal

_LOG = logging.getLogger(__name__)

_LARGEST: Final = 4 << 30
_PATIENCE: Final = 120.0
"""Seconds to wait for another process that compiles the same component, before doing it too."""


@dataclasses.dataclass(slots=True)
class Counters:
    """What a cache has done in this process.

    Attributes:
        hits: components that were found compiled.
        misses: components that were not.
        compiled: components that were compiled.
        seconds: time spent compiling.
    """

    hits: int = 0
    misses: int = 0
    compiled: int = 0
    seconds: float = 0.0


@dataclasses.dataclass(frozen=True, slots=True)
class CompileEvent:
    """Tells that compiling begins or ends, for progress displays.

    Attributes:
        kind: `waiting` for another process that compiles the same, `compiling`, or `compiled`.
        size: bytes of the component.
        seconds: time that it took, with `compiled`.
    """

    kind: Literal["waiting", "compiling", "compiled"]
    size: int
    seconds: float = 0.0


OnCompile: TypeAlias = Callable[[CompileEvent], None]


def cache_folder() -> Path:
    """The user's cache folder for this SDK: `AIRSSYS_CACHE_DIR`, or the platform's place for caches.

    Raises:
        RuntimeError: the user has no home folder.
    """
    chosen = os.environ.get("AIRSSYS_CACHE_DIR")
    if chosen:
        return Path(chosen).absolute()
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or str(Path.home() / "AppData" / "Local")
        return Path(base) / "airssys-sdk" / "Cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "airssys-sdk"
    xdg = os.environ.get("XDG_CACHE_HOME", "")
    base_folder = Path(xdg) if xdg.startswith("/") else Path.home() / ".cache"
    return base_folder / "airssys-sdk"


def default_cache() -> Cache:
    """The process's cache in the user's cache folder."""
    try:
        folder = cache_folder() / "compiled"
    except RuntimeError as error:
        return _cache_without(str(error))
    return _cache_in(folder)


class Cache:
    """Compiled components in a folder.

    Args:
        folder: where; it is made when first needed. None keeps nothing.
        largest: bytes to keep; beyond it the entries that were not used for longest go.

    Attributes:
        counters: what it has done.
        problem: why the folder is not used, or the last entry could not be written; None if all is well.
    """

    def __init__(self, folder: Path | None, *, largest: int = _LARGEST) -> None:
        self.folder = folder
        self.counters = Counters()
        self.problem: str | None = None
        self._largest = largest
        self._warned = False

    def load(
        self,
        wasm: Callable[[], bytes],
        digest: str,
        engine: Engine,
        on_compile: OnCompile | None = None,
        *,
        compose: Callable[[bytes], bytes] | None = None,
    ) -> Any:
        """The compiled component: found, or compiled now and kept.

        Args:
            wasm: gives the component, if it has to be compiled now.
            digest: its SHA-256, in hex; of what is composed, whatever else tells it from all others.
            engine: whose code it shall be.
            on_compile: told when compiling begins and ends.
            compose: makes what is compiled of the component, if it has to be compiled now.

        Returns:
            The `wasmtime.component.Component`.

        Raises:
            wasmtime.WasmtimeError: the engine does not accept the bytes.
            Exception: what `compose` raises.
        """
        key = _key(digest, engine.profile)
        folder = self._usable_folder()
        if folder is None:
            made = compose(wasm()) if compose is not None else wasm()
            self.counters.misses += 1
            return self._compile(made, engine, on_compile)
        entry = folder / (key + CODE)
        found = self._read(entry, key, engine)
        if found is not None:
            return found
        waiting = functools.partial(_tell, on_compile, CompileEvent("waiting", len(wasm())))
        with file_lock(folder / lock_of(key), patience=_PATIENCE, waiting=waiting):
            # Whoever held the lock until now may have filled the entry.
            found = self._read(entry, key, engine)
            if found is not None:
                return found
            made = compose(wasm()) if compose is not None else wasm()
            self.counters.misses += 1
            compiled = self._compile(made, engine, on_compile)
            self._write(entry, key, compiled)
        return compiled

    def contains(self, digest: str, profile: Profile) -> bool:
        """Whether an entry for a component lies there, without checking it or loading the engine."""
        return self.folder is not None and (self.folder / (_key(digest, profile) + CODE)).is_file()

    def known_digest(self, status: os.stat_result) -> str | None:
        """The SHA-256, in hex, of a file in this state, if it is remembered; see `known`."""
        folder = self._usable_folder()
        return None if folder is None else known.known_digest(folder, status)

    def remember_digest(self, status: os.stat_result, digest: str) -> None:
        """Remember the SHA-256 of a file that was in this state before it was read."""
        folder = self._usable_folder()
        if folder is not None:
            known.remember_digest(folder, status, digest)

    def note(self, digest: str) -> None:
        """Note that nothing is ever kept under this digest, for `noted`. It is forgotten after a while."""
        folder = self._usable_folder()
        if folder is not None:
            try:
                (folder / (_key(digest, "plain") + NOTE)).touch(mode=0o600)
            except OSError as error:
                self._warn(f"cannot write to {folder}: {error.strerror or error}")

    def noted(self, digest: str) -> bool:
        """Whether it was noted that nothing is kept under this digest."""
        return self.folder is not None and (self.folder / (_key(digest, "plain") + NOTE)).is_file()

    def _compile(self, wasm: bytes, engine: Engine, on_compile: OnCompile | None) -> Any:
        _tell(on_compile, CompileEvent("compiling", len(wasm)))
        begin = time.perf_counter()
        compiled = _interruptible(
            lambda: package().component.Component(engine.raw, wasm),
            abandoned=lambda: leave_open_at_exit(engine.raw),
        )
        seconds = time.perf_counter() - begin
        self.counters.compiled += 1
        self.counters.seconds += seconds
        _tell(on_compile, CompileEvent("compiled", len(wasm), seconds))
        return compiled

    def _usable_folder(self) -> Path | None:
        if self.folder is None:
            return None
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            problem = _close_folder(self.folder)
        except OSError as error:
            problem = f"cannot use the folder {self.folder}: {error.strerror or error}"
        if problem is not None:
            self._warn(problem)
            return None
        return self.folder

    def _read(self, entry: Path, key: str, engine: Engine) -> Any:
        try:
            sound = is_sound(entry, key)
        except OSError:
            return None
        if not sound:
            _LOG.info("the cache entry %s is damaged or not ours, and will be replaced", entry.name)
            return None
        try:
            found = package().component.Component.deserialize_file(engine.raw, str(entry))
        except package().WasmtimeError as error:
            # Sealed here, and yet refused: another build of the engine, or a processor that lacks something.
            _LOG.info("the engine refuses the cache entry %s: %s", entry.name, printable(str(error)))
            return None
        self.counters.hits += 1
        with contextlib.suppress(OSError):
            os.utime(entry)
        return found

    def _write(self, entry: Path, key: str, compiled: Any) -> None:
        try:
            payload = memoryview(compiled.serialize())
            with _replacing(entry) as file:
                file.write(payload)
                file.write(seal(payload, key))
            make_room(entry.parent, self._largest)
        except OSError as error:
            self._warn(f"cannot write to {entry.parent}: {error.strerror or error}")

    def _warn(self, problem: str) -> None:
        self.problem = printable(problem)
        if not self._warned:
            self._warned = True
            _LOG.warning("compiled components are not kept: %s", self.problem)


@functools.cache
def _cache_in(folder: Path) -> Cache:
    return Cache(folder)


@functools.cache
def _cache_without(problem: str) -> Cache:
    cache = Cache(None)
    cache.problem = problem
    return cache


def _key(digest: str, profile: Profile) -> str:
    """What an entry belongs to: the bytes, and everything that decides the code made of them."""
    # With the form of the seal: else two versions of the SDK would replace each other's entries again and again.
    parts = (digest, version(), profile, target(), str(REVISION), FORM.decode())
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _tell(on_compile: OnCompile | None, event: CompileEvent) -> None:
    if on_compile is not None:
        on_compile(event)


def _close_folder(folder: Path) -> str | None:
    """Make sure that only the user can look into the folder; the problem if that cannot be."""
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode):
        return f"{folder} is not a folder"
    if os.name == "nt":
        return None
    if status.st_uid != os.geteuid():
        return f"the folder {folder} belongs to another user"
    if stat.S_IMODE(status.st_mode) & 0o077:
        folder.chmod(0o700)
    return None


@contextlib.contextmanager
def _replacing(path: Path) -> Generator[IO[bytes]]:
    """A file that takes the place of `path` once it is whole; nothing stays behind if it never is."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=path.stem[:16] + "-", suffix=UNFINISHED)
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123  (a descriptor, not a path)
            yield file
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise


def _interruptible(work: Callable[[], Any], *, abandoned: Callable[[], object]) -> Any:
    """Do work that does not notice Ctrl-C, on a thread that may be left behind.

    Compiling takes seconds, holds no lock of Python's and has no effect that matters once nobody waits for it. Whoever
    is called with `abandoned` keeps what it uses in its place.
    """
    if threading.current_thread() is not threading.main_thread():
        return work()
    results: list[Any] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(work())
        except BaseException as error:  # noqa: BLE001  (raised again on the thread that waits)
            errors.append(error)
        finally:
            done.set()

    # Not `join`: on Python 3.11 a thread counts as ended once Ctrl-C has interrupted that.
    done = threading.Event()
    thread = threading.Thread(target=run, name="airssys-compile", daemon=True)
    try:
        thread.start()  # Ctrl-C may come as soon as it runs, while `start` still waits to hear that it does
        while not done.wait(0.1):
            pass
    finally:
        if not done.is_set():
            abandoned()
    if errors:
        raise errors[0]
    return results[0]
