"""The two guests behind the contract of generated code, each built once, and the host packages that call them."""

from __future__ import annotations

import importlib
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from airssys_generator import Options, generate, write_files
from airssys_sdk.project import Project, build
from airssys_sdk.wit.reader import find_world, read

GUESTS = Path(__file__).resolve().parents[1] / "guests"


@pytest.fixture(scope="session")
def inventory_wasm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The guest `tests/guests/inventory`."""
    return _built("inventory", tmp_path_factory.mktemp("inventory"))


@pytest.fixture(scope="session")
def mirror_wasm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The guest `tests/guests/mirror`."""
    return _built("mirror", tmp_path_factory.mktemp("mirror"))


def _built(name: str, folder: Path) -> Path:
    """A guest, built in a copy of its project; the tests' build cache keeps it for the next run."""
    shutil.copytree(GUESTS / name, folder, dirs_exist_ok=True)
    return build(Project.load(folder), precompile=False).path


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    """The host package of the world `inventory`, imported."""
    yield from _host_package("inventory", "shop_host", tmp_path_factory.mktemp("host"))


@pytest.fixture(scope="session")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    """The host package of the world `mirror`, imported."""
    yield from _host_package("mirror", "mirror_host", tmp_path_factory.mktemp("host"))


def _host_package(guest: str, package: str, folder: Path) -> Iterator[ModuleType]:
    resolve = read(GUESTS / guest / "wit", world=guest)
    files = generate(resolve, find_world(resolve, guest), "host", Options())
    write_files(files, folder / package)
    sys.path.insert(0, str(folder))
    try:
        yield importlib.import_module(package)
    finally:
        sys.path.remove(str(folder))
