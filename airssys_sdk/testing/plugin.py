"""The pytest plugin: fixtures for projects with a Component.toml. It imports nothing heavy before a test asks for it."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ..project import Project
    from .node import Node
    from .world import World


@pytest.fixture(scope="session")
def airssys_project(pytestconfig: pytest.Config) -> Project:
    """The project that the tests belong to: the Component.toml of pytest's root folder, or above it."""
    from ..errors import AirssysError
    from ..project import Project

    try:
        return Project.find(pytestconfig.rootpath)
    except AirssysError as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture(scope="session")
def component(airssys_project: Project, pytestconfig: pytest.Config) -> Path:
    """The project's component, built once per session if it is not up to date: the path of its file.

    Generated host packages load it: `Words.load(component)`.
    """
    from ..errors import AirssysError
    from ..project import build
    from .progress import Progress

    try:
        return build(airssys_project, reporter=Progress(pytestconfig), precompile=False).path
    except AirssysError as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture
def world(component: Path) -> Generator[World, None, None]:
    """A fresh instance of the component for each test: `world.call('counting.count("a b a", frequency)')`."""
    from ..component import Component
    from .world import World

    with Component.open(component, profile="metered").instantiate() as instance:
        yield World(instance)


@pytest.fixture
def node(airssys_project: Project, component: Path, tmp_path: Path) -> Generator[Node, None, None]:
    """A node of its own for each test, with the project's component started on it: `node.ask("hello", b"hi")`."""
    from .node import Node

    with Node(storage=tmp_path / "storage.sqlite") as node:
        node.start(airssys_project, component)
        yield node
