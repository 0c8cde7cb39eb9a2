"""What makes a finished build stale: everything that decides what the component will be, and nothing else."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tally_project import change

from airssys_sdk.project import BuildResult, Project, build, state
from airssys_sdk.project.inputs import inside_tree

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("project-build")]

CHANGES: dict[str, Callable[[Path], object]] = {
    "a source": lambda folder: change(folder / "src" / "tally" / "component.py", "+= amount", "-= amount"),
    "a new source": lambda folder: (folder / "src" / "tally" / "more.py").write_text("MORE = 1\n"),
    "a source that is gone": lambda folder: (folder / "src" / "tally" / "__init__.py").unlink(),
    "the WIT": lambda folder: change(folder / "wit" / "tally.wit", "Adds to", "Increases"),
    "a dependency": lambda folder: _first(folder / "wheels").write_text("def label() -> str: return ''\n"),
    "the names file": lambda folder: (folder / "names.toml").write_text(""),
    "the world": lambda folder: change(folder / "Component.toml", "tally/library@0.1.0", "tally/library"),
    "the WASI": lambda folder: change(folder / "Component.toml", "[build]", '[build]\nwasi = "stub"'),
    "generated bindings": lambda folder: _first(folder / "bindings").write_text(""),
    "the component": lambda folder: (folder / "dist" / "tally.wasm").write_bytes(b""),
}

ENTRY = inside_tree().digest()
OF_ANOTHER_PROCESS = """
import sys
from test_build_state import is_current
print(is_current(sys.argv[1]))
"""


def _first(folder: Path) -> Path:
    return min(folder.rglob("*.py"))


def is_current(folder: str | Path) -> bool:
    """Whether a build would have nothing to do."""
    project = Project.load(folder)
    return state.is_current(project, state.project_state(project, ENTRY))


@pytest.fixture(scope="session")
def finished(
    first_build: tuple[Project, BuildResult], user_cache: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The folder of a project that is up to date."""
    original, _ = first_build
    folder = tmp_path_factory.mktemp("finished") / "tally"
    shutil.copytree(original.folder, folder)
    build(Project.load(folder), cache=user_cache, precompile=False)
    assert is_current(folder)
    return folder


@pytest.fixture
def built(finished: Path, tmp_path: Path) -> Path:
    """A copy of its own."""
    shutil.copytree(finished, tmp_path / "built")
    return tmp_path / "built"


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_makes_the_build_stale(built: Path, what: str) -> None:
    CHANGES[what](built)
    assert not is_current(built)


def test_what_the_component_does_not_depend_on_leaves_it_current(built: Path) -> None:
    (built / "README.md").write_text("new")
    (built / "tests").mkdir()
    (built / "tests" / "test_tally.py").write_text("")
    change(built / "Component.toml", "[build]", '[config]\nlanguage = "en"\n\n[build]')
    assert is_current(built)


@pytest.mark.parametrize("tool", ["componentize_py", "airssys_sdk"])
def test_another_version_of_a_tool_makes_the_build_stale(built: Path, tmp_path: Path, tool: str) -> None:
    metadata = tmp_path / "path" / f"{tool}-99.0.0.dist-info" / "METADATA"
    metadata.parent.mkdir(parents=True)
    metadata.write_text(f"Metadata-Version: 2.1\nName: {tool.replace('_', '-')}\nVersion: 99.0.0\n")
    assert _told_elsewhere(built, Path(__file__).parent) == "True\n"
    assert _told_elsewhere(built, tmp_path / "path", Path(__file__).parent) == "False\n"


def _told_elsewhere(folder: Path, *path: Path) -> str:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path))}
    return subprocess.run(
        [sys.executable, "-c", OF_ANOTHER_PROCESS, folder],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    ).stdout
