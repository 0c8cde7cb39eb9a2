"""Worlds to generate from: the golden ones, and those of the shared corpus."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from airssys_generator import GenerationError, Options, Target, generate, skeleton
from airssys_sdk.wit.model import Resolve, World
from airssys_sdk.wit.reader import find_world, read

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "golden"
HARD = ROOT / "tests" / "hard_worlds"
CORPUS = ROOT.parent / "shared" / "corpus" / "wit"

ONE_TARGET: dict[str, tuple[Target, ...]] = {"maps__atlas": ("host",), "streams__pipe": ("guest",)}
"""Golden worlds that one target cannot do."""

needs_corpus = pytest.mark.skipif(not CORPUS.is_dir(), reason="the shared corpus is not beside the checkout")


@dataclasses.dataclass(frozen=True, slots=True)
class Source:
    """A world and where its text stands; without a world, the package that stands there."""

    name: str
    path: Path
    world: str | None

    @property
    def targets(self) -> tuple[Target, ...]:
        """What it is generated for."""
        return ("host",) if self.world is None else ONE_TARGET.get(self.name, ("host", "guest"))

    def read(self) -> tuple[Resolve, World]:
        """Read for generating: types belong to one direction."""
        resolve = read(self.path, world=self.world, all_features=True)
        return resolve, find_world(resolve, self.world)

    def generate(self, target: Target) -> dict[str, str]:
        """The files for a target, the skeleton of a guest among them as `component.py`."""
        if self.world is None:
            resolve = read(self.path, all_features=True)
            return dict(generate(resolve, resolve.main, target, Options(source=self.path.name)))
        resolve, world = self.read()
        files = dict(generate(resolve, world, target, Options(source=self.path.name)))
        return files if target == "host" else {**files, "component.py": skeleton(world)}


@functools.cache  # each asks wasm-tools for every file
def golden_worlds(target: Target | None = None) -> list[Source]:
    """The worlds whose output is checked in: those of a target, or all."""
    return [
        source
        for source in golden_sources()
        if source.world is not None and (target is None or target in source.targets)
    ]


@functools.cache
def golden_sources() -> list[Source]:
    """The worlds and packages whose output is checked in."""
    folders = sorted(folder for folder in GOLDEN.iterdir() if folder.is_dir())
    found = [(folder.name.replace("-", "_"), _root(folder)) for folder in folders]
    return [next(_worlds(name, path), Source(name, path, None)) for name, path in found]


@functools.cache
def hard_worlds() -> list[Source]:
    """Worlds that were written to break the generator."""
    return [source for path in sorted(HARD.glob("*.wit")) for source in _worlds(f"hard_{path.stem}", path)]


def golden_folder(source: Source) -> Path:
    """Where the WIT and the output of a golden world stand."""
    return GOLDEN / source.name.partition("__")[0].replace("_", "-")


@functools.cache
def corpus_worlds() -> list[Source]:
    """Every world of the main packages of the corpus."""
    if not CORPUS.is_dir():
        return []
    return [
        source
        for path in sorted(CORPUS.iterdir())
        for source in _worlds(path.stem.replace("-", "_"), _root(path))
    ]


@functools.cache
def corpus_packages() -> list[Source]:
    """Every main package of the corpus that has interfaces, as a package without a world."""
    if not CORPUS.is_dir():
        return []
    return [
        Source(f"{path.stem.replace('-', '_')}__package", _root(path), None)
        for path in sorted(CORPUS.iterdir())
        if read(_root(path), all_features=True).main.interfaces
    ]


def generated(target: Target, sources: list[Source]) -> Iterator[tuple[Source, dict[str, str]]]:
    """The files of every world or package that the target can do."""
    for source in sources:
        if target not in source.targets:
            continue
        try:
            yield source, source.generate(target)
        except GenerationError:
            continue


def put(files: Mapping[str, str], folder: Path) -> None:
    """Write files as they are."""
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8", newline="")


def world_of(text: str, folder: Path, dependencies: Mapping[str, str] | None = None) -> tuple[Resolve, World]:
    """The only world of a WIT text, read for generating."""
    put({"wit/world.wit": text}, folder)
    put({f"wit/deps/{name}/package.wit": other for name, other in (dependencies or {}).items()}, folder)
    world = find_world(read(folder / "wit"), None).path
    return Source("world", folder / "wit", world).read()


def _root(path: Path) -> Path:
    if path.is_file():
        return path
    return path / "wit" if (path / "wit").is_dir() else next(path.glob("*.wit"), path)


def _worlds(name: str, path: Path) -> Iterator[Source]:
    for world in read(path, all_features=True).main.worlds.values():
        yield Source(f"{name}__{world.name.replace('-', '_')}", path, world.path)
