"""The pytest plugin: fixtures for projects with a Component.toml. It imports nothing heavy before a test asks for it."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ..project import Project
    from .node import Node
    from .world import World

_NO_IMPORT = (
    "give it in a test: a fixture `world_imports` of yours returns an object or a mapping that has it"
)


@pytest.fixture(scope="session")
def airssys_project(pytestconfig: pytest.Config) -> Project:
    """The project that the tests belong to: the Component.toml of pytest's root folder, or above it."""
    from ..project import Project

    with _Explained():
        return Project.find(pytestconfig.rootpath)


@pytest.fixture(scope="session")
def component(airssys_project: Project, pytestconfig: pytest.Config) -> Path:
    """The project's component, built once per session if it is not up to date: the path of its file.

    Generated host packages load it: `Words.load(component)`.
    """
    from ..project import build
    from .progress import Progress

    with _Explained():
        return build(airssys_project, reporter=Progress(pytestconfig), precompile=False).path


@pytest.fixture
def world_imports() -> object:
    """What `world` gives the component to import; a test module or conftest.py puts a fixture of its own in place.

    An object with an attribute for each interface, or a mapping from their names. What it lacks fails when the
    component calls it.
    """
    return None


@pytest.fixture
def world(
    component: Path, world_imports: object, pytestconfig: pytest.Config
) -> Generator[World, None, None]:
    """A fresh instance of the component for each test: `world.call('counting.count("a b a", frequency)')`."""
    from ..component import Component
    from .progress import Progress
    from .world import World

    with _Explained():
        loaded = Component.open(component, profile="metered", on_compile=Progress(pytestconfig).compiling)
        instance = loaded.instantiate(world_imports, missing=_NO_IMPORT)
    with instance:
        yield World(instance)


@pytest.fixture
def node(
    airssys_project: Project, component: Path, tmp_path: Path, pytestconfig: pytest.Config
) -> Generator[Node, None, None]:
    """A node of its own for each test, with the project's component started on it: `node.ask("hello", b"hi")`."""
    from .node import Node
    from .progress import Progress

    with Node(storage=tmp_path / "storage.sqlite", progress=Progress(pytestconfig)) as node:
        with _Explained():
            node.start(airssys_project, component)
        yield node


class _Explained:
    """Fail a test with the SDK's explanation alone: its reader wants neither our traceback nor pytest's."""

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, place: TracebackType | None
    ) -> None:
        from ..errors import AirssysError

        if isinstance(error, AirssysError):
            raise pytest.fail.Exception(str(error), pytrace=False) from None
