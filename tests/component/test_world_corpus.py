"""Generated packages for other people's worlds open components of these worlds, and every function finds its codec."""

from __future__ import annotations

import importlib
import inspect
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from natives import dummy

from airssys_generator import Options, generate, write_files
from airssys_sdk.component import Component, Exports, UnsupportedEngine, World
from airssys_sdk.component.engine.cache import Cache
from airssys_sdk.component.hosting.resources import resources_of
from airssys_sdk.wit.model import Resolve
from airssys_sdk.wit.printer import print_package
from airssys_sdk.wit.reader import find_world, read

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus" / "wit"
_REFUSED = tomllib.loads((Path(__file__).parents[1] / "generator" / "refused_worlds.toml").read_text("utf-8"))
_LEFT_OUT = {name.partition("__")[0] for name in _REFUSED["host"]}
"""Packages whose world the host target refuses, which other tests prove."""
INPUTS = [
    path
    for path in (sorted(CORPUS.iterdir()) if CORPUS.is_dir() else [])
    if path.stem.replace("-", "_") not in _LEFT_OUT
]
HARD = sorted((Path(__file__).parents[1] / "hard_worlds").glob("*.wit"))


class Anything:
    """Has every attribute; every attribute may be called."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Anything()

    def __call__(self, *arguments: object) -> object:
        raise NotImplementedError


@pytest.fixture
def packages(tmp_path: Path) -> Iterator[Path]:
    """A folder on the path, whose modules are forgotten afterwards."""
    before = set(sys.modules)
    sys.path.insert(0, str(tmp_path))
    yield tmp_path
    sys.path.remove(str(tmp_path))
    for name in set(sys.modules) - before:
        if name.startswith("corpus_"):
            del sys.modules[name]


@pytest.mark.filterwarnings("ignore:.* is deprecated since:DeprecationWarning")
@pytest.mark.parametrize("source", [*HARD, *INPUTS], ids=lambda path: path.stem)
def test_a_generated_package_opens_a_component_of_its_world(source: Path, packages: Path) -> None:
    wit = source / "wit" if source.is_dir() else source
    resolve = read(wit)
    world = find_world(resolve, None)
    nominal = read(wit, world=world.path)
    files = generate(nominal, find_world(nominal, world.path), "host", Options(emit_names=False))
    name = f"corpus_{source.stem.replace('-', '_').replace('.', '_')}"
    write_files(files, packages / name)
    component = Component.open(dummy(wit, world.path), cache=Cache(None))
    module = importlib.import_module(name)
    (cls,) = (
        found
        for found in vars(module).values()
        if isinstance(found, type) and issubclass(found, World) and found is not World
    )
    protocol = getattr(module, f"{cls.__name__.rstrip('_')}Imports", None)
    with cls.open_world(component, protocol, Anything()) as opened:
        beyond_values = False
        for target in _targets(opened):
            for attribute in _functions(target if isinstance(target, type) else type(target)):
                try:
                    assert callable(getattr(target, attribute))
                except UnsupportedEngine:  # comes only after the types were found to be the component's
                    beyond_values = True
        try:
            instance = component.instantiate(Anything())
        except UnsupportedEngine:
            assert beyond_values or "resource " in _text(resolve), "not callable without generated code"
            return
        with instance:
            for path in instance.paths:
                try:
                    assert instance.function(path).path == path
                except UnsupportedEngine:
                    assert beyond_values, path


def _targets(opened: World) -> Iterator[Any]:
    """The instance, its interfaces, and the classes of their resources."""
    yield opened
    for item in list(vars(opened).values()):
        if isinstance(item, Exports):
            yield item
            for attribute in resources_of(type(item)):
                yield getattr(item, attribute)


def _functions(cls: type[Any]) -> list[str]:
    return [name for name, member in inspect.getmembers_static(cls) if hasattr(member, "stub")]


def _text(resolve: Resolve) -> str:
    return "".join(print_package(package) for package in resolve.packages)
