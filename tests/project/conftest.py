from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tally_project import write_sample

from airssys_sdk.project import BuildResult, Project, build


@pytest.fixture(scope="session")
def user_cache(kept: Path) -> Path:
    """The cache folder of a user who only runs these tests; a second run finds the sample built."""
    return kept / "tally"


@pytest.fixture(scope="session")
def first_build(tmp_path_factory: pytest.TempPathFactory, user_cache: Path) -> tuple[Project, BuildResult]:
    """The sample project, built. Tests that change something take a `clone`."""
    project = Project.load(write_sample(tmp_path_factory.mktemp("projects") / "tally"))
    return project, build(project, cache=user_cache, precompile=False)


@pytest.fixture
def clone(first_build: tuple[Project, BuildResult], tmp_path: Path) -> Project:
    """The sample as another person gets it: sources and names file, nothing built or generated."""
    original, _ = first_build
    ignored = shutil.ignore_patterns("dist", "bindings")
    shutil.copytree(original.folder, tmp_path / "clone", ignore=ignored)
    return Project.load(tmp_path / "clone")
